//! The wires between two columns: which vertical track each takes, so that no two wires run into one another.

use std::collections::BTreeSet;

use super::layout::Vertex;

/// The wires between a column and the next.
#[derive(Debug, Default)]
pub(super) struct Channel {
    /// The wires. Vertices that lead to the same places share one.
    pub(super) nets: Vec<Net>,
    /// How many vertical tracks they need.
    pub(super) tracks: usize,
}

/// A wire from each of its sources to each of its targets.
#[derive(Debug)]
pub(super) struct Net {
    /// The rows it comes from.
    pub(super) sources: BTreeSet<usize>,
    /// The rows it goes to.
    pub(super) targets: BTreeSet<usize>,
    /// Its vertical track; none for a wire that runs straight on.
    pub(super) track: Option<usize>,
}

impl Net {
    /// The first and the last row that its vertical piece touches.
    pub(super) fn span(&self) -> (usize, usize) {
        let ends = || self.sources.iter().chain(&self.targets).copied();
        (ends().min().unwrap_or(0), ends().max().unwrap_or(0))
    }

    fn is_straight(&self) -> bool {
        let (first, last) = self.span();
        first == last
    }

    fn overlaps(&self, other: &Self) -> bool {
        let ((first, last), (other_first, other_last)) = (self.span(), other.span());
        first <= other_last && other_first <= last
    }
}

/// Finds tracks for the wires that leave a column.
///
/// A wire that arrives on the row where another one starts must turn to the right of that one's turn, or their
/// horizontal pieces would run into one another.
///
/// # Errors
/// With a target vertex that must move to a row of its own first: two wires want to turn behind each other.
pub(super) fn route(vertices: &[Vertex], column: &[usize]) -> Result<Channel, usize> {
    let mut nets = nets(vertices, column);
    let mut waiting: Vec<usize> = (0..nets.len()).filter(|&index| !nets[index].is_straight()).collect();
    let mut tracks = 0;
    while !waiting.is_empty() {
        let ready = waiting.iter().position(|&index| waiting.iter().all(|&other| !must_follow(&nets, index, other)));
        let Some(place) = ready else { return Err(knot(vertices, column, &nets, &waiting)) };
        let index = waiting.remove(place);
        let track = (0..).find(|&track| fits(&nets, index, track)).unwrap_or(tracks);
        nets[index].track = Some(track);
        tracks = tracks.max(track + 1);
    }
    Ok(Channel { nets, tracks })
}

fn nets(vertices: &[Vertex], column: &[usize]) -> Vec<Net> {
    let mut nets: Vec<Net> = Vec::new();
    for Vertex { row, next, .. } in column.iter().map(|&vertex| &vertices[vertex]) {
        let targets: BTreeSet<usize> = next.iter().map(|&next| vertices[next].row).collect();
        match nets.iter_mut().find(|net| net.targets == targets) {
            Some(net) => {
                net.sources.insert(*row);
            }
            None if targets.is_empty() => {}
            None => nets.push(Net { sources: BTreeSet::from([*row]), targets, track: None }),
        }
    }
    nets
}

/// Whether net `a` must turn to the right of net `b`.
fn must_follow(nets: &[Net], a: usize, b: usize) -> bool {
    a != b && !nets[a].targets.is_disjoint(&nets[b].sources)
}

fn fits(nets: &[Net], index: usize, track: usize) -> bool {
    nets.iter().enumerate().all(|(other, net)| match net.track {
        Some(taken) if taken == track => !net.overlaps(&nets[index]),
        Some(taken) if taken > track => !must_follow(nets, index, other),
        _ => true,
    })
}

/// The target of a waiting wire that stands where another waiting wire starts.
fn knot(vertices: &[Vertex], column: &[usize], nets: &[Net], waiting: &[usize]) -> usize {
    let starts: BTreeSet<usize> = waiting.iter().flat_map(|&index| &nets[index].sources).copied().collect();
    let targets = || column.iter().flat_map(|&vertex| &vertices[vertex].next);
    let blocked = targets().filter(|&&target| starts.contains(&vertices[target].row));
    // The lowest one moves down, so that the others keep their places.
    blocked.max_by_key(|&&target| vertices[target].row).copied().unwrap_or_default()
}
