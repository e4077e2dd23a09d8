//! Takes up the runs that an earlier process accepted and did not end.
//!
//! Each keeps the `overlap` that it was accepted under: its trigger may have been changed, renamed or removed since, and no
//! event has asked for anything else.

#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::{
    order::Order,
    service::{Service, ServiceError},
};
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
    after: Option<(Arc<Order>, u64)>,
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
    let mut orders: HashMap<&Key, Arc<Order>> = HashMap::new();
    let mut turns = Vec::with_capacity(left.len());
    for left in left {
        let after = left.trigger.as_ref().map(|trigger| {
            let order = orders.entry(trigger).or_default();
            let place = order.next();
            order.add(left.run);
            (Arc::clone(order), place)
        });
        let after = after.filter(|(_, place)| left.waits && *place > 0);
        turns.push(Turn { run: left.run, after, replaced: false });
    }

    let mut cancelling: HashSet<&Key> = HashSet::new();
    for (turn, left) in turns.iter_mut().zip(left).rev() {
        let Some(trigger) = &left.trigger else { continue };
        turn.replaced = cancelling.contains(trigger);
        if left.accepted == Some(Overlap::CancelPrevious) {
            cancelling.insert(trigger);
        }
    }
    turns
}
