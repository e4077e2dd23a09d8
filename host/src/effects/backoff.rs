//! How long to wait before something that failed is tried again.

use std::time::Duration;

use tokio::time::Instant;

/// Waits twice as long each time, up to a limit, until what is tried has worked for as long as that limit.
#[derive(Debug)]
pub(crate) struct Backoff {
    first: Duration,
    longest: Duration,
    /// The last wait, and when it was over.
    last: Option<(Duration, Instant)>,
}

impl Backoff {
    pub(crate) fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, last: None }
    }

    /// How long to wait now.
    pub(crate) fn next(&mut self) -> Duration {
        let now = Instant::now();
        let wait = match self.last {
            Some((wait, over)) if now.duration_since(over) < self.longest => self.longest.min(wait * 2),
            _ => self.first,
        };
        self.last = Some((wait, now + wait));
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn waits_grow_until_it_has_worked_for_long() {
        let seconds = Duration::from_secs;
        let mut backoff = Backoff::new(seconds(1), seconds(5));
        for expected in [1, 2, 4, 5, 5] {
            let wait = backoff.next();
            assert_eq!(wait, seconds(expected));
            // It works for a moment, and fails again.
            tokio::time::advance(wait + seconds(4)).await;
        }
        tokio::time::advance(seconds(1)).await;
        assert_eq!(backoff.next(), seconds(1));
    }
}
