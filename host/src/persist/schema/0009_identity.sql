-- Distinguishes a copy of the database from its original, which may go on with the same runs.
CREATE TABLE identity (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    inode INTEGER, -- of the database, which a copy does not share; NULL until it is known
    copy BLOB, -- the id of this copy; NULL if it is none
    copied_runs INTEGER -- the last of the runs (`runs.key`) that came with the copy
) STRICT;
INSERT INTO identity (id) VALUES (1);
