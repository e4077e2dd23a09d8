//! The items of lists and streams: what a `for_each` step runs for.

use serde_json::{Map, Value as Json, json};

use super::{
    Data, EDGE_BUDGET, Verdict, alternatives, alternatives_at,
    compare::Comparison,
    expand::{Alternative, Budget, Kinds, MAX_DEPTH, Node, TRUE, expand},
    lists::ListView,
    project::project_all,
    verdict::Why,
    words,
};
use crate::value::path::ValuePath;

/// What is left of a list's type where it is called a definition.
const ITEM: &str = "item";

/// Whether the part of `source` at `path` has items: it is a list or a stream.
#[must_use]
pub fn check_items(source: Data<'_>, path: &ValuePath) -> Verdict {
    let produced = match alternatives_at(source, path, &Budget::new(EDGE_BUDGET)) {
        Ok(produced) => produced,
        Err(verdict) => return verdict,
    };
    let lists = produced.iter().filter(|alternative| alternative.kinds == Kinds::LIST).count();
    let wanted = "a list or rows".to_owned();
    if lists == produced.len() {
        Verdict::Fits
    } else if produced.iter().any(|alternative| alternative.kinds.has(Kinds::LIST)) {
        Verdict::unknown(Why::Wider { produced: words::of(&produced), wanted })
    } else {
        Verdict::cannot(words::of(&produced), wanted)
    }
}

/// Whether the part at `part` of each item of the part of `source` at `path` suits `consumer`.
#[must_use]
pub fn check_item(source: Data<'_>, path: &ValuePath, part: &ValuePath, consumer: Data<'_>) -> Verdict {
    let budget = Budget::new(EDGE_BUDGET);
    // What has no items is told at `for_each`.
    let Ok(lists) = alternatives_at(source, path, &budget) else { return Verdict::Fits };
    let items: Vec<Alternative<'_>> = lists.iter().flat_map(items).flat_map(|node| expand(&node, &budget)).collect();
    if items.is_empty() {
        return Verdict::Fits;
    }
    match project_all(items, part, &budget) {
        Ok(produced) => Comparison::new(&budget).alternatives(&produced, &alternatives(consumer, &budget)),
        Err(verdict) => verdict,
    }
}

fn items<'a>(list: &Alternative<'a>) -> Vec<Node<'a>> {
    if list.is_anything() {
        return vec![Node::document(&TRUE)];
    }
    if !list.kinds.has(Kinds::LIST) {
        return Vec::new();
    }
    let view = ListView::new(list);
    (0..=view.places.min(MAX_DEPTH)).filter(|place| view.reaches(*place)).map(|place| view.at(place)).collect()
}

/// The type of lists of what a schema describes. References in it lead to where it now is.
#[must_use]
pub fn list_of(schema: &Json) -> Json {
    json!({ "type": "array", "items": { "$ref": format!("#/$defs/{ITEM}") }, "$defs": { ITEM: moved(schema) } })
}

fn moved(schema: &Json) -> Json {
    match schema {
        Json::Array(all) => Json::Array(all.iter().map(moved).collect()),
        Json::Object(map) => {
            let entry = |(key, value): (&String, &Json)| {
                let value = match value.as_str().and_then(|target| target.strip_prefix('#')) {
                    Some(rest) if key == "$ref" => Json::from(format!("#/$defs/{ITEM}{rest}")),
                    _ => moved(value),
                };
                (key.clone(), value)
            };
            Json::Object(map.iter().map(entry).collect::<Map<_, _>>())
        }
        scalar => scalar.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::Form;

    fn path(text: &str) -> ValuePath {
        text.parse().unwrap()
    }

    fn value(schema: &Json) -> Data<'_> {
        Data { form: Form::Value, schema }
    }

    #[test]
    fn only_lists_and_streams_have_items() {
        let schema = json!({ "type": "object", "properties": {
            "years": { "type": "array", "items": { "type": "integer" } }, "n": { "type": "integer" }, "any": true },
            "required": ["years", "n", "any"] });
        assert_eq!(check_items(value(&schema), &path(".years")), Verdict::Fits);
        assert!(matches!(check_items(value(&schema), &path(".n")), Verdict::Cannot { .. }));
        assert!(matches!(check_items(value(&schema), &path(".any")), Verdict::Unknown { .. }));
        assert!(matches!(check_items(value(&schema), &path(".yaers")), Verdict::NoPart { .. }));
        assert_eq!(check_items(Data { form: Form::Rows, schema: &schema }, &path("")), Verdict::Fits);
    }

    #[test]
    fn items_have_the_type_of_the_list() {
        let days = json!({ "type": "array", "items": { "type": "object", "properties": { "high": { "type": "number" } }, "required": ["high"] } });
        let (number, text) = (json!({ "type": "number" }), json!({ "type": "string" }));
        let of = |part: &str, wanted: &Json| check_item(value(&days), &path(""), &path(part), value(wanted));
        assert_eq!(of(".high", &number), Verdict::Fits);
        assert!(matches!(of(".high", &text), Verdict::Cannot { .. }));
        assert!(matches!(of(".low", &number), Verdict::NoPart { .. }));
        assert!(matches!(of("", &text), Verdict::Cannot { .. }));
    }

    #[test]
    fn a_list_of_a_type_keeps_its_references() {
        let tree = json!({ "type": "object", "properties": { "next": { "$ref": "#" }, "leaf": { "$ref": "#/$defs/Leaf" } },
            "required": ["leaf"], "$defs": { "Leaf": { "type": "string" } } });
        let list = list_of(&tree);
        let (text, number) = (json!({ "type": "string" }), json!({ "type": "number" }));
        let of = |part: &str, wanted: &Json| check_item(value(&list), &path(""), &path(part), value(wanted));
        assert_eq!(of(".leaf", &text), Verdict::Fits);
        assert!(matches!(of(".leaf", &number), Verdict::Cannot { .. }));
        assert!(matches!(of(".next.leaf", &number), Verdict::Cannot { .. }));
    }
}
