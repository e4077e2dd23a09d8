-- No clock decides what is newest: lists follow `runs.key`, the order in which runs were accepted.

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
-- Finds the keys between which the runs of a span of time are.
CREATE INDEX runs_by_time ON runs (created_at);
