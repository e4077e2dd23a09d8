-- What is stored has bounds. Requests are numbered in the order of their commits, by which they are listed and, once their
-- runs are gone, forgotten.
CREATE TABLE numbered_requests (
    number INTEGER PRIMARY KEY,
    scope TEXT NOT NULL, -- who numbers the keys: a trigger or a token
    key TEXT NOT NULL,
    memory TEXT NOT NULL, -- how long it is remembered when its run is gone: latest, time, file
    kept INTEGER NOT NULL, -- whether its run is there
    at INTEGER NOT NULL,
    scheduled_for INTEGER,
    fingerprint BLOB, -- of what was asked, where the same key may come with something else
    run BLOB, -- runs.id; NULL if it was answered without a run
    reason TEXT, -- why there is no run
    -- Times are forgotten in their own order: a clock that was wrongly ahead has committed later ones first.
    place INTEGER NOT NULL AS (iif(memory = 'time', coalesce(scheduled_for, number), number))
) STRICT;
INSERT INTO numbered_requests (scope, key, memory, kept, at, scheduled_for, fingerprint, run, reason)
    SELECT r.scope, r.key,
        CASE WHEN t.kind = 'file' THEN 'file'
            WHEN t.kind IN ('cron', 'interval') AND r.scheduled_for IS NOT NULL THEN 'time'
            ELSE 'latest' END,
        r.run IS NOT NULL AND EXISTS (SELECT 1 FROM runs WHERE id = r.run),
        r.at, r.scheduled_for, r.fingerprint, r.run, r.reason
    FROM requests r LEFT JOIN triggers t ON r.scope = 'trigger/' || t.pipeline || '/' || t.name
    ORDER BY r.at, r.scope, r.key;
DROP TABLE requests;
ALTER TABLE numbered_requests RENAME TO requests;
CREATE UNIQUE INDEX requests_by_key ON requests (scope, key);
CREATE INDEX requests_by_scope ON requests (scope, number);
CREATE INDEX requests_by_run ON requests (run) WHERE kept = 1;
CREATE INDEX requests_without_run ON requests (scope, place) WHERE kept = 0 AND memory <> 'file';
CREATE INDEX requests_of_files ON requests (scope, place) WHERE kept = 0 AND memory = 'file';

-- What was forgotten of each scope.
CREATE TABLE request_scopes (
    scope TEXT PRIMARY KEY,
    forgettable INTEGER NOT NULL, -- how many requests are remembered without a run; those of files are not counted
    forgotten_until INTEGER -- of a schedule: times up to this one that are not remembered had been dealt with
) STRICT, WITHOUT ROWID;
INSERT INTO request_scopes (scope, forgettable)
    SELECT scope, count(*) FROM requests WHERE kept = 0 AND memory <> 'file' GROUP BY scope;

CREATE INDEX sessions_by_token ON sessions (token, kind, expires_at);
