-- Whether a trigger is part of what is deployed. One that comes back begins anew: what went by meanwhile starts no runs.
ALTER TABLE triggers ADD COLUMN deployed INTEGER NOT NULL DEFAULT 1;
