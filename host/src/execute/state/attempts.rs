//! What the beginnings and ends of attempts do to a step, whether it has items or not.

use super::{RunState, Step};
use crate::{
    event::StepState,
    failure::{FailureKind, StepFailure},
    ids::{StepIndex, Timestamp},
    output::{ItemRange, OutputRef},
};

impl RunState {
    pub(super) fn attempt_started(
        &mut self,
        step: StepIndex,
        range: ItemRange,
        attempt: u32,
    ) -> Result<(), &'static str> {
        let entry = self.entry(step)?;
        if let Some(items) = &mut entry.items {
            items.start(range, attempt)?;
            entry.attempts = entry.attempts.max(attempt);
            return Ok(());
        }
        let entry = self.expect_whole(step, range, &[StepState::Waiting])?;
        entry.state = StepState::Running;
        entry.attempts = attempt;
        entry.retry_at = None;
        Ok(())
    }

    /// A result of an attempt that ran, or of one in another run: then the step was still waiting.
    pub(super) fn result(
        &mut self,
        step: StepIndex,
        range: ItemRange,
        output: &OutputRef,
        from: StepState,
    ) -> Result<(), &'static str> {
        if let Some(items) = &mut self.entry(step)?.items {
            items.succeed(range, output.clone(), from)?;
            self.decidable.push_back(step);
            return Ok(());
        }
        self.expect_whole(step, range, &[from])?.output = Some(output.clone());
        self.end_step(step, StepState::Succeeded);
        Ok(())
    }

    pub(super) fn attempt_failed(
        &mut self,
        step: StepIndex,
        range: ItemRange,
        attempt: u32,
        failure: &StepFailure,
        retry_at: Option<Timestamp>,
    ) -> Result<(), &'static str> {
        let cancelled = failure.kind == FailureKind::Cancelled;
        if let Some(items) = &mut self.entry(step)?.items {
            match retry_at {
                Some(at) => items.wait(range, attempt + 1, Some(at))?,
                None if cancelled => items.cancel(range)?,
                None => items.fail(range, failure)?,
            }
            self.decidable.push_back(step);
            return Ok(());
        }
        let entry = self.expect_whole(step, range, &[StepState::Running])?;
        if let Some(at) = retry_at {
            entry.state = StepState::Waiting;
            entry.retry_at = Some(at);
            self.decidable.push_back(step);
        } else if cancelled {
            self.end_step(step, StepState::Cancelled);
        } else {
            self.fail_step(step);
        }
        Ok(())
    }

    /// Attempts that were lost or given back: they wait for this attempt.
    pub(super) fn attempt_undone(&mut self, step: StepIndex, range: ItemRange, next: u32) -> Result<(), &'static str> {
        let entry = self.entry(step)?;
        if let Some(items) = &mut entry.items {
            items.wait(range, next, None)?;
        } else {
            let entry = self.expect_whole(step, range, &[StepState::Running])?;
            entry.state = StepState::Waiting;
            entry.attempts = next.saturating_sub(1);
        }
        self.decidable.push_back(step);
        Ok(())
    }

    fn expect_whole(
        &mut self,
        step: StepIndex,
        range: ItemRange,
        states: &[StepState],
    ) -> Result<&mut Step, &'static str> {
        if range != ItemRange::WHOLE {
            return Err("it is about items, but the step has none");
        }
        self.expect(step, states)
    }
}
