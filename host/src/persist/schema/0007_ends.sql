-- Triggers that wait for runs follow the order in which their ends were committed, which no clock can change.
ALTER TABLE runs ADD COLUMN ended INTEGER; -- counts the runs that ended, over all pipelines; NULL while it goes on

-- What was counted last. Runs may be removed, so their own numbers do not say it.
CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

UPDATE runs SET ended = ranked.place
    FROM (SELECT key, row_number() OVER (ORDER BY finished_at, key) AS place FROM runs WHERE finished_at IS NOT NULL) ranked
    WHERE ranked.key = runs.key;
INSERT INTO counters (name, value) SELECT 'ended', coalesce(max(ended), 0) FROM runs;

-- Of triggers that wait for runs: every end up to this one has been dealt with.
ALTER TABLE triggers ADD COLUMN seen_end INTEGER NOT NULL DEFAULT 0;
UPDATE triggers SET seen_end = (
    SELECT coalesce(max(ended), 0) FROM runs WHERE finished_at <= coalesce(triggers.decided_until, triggers.created_at));

DROP INDEX runs_by_end;
CREATE INDEX runs_by_end ON runs (ended) WHERE ended IS NOT NULL;
