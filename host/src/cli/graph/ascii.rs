//! A plan as lines and text, from left to right. Wires that cross without touching are drawn as `─│─`, and a wire that
//! joins another one ends in an arrow, so that the drawing can be read in one way only.

use super::{
    layout::{Layout, Vertex},
    list,
    route::{Channel, Net},
};
use crate::{
    cli::render::paint::{Paint, Style},
    plan::Plan,
};

/// The most steps that are drawn as a graph; more are easier to read as a list.
const MAX_STEPS: usize = 60;

/// How a step is written in the drawing.
#[derive(Debug, Clone)]
pub struct Label {
    /// One line, made of characters one column wide.
    pub text: String,
    /// How it is coloured.
    pub style: Style,
}

/// Draws a plan in at most `width` columns, or lists its steps if that is too narrow. `labels` has one label a step.
#[must_use]
pub fn draw(plan: &Plan, labels: &[Label], width: usize, paint: Paint) -> String {
    let layout = if plan.steps.len() <= MAX_STEPS { Layout::of(plan) } else { None };
    match layout.map(|layout| Canvas::of(&layout, labels)) {
        Some(canvas) if canvas.width <= width => canvas.render(labels, paint),
        _ => list::draw(plan, labels, paint),
    }
}

/// The labels of a plan that is not running: the steps' names.
#[must_use]
pub fn names(plan: &Plan) -> Vec<Label> {
    plan.steps.iter().map(|step| Label { text: step.name.to_string(), style: Style::Strong }).collect()
}

/// Characters on a grid, each with the step whose label it belongs to.
struct Canvas {
    cells: Vec<Vec<(char, Option<usize>)>>,
    width: usize,
}

impl Canvas {
    fn of(layout: &Layout, labels: &[Label]) -> Self {
        let mut canvas = Self { cells: vec![Vec::new(); layout.rows], width: 0 };
        for (column, channel) in layout.columns.iter().zip(&layout.channels) {
            canvas.draw_column(&layout.vertices, column, labels);
            if !channel.nets.is_empty() {
                canvas.draw_channel(channel);
            }
        }
        canvas
    }

    fn put(&mut self, row: usize, x: usize, c: char, step: Option<usize>) {
        let line = &mut self.cells[row];
        if line.len() <= x {
            line.resize(x + 1, (' ', None));
        }
        line[x] = (c, step);
    }

    fn draw_column(&mut self, vertices: &[Vertex], column: &[usize], labels: &[Label]) {
        let start = self.width;
        let label_width = |&vertex: &usize| vertices[vertex].step.map_or(1, |step| labels[step].text.chars().count());
        let lead = usize::from(column.iter().any(|&vertex| vertices[vertex].is_fed()));
        let tail = usize::from(column.iter().any(|&vertex| !vertices[vertex].next.is_empty()));
        let end = start + lead + column.iter().map(label_width).max().unwrap_or(0) + tail;
        for &vertex in column {
            let Vertex { step, row, next, .. } = &vertices[vertex];
            let mut x = start;
            if let Some(step) = *step {
                x += lead;
                for c in labels[step].text.chars() {
                    self.put(*row, x, c, Some(step));
                    x += 1;
                }
                x += 1;
            }
            if !next.is_empty() {
                (x..end).for_each(|x| self.put(*row, x, '─', None));
            }
        }
        self.width = end;
    }

    fn draw_channel(&mut self, channel: &Channel) {
        let start = self.width;
        let end = start + channel.tracks * 2 + if channel.tracks == 0 { 2 } else { 1 };
        let x_of = |track: usize| start + 1 + track * 2;
        for net in &channel.nets {
            let turn = net.track.map_or(end, x_of);
            for &row in &net.sources {
                (start..turn).for_each(|x| self.put(row, x, '─', None));
            }
            for &row in &net.targets {
                (turn..end).for_each(|x| self.put(row, x, '─', None));
            }
        }
        for net in &channel.nets {
            let Some(track) = net.track else { continue };
            let (first, last) = net.span();
            for row in first..=last {
                let c = turn(net, row, joins(channel, net, track, row));
                self.put(row, x_of(track), c, None);
            }
        }
        self.width = end;
    }

    fn render(&self, labels: &[Label], paint: Paint) -> String {
        let mut text = String::new();
        for line in &self.cells {
            for run in line.chunk_by(|a, b| a.1 == b.1) {
                let piece: String = run.iter().map(|(c, _)| c).collect();
                let style = run[0].1.map_or(Style::Faint, |step| labels[step].style);
                let blank = piece.trim().is_empty();
                text.push_str(&paint.text(if blank { Style::Plain } else { style }, &piece));
            }
            text.truncate(text.trim_end_matches(' ').len());
            text.push('\n');
        }
        text
    }
}

/// Whether another wire runs along `row` past the track of `net`, to the target that `net` goes to as well.
fn joins(channel: &Channel, net: &Net, track: usize, row: usize) -> bool {
    net.targets.contains(&row)
        && channel.nets.iter().any(|other| {
            !std::ptr::eq(net, other) && other.targets.contains(&row) && other.track.is_none_or(|other| other < track)
        })
}

/// What a wire looks like on its vertical track.
fn turn(net: &Net, row: usize, joins: bool) -> char {
    let (first, last) = net.span();
    let (left, right, up, down) = (net.sources.contains(&row), net.targets.contains(&row), row > first, row < last);
    match (left, right, up, down) {
        (false, true, true, false) if joins => '▾',
        (false, true, false, true) if joins => '▴',
        (false, true, true, true) if joins => '▸',
        (false, false, _, _) => '│',
        (true, true, true, true) => '┼',
        (true, true, true, false) => '┴',
        (true, true, false, _) => '┬',
        (true, false, true, true) => '┤',
        (true, false, true, false) => '┘',
        (true, false, false, _) => '┐',
        (false, true, true, true) => '├',
        (false, true, true, false) => '└',
        (false, true, false, _) => '┌',
    }
}
