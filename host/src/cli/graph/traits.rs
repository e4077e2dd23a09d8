//! What is special about steps, in words: a drawing shows only what leads to what.

use std::time::Duration;

use crate::{
    cli::render::{
        paint::{Paint, Style},
        text::safe_text,
        units,
    },
    dto::{BranchView, EdgeKind, GraphView, NodeView, edge_kind},
    ids::StepIndex,
    plan::Plan,
};

/// The most upstreams that are named.
const MAX_NAMES: usize = 4;

/// What is special about a step, each in a few words, in the words of the pipeline's keys.
#[must_use]
pub fn of(node: &NodeView) -> Vec<String> {
    let mut words = Vec::new();
    if node.finally {
        words.push("finally".to_owned());
    }
    words.extend(node.branches.iter().map(|case| format!("branch {case}")));
    words.extend(node.when.as_ref().map(|when| format!("when {}", safe_text(when))));
    words.extend(node.for_each.as_ref().map(|source| {
        let most = node.max_parallel.map(|most| format!(", {most} at once")).unwrap_or_default();
        format!("for each of {}{most}", safe_text(source))
    }));
    words.extend(node.join.map(|join| format!("join {}", join.as_str())));
    words.extend(node.retry.map(|retry| {
        let first = units::duration(Duration::from_millis(retry.initial_ms));
        format!("up to {} attempts, {first} apart at first", retry.max_attempts)
    }));
    if node.continues_on_error {
        words.push("continues on error".to_owned());
    }
    if node.allow_failure {
        words.push("may fail".to_owned());
    }
    if !node.grants.is_empty() {
        let grants: Vec<_> = node.grants.iter().map(ToString::to_string).collect();
        words.push(format!("granted {}", grants.join(", ")));
    }
    if node.uncached {
        words.push("not cached".to_owned());
    }
    words
}

/// `size: large if check.rows > 5, else small`
#[must_use]
pub fn branch(branch: &BranchView) -> String {
    let cases = branch.cases.iter().map(|case| match &case.condition {
        Some(condition) => format!("{} if {}", case.name, safe_text(condition)),
        None => format!("else {}", case.name),
    });
    format!("{}: {}", branch.name, cases.collect::<Vec<_>>().join(", "))
}

/// What is to be said below a drawing, a line each; nothing of a plan without anything special.
#[must_use]
pub fn legend(plan: &Plan, paint: Paint) -> String {
    let graph = GraphView::of(plan);
    let mut lines: Vec<(String, String)> = Vec::new();
    for (index, node) in plan.indices().zip(&graph.nodes) {
        let mut words = of(node);
        words.extend(named(plan, index, EdgeKind::Order).map(|names| format!("after {names}, without data")));
        words.extend(named(plan, index, EdgeKind::Condition).map(|names| format!("decided by {names}")));
        if !words.is_empty() {
            lines.push((node.name.to_string(), words.join(" · ")));
        }
    }
    lines.extend(graph.branches.iter().map(|view| ("branch".to_owned(), branch(view))));
    let width = lines.iter().map(|(head, _)| head.len()).max().unwrap_or(0);
    let mut text = String::new();
    for (head, words) in lines {
        let pad = " ".repeat(width - head.len());
        text.push_str(&format!("{}{pad}  {}\n", paint.text(Style::Strong, &head), paint.text(Style::Faint, &words)));
    }
    text
}

/// The upstreams that an edge of this kind comes from.
fn named(plan: &Plan, to: StepIndex, kind: EdgeKind) -> Option<String> {
    let upstreams = plan.step(to).upstreams.iter().filter(|from| edge_kind(plan, **from, to) == kind);
    let mut names: Vec<_> = upstreams.map(|from| plan.step(*from).name.to_string()).collect();
    let more = names.len().saturating_sub(MAX_NAMES);
    names.truncate(MAX_NAMES);
    if more > 0 {
        names.push(format!("{more} more"));
    }
    (!names.is_empty()).then(|| names.join(", "))
}
