-- Which database this is. A copy is another one than its original, which may go on with the same runs.
CREATE TABLE identity (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    inode INTEGER, -- of the database, by which a copy is told from its original; NULL until it is known
    copy BLOB, -- what tells this copy from all others; NULL if it is none
    copied_runs INTEGER -- the last of the runs (`runs.key`) that came with the copy
) STRICT;
INSERT INTO identity (id) VALUES (1);
