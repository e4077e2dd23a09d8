//! The system's clock, which somebody may set while others wait for it.

use std::time::Duration;

use futures_util::future::BoxFuture;

use super::ports::Clock;
use crate::ids::Timestamp;

/// The longest sleep: timers do not see that the clock was set, nor the time in which a machine was asleep.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn until(&self, at: Timestamp) -> BoxFuture<'_, ()> {
        let left = u64::try_from(at.0.saturating_sub(self.now().0)).unwrap_or(0);
        Box::pin(tokio::time::sleep(Duration::from_millis(left).min(LONGEST_SLEEP)))
    }
}
