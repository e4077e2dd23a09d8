//! Structs, maps and files.
//!
//! A schema that lists properties and says nothing of others means a struct: what it does not list is not there.
//! By the letter anything could be, but then no missing property would ever be found.

use std::{collections::HashSet, sync::LazyLock};

use serde_json::{Value as Json, json};

use super::{
    compare::{Comparison, Variant},
    expand::{Alternative, Budget, FALSE, Kinds, Node, TRUE, expand},
    verdict::{Part, Verdict, Why},
    words,
};

/// A file is a map in MessagePack: one may be built or taken apart by hand.
static FILE: LazyLock<Json> = LazyLock::new(|| {
    let text = || json!({ "type": "string" });
    json!({
        "type": "object",
        "properties": { "$file": {
            "type": "object",
            "properties": {
                "name": text(), "media_type": text(), "size": { "type": "integer", "minimum": 0 }, "hash": text(),
            },
            "required": ["name", "media_type", "size", "hash"],
        } },
        "required": ["$file"],
    })
});

/// The alternatives of a file seen as a map: one.
pub(super) fn file() -> Vec<Alternative<'static>> {
    expand(&Node::document(&FILE), &Budget::new(16))
}

/// What an alternative says of maps.
pub(super) struct ObjectView<'v, 'a> {
    alternative: &'v Alternative<'a>,
    /// The properties that it names, in order, each once.
    pub(super) names: Vec<&'a str>,
    required: HashSet<&'a str>,
}

/// What properties without a name of their own are.
pub(super) enum Rest<'a> {
    /// There are none.
    Closed,
    /// Nothing is said of them.
    Unsaid,
    /// All are of this type.
    Values(Node<'a>),
}

impl<'v, 'a> ObjectView<'v, 'a> {
    pub(super) fn new(alternative: &'v Alternative<'a>) -> Self {
        let declared = alternative.keyword("properties").filter_map(Json::as_object).flat_map(|map| map.keys());
        let lists = alternative.keyword("required").filter_map(Json::as_array);
        let required: Vec<&str> = lists.flatten().filter_map(Json::as_str).collect();
        let mut seen = HashSet::new();
        let names = declared.map(String::as_str).chain(required.iter().copied()).filter(|name| seen.insert(*name));
        Self { alternative, names: names.collect(), required: required.into_iter().collect() }
    }

    pub(super) fn requires(&self, name: &str) -> bool {
        self.required.contains(name)
    }

    /// The type of a property, as every schema that has a say in it sees it.
    pub(super) fn property(&self, name: &str) -> Node<'a> {
        let all = self.alternative.plain.iter().filter_map(|map| {
            let own = map.get("properties").and_then(|properties| properties.get(name));
            own.or_else(|| map.get("additionalProperties"))
        });
        Node::of(self.alternative.root, all.collect())
    }

    pub(super) fn rest(&self) -> Rest<'a> {
        let patterns: Vec<&Json> = self.patterns().collect();
        let all: Vec<&Json> = self.alternative.keyword("additionalProperties").collect();
        match (all.contains(&&FALSE), patterns.as_slice()) {
            (true, []) => Rest::Closed,
            // The keys of a map that are numbers: a pattern and nothing else.
            (true, [one]) => Rest::Values(Node::of(self.alternative.root, vec![one])),
            (true, _) => Rest::Values(Node::document(&TRUE)),
            (false, _) if all.is_empty() => Rest::Unsaid,
            (false, _) => Rest::Values(Node::of(self.alternative.root, all)),
        }
    }

    /// The same for a producer, where a struct says that there is nothing else.
    pub(super) fn produced_rest(&self) -> Rest<'a> {
        match self.rest() {
            Rest::Unsaid if self.names.is_empty() => Rest::Values(Node::document(&TRUE)),
            Rest::Unsaid => Rest::Closed,
            said => said,
        }
    }

    fn patterns(&self) -> impl Iterator<Item = &'a Json> {
        self.alternative.keyword("patternProperties").filter_map(Json::as_object).flat_map(|map| map.values())
    }

    fn names_any(&self, name: &str) -> bool {
        self.names.contains(&name)
    }
}

impl Comparison<'_> {
    pub(super) fn objects(&mut self, produced: &Variant<'_, '_>, wanted: &Variant<'_, '_>) -> Verdict {
        let file = file();
        let is_file = |variant: &Variant<'_, '_>| variant.kind == Kinds::FILE;
        if is_file(produced) == is_file(wanted) {
            return if is_file(produced) { Verdict::Fits } else { self.maps(produced.alternative, wanted.alternative) };
        }
        let Some(file) = file.first() else { return Verdict::Fits };
        let verdict =
            if is_file(produced) { self.maps(file, wanted.alternative) } else { self.maps(produced.alternative, file) };
        // What is inside a file's map is nobody's business.
        if verdict.is_cannot() { Verdict::cannot(produced.words(), wanted.words()) } else { verdict }
    }

    fn maps(&mut self, produced: &Alternative<'_>, wanted: &Alternative<'_>) -> Verdict {
        let (from, to) = (ObjectView::new(produced), ObjectView::new(wanted));
        let mut verdict = Verdict::Fits;
        for name in &to.names {
            verdict = verdict.and(self.property(&from, &to, name));
            if verdict.is_cannot() {
                return verdict;
            }
        }
        let named: HashSet<&str> = to.names.iter().copied().collect();
        for name in from.names.iter().filter(|name| !named.contains(*name)) {
            verdict = verdict.and(self.extra(&from, &to, name));
            if verdict.is_cannot() {
                return verdict;
            }
        }
        verdict.and(self.rests(&from, &to)).and(patterns(&from, &to))
    }

    /// A property that the consumer names.
    fn property(&mut self, from: &ObjectView<'_, '_>, to: &ObjectView<'_, '_>, name: &str) -> Verdict {
        let part = || Part::Key(name.to_owned());
        let required = to.requires(name);
        let may_lack = || Verdict::unknown(Why::MayLack(name.to_owned()));
        if from.names_any(name) {
            let verdict = self.nodes(&from.property(name), &to.property(name)).under(part());
            return if required && !from.requires(name) { verdict.and(may_lack()) } else { verdict };
        }
        match from.produced_rest() {
            Rest::Closed | Rest::Unsaid if !required => Verdict::Fits,
            Rest::Closed | Rest::Unsaid => {
                let wanted = words::of_node(&to.property(name));
                Verdict::cannot(
                    format!("{} without `{name}`", words::of_alternative(from.alternative)),
                    format!("`{name}: {wanted}`"),
                )
            }
            Rest::Values(values) => {
                let verdict = self.nodes(&values, &to.property(name)).under(part());
                match (required, verdict.is_cannot()) {
                    (true, true) => verdict,
                    (true, false) => verdict.and(may_lack()),
                    (false, true) => Verdict::unknown(Why::MayHave(format!("a `{name}` of another type"))),
                    (false, false) => verdict,
                }
            }
        }
    }

    /// A property that only the producer names.
    fn extra(&mut self, from: &ObjectView<'_, '_>, to: &ObjectView<'_, '_>, name: &str) -> Verdict {
        match to.rest() {
            Rest::Unsaid => Verdict::Fits,
            Rest::Values(values) => self.nodes(&from.property(name), &values).under(Part::Key(name.to_owned())),
            Rest::Closed if from.requires(name) => Verdict::cannot(
                format!("{} with `{name}`", words::of_alternative(from.alternative)),
                format!("{} and nothing else", words::of_alternative(to.alternative)),
            ),
            Rest::Closed => Verdict::unknown(Why::MayHave(format!("`{name}`"))),
        }
    }

    /// Properties that neither names.
    fn rests(&mut self, from: &ObjectView<'_, '_>, to: &ObjectView<'_, '_>) -> Verdict {
        match (from.produced_rest(), to.rest()) {
            (Rest::Values(produced), Rest::Values(wanted)) => self.nodes(&produced, &wanted).under(Part::Values),
            (Rest::Values(_), Rest::Closed) => Verdict::unknown(Why::MayHave("other properties".to_owned())),
            _ => Verdict::Fits,
        }
    }
}

/// Patterns of property names are not interpreted: the same ones on both sides mean the same.
fn patterns(from: &ObjectView<'_, '_>, to: &ObjectView<'_, '_>) -> Verdict {
    let keys = |view: &ObjectView<'_, '_>| -> HashSet<String> {
        let maps = view.alternative.keyword("patternProperties").filter_map(Json::as_object);
        maps.flat_map(|map| map.keys().cloned()).collect()
    };
    let wanted = keys(to);
    if wanted.is_empty() || wanted == keys(from) {
        return Verdict::Fits;
    }
    Verdict::unknown(Why::Keyword("patternProperties"))
}
