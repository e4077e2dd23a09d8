//! Whether a run seems to kill its host: how often it was resumed without getting any further.

use crate::{
    event::EventKind,
    execute::state::RunState,
    failure::{FailureKind, StepFailure},
    ids::StepIndex,
    limits,
};

/// What the events of a run say about hosts that died while they drove it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Crashes {
    /// The host stopped in good order, and has not continued the run yet.
    stopped: bool,
    /// How often the run was resumed after a host had died, since the last result of an attempt.
    since_result: u32,
}

impl Crashes {
    /// Takes an event into account. `begun`: something of the run was recorded before.
    pub(super) fn follow(&mut self, event: &EventKind, begun: bool) {
        match event {
            EventKind::Stopped => self.stopped = true,
            EventKind::Resumed => {
                // Otherwise it may as well have been in the queue.
                self.since_result += u32::from(begun && !self.stopped);
                self.stopped = false;
            }
            EventKind::AttemptSucceeded { .. } | EventKind::AttemptFailed { .. } => self.since_result = 0,
            _ => {}
        }
    }
}

impl RunState {
    /// Whether the run continues carefully, one attempt at a time: hosts died twice without a new result in between, so
    /// one of its attempts may be the reason.
    #[must_use]
    pub fn is_careful(&self) -> bool {
        self.crashes.since_result >= limits::CRASHES_BEFORE_CARE
    }

    /// Whether the host that drove the run last stopped in good order.
    #[must_use]
    pub fn was_stopped(&self) -> bool {
        self.crashes.stopped
    }

    /// Why a step is not tried again: its attempts were alone on the host each time that it died.
    pub(super) fn kills_its_host(&self, step: StepIndex) -> Option<StepFailure> {
        let lost = self.steps[step.get()].lost_alone;
        (lost >= limits::LOSSES_ALONE).then(|| {
            let message = format!(
                "the host died {lost} times while this step was the only one running on it; it is not tried again"
            );
            StepFailure::new(FailureKind::Host, message)
        })
    }
}
