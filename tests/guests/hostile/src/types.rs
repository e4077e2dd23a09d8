//! JSON Schemas that cost much to compare: each is the output of one step and the input of another.

/// What they are called, and how they are made.
pub fn schemas() -> Vec<(&'static str, String)> {
    vec![
        ("itself", r##"{"$ref": "#"}"##.to_owned()),
        (
            "itself_twice",
            r##"{"anyOf": [{"$ref": "#"}, {"$ref": "#"}], "allOf": [{"$ref": "#"}, {"$ref": "#"}]}"##.to_owned(),
        ),
        ("doubles_all", doubling(|next| format!(r#"{{"allOf": [{next}, {next}]}}"#))),
        ("doubles_any", doubling(|next| format!(r#"{{"anyOf": [{next}, {next}]}}"#))),
        ("doubles_one", doubling(|next| format!(r#"{{"oneOf": [{next}, {{"not": {next}}}]}}"#))),
        (
            "doubles_pairs",
            doubling(|next| {
                format!(r#"{{"type": "object", "properties": {{"l": {next}, "r": {next}}}, "required": ["l", "r"]}}"#)
            }),
        ),
        ("doubles_lists", doubling(|next| format!(r#"{{"type": "array", "prefixItems": [{next}, {next}]}}"#))),
        ("deep", r#"{"items": "#.repeat(100) + "true" + &"}".repeat(100)),
        ("wide", format!(r#"{{"anyOf": [{}]}}"#, vec![r#"{"const": 1}"#; 4_000].join(", "))),
        ("many_words", format!(r#"{{"enum": [{}]}}"#, (0..9_000).map(|n| n.to_string()).collect::<Vec<_>>().join(","))),
        ("many_keys", format!(r#"{{"type": "object", "properties": {{{}}}}}"#, keys(2_000))),
        (
            "patterns",
            r#"{"type": "string", "pattern": "^(a+)+(a|a)*(.*)*$", "minLength": 18446744073709551615}"#.to_owned(),
        ),
        ("odd_numbers", r#"{"type": "number", "minimum": 1e308, "maximum": -1e308, "multipleOf": 0}"#.to_owned()),
        (
            "odd_words",
            r#"{"type": ["x", 1, null], "required": 3, "items": "x", "$ref": 7, "enum": {}, "allOf": 1}"#.to_owned(),
        ),
        ("nowhere", r##"{"$ref": "#/$defs/a/b/~2/%ff", "$defs": {"a": {"$ref": "file:///etc/passwd"}}}"##.to_owned()),
    ]
}

/// Thirty definitions, each with the next one twice in it.
fn doubling(of: impl Fn(&str) -> String) -> String {
    let definition = |n: u32| format!(r##""a{n}": {}"##, of(&format!(r##"{{"$ref": "#/$defs/a{}"}}"##, n + 1)));
    let definitions: Vec<_> = (0..30).map(definition).collect();
    format!(r##"{{"$ref": "#/$defs/a0", "$defs": {{{}, "a30": {{"type": "integer"}}}}}}"##, definitions.join(", "))
}

fn keys(many: u32) -> String {
    (0..many).map(|n| format!(r#""k{n}": {{"type": "integer"}}"#)).collect::<Vec<_>>().join(",")
}
