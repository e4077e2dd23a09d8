-- Steps as they are now. Where an attempt is newer than its step's row knows, the step does as the attempt does: a step
-- that begins and succeeds needs no change of its row.
CREATE VIEW current_steps AS
SELECT
    s.run, s.step, s.name,
    coalesce(a.state, s.state) AS state,
    iif(a.run IS NULL, s.reason, NULL) AS reason,
    coalesce(a.attempt, s.attempts) AS attempts,
    coalesce(s.started_at, a.started_at) AS started_at,
    iif(a.run IS NULL, s.finished_at, a.finished_at) AS finished_at,
    iif(a.run IS NULL, s.retry_at, NULL) AS retry_at,
    s.items, s.items_running, s.items_succeeded, s.items_failed,
    s.output_form, s.output_hash, s.output_size, s.output_items, s.output_place, s.output_event
FROM steps s LEFT JOIN attempts a
    ON s.items IS NULL AND a.run = s.run AND a.step = s.step AND a.item = 0 AND a.attempt > s.attempts
    AND a.attempt = (SELECT max(attempt) FROM attempts WHERE run = s.run AND step = s.step AND item = 0);
