//! Log lines on their way: they need no commit of their own, but must not wait long.

use std::time::Duration;

use tokio::time::Instant;

use super::LogEntry;

/// How long a line may wait for a commit that it can join.
const PATIENCE: Duration = Duration::from_millis(100);

/// How many bytes of text may wait.
const MANY: usize = 1 << 20;

#[derive(Debug, Default)]
pub(super) struct PendingLogs {
    entries: Vec<LogEntry>,
    bytes: usize,
    since: Option<Instant>,
}

impl PendingLogs {
    /// Takes lines; those of one attempt are put together as long as no others come between.
    pub(super) fn add(&mut self, entry: LogEntry) {
        if entry.lines.is_empty() {
            return;
        }
        self.since.get_or_insert_with(Instant::now);
        self.bytes += entry.lines.iter().map(|line| line.text.len()).sum::<usize>();
        let source = |entry: &LogEntry| (entry.run, entry.step, entry.item, entry.attempt);
        match self.entries.iter_mut().rev().find(|pending| source(pending) == source(&entry)) {
            Some(pending) => pending.lines.extend(entry.lines),
            None => self.entries.push(entry),
        }
    }

    /// How long until they must be written; `None` if there are none.
    pub(super) fn time_left(&self) -> Option<Duration> {
        self.since.map(|since| PATIENCE.saturating_sub(since.elapsed()))
    }

    pub(super) fn are_many(&self) -> bool {
        self.bytes >= MANY
    }

    /// The lines, which stay until they are committed.
    pub(super) fn entries(&self) -> &[LogEntry] {
        &self.entries
    }

    pub(super) fn take(&mut self) -> Vec<LogEntry> {
        std::mem::take(self).entries
    }
}
