//! States as people see them: an icon, a word, a colour, always all three.

use super::paint::Style;
use crate::event::StepState;

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
