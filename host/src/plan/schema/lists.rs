//! Lists, tuples and streams.

use serde_json::Value as Json;

use super::{
    compare::{Comparison, Variant},
    expand::{Alternative, FALSE, Node},
    scalars::{Overlap, Range},
    verdict::{Part, Verdict, Why},
};

/// The most places of a list that are compared one by one.
const MAX_PLACES: usize = 100_000;

/// What an alternative says of lists.
pub(super) struct ListView<'v, 'a> {
    alternative: &'v Alternative<'a>,
    /// How many places have a type of their own.
    pub(super) places: usize,
    /// How many items there are at most.
    most: Option<u64>,
}

impl<'v, 'a> ListView<'v, 'a> {
    pub(super) fn new(alternative: &'v Alternative<'a>) -> Self {
        let places = prefixes(alternative).map(Vec::len).max().unwrap_or(0);
        let closed = alternative
            .plain
            .iter()
            .filter(|map| map.get("items") == Some(&FALSE))
            .map(|map| map.get("prefixItems").and_then(Json::as_array).map_or(0, Vec::len) as u64);
        let most = alternative.keyword("maxItems").filter_map(Json::as_u64).chain(closed).min();
        Self { alternative, places, most }
    }

    fn least(&self) -> u64 {
        self.alternative.keyword("minItems").filter_map(Json::as_u64).max().unwrap_or(0)
    }

    fn lengths(&self) -> Range {
        Range::between(self.least(), self.most)
    }

    /// How many items there are, unless that is open.
    pub(super) fn lengths_in_words(&self) -> Option<String> {
        match (self.least(), self.most) {
            (0, None) => None,
            (least, None) => Some(format!("at least {least}")),
            (0, Some(most)) => Some(format!("at most {most}")),
            (least, Some(most)) if least == most => Some(format!("exactly {least}")),
            (least, Some(most)) => Some(format!("{least} to {most}")),
        }
    }

    /// Whether there is always an item at that place.
    pub(super) fn always_reaches(&self, place: usize) -> bool {
        (place as u64) < self.least()
    }

    /// Whether there can be an item at that place.
    pub(super) fn reaches(&self, place: usize) -> bool {
        self.most.is_none_or(|most| (place as u64) < most)
    }

    /// The type of the item at a place.
    pub(super) fn at(&self, place: usize) -> Node<'a> {
        if let Some(items) = &self.alternative.rows {
            return items.clone();
        }
        let all = self.alternative.plain.iter().filter_map(|map| {
            let own = map.get("prefixItems").and_then(Json::as_array).and_then(|types| types.get(place));
            own.or_else(|| map.get("items"))
        });
        Node::of(self.alternative.root, all.collect())
    }

    /// Whether there is one type for each of a fixed number of places.
    pub(super) fn is_tuple(&self) -> bool {
        self.places > 0 && !self.reaches(self.places)
    }
}

fn prefixes<'a>(alternative: &Alternative<'a>) -> impl Iterator<Item = &'a Vec<Json>> {
    alternative.keyword("prefixItems").filter_map(Json::as_array)
}

impl Comparison<'_> {
    pub(super) fn lists<'a>(&mut self, produced: &Variant<'_, 'a>, wanted: &Variant<'_, 'a>) -> Verdict {
        let (from, to) = (ListView::new(produced.alternative), ListView::new(wanted.alternative));
        let mut verdict = match from.lengths().overlap(to.lengths()) {
            Overlap::Inside => Verdict::Fits,
            Overlap::Partly => Verdict::unknown(Why::Wider { produced: produced.words(), wanted: wanted.words() }),
            Overlap::Apart => return Verdict::cannot(produced.words(), wanted.words()),
        };
        let places = from.places.max(to.places).min(MAX_PLACES);
        for place in 0..places {
            if verdict.is_cannot() || !from.reaches(place) || !to.reaches(place) {
                return verdict;
            }
            verdict = verdict.and(self.nodes(&from.at(place), &to.at(place)).under(Part::Index(place)));
        }
        if from.reaches(places) && to.reaches(places) {
            verdict = verdict.and(self.nodes(&from.at(places), &to.at(places)).under(Part::Items));
        }
        verdict
    }
}
