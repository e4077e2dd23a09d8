//! Deliveries to webhooks that were turned away before they were events. Whoever sent them may be anybody, so that they are
//! kept in memory, and few of them; senders learn less than is kept here.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::Key;
use crate::ids::Timestamp;

/// How many are kept for each trigger.
const LATEST: usize = 20;

/// A delivery that was turned away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

/// The latest of each trigger.
#[derive(Debug, Default)]
pub(super) struct Rejections(Mutex<HashMap<Key, VecDeque<Rejected>>>);

impl Rejections {
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, VecDeque<Rejected>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, key: Key, reason: String) {
        let mut all = self.lock();
        let latest = all.entry(key).or_default();
        latest.truncate(LATEST - 1);
        latest.push_front(Rejected { at: Timestamp::now(), reason });
    }

    /// The newest first.
    pub(super) fn of(&self, key: &Key) -> Vec<Rejected> {
        self.lock().get(key).into_iter().flatten().cloned().collect()
    }

    /// Forgets those of triggers that are gone.
    pub(super) fn retain(&self, is_there: impl Fn(&Key) -> bool) {
        self.lock().retain(|key, _| is_there(key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Name;

    #[test]
    fn the_latest_are_kept_for_each_trigger() {
        let key = |trigger: &str| (Name::new("p").unwrap(), Name::new(trigger).unwrap());
        let rejections = Rejections::default();
        (0..100).for_each(|number| rejections.add(key("a"), number.to_string()));
        rejections.add(key("b"), "other".to_owned());
        let kept: Vec<_> = rejections.of(&key("a")).into_iter().map(|rejected| rejected.reason).collect();
        assert_eq!((kept.len(), kept[0].as_str(), kept[LATEST - 1].as_str()), (LATEST, "99", "80"));
        rejections.retain(|kept| *kept == key("b"));
        assert_eq!((rejections.of(&key("a")).len(), rejections.of(&key("b")).len()), (0, 1));
    }
}
