//! What a path finds in a producer's type.

use serde_json::Value as Json;

use super::{
    expand::{Alternative, Budget, Kinds, Node, TRUE, expand},
    lists::ListView,
    objects::{self, ObjectView, Rest},
    verdict::Verdict,
    words,
};
use crate::value::path::{Segment, ValuePath};

/// The types of the part at `path`: what may not be there counts as null.
///
/// # Errors
/// The verdict, if no value has such a part.
pub(super) fn project<'a>(
    document: Node<'a>,
    path: &ValuePath,
    budget: &Budget,
) -> Result<Vec<Alternative<'a>>, Verdict> {
    project_all(expand(&document, budget), path, budget)
}

/// The same, from types that are expanded already.
///
/// # Errors
/// The verdict, if no value has such a part.
pub(super) fn project_all<'a>(
    mut current: Vec<Alternative<'a>>,
    path: &ValuePath,
    budget: &Budget,
) -> Result<Vec<Alternative<'a>>, Verdict> {
    for (depth, segment) in path.segments().iter().enumerate() {
        let parts: Vec<Part<'a>> = current.iter().map(|alternative| part(alternative, segment)).collect();
        if parts.iter().all(|part| part.types.is_empty()) {
            let rest = ValuePath::new(path.segments()[depth..].to_vec());
            return Err(Verdict::NoPart { part: rest.to_string(), of: words::of(&current), known: names(&current) });
        }
        let absent = parts.iter().any(|part| part.absent);
        current = parts.iter().flat_map(|part| &part.types).flat_map(|node| expand(node, budget)).collect();
        if absent {
            current.extend(expand(&Node::document(&NULL), budget));
        }
    }
    Ok(current)
}

static NULL: std::sync::LazyLock<Json> = std::sync::LazyLock::new(|| serde_json::json!({ "type": "null" }));

/// A part of the values of one alternative.
#[derive(Default)]
struct Part<'a> {
    types: Vec<Node<'a>>,
    /// Whether some values do not have it.
    absent: bool,
}

fn part<'a>(alternative: &Alternative<'a>, segment: &Segment) -> Part<'a> {
    if alternative.is_anything() {
        return Part { types: vec![Node::document(&TRUE)], absent: false };
    }
    let mut part = match segment {
        Segment::Key(key) if alternative.kinds.has(Kinds::OBJECT) => property(alternative, key),
        Segment::Key(key) if alternative.kinds.has(Kinds::FILE) => {
            objects::file().first().map(|file| property(file, key)).unwrap_or_default()
        }
        Segment::Index(index) if alternative.kinds.has(Kinds::LIST) => item(alternative, *index),
        _ => Part::default(),
    };
    let within = match segment {
        Segment::Key(_) => Kinds::OBJECT.or(Kinds::FILE),
        Segment::Index(_) => Kinds::LIST,
    };
    // A value of another kind has no parts of this sort at all.
    part.absent |= alternative.kinds.and(within) != alternative.kinds || part.types.is_empty();
    part
}

fn property<'a>(alternative: &Alternative<'a>, key: &str) -> Part<'a> {
    let view = ObjectView::new(alternative);
    if view.names.contains(&key) {
        return Part { types: vec![view.property(key)], absent: !view.requires(key) };
    }
    match view.produced_rest() {
        Rest::Values(values) => Part { types: vec![values], absent: true },
        Rest::Closed | Rest::Unsaid => Part::default(),
    }
}

fn item<'a>(alternative: &Alternative<'a>, index: u64) -> Part<'a> {
    let view = ListView::new(alternative);
    let place = usize::try_from(index).unwrap_or(usize::MAX);
    if !view.reaches(place) {
        return Part::default();
    }
    Part { types: vec![view.at(place)], absent: !view.always_reaches(place) }
}

fn names(alternatives: &[Alternative<'_>]) -> Vec<String> {
    alternatives.iter().flat_map(|alternative| ObjectView::new(alternative).names).map(words::cut).collect()
}
