-- Events are the truth; runs, steps and attempts can be made again from them. `run` is runs.key everywhere: short
-- keys keep the trees small. Times are milliseconds since 1970 UTC.

CREATE TABLE plans (
    key INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    json TEXT NOT NULL
) STRICT;

CREATE TABLE runs (
    key INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    pipeline TEXT NOT NULL,
    plan INTEGER NOT NULL REFERENCES plans (key),
    state TEXT NOT NULL,
    cancel_requested INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    finished_at INTEGER,
    events INTEGER NOT NULL DEFAULT 0, -- how many, so also the next seq
    steps INTEGER NOT NULL,
    running INTEGER NOT NULL DEFAULT 0,
    succeeded INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    skipped INTEGER NOT NULL DEFAULT 0,
    cancelled INTEGER NOT NULL DEFAULT 0
) STRICT;

-- One for each combination of filters, so that a page costs as much as it shows.
CREATE INDEX runs_by_time ON runs (created_at, id);
CREATE INDEX runs_by_pipeline ON runs (pipeline, created_at, id);
CREATE INDEX runs_by_state ON runs (state, created_at, id);
CREATE INDEX runs_by_pipeline_and_state ON runs (pipeline, state, created_at, id);

CREATE TABLE events (
    run INTEGER NOT NULL REFERENCES runs (key) ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    version INTEGER NOT NULL,
    checksum INTEGER NOT NULL, -- SQLite does not see flipped bits in a row
    body BLOB NOT NULL, -- MessagePack; holds the bytes of small outputs
    PRIMARY KEY (run, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE steps (
    run INTEGER NOT NULL REFERENCES runs (key) ON DELETE CASCADE,
    step INTEGER NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT, -- JSON
    attempts INTEGER NOT NULL DEFAULT 0,
    started_at INTEGER,
    finished_at INTEGER,
    PRIMARY KEY (run, step)
) STRICT, WITHOUT ROWID;

CREATE TABLE attempts (
    run INTEGER NOT NULL REFERENCES runs (key) ON DELETE CASCADE,
    step INTEGER NOT NULL,
    item INTEGER NOT NULL, -- the first of `items`
    attempt INTEGER NOT NULL,
    items INTEGER NOT NULL,
    state TEXT NOT NULL,
    started_at INTEGER,
    finished_at INTEGER,
    failure TEXT, -- JSON
    wall_us INTEGER,
    cpu_us INTEGER,
    memory INTEGER,
    log_lines INTEGER,
    log_lines_dropped INTEGER,
    output_form TEXT,
    output_hash BLOB,
    output_size INTEGER,
    output_items INTEGER,
    output_place TEXT,
    output_event INTEGER, -- the seq of the event that holds the whole reference
    PRIMARY KEY (run, step, item, attempt)
) STRICT, WITHOUT ROWID;

CREATE TABLE logs (
    run INTEGER NOT NULL REFERENCES runs (key) ON DELETE CASCADE,
    step INTEGER NOT NULL,
    chunk INTEGER NOT NULL, -- counts within the step, so that whoever follows it needs one number
    item INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    lines BLOB NOT NULL, -- MessagePack
    PRIMARY KEY (run, step, chunk)
) STRICT;

-- Which blobs a run keeps from being removed.
CREATE TABLE blob_refs (
    run INTEGER NOT NULL REFERENCES runs (key) ON DELETE CASCADE,
    hash BLOB NOT NULL,
    PRIMARY KEY (run, hash)
) STRICT, WITHOUT ROWID;

CREATE INDEX blob_refs_by_hash ON blob_refs (hash);

-- Machine code is only loaded from a file whose hash is here.
CREATE TABLE artifacts (
    module BLOB NOT NULL,
    engine TEXT NOT NULL,
    code_hash BLOB NOT NULL,
    code_size INTEGER NOT NULL,
    info TEXT NOT NULL, -- JSON
    created_at INTEGER NOT NULL,
    PRIMARY KEY (module, engine)
) STRICT;
