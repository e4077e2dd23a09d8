//! States as people see them: an icon, a word, a colour, always all three.

use super::paint::Style;
use crate::event::StepState;

/// How a run, or a step of it, looks whose host has stopped before its end.
pub const INTERRUPTED: (&str, Style, &str) = ("‖", Style::Doubtful, "interrupted");

/// How a step's state looks.
#[must_use]
pub fn step(state: StepState) -> (&'static str, Style) {
    match state {
        StepState::Waiting => ("·", Style::Faint),
        StepState::Running => ("▸", Style::Busy),
        StepState::Succeeded => ("✓", Style::Good),
        StepState::Failed => ("✗", Style::Bad),
        StepState::Skipped => ("○", Style::Faint),
        StepState::Cancelled => ("⊘", Style::Doubtful),
    }
}
