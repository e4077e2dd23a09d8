//! Who may have a sandbox now: the pool has so many places, and no pipeline gets all of them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::engine::{MAX_NETWORKED, MAX_SANDBOXES};
use crate::{grants::Grants, ids::Name};

/// The places of the pool. Steps that wait for the network hold memory, but no processor: they have places of their own, so
/// that a slow server somewhere does not keep those waiting that compute.
pub(super) struct Places {
    computing: PlacesOfASort,
    networked: PlacesOfASort,
}

/// Places of one sort.
struct PlacesOfASort {
    all: Arc<Semaphore>,
    /// The most that one pipeline takes: whatever its steps do, there are some for others.
    share: usize,
    shares: Mutex<HashMap<Name, Weak<Semaphore>>>,
}

/// A place, until it is dropped.
pub(super) struct Place {
    _share: OwnedSemaphorePermit,
    _place: OwnedSemaphorePermit,
}

impl Default for Places {
    fn default() -> Self {
        Self { computing: PlacesOfASort::new(MAX_SANDBOXES), networked: PlacesOfASort::new(MAX_NETWORKED) }
    }
}

impl Places {
    /// A place for a step of this pipeline, as soon as there is one; none if the host is stopping.
    pub(super) async fn take(&self, pipeline: &Name, grants: &Grants) -> Option<Place> {
        if grants.net.is_empty() { &self.computing } else { &self.networked }.take(pipeline).await
    }
}

impl PlacesOfASort {
    fn new(places: u32) -> Self {
        let places = places as usize;
        Self { all: Arc::new(Semaphore::new(places)), share: places - places / 4, shares: Mutex::default() }
    }

    async fn take(&self, pipeline: &Name) -> Option<Place> {
        let share = self.share_of(pipeline).acquire_owned().await.ok()?;
        let place = Arc::clone(&self.all).acquire_owned().await.ok()?;
        Some(Place { _share: share, _place: place })
    }

    fn share_of(&self, pipeline: &Name) -> Arc<Semaphore> {
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(share) = shares.get(pipeline).and_then(Weak::upgrade) {
            return share;
        }
        shares.retain(|_, share| share.strong_count() > 0);
        let share = Arc::new(Semaphore::new(self.share));
        shares.insert(pipeline.clone(), Arc::downgrade(&share));
        share
    }
}
