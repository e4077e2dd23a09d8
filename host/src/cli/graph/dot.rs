//! A plan for Graphviz.

use std::fmt::Write;

use crate::{
    dto::{EdgeKind, edge_kind, uses},
    plan::Plan,
};

/// The digraph. Data is a solid arrow, mere order a dashed one; the pipeline's output has a double border.
///
/// Everything in quotes is made of names, which have neither quotes nor backslashes.
#[must_use]
pub fn draw(plan: &Plan) -> String {
    let mut text = format!("digraph \"{}\" {{\n  rankdir=LR;\n", plan.pipeline);
    text.push_str("  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n");
    for index in plan.indices() {
        let border = if plan.output == Some(index) { ", peripheries=2" } else { "" };
        let name = &plan.step(index).name;
        // Writing to a `String` cannot fail, here and below.
        let _ = writeln!(text, "  \"{name}\" [label=\"{name}\\n{}\"{border}];", uses(plan, index));
    }
    for to in plan.indices() {
        for &from in &plan.step(to).upstreams {
            let style = if edge_kind(plan, from, to) == EdgeKind::Data { "" } else { " [style=dashed]" };
            let _ = writeln!(text, "  \"{}\" -> \"{}\"{style};", plan.step(from).name, plan.step(to).name);
        }
    }
    text.push_str("}\n");
    text
}
