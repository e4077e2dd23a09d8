//! What takes time and is no attempt: evaluating conditions, finding items, putting together what they returned.

use futures_util::FutureExt;

use super::{Dispatcher, RunError};
use crate::{
    effects,
    event::EventKind,
    execute::{condition::Question, fan_out, job, state::StateError, trouble::Trouble},
    failure::{FailureKind, StepFailure},
    ids::StepIndex,
    output::OutputRef,
};

/// An errand that was run, and what came of it.
pub(super) struct Errand {
    step: StepIndex,
    result: Result<EventKind, Trouble>,
}

impl Dispatcher {
    /// Finds out whether the conditions of a step hold.
    pub(super) fn evaluate(&mut self, step: StepIndex) {
        let question = Question::about(&self.state, step);
        let store = self.ports.outputs.clone();
        self.run_errand(step, move || question.answer(&store));
    }

    /// Finds the items of a `for_each` step.
    pub(super) fn fan_out(&mut self, step: StepIndex) -> Result<(), StateError> {
        let cap = self.state.plan().step(step).limits.output;
        let store = self.ports.outputs.clone();
        match job::source(&self.state, step) {
            Ok(source) => {
                self.run_errand(step, move || {
                    source.items(&store, cap).map(|items| EventKind::FannedOut { step, items })
                });
                Ok(())
            }
            Err(failure) => self.decided(EventKind::StepFailed { step, failure }),
        }
    }

    /// Puts together what the items of a step returned.
    pub(super) fn gather(&mut self, step: StepIndex) {
        let packs: Vec<OutputRef> =
            self.state.items(step).into_iter().flat_map(|items| items.outputs().cloned()).collect();
        let store = self.ports.outputs.clone();
        self.run_errand(step, move || {
            fan_out::gather(&store, &packs).map(|output| EventKind::StepSucceeded { step, output })
        });
    }

    /// A step may become decidable again while somebody is on an errand for it; what comes of that is awaited.
    fn run_errand(&mut self, step: StepIndex, work: impl FnOnce() -> Result<EventKind, Trouble> + Send + 'static) {
        if !self.on_errand.insert(step) {
            return;
        }
        let work = effects::blocking(work).map(move |done| {
            let result = done.unwrap_or_else(|_| {
                let message = "the host itself failed; this is a bug of stepmill, please report it";
                Err(Trouble::Step(StepFailure::new(FailureKind::Host, message)))
            });
            Errand { step, result }
        });
        self.errands.push(work.boxed());
    }

    /// What came of an errand follows from facts, so it needs no commit of its own.
    pub(super) fn errand_ran(&mut self, Errand { step, result }: Errand) -> Result<(), RunError> {
        self.on_errand.remove(&step);
        // The run may have been cancelled meanwhile, and the step with it.
        if self.state.state(step).is_terminal() {
            return Ok(());
        }
        let event = match result {
            Ok(event) => event,
            Err(Trouble::Step(failure)) => EventKind::StepFailed { step, failure },
            Err(Trouble::Host(problem)) => return Err(RunError::Interrupted(problem)),
        };
        self.decided(event)?;
        Ok(())
    }
}
