//! A plan as a Mermaid flowchart.

use std::fmt::Write;

use super::traits;
use crate::{
    dto::{EdgeKind, GraphView, NodeView, edge_kind},
    plan::Plan,
};

/// The flowchart. Data is a solid arrow, mere order a dotted one, what a condition reads a dotted one with `if`.
///
/// Nodes are named by number: a step may be called `end`, which is a word of Mermaid's own.
#[must_use]
pub fn draw(plan: &Plan) -> String {
    let graph = GraphView::of(plan);
    let mut text = String::from("flowchart LR\n");
    for (index, node) in graph.nodes.iter().enumerate() {
        let output = graph.output.as_ref() == Some(&node.name);
        let (open, close) = match (output, node.finally) {
            (true, _) => ("([", "])"),
            (false, true) => ("{{", "}}"),
            (false, false) => ("[", "]"),
        };
        // Writing to a `String` cannot fail, here and below.
        let _ = writeln!(text, "  s{index}{open}\"{}\"{close}", label(node));
    }
    for to in plan.indices() {
        for &from in &plan.step(to).upstreams {
            let arrow = match edge_kind(plan, from, to) {
                EdgeKind::Data => "-->",
                EdgeKind::Order => "-.->",
                EdgeKind::Condition => "-. if .->",
            };
            let _ = writeln!(text, "  s{} {arrow} s{}", from.0, to.0);
        }
    }
    for branch in &graph.branches {
        let _ = writeln!(text, "  %% branch {}", traits::branch(branch).replace('{', "(").replace('}', ")"));
    }
    text
}

/// The name, and small below it what is known of the step. Names need no escapes; conditions do.
fn label(node: &NodeView) -> String {
    let lines = std::iter::once(node.uses.clone()).chain(traits::of(node));
    let small: Vec<_> = lines.map(|line| format!("<small>{}</small>", escaped(&line))).collect();
    format!("{}<br/>{}", node.name, small.join("<br/>"))
}

/// Text in which nothing means anything to Mermaid or HTML.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' | '<' | '>' | '"' | '#' | ';' | '`' | '{' | '}' | '[' | ']' | '|' => {
                // Writing to a `String` cannot fail.
                let _ = write!(escaped, "#{};", c as u32);
            }
            c => escaped.push(c),
        }
    }
    escaped
}
