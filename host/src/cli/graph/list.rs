//! A plan as a list, indented by depth: what is left when a drawing would be too wide.

use super::{ascii::Label, layout::depths};
use crate::{
    cli::render::paint::{Paint, Style},
    plan::Plan,
};

/// The deepest indentation; a chain of a thousand steps does not march off the screen.
const MAX_INDENT: usize = 12;
/// The most upstreams that are named for a step.
const MAX_UPSTREAMS: usize = 4;

/// Lists the steps in topological order, each with what it follows.
#[must_use]
pub fn draw(plan: &Plan, labels: &[Label], paint: Paint) -> String {
    let mut text = String::new();
    for ((step, label), depth) in plan.steps.iter().zip(labels).zip(depths(plan)) {
        text.extend(std::iter::repeat_n("  ", depth.min(MAX_INDENT)));
        text.push_str(&paint.text(label.style, &label.text));
        if !step.upstreams.is_empty() {
            let mut names: Vec<&str> =
                step.upstreams.iter().take(MAX_UPSTREAMS).map(|upstream| plan.step(*upstream).name.as_str()).collect();
            let more = step.upstreams.len().saturating_sub(MAX_UPSTREAMS);
            let rest = format!("{more} more");
            if more > 0 {
                names.push(&rest);
            }
            text.push_str(&paint.text(Style::Faint, &format!("  ← {}", names.join(", "))));
        }
        text.push('\n');
    }
    text
}
