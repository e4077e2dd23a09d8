-- Events by one number. A table with such a key grows at its end, one page after the other; one whose key has two parts
-- evens out its last pages again and again, which was half of what a commit wrote.
CREATE TABLE events_by_key (
    key INTEGER PRIMARY KEY, -- runs.key << 32 | seq
    run INTEGER NOT NULL AS (key >> 32),
    seq INTEGER NOT NULL AS (key & 4294967295),
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    version INTEGER NOT NULL,
    checksum INTEGER NOT NULL, -- SQLite does not see flipped bits in a row
    body BLOB NOT NULL, -- MessagePack; holds the bytes of small outputs
    -- How many steps of the run were in each state behind the event; NULL where others followed in the same commit.
    running INTEGER,
    succeeded INTEGER,
    failed INTEGER,
    skipped INTEGER,
    cancelled INTEGER
) STRICT;
INSERT INTO events_by_key (key, at, kind, version, checksum, body, running, succeeded, failed, skipped, cancelled)
    SELECT run << 32 | seq, at, kind, version, checksum, body, running, succeeded, failed, skipped, cancelled
    FROM events ORDER BY run, seq;
DROP TABLE events;
ALTER TABLE events_by_key RENAME TO events;
