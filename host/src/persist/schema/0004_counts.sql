-- How many steps of a run were in each state behind an event; NULL where others followed in the same commit. Of a run that
-- goes on, the newest event says so instead of its row in `runs`, which then needs no change with each commit.
ALTER TABLE events ADD COLUMN running INTEGER;
ALTER TABLE events ADD COLUMN succeeded INTEGER;
ALTER TABLE events ADD COLUMN failed INTEGER;
ALTER TABLE events ADD COLUMN skipped INTEGER;
ALTER TABLE events ADD COLUMN cancelled INTEGER;
