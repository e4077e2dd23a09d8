//! A long history, faster than it could happen.

use std::path::Path;

/// Adds rows of runs to a database that no host has open: copies of those that are there, under other ids. They are what
/// lists are made of; nothing behind them can be opened.
///
/// # Errors
/// If the database cannot be changed.
pub fn lengthen(database: &Path, runs: i64) -> rusqlite::Result<()> {
    let database = rusqlite::Connection::open(database)?;
    let mut statement =
        database.prepare("SELECT name FROM pragma_table_info('runs') WHERE name NOT IN ('key', 'id')")?;
    let columns: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let columns = columns.join(", ");
    let _ = database.execute(
        &format!(
            "INSERT INTO runs (id, {columns}) SELECT randomblob(16), {columns} FROM runs, \
             (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT ?1) SELECT i FROM n) LIMIT ?1"
        ),
        [runs],
    )?;
    Ok(())
}
