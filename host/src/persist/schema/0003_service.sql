-- The service: what is deployed, what asks for runs, and who may do what. Times are milliseconds since 1970 UTC.

-- What started a run: the trigger of its pipeline, and the time it was due.
ALTER TABLE runs ADD COLUMN trigger TEXT;
ALTER TABLE runs ADD COLUMN scheduled_for INTEGER;
CREATE INDEX runs_by_trigger ON runs (pipeline, trigger, created_at, id) WHERE trigger IS NOT NULL;

-- For triggers that wait for runs of other pipelines.
CREATE INDEX runs_by_end ON runs (pipeline, finished_at) WHERE finished_at IS NOT NULL;

-- What asked for a run, at most once each: events of triggers, and requests that may be sent again. Outlives the runs.
CREATE TABLE requests (
    scope TEXT NOT NULL, -- who numbers the keys: a trigger or a token
    key TEXT NOT NULL,
    at INTEGER NOT NULL,
    scheduled_for INTEGER,
    fingerprint BLOB, -- of what was asked, where the same key may come with something else
    run BLOB, -- runs.id; NULL if it was answered without a run
    reason TEXT, -- why there is no run
    PRIMARY KEY (scope, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX requests_by_time ON requests (scope, at);

-- The triggers of deployed pipelines. One that is taken out of its pipeline keeps its row, and with it its history.
CREATE TABLE triggers (
    pipeline TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    paused INTEGER NOT NULL DEFAULT 0,
    decided_until INTEGER, -- of schedules: every time up to this one has been dealt with
    missed INTEGER NOT NULL DEFAULT 0, -- times that no run was started for, since nobody was there
    PRIMARY KEY (pipeline, name)
) STRICT, WITHOUT ROWID;

-- Which version of a module its name means now; NULL if it was removed.
CREATE TABLE modules (
    name TEXT PRIMARY KEY,
    active BLOB,
    changed_at INTEGER NOT NULL,
    changed_by TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE module_versions (
    name TEXT NOT NULL,
    digest BLOB NOT NULL,
    version TEXT,
    state TEXT NOT NULL, -- ready, waiting (for an approval), removed
    uploaded_at INTEGER NOT NULL,
    uploaded_by TEXT NOT NULL,
    info TEXT NOT NULL, -- JSON
    PRIMARY KEY (name, digest)
) STRICT, WITHOUT ROWID;

-- Other bytes under the same version are refused.
CREATE UNIQUE INDEX module_versions_by_version ON module_versions (name, version) WHERE version IS NOT NULL;

CREATE TABLE pipelines (
    name TEXT PRIMARY KEY,
    revision INTEGER, -- the active one; NULL if the pipeline was removed
    paused INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE revisions (
    pipeline TEXT NOT NULL REFERENCES pipelines (name),
    revision INTEGER NOT NULL,
    text TEXT NOT NULL,
    pins TEXT NOT NULL, -- JSON: the digests of the modules that its text takes from paths
    deployed_at INTEGER NOT NULL,
    deployed_by TEXT NOT NULL,
    PRIMARY KEY (pipeline, revision)
) STRICT, WITHOUT ROWID;

-- Encrypted with the key that lies beside the database. A value that was replaced may stay valid for a while.
CREATE TABLE secrets (
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    nonce BLOB NOT NULL,
    sealed BLOB NOT NULL,
    set_at INTEGER NOT NULL,
    set_by TEXT NOT NULL,
    expires_at INTEGER,
    PRIMARY KEY (name, version)
) STRICT, WITHOUT ROWID;

-- Only hashes of what is secret.
CREATE TABLE tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL,
    hash BLOB NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER
) STRICT;

-- Browsers that have logged in, and links that let one do so.
CREATE TABLE sessions (
    hash BLOB PRIMARY KEY,
    token INTEGER NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
    kind TEXT NOT NULL, -- session, link
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT -- JSON
) STRICT;

CREATE INDEX audit_by_subject ON audit (subject, key);
