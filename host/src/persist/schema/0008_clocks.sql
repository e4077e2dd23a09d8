-- No clock is trusted for what cannot be undone, or decides what is newest.

-- Lists follow `runs.key`, the order in which runs were accepted.

DROP INDEX runs_by_time;
DROP INDEX runs_by_pipeline;
DROP INDEX runs_by_state;
DROP INDEX runs_by_pipeline_and_state;
DROP INDEX runs_by_trigger;
-- One for each combination of filters. Each ends with `key`, as every index does, so that a page costs as much as it shows.
CREATE INDEX runs_by_pipeline ON runs (pipeline);
CREATE INDEX runs_by_state ON runs (state);
CREATE INDEX runs_by_pipeline_and_state ON runs (pipeline, state);
CREATE INDEX runs_by_trigger ON runs (pipeline, trigger) WHERE trigger IS NOT NULL;
-- What waits for the ends of a pipeline's runs looks at no others.
CREATE INDEX runs_by_pipeline_end ON runs (pipeline, ended) WHERE ended IS NOT NULL;
-- Finds the keys between which the runs of a span of time are.
CREATE INDEX runs_by_time ON runs (created_at);

-- For how long the data directory has been observed in use. A run is removed for its age only once so much has been
-- observed since it ended.
CREATE TABLE observed_time (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    total INTEGER NOT NULL, -- milliseconds
    steady_offset INTEGER, -- the wall clock less `total`, when that clock had last been steady; NULL if it never was
    steady_end INTEGER -- the last place in the order of ends (`runs.ended`) at that time
) STRICT;
INSERT INTO observed_time (id, total) VALUES (1, 0);

-- `observed_time.total` when the run ended. NULL while it goes on, and of runs that ended before this was noted: they count
-- as if they had ended when this column was made.
ALTER TABLE runs ADD COLUMN observed INTEGER;
