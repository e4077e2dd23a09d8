//! Where the steps of a drawn plan go: columns by depth, rows by their neighbours.

use super::route::{Channel, route};
use crate::plan::Plan;

/// Something in a column: a step, or a wire that passes it on its way to a later column.
#[derive(Debug, Clone)]
pub(super) struct Vertex {
    /// The step's index; none for a passing wire.
    pub(super) step: Option<usize>,
    /// Counts from the top.
    pub(super) row: usize,
    /// Vertices of the next column that it is wired to.
    pub(super) next: Vec<usize>,
    previous: Vec<usize>,
}

/// A plan in columns and rows, with its wires.
#[derive(Debug)]
pub(super) struct Layout {
    /// All vertices.
    pub(super) vertices: Vec<Vertex>,
    /// The vertices of each column.
    pub(super) columns: Vec<Vec<usize>>,
    /// What lies between a column and the next.
    pub(super) channels: Vec<Channel>,
    /// How many rows there are.
    pub(super) rows: usize,
}

/// How often the order within columns is improved, from left to right and back.
const SWEEPS: usize = 4;

impl Layout {
    /// Lays a plan out; none if it is too tangled to be worth drawing.
    pub(super) fn of(plan: &Plan) -> Option<Self> {
        let mut layout = Self::in_columns(plan);
        for _ in 0..SWEEPS {
            layout.sort_columns(false);
            layout.sort_columns(true);
        }
        layout.sort_columns(false);
        layout.assign_rows();
        layout.route_all()?;
        Some(layout)
    }

    /// Puts each step one column behind its last upstream, and a passing wire into each column that an edge skips.
    /// Edges from one step share their passing wires.
    fn in_columns(plan: &Plan) -> Self {
        let depth = depths(plan);
        let steps = 0..plan.steps.len();
        let vertices = steps.clone().map(|step| Vertex::new(Some(step))).collect();
        let columns = vec![Vec::new(); depth.iter().max().map_or(0, |deepest| deepest + 1)];
        let mut layout = Self { vertices, columns, channels: Vec::new(), rows: 0 };
        for step in steps.clone() {
            layout.columns[depth[step]].push(step);
        }
        for step in steps {
            let mut targets: Vec<usize> = plan.steps[step].downstreams.iter().map(|target| target.get()).collect();
            targets.sort_by_key(|&target| depth[target]);
            let (mut end, mut column) = (step, depth[step]);
            for target in targets {
                while column + 1 < depth[target] {
                    column += 1;
                    end = layout.pass(end, column);
                }
                layout.wire(end, target);
            }
        }
        layout
    }

    fn pass(&mut self, from: usize, column: usize) -> usize {
        let wire = self.vertices.len();
        self.vertices.push(Vertex::new(None));
        self.columns[column].push(wire);
        self.wire(from, wire);
        wire
    }

    fn wire(&mut self, from: usize, to: usize) {
        self.vertices[from].next.push(to);
        self.vertices[to].previous.push(from);
    }

    /// Sorts each column by where its neighbours in the column before (or behind) stand.
    fn sort_columns(&mut self, backwards: bool) {
        let mut position = vec![0.0_f64; self.vertices.len()];
        let count = self.columns.len();
        for turn in 0..count {
            let column = if backwards { count - 1 - turn } else { turn };
            let key = |vertex: &usize| {
                let Vertex { previous, next, .. } = &self.vertices[*vertex];
                let neighbours = if backwards { next } else { previous };
                mean(neighbours.iter().map(|&neighbour| position[neighbour]))
            };
            let mut order = std::mem::take(&mut self.columns[column]);
            if order.iter().all(|vertex| key(vertex).is_some()) {
                order.sort_by(|a, b| key(a).unwrap_or(0.0).total_cmp(&key(b).unwrap_or(0.0)));
            }
            for (place, &vertex) in (0_u32..).zip(&order) {
                position[vertex] = f64::from(place);
            }
            self.columns[column] = order;
        }
    }

    /// Puts each vertex on the middle row of those it follows, or the next free one below.
    fn assign_rows(&mut self) {
        for column in &self.columns {
            let mut free = 0;
            for &vertex in column {
                let mut rows: Vec<usize> =
                    self.vertices[vertex].previous.iter().map(|&previous| self.vertices[previous].row).collect();
                rows.sort_unstable();
                let wanted = rows.get(rows.len().saturating_sub(1) / 2).copied().unwrap_or(0);
                self.vertices[vertex].row = wanted.max(free);
                free = self.vertices[vertex].row + 1;
            }
            self.rows = self.rows.max(free);
        }
    }

    /// Routes the wires of all channels. Where wires want each other's place, one end moves to a row of its own.
    fn route_all(&mut self) -> Option<()> {
        for _ in 0..=self.vertices.len() {
            match self.columns.iter().map(|column| route(&self.vertices, column)).collect() {
                Ok(channels) => {
                    self.channels = channels;
                    return Some(());
                }
                Err(vertex) => {
                    self.vertices[vertex].row = self.rows;
                    self.rows += 1;
                }
            }
        }
        None
    }
}

impl Vertex {
    fn new(step: Option<usize>) -> Self {
        Self { step, row: 0, next: Vec::new(), previous: Vec::new() }
    }

    /// Whether anything leads to it.
    pub(super) fn is_fed(&self) -> bool {
        !self.previous.is_empty()
    }
}

/// How many steps lie before each step on the longest way to it.
pub(super) fn depths(plan: &Plan) -> Vec<usize> {
    let mut depth: Vec<usize> = Vec::with_capacity(plan.steps.len());
    for step in &plan.steps {
        // Topological order: the upstreams' depths are known.
        let deepest = step.upstreams.iter().filter_map(|upstream| depth.get(upstream.get())).max();
        depth.push(deepest.map_or(0, |deepest| deepest + 1));
    }
    depth
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0_u32), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}
