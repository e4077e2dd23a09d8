//! The graph of steps: the only code that knows petgraph.

use std::{cmp::Reverse, collections::BinaryHeap};

use petgraph::{
    Direction,
    algo::kosaraju_scc,
    graph::{DiGraph, NodeIndex},
};

/// How many edges are looked at in search of a shorter cycle.
const SEARCH: usize = 1 << 20;

/// Steps by their place in the pipeline, and which waits for which.
#[derive(Debug)]
pub(super) struct StepGraph(DiGraph<(), ()>);

/// Steps of which each waits for the one before it, and the first for the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cycle(pub(super) Vec<usize>);

impl StepGraph {
    /// A graph of so many steps; an edge leads from a step to one that waits for it. Edges of steps that are not there are left out.
    pub(super) fn new(steps: usize, edges: impl IntoIterator<Item = (usize, usize)>) -> Self {
        let mut graph = DiGraph::with_capacity(steps, 0);
        for _ in 0..steps {
            graph.add_node(());
        }
        for (from, to) in edges {
            if from < steps && to < steps {
                graph.add_edge(NodeIndex::new(from), NodeIndex::new(to), ());
            }
        }
        Self(graph)
    }

    /// Every step behind those that it waits for; among those that could come next, the first of the pipeline does.
    ///
    /// # Errors
    /// If steps wait for each other: one cycle for each knot of such steps, and each step that waits for itself.
    pub(super) fn order(&self) -> Result<Vec<usize>, Vec<Cycle>> {
        let mut waiting = vec![0_usize; self.0.node_count()];
        for edge in self.0.raw_edges() {
            waiting[edge.target().index()] += 1;
        }
        let free = waiting.iter().enumerate().filter(|(_, count)| **count == 0);
        let mut ready: BinaryHeap<Reverse<usize>> = free.map(|(step, _)| Reverse(step)).collect();
        let mut order = Vec::with_capacity(waiting.len());
        while let Some(Reverse(step)) = ready.pop() {
            order.push(step);
            for next in self.0.neighbors(NodeIndex::new(step)) {
                waiting[next.index()] -= 1;
                if waiting[next.index()] == 0 {
                    ready.push(Reverse(next.index()));
                }
            }
        }
        if order.len() == waiting.len() { Ok(order) } else { Err(self.cycles()) }
    }

    fn cycles(&self) -> Vec<Cycle> {
        let mut cycles: Vec<Cycle> = self
            .0
            .raw_edges()
            .iter()
            .filter(|edge| edge.source() == edge.target())
            .map(|edge| Cycle(vec![edge.source().index()]))
            .collect();
        // Kosaraju's is the one algorithm of petgraph for this that does not recurse.
        let mut knots = kosaraju_scc(&self.0);
        knots.retain(|knot| knot.len() > 1);
        let mut search = Search::new(self.0.node_count());
        for knot in &mut knots {
            knot.sort_unstable();
            cycles.extend(search.shortest(&self.0, knot));
        }
        cycles.sort_by(|one, other| one.0.cmp(&other.0));
        cycles.dedup();
        cycles
    }
}

/// Breadth-first search, with room that is used again.
struct Search {
    /// Which knot a step belongs to, counting from 1.
    knot: Vec<usize>,
    knots: usize,
    /// The search that has seen a step, counting from 1, and from where it came.
    seen: Vec<(usize, NodeIndex)>,
    searches: usize,
    looked: usize,
}

impl Search {
    fn new(steps: usize) -> Self {
        Self { knot: vec![0; steps], knots: 0, seen: vec![(0, NodeIndex::end()); steps], searches: 0, looked: 0 }
    }

    /// A short cycle among steps that all lead to each other: the shortest, if there is time to find it.
    fn shortest(&mut self, graph: &DiGraph<(), ()>, knot: &[NodeIndex]) -> Option<Cycle> {
        self.knots += 1;
        self.looked = 0;
        for step in knot {
            self.knot[step.index()] = self.knots;
        }
        let mut best: Option<Vec<usize>> = None;
        for start in knot {
            let cycle = self.through(graph, *start, best.as_ref().map_or(usize::MAX, Vec::len));
            best = cycle.or(best);
            if self.looked > SEARCH || best.as_ref().is_some_and(|best| best.len() == 2) {
                break;
            }
        }
        let mut best = best?;
        let first = best.iter().enumerate().min_by_key(|(_, step)| **step).map_or(0, |(place, _)| place);
        best.rotate_left(first);
        Some(Cycle(best))
    }

    /// The shortest cycle through `start` that is shorter than `limit`.
    fn through(&mut self, graph: &DiGraph<(), ()>, start: NodeIndex, limit: usize) -> Option<Vec<usize>> {
        self.searches += 1;
        let mut level = vec![start];
        let mut length = 1;
        while !level.is_empty() && length < limit {
            let mut next = Vec::new();
            for from in level {
                for to in graph.neighbors_directed(from, Direction::Outgoing) {
                    self.looked += 1;
                    if to == start && from != start {
                        return Some(self.back_from(from, start));
                    }
                    let inside = self.knot[to.index()] == self.knots && to != start;
                    if inside && self.seen[to.index()].0 != self.searches {
                        self.seen[to.index()] = (self.searches, from);
                        next.push(to);
                    }
                }
            }
            level = next;
            length += 1;
        }
        None
    }

    fn back_from(&self, mut step: NodeIndex, start: NodeIndex) -> Vec<usize> {
        let mut cycle = vec![step.index()];
        while step != start {
            step = self.seen[step.index()].1;
            cycle.push(step.index());
        }
        cycle.reverse();
        cycle
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn order(steps: usize, edges: &[(usize, usize)]) -> Result<Vec<usize>, Vec<Cycle>> {
        StepGraph::new(steps, edges.iter().copied()).order()
    }

    #[test]
    fn the_order_of_the_pipeline_stays_where_it_can() {
        assert_eq!(order(4, &[]), Ok(vec![0, 1, 2, 3]));
        assert_eq!(order(4, &[(3, 0)]), Ok(vec![1, 2, 3, 0]));
        assert_eq!(order(5, &[(4, 1), (1, 0), (4, 1)]), Ok(vec![2, 3, 4, 1, 0]));
    }

    #[test]
    fn the_shortest_cycle_of_each_knot_is_named() {
        assert_eq!(order(1, &[(0, 0)]), Err(vec![Cycle(vec![0])]));
        let knot = [(0, 1), (1, 2), (2, 3), (3, 0), (3, 1), (3, 2), (4, 5), (5, 4), (5, 0)];
        assert_eq!(order(6, &knot), Err(vec![Cycle(vec![2, 3]), Cycle(vec![4, 5])]));
        assert_eq!(order(3, &[(0, 1), (1, 2), (2, 0), (1, 1)]), Err(vec![Cycle(vec![0, 1, 2]), Cycle(vec![1])]));
    }

    #[test]
    fn large_graphs_need_no_deep_stack() {
        let chain = |steps: usize| (1..steps).map(|step| (step - 1, step));
        let forward = StepGraph::new(100_000, chain(100_000).flat_map(|edge| [edge; 10])).order();
        assert_eq!(forward, Ok((0..100_000).collect()));
        let round = StepGraph::new(100_000, chain(100_000).chain([(99_999, 0)])).order();
        assert_eq!(round, Err(vec![Cycle((0..100_000).collect())]));
    }

    proptest! {
        #[test]
        fn an_order_respects_every_edge_and_a_cycle_exists(edges in prop::collection::vec((0_usize..12, 0_usize..12), 0..30)) {
            match order(12, &edges) {
                Ok(order) => {
                    let place = |step| order.iter().position(|other| *other == step);
                    prop_assert_eq!(order.len(), 12);
                    for (from, to) in edges {
                        prop_assert!(place(from) < place(to));
                    }
                }
                Err(cycles) => {
                    prop_assert!(!cycles.is_empty());
                    for Cycle(cycle) in cycles {
                        for (place, step) in cycle.iter().enumerate() {
                            let next = cycle[(place + 1) % cycle.len()];
                            prop_assert!(edges.contains(&(*step, next)), "{} -> {}", step, next);
                        }
                    }
                }
            }
        }

        #[test]
        fn edges_that_only_lead_on_have_an_order(edges in prop::collection::vec((0_usize..50, 0_usize..50), 0..200)) {
            let onward: Vec<(usize, usize)> = edges.into_iter().filter(|(from, to)| from < to).collect();
            prop_assert_eq!(order(50, &onward), Ok((0..50).collect()));
        }
    }
}
