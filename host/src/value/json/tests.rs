use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::value::{
    testing::{Tree, tree},
    validate::validate,
};

fn text(key: &str) -> Tree {
    Tree::Str(key.to_owned())
}

fn json_of(tree: &Tree) -> Json {
    to_json(&tree.bytes()).unwrap()
}

#[test]
fn every_kind_has_its_json() {
    let table = [
        (Tree::Nil, json!(null)),
        (Tree::Bool(true), json!(true)),
        (Tree::WideInt(7), json!(7)),
        (Tree::Int(-7), json!(-7)),
        (Tree::UInt(1 << 53), json!(9_007_199_254_740_992_u64)),
        (Tree::UInt((1 << 53) + 1), json!({"$int": "9007199254740993"})),
        (Tree::UInt(u64::MAX), json!({"$int": "18446744073709551615"})),
        (Tree::Int(-(1 << 53)), json!(-9_007_199_254_740_992_i64)),
        (Tree::Int(i64::MIN), json!({"$int": "-9223372036854775808"})),
        (Tree::F32(0.5), json!(0.5)),
        (Tree::F64(1.0), json!(1.0)),
        (Tree::F64(f64::NAN), json!({"$float": "NaN"})),
        (Tree::F32(f32::INFINITY), json!({"$float": "Infinity"})),
        (Tree::F64(f64::NEG_INFINITY), json!({"$float": "-Infinity"})),
        (text("é"), json!("é")),
        (Tree::Bin(vec![0, 255]), json!({"$bytes": "AP8="})),
        (Tree::Ext(-1, vec![1, 2, 3, 4]), json!({"$ext": [-1, "AQIDBA=="]})),
        (Tree::Array(vec![Tree::Nil, text("x")]), json!([null, "x"])),
        (Tree::Map(vec![(text("b"), Tree::Nil), (text("a"), Tree::Nil)]), json!({"b": null, "a": null})),
        (Tree::Map(vec![(Tree::UInt(1), text("one"))]), json!({"$map": [[1, "one"]]})),
        (Tree::Map(vec![(text("a"), Tree::Nil), (text("a"), Tree::Nil)]), json!({"$map": [["a", null], ["a", null]]})),
        (Tree::Map(vec![(text("$int"), text("5"))]), json!({"$map": [["$int", "5"]]})),
        (Tree::Map(vec![(text("$ref"), text("5"))]), json!({"$ref": "5"})),
        (Tree::Map(vec![(text("$int"), Tree::Nil), (text("b"), Tree::Nil)]), json!({"$int": null, "b": null})),
    ];
    for (tree, expected) in table {
        let json = json_of(&tree);
        assert_eq!(json.to_string(), expected.to_string(), "{tree:?}");
        assert_eq!(to_json(&from_json(&json).unwrap()).unwrap().to_string(), expected.to_string(), "back: {tree:?}");
    }
}

#[test]
fn files_stay_as_they_are() {
    let file = json!({"$file": {"name": "a", "media_type": "text/csv", "size": 3, "hash": "00".repeat(32)}});
    let bytes = from_json(&file).unwrap();
    assert_eq!(validate(&bytes).unwrap().files.len(), 1);
    assert_eq!(to_json(&bytes).unwrap(), file);
}

#[test]
fn wrong_words_are_refused_with_their_place() {
    for (json, path) in [
        (json!({"a": [{"$bytes": "AP8"}]}), ".a[0]"),
        (json!({"$bytes": [0, 255]}), ""),
        (json!({"x": {"$int": "1.5"}}), ".x"),
        (json!({"x": {"$int": "18446744073709551616"}}), ".x"),
        (json!({"x": {"$float": "nan"}}), ".x"),
        (json!({"x": {"$ext": [200, ""]}}), ".x"),
        (json!({"x": {"$map": [[1, 2], [3]]}}), ".x[\"$map\"]"),
        (json!({"x": {"$map": [[1, {"$int": 3}]]}}), ".x[\"$map\"][0][1]"),
    ] {
        assert_eq!(from_json(&json).unwrap_err().path.to_string(), path, "{json}");
    }
}

#[test]
fn depth_is_the_same_in_both_directions() {
    let nested = |depth: usize| (0..depth).fold(json!(1), |inner, _| json!([inner]));
    let pairs = |depth: usize| (0..depth).fold(json!(1), |inner, _| json!({"$map": [[2, inner]]}));
    for nest in [&nested as &dyn Fn(usize) -> Json, &pairs] {
        let deepest = nest(64);
        assert_eq!(to_json(&from_json(&deepest).unwrap()).unwrap(), deepest);
        assert_eq!(from_json(&nest(65)).unwrap_err().problem, "lists and maps are nested deeper than 64 levels");
    }
}

#[test]
fn malformed_bytes_have_no_json() {
    assert!(to_json(&[]).is_err());
    assert!(to_json(&[0x91]).is_err());
    assert!(to_json(&[0xa1, 0xff]).is_err());
}

proptest! {
    #[test]
    fn json_keeps_every_value(tree in tree()) {
        let json = json_of(&tree);
        let canonical = from_json(&json).unwrap();
        prop_assert!(validate(&canonical).is_ok());
        prop_assert_eq!(to_json(&canonical).unwrap().to_string(), json.to_string());
        prop_assert_eq!(from_json(&json).unwrap(), canonical);
    }

    #[test]
    fn text_and_tree_are_the_same(tree in tree()) {
        let bytes = tree.bytes();
        let text = serde_json::to_string(&AsJson::new(&bytes).unwrap()).unwrap();
        prop_assert_eq!(text, to_json(&bytes).unwrap().to_string());
    }

    #[test]
    fn integers_survive_exactly(value in any::<u64>()) {
        let bytes = Tree::UInt(value).bytes();
        prop_assert_eq!(from_json(&to_json(&bytes).unwrap()).unwrap(), bytes);
    }
}
