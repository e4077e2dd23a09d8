//! Takes up the runs that an earlier process accepted and did not end.
//!
//! Each keeps the `overlap` that it was accepted under: its trigger may have been changed, renamed or removed since, and no
//! event has asked for anything else.

#[cfg(test)]
mod tests;

use std::{collections::HashMap, sync::Arc};

use super::service::{Service, ServiceError};
use crate::{
    event::{EventKind, Overlap, RunEvent},
    ids::{Name, RunId},
};

/// A pipeline and a trigger of it.
type Key = (Name, Name);

/// A run that has not ended.
struct Left {
    run: RunId,
    /// What started it.
    trigger: Option<Key>,
    /// The `overlap` that it was accepted under, if that is known.
    accepted: Option<Overlap>,
    /// Whether it waits for those before it.
    waits: bool,
}

/// How a run is taken up.
struct Turn {
    run: RunId,
    /// The runs that it waits for: those before a place in an order.
    after: Option<(Arc<[RunId]>, usize)>,
    /// Whether a later one was accepted to take its place.
    replaced: bool,
}

impl Service {
    /// Takes up what was accepted and has not ended. A run that cannot continue yet is interrupted, and keeps no other
    /// from continuing.
    pub(super) async fn resume_all(&self) -> Result<(), ServiceError> {
        let unfinished = self.host.history().reader().unfinished()?;
        let left: Vec<_> = unfinished.into_iter().map(|run| self.left(run)).collect();
        for Turn { run, after, replaced } in turns(&left) {
            let after = after.map(|(order, place)| self.host.ended_before(order, place));
            self.host.take_up(run, after).await;
            if replaced {
                // Only a crash between the two kept it from being asked. It is asked by the call.
                drop(self.host.cancel(run, false));
            }
        }
        Ok(())
    }

    fn left(&self, run: RunId) -> Left {
        let trigger = match self.host.history().reader().run(run) {
            Ok(row) => row.trigger.map(|trigger| (row.pipeline, trigger)),
            Err(error) => {
                tracing::error!(%run, %error, "a run cannot be read");
                None
            }
        };
        let accepted = trigger.as_ref().and_then(|_| self.accepted_under(run));
        // Of a run that an earlier version accepted, nothing else is known.
        let overlap = accepted.or_else(|| trigger.as_ref().and_then(|trigger| self.overlap_today(trigger)));
        Left { run, trigger, accepted, waits: overlap.is_some_and(Overlap::waits) }
    }

    /// The `overlap` that a run was accepted under, if its first event says so.
    fn accepted_under(&self, run: RunId) -> Option<Overlap> {
        match self.host.history().reader().events(run, 0, 1).as_deref() {
            Ok([RunEvent { kind: EventKind::Created { origin, .. }, .. }]) => origin.overlap(),
            Ok(_) => None,
            Err(error) => {
                tracing::error!(%run, %error, "the `overlap` that a run was accepted under cannot be read");
                None
            }
        }
    }

    fn overlap_today(&self, (pipeline, trigger): &Key) -> Option<Overlap> {
        let deployed = self.registry.pipeline(pipeline)?;
        deployed.triggers().iter().find(|known| known.name == *trigger).map(|known| known.overlap)
    }
}

/// How runs are taken up, which come in the order of their acceptance.
fn turns(left: &[Left]) -> Vec<Turn> {
    let mut orders: HashMap<&Key, Order> = HashMap::new();
    let places = left.iter().map(|left| match &left.trigger {
        Some(trigger) => orders.entry(trigger).or_default().add(left),
        None => 0,
    });
    let places: Vec<usize> = places.collect();
    let orders: HashMap<&Key, (Arc<[RunId]>, usize)> =
        orders.into_iter().map(|(trigger, order)| (trigger, (order.runs.into(), order.replaced))).collect();
    let turn = |(left, place): (&Left, usize)| {
        let order = left.trigger.as_ref().and_then(|trigger| orders.get(trigger));
        Turn {
            run: left.run,
            after: order.filter(|_| left.waits && place > 0).map(|(runs, _)| (Arc::clone(runs), place)),
            replaced: order.is_some_and(|(_, replaced)| place < *replaced),
        }
    };
    left.iter().zip(places).map(turn).collect()
}

/// The runs of a trigger, in the order of their acceptance.
#[derive(Default)]
struct Order {
    runs: Vec<RunId>,
    /// How many of them were accepted before the latest one that cancels those before it.
    replaced: usize,
}

impl Order {
    /// Adds a run, and returns its place.
    fn add(&mut self, left: &Left) -> usize {
        let place = self.runs.len();
        if left.accepted == Some(Overlap::CancelPrevious) {
            self.replaced = place;
        }
        self.runs.push(left.run);
        place
    }
}
