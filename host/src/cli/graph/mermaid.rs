//! A plan as a Mermaid flowchart.

use std::fmt::Write;

use crate::{
    dto::{EdgeKind, edge_kind, uses},
    plan::Plan,
};

/// The flowchart. Data is a solid arrow, mere order a dotted one.
///
/// Nodes are named by number: a step may be called `end`, which is a word of Mermaid's own. Labels need no escapes:
/// they are made of names, and those have neither quotes nor brackets.
#[must_use]
pub fn draw(plan: &Plan) -> String {
    let mut text = String::from("flowchart LR\n");
    for index in plan.indices() {
        let name = &plan.step(index).name;
        let shape = if plan.output == Some(index) { ("([", "])") } else { ("[", "]") };
        // Writing to a `String` cannot fail, here and below.
        let _ =
            writeln!(text, "  s{}{}\"{name}<br/><small>{}</small>\"{}", index.0, shape.0, uses(plan, index), shape.1);
    }
    for to in plan.indices() {
        for &from in &plan.step(to).upstreams {
            let arrow = if edge_kind(plan, from, to) == EdgeKind::Data { "-->" } else { "-.->" };
            let _ = writeln!(text, "  s{} {arrow} s{}", from.0, to.0);
        }
    }
    text
}
