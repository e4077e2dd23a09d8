-- Steps with `for_each`, retries, results taken over from other runs, and the index of results.

ALTER TABLE steps ADD COLUMN retry_at INTEGER;
-- Counts of a step that has been fanned out; NULL in `items` for all others.
ALTER TABLE steps ADD COLUMN items INTEGER;
ALTER TABLE steps ADD COLUMN items_running INTEGER NOT NULL DEFAULT 0;
ALTER TABLE steps ADD COLUMN items_succeeded INTEGER NOT NULL DEFAULT 0;
ALTER TABLE steps ADD COLUMN items_failed INTEGER NOT NULL DEFAULT 0;
-- What all items together returned; the output of other steps is with their attempts.
ALTER TABLE steps ADD COLUMN output_form TEXT;
ALTER TABLE steps ADD COLUMN output_hash BLOB;
ALTER TABLE steps ADD COLUMN output_size INTEGER;
ALTER TABLE steps ADD COLUMN output_items INTEGER;
ALTER TABLE steps ADD COLUMN output_place TEXT;
ALTER TABLE steps ADD COLUMN output_event INTEGER;

ALTER TABLE attempts ADD COLUMN retry_at INTEGER;
ALTER TABLE attempts ADD COLUMN reused_from TEXT; -- the name of the attempt whose result this is

-- Where the newest result for a key is: the event, and which element of its packed output.
CREATE TABLE cache (
    key BLOB PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES runs (key) ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    idx INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX cache_by_run ON cache (run);

-- For removing plans with their last run.
CREATE INDEX runs_by_plan ON runs (plan);
