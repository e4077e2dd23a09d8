//! From a schema to a union of plain alternatives: `$ref`, `allOf`, `anyOf` and `oneOf` are followed here and nowhere else.

use std::{borrow::Cow, cell::Cell};

use serde_json::{Map, Value as Json};

use super::verdict::Why;

/// The deepest nesting of schemas that is followed; deeper than any value may be.
pub(super) const MAX_DEPTH: usize = 64;
/// The most alternatives of one schema.
const MAX_ALTERNATIVES: usize = 256;

pub(super) static TRUE: Json = Json::Bool(true);
pub(super) static FALSE: Json = Json::Bool(false);

/// How much more work may be done.
pub(super) struct Budget(Cell<u32>);

impl Budget {
    pub(super) fn new(steps: u32) -> Self {
        Self(Cell::new(steps))
    }

    /// Takes from what is left; false if it is not enough.
    pub(super) fn spend(&self, steps: usize) -> bool {
        let left = u32::try_from(steps).ok().and_then(|steps| self.0.get().checked_sub(steps));
        self.0.set(left.unwrap_or(0));
        left.is_some()
    }
}

/// Schemas of one document that all hold for the same value; nearly always one.
#[derive(Clone)]
pub(super) struct Node<'a> {
    root: &'a Json,
    all: Vec<&'a Json>,
}

impl<'a> Node<'a> {
    pub(super) fn document(root: &'a Json) -> Self {
        Self { root, all: vec![root] }
    }

    pub(super) fn of(root: &'a Json, all: Vec<&'a Json>) -> Self {
        Self { root, all }
    }

    /// Nodes of the same identity mean the same.
    pub(super) fn identity(&self) -> Vec<usize> {
        self.all.iter().map(|schema| std::ptr::from_ref::<Json>(schema).addr()).collect()
    }
}

/// A set of the kinds of MessagePack values.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Kinds(u16);

impl Kinds {
    pub(super) const NULL: Self = Self(1);
    pub(super) const BOOLEAN: Self = Self(1 << 1);
    pub(super) const INTEGER: Self = Self(1 << 2);
    pub(super) const FRACTION: Self = Self(1 << 3);
    pub(super) const STRING: Self = Self(1 << 4);
    pub(super) const BYTES: Self = Self(1 << 5);
    pub(super) const LIST: Self = Self(1 << 6);
    pub(super) const OBJECT: Self = Self(1 << 7);
    pub(super) const FILE: Self = Self(1 << 8);
    pub(super) const ALL: Self = Self((1 << 9) - 1);

    pub(super) fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(super) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn is_empty(self) -> bool {
        self.0 == 0
    }

    fn of_schema(map: &Map<String, Json>) -> Self {
        match map.get("x-stepmill").and_then(Json::as_str) {
            Some("file") => return Self::FILE,
            Some("bytes") => return Self::BYTES,
            _ => {}
        }
        match map.get("type") {
            Some(Json::String(name)) => Self::of_type(name),
            Some(Json::Array(names)) => {
                names.iter().filter_map(Json::as_str).map(Self::of_type).fold(Self(0), Self::or)
            }
            _ => Self::ALL,
        }
    }

    fn of_type(name: &str) -> Self {
        match name {
            "null" => Self::NULL,
            "boolean" => Self::BOOLEAN,
            "integer" => Self::INTEGER,
            "number" => Self::INTEGER.or(Self::FRACTION),
            "string" => Self::STRING,
            "array" => Self::LIST,
            "object" => Self::OBJECT,
            _ => Self(0),
        }
    }

    pub(super) fn of_value(value: &Json) -> Self {
        match value {
            Json::Null => Self::NULL,
            Json::Bool(_) => Self::BOOLEAN,
            Json::Number(number) if number.is_f64() => Self::FRACTION,
            Json::Number(_) => Self::INTEGER,
            Json::String(_) => Self::STRING,
            Json::Array(_) => Self::LIST,
            Json::Object(_) => Self::OBJECT,
        }
    }
}

/// Schemas without applicators in the way, which all hold for the same value.
#[derive(Clone)]
pub(super) struct Alternative<'a> {
    pub(super) root: &'a Json,
    pub(super) plain: Vec<&'a Map<String, Json>>,
    pub(super) kinds: Kinds,
    /// What `enum` and `const` allow.
    pub(super) values: Option<Vec<&'a Json>>,
    /// The items, if this is a stream or stands for one.
    pub(super) rows: Option<Node<'a>>,
    /// Why there may be more to it than this says.
    pub(super) doubt: Option<Why>,
}

impl<'a> Alternative<'a> {
    fn anything(root: &'a Json) -> Self {
        Self { root, plain: Vec::new(), kinds: Kinds::ALL, values: None, rows: None, doubt: None }
    }

    /// A stream, or the list of what is in it.
    pub(super) fn rows(items: Node<'a>) -> Self {
        Self { kinds: Kinds::LIST, rows: Some(items.clone()), ..Self::anything(items.root) }
    }

    pub(super) fn is_anything(&self) -> bool {
        self.kinds == Kinds::ALL && self.values.is_none()
    }

    /// What the keyword says in each of the schemas that have it.
    pub(super) fn keyword(&self, name: &str) -> impl Iterator<Item = &'a Json> {
        self.plain.iter().filter_map(move |map| map.get(name))
    }

    fn narrow(&mut self, map: &'a Map<String, Json>) {
        self.plain.push(map);
        self.kinds = self.kinds.and(Kinds::of_schema(map));
        if let Some(only) = map.get("const") {
            self.keep_values(&[only]);
        }
        if let Some(Json::Array(list)) = map.get("enum") {
            self.keep_values(&list.iter().collect::<Vec<_>>());
        }
    }

    fn keep_values(&mut self, allowed: &[&'a Json]) {
        let kept: Vec<&Json> = match self.values.take() {
            None => allowed.to_vec(),
            Some(values) => values.into_iter().filter(|value| allowed.contains(value)).collect(),
        };
        self.kinds = self.kinds.and(kept.iter().fold(Kinds(0), |kinds, value| kinds.or(Kinds::of_value(value))));
        self.values = Some(kept);
    }
}

/// The alternatives of a node; none if no value suits it.
pub(super) fn expand<'a>(node: &Node<'a>, budget: &Budget) -> Vec<Alternative<'a>> {
    let mut expansion = Expansion { root: node.root, budget, inside: Vec::new() };
    let start = vec![Alternative::anything(node.root)];
    let mut alternatives = node.all.iter().fold(start, |so_far, schema| expansion.narrow(so_far, schema));
    alternatives.retain(|alternative| !alternative.kinds.is_empty());
    alternatives
}

struct Expansion<'a, 'b> {
    root: &'a Json,
    budget: &'b Budget,
    /// The schemas being followed, outermost first.
    inside: Vec<&'a Json>,
}

impl<'a> Expansion<'a, '_> {
    /// What of the alternatives the schema leaves.
    fn narrow(&mut self, mut so_far: Vec<Alternative<'a>>, schema: &'a Json) -> Vec<Alternative<'a>> {
        let map = match schema {
            Json::Bool(true) => return so_far,
            Json::Bool(false) => return Vec::new(),
            Json::Object(map) => map,
            _ => return doubt(so_far, &Why::Keyword("type")),
        };
        if self.inside.iter().any(|outer| std::ptr::eq(*outer, schema)) {
            return doubt(so_far, &Why::Reference("#".to_owned()));
        }
        if self.inside.len() == MAX_DEPTH || !self.budget.spend(so_far.len()) {
            return doubt(so_far, &Why::TooLarge);
        }
        self.inside.push(schema);
        for alternative in &mut so_far {
            alternative.narrow(map);
        }
        let narrowed = self.applicators(so_far, map);
        self.inside.pop();
        narrowed
    }

    fn applicators(&mut self, mut so_far: Vec<Alternative<'a>>, map: &'a Map<String, Json>) -> Vec<Alternative<'a>> {
        if let Some(target) = map.get("$ref") {
            so_far = match resolve(self.root, target) {
                Some(schema) => self.narrow(so_far, schema),
                None => doubt(so_far, &Why::Reference(reference_text(target))),
            };
        }
        for schema in list(map, "allOf") {
            so_far = self.narrow(so_far, schema);
        }
        // That `oneOf` wants exactly one is left aside: what serde and schemars make of enums never overlaps.
        for keyword in ["anyOf", "oneOf"] {
            if map.contains_key(keyword) {
                so_far = self.union(so_far, list(map, keyword));
            }
        }
        so_far
    }

    fn union(&mut self, so_far: Vec<Alternative<'a>>, branches: &'a [Json]) -> Vec<Alternative<'a>> {
        let mut all = Vec::new();
        for branch in branches {
            all.extend(self.narrow(so_far.clone(), branch));
            if all.len() > MAX_ALTERNATIVES {
                return doubt(so_far, &Why::TooLarge);
            }
        }
        all
    }
}

fn doubt<'a>(mut alternatives: Vec<Alternative<'a>>, why: &Why) -> Vec<Alternative<'a>> {
    for alternative in &mut alternatives {
        alternative.doubt.get_or_insert_with(|| why.clone());
    }
    alternatives
}

fn list<'a>(map: &'a Map<String, Json>, keyword: &str) -> &'a [Json] {
    map.get(keyword).and_then(Json::as_array).map_or(&[], Vec::as_slice)
}

/// References stay within the document: nothing is ever fetched.
fn resolve<'a>(root: &'a Json, target: &Json) -> Option<&'a Json> {
    root.pointer(&percent_decoded(target.as_str()?.strip_prefix('#')?)?)
}

fn reference_text(target: &Json) -> String {
    target.as_str().unwrap_or("?").chars().take(80).collect()
}

fn percent_decoded(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('%') {
        return Some(Cow::Borrowed(text));
    }
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let mut byte = [0];
        hex::decode_to_slice(part.get(..2)?, &mut byte).ok()?;
        bytes.extend(byte);
        bytes.extend(part.bytes().skip(2));
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}
