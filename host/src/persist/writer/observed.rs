//! For how long the data directory has been observed in use, which no clock can change: retention counts by it.
//!
//! It is noted where a run ends, in the same transaction, and grows by what the monotonic clock saw since then. What
//! passed while no process was there is only known to the wall clock. It is added where that clock had been steady before,
//! and has been steady in this process for long enough.

use std::time::Duration;

use rusqlite::{Connection, params};
use tokio::time::Instant;

use crate::{effects, limits::STEADY_CLOCK, persist::codec::int};

/// Wall and monotonic clock keep step if they differ by no more than this, in milliseconds, and a thousandth.
const SLACK: i64 = 1_000;

/// A reading of both clocks.
#[derive(Debug, Clone, Copy)]
struct Reading {
    at: Instant,
    /// What the wall clock said, in milliseconds.
    wall: i64,
}

impl Reading {
    fn now() -> Self {
        Self { at: Instant::now(), wall: effects::wall_clock() }
    }

    fn since(self, earlier: Self) -> i64 {
        milliseconds(self.at, earlier.at)
    }
}

/// Observes the time of one process.
#[derive(Debug)]
pub(super) struct Watch {
    /// Up to when the time of this process is in the database.
    noted: Instant,
    /// Since when the wall clock has been steady.
    steady: Reading,
    /// Whether the time before this process was dealt with.
    settled: bool,
    /// The first and the third as they are once the transaction is committed.
    uncommitted: Option<(Instant, bool)>,
}

/// What the database says.
struct Noted {
    total: i64,
    /// The wall clock less `total`, when it had last been steady, and the last place in the order of ends then.
    steady: Option<(i64, i64)>,
}

impl Watch {
    /// Begins now.
    pub(super) fn new() -> Self {
        let now = Reading::now();
        Self { noted: now.at, steady: now, settled: false, uncommitted: None }
    }

    /// Notes the time for runs that end in this transaction, which are so many; returns the total.
    pub(super) fn note(&mut self, connection: &Connection, ends: usize) -> rusqlite::Result<i64> {
        let now = Reading::now();
        let mut noted = Noted::load(connection)?;
        let passed = milliseconds(now.at, self.noted);
        noted.total = noted.total.saturating_add(passed);
        let is_steady = self.is_steady(now);
        if is_steady {
            // A clock that was set while this process looks on says nothing of a time when none did.
            if !self.settled {
                noted.add_absence(connection, now.wall)?;
            }
            let last: i64 = connection
                .prepare_cached("SELECT value FROM counters WHERE name = 'ended'")?
                .query_row([], |row| row.get(0))?;
            noted.steady = Some((now.wall.saturating_sub(noted.total), last.saturating_add(int(ends as u64))));
        }
        noted.save(connection)?;
        // Not `now`: what is left of a millisecond counts next time.
        let until = self.noted + Duration::from_millis(passed.unsigned_abs());
        self.uncommitted = Some((until, self.settled || is_steady));
        Ok(noted.total)
    }

    /// What was noted is durable.
    pub(super) fn committed(&mut self) {
        if let Some((noted, settled)) = self.uncommitted.take() {
            (self.noted, self.settled) = (noted, settled);
        }
    }

    /// What was noted is undone.
    pub(super) fn undone(&mut self) {
        self.uncommitted = None;
    }

    /// Whether the wall clock has kept step for long enough. One that has not starts over.
    fn is_steady(&mut self, now: Reading) -> bool {
        let passed = now.since(self.steady);
        let drift = now.wall.saturating_sub(self.steady.wall).saturating_sub(passed);
        if drift.saturating_abs() > SLACK + passed / 1_000 {
            self.steady = now;
        }
        now.at.duration_since(self.steady.at) >= STEADY_CLOCK
    }
}

impl Noted {
    fn load(connection: &Connection) -> rusqlite::Result<Self> {
        let mut select =
            connection.prepare_cached("SELECT total, steady_offset, steady_end FROM observed_time WHERE id = 1")?;
        select.query_row([], |row| {
            let (offset, end): (Option<i64>, Option<i64>) = (row.get(1)?, row.get(2)?);
            Ok(Self { total: row.get(0)?, steady: offset.zip(end) })
        })
    }

    /// Adds the time in which no process was there, or none for long enough to trust the clock. It passed before the runs
    /// ended that have ended since: nothing is known of what was between them, so none of them becomes older by it.
    fn add_absence(&mut self, connection: &Connection, wall: i64) -> rusqlite::Result<()> {
        let Some((offset, end)) = self.steady else { return Ok(()) };
        let absence = wall.saturating_sub(offset).saturating_sub(self.total);
        if absence > 0 {
            self.total = self.total.saturating_add(absence);
            let mut update = connection.prepare_cached("UPDATE runs SET observed = observed + ?1 WHERE ended > ?2")?;
            update.execute([absence, end])?;
        }
        Ok(())
    }

    fn save(&self, connection: &Connection) -> rusqlite::Result<()> {
        let mut update = connection
            .prepare_cached("UPDATE observed_time SET total = ?, steady_offset = ?, steady_end = ? WHERE id = 1")?;
        let (offset, end) = self.steady.unzip();
        update.execute(params![self.total, offset, end]).map(drop)
    }
}

fn milliseconds(later: Instant, earlier: Instant) -> i64 {
    i64::try_from(later.saturating_duration_since(earlier).as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
