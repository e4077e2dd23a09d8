//! A plan for Graphviz.

use std::fmt::Write;

use super::traits;
use crate::{
    dto::{EdgeKind, GraphView, NodeView},
    plan::Plan,
};

/// The digraph. Data is a solid arrow, mere order a dashed one, what a condition reads a dotted one; the pipeline's output
/// has a double border, a `finally` step a dashed one.
///
/// Names have neither quotes nor backslashes; conditions may.
#[must_use]
pub fn draw(plan: &Plan) -> String {
    let graph = GraphView::of(plan);
    let mut text = format!("digraph \"{}\" {{\n  rankdir=LR;\n", graph.pipeline);
    text.push_str("  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n");
    for node in &graph.nodes {
        let output = if graph.output.as_ref() == Some(&node.name) { ", peripheries=2" } else { "" };
        let finally = if node.finally { ", style=\"rounded,dashed\"" } else { "" };
        // Writing to a `String` cannot fail, here and below.
        let _ = writeln!(text, "  \"{}\" [label=\"{}\"{output}{finally}];", node.name, label(node));
    }
    for edge in &graph.edges {
        let style = match edge.kind {
            EdgeKind::Data => "",
            EdgeKind::Order => " [style=dashed]",
            EdgeKind::Condition => " [style=dotted, label=\"if\"]",
        };
        let _ = writeln!(text, "  \"{}\" -> \"{}\"{style};", edge.from, edge.to);
    }
    for branch in &graph.branches {
        let _ = writeln!(text, "  // branch {}", traits::branch(branch));
    }
    text.push_str("}\n");
    text
}

fn label(node: &NodeView) -> String {
    let lines = [node.name.to_string(), node.uses.clone()].into_iter().chain(traits::of(node));
    lines.map(|line| line.replace('\\', "\\\\").replace('"', "\\\"")).collect::<Vec<_>>().join("\\n")
}
