//! The verdict for each pair of types that matters, one row per pair; then what hostile schemas may not do.

use serde_json::{Value as Json, json};

use super::*;

/// What a step with an `f64` field says, and so on: the schemas that schemars writes.
fn string() -> Json {
    json!({ "type": "string" })
}

fn text_format(format: &str) -> Json {
    json!({ "type": "string", "format": format })
}

fn number() -> Json {
    json!({ "type": "number", "format": "double" })
}

fn integer(format: &str) -> Json {
    json!({ "type": "integer", "format": format })
}

fn boolean() -> Json {
    json!({ "type": "boolean" })
}

fn null() -> Json {
    json!({ "type": "null" })
}

fn anything() -> Json {
    json!(true)
}

fn file() -> Json {
    json!({
        "title": "File", "type": "object", "x-stepmill": "file",
        "properties": { "$file": { "type": "object" } }, "required": ["$file"],
    })
}

fn bytes() -> Json {
    json!({ "type": "string", "contentEncoding": "base64", "x-stepmill": "bytes" })
}

fn list(items: Json) -> Json {
    json!({ "type": "array", "items": items })
}

fn array(items: Json, length: u64) -> Json {
    json!({ "type": "array", "items": items, "minItems": length, "maxItems": length })
}

fn tuple<const N: usize>(types: [Json; N]) -> Json {
    json!({ "type": "array", "prefixItems": types.to_vec(), "minItems": N, "maxItems": N })
}

fn map(values: Json) -> Json {
    json!({ "type": "object", "additionalProperties": values })
}

fn option(of: Json) -> Json {
    json!({ "anyOf": [of, { "type": "null" }] })
}

/// Option as schemars writes it for simple types.
fn nullable(kind: &str) -> Json {
    json!({ "type": [kind, "null"] })
}

fn one_of<const N: usize>(values: [&str; N]) -> Json {
    json!({ "type": "string", "enum": values.to_vec() })
}

/// A struct; a name that ends in `?` is not required.
fn object<const N: usize>(fields: [(&str, Json); N]) -> Json {
    let required: Vec<&str> = fields.iter().map(|(name, _)| *name).filter(|name| !name.ends_with('?')).collect();
    let properties: serde_json::Map<String, Json> =
        fields.iter().map(|(name, schema)| (name.trim_end_matches('?').to_owned(), schema.clone())).collect();
    json!({ "type": "object", "properties": properties, "required": required })
}

fn closed(mut object: Json) -> Json {
    object["additionalProperties"] = json!(false);
    object
}

fn day() -> Json {
    object([("date", string()), ("temp_max", number())])
}

/// A type in `$defs`, referred to.
fn referred(name: &str, of: Json) -> Json {
    json!({ "$ref": format!("#/$defs/{name}"), "$defs": { name: of } })
}

/// A serde enum with content, as schemars writes it.
fn tagged<const N: usize>(variants: [(&str, Json); N]) -> Json {
    let variants = variants.map(|(name, content)| {
        json!({ "type": "object", "properties": { name: content }, "required": [name], "additionalProperties": false })
    });
    json!({ "oneOf": variants.to_vec() })
}

/// A list of trees.
fn tree(leaf: Json) -> Json {
    json!({
        "$ref": "#/$defs/Tree",
        "$defs": { "Tree": {
            "type": "object",
            "properties": { "leaf": leaf, "children": { "type": "array", "items": { "$ref": "#/$defs/Tree" } } },
            "required": ["leaf", "children"],
        } },
    })
}

fn value(schema: &Json) -> Data<'_> {
    Data { form: Form::Value, schema }
}

fn rows(schema: &Json) -> Data<'_> {
    Data { form: Form::Rows, schema }
}

fn short(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Fits => "fits".to_owned(),
        Verdict::Cannot { at, produced, wanted } => format!("cannot {at}: {produced} → {wanted}"),
        Verdict::NoPart { part, of, .. } => format!("no {part} in {of}"),
        Verdict::Unknown { at, why } => format!("doubt {at}: {why}"),
    }
}

/// Compares the verdicts of all rows at once: a change of the rules shows as a whole.
#[track_caller]
fn assert_verdicts(table: &[(Json, Json, &str)]) {
    let mut wrong = Vec::new();
    for (place, (producer, consumer, expected)) in table.iter().enumerate() {
        let verdict = short(&check(value(producer), &ValuePath::default(), value(consumer)));
        if verdict != *expected {
            wrong.push(format!("row {place}: {producer} → {consumer}\n  expected {expected}\n  but is   {verdict}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn simple_types() {
    assert_verdicts(&[
        (string(), string(), "fits"),
        (boolean(), boolean(), "fits"),
        (null(), null(), "fits"),
        (string(), number(), "cannot : string → number"),
        (number(), string(), "cannot : number → string"),
        (boolean(), integer("int64"), "cannot : boolean → integer (int64)"),
        (null(), string(), "cannot : null → string"),
        (string(), list(string()), "cannot : string → list of string"),
        (anything(), anything(), "fits"),
        (string(), anything(), "fits"),
        (anything(), string(), "doubt : it can be anything, and string is wanted"),
        (json!({}), number(), "doubt : it can be anything, and number is wanted"),
        (string(), json!(false), "cannot : string → nothing"),
        (json!(false), string(), "fits"),
        (json!({ "type": ["string", "number"] }), string(), "doubt : it may be number, and string is wanted"),
        (json!({ "type": ["string", "boolean"] }), number(), "cannot : string or boolean → number"),
        (string(), json!({ "type": ["string", "number"] }), "fits"),
    ]);
}

#[test]
fn number_widths() {
    assert_verdicts(&[
        (integer("int64"), number(), "fits"),
        (integer("uint8"), json!({ "type": "number", "format": "float" }), "fits"),
        (number(), json!({ "type": "number", "format": "float" }), "fits"),
        (number(), integer("int64"), "doubt : it may have a fraction, and a whole number is wanted"),
        (integer("uint8"), integer("uint16"), "fits"),
        (integer("uint32"), integer("int64"), "fits"),
        (integer("uint"), integer("uint32"), "fits"),
        (integer("int64"), integer("int32"), "doubt : it is integer (int64), and only integer (int32) is wanted"),
        (integer("uint64"), integer("int64"), "doubt : it is integer (uint64), and only integer (int64) is wanted"),
        (integer("int8"), integer("uint8"), "doubt : it is integer (int8), and only integer (uint8) is wanted"),
        (json!({ "type": "integer" }), integer("int64"), "doubt : it is integer, and only integer (int64) is wanted"),
        (
            json!({ "type": "integer", "minimum": 0, "maximum": 9 }),
            json!({ "type": "integer", "minimum": 0, "maximum": 99 }),
            "fits",
        ),
        (
            json!({ "type": "integer", "minimum": 0, "maximum": 9 }),
            json!({ "type": "integer", "minimum": 10 }),
            "cannot : integer (0 to 9) → integer (at least 10)",
        ),
        (
            json!({ "type": "number", "minimum": 0 }),
            json!({ "type": "number", "exclusiveMinimum": 0 }),
            "doubt : it is number (at least 0), and only number is wanted",
        ),
        (
            json!({ "const": 9_223_372_036_854_775_808_u64 }),
            integer("int64"),
            "cannot : 9223372036854775808 → integer (int64)",
        ),
        (
            integer("int32"),
            json!({ "type": "integer", "multipleOf": 5 }),
            "doubt : the schema's `multipleOf` is not checked",
        ),
    ]);
}

#[test]
fn texts_and_enums() {
    assert_verdicts(&[
        (text_format("date"), string(), "fits"),
        (text_format("date"), text_format("date"), "fits"),
        (string(), text_format("date"), "doubt : it is string, and only string (date) is wanted"),
        (
            string(),
            json!({ "type": "string", "minLength": 1, "maxLength": 1 }),
            "doubt : it is string, and only string (1 characters) is wanted",
        ),
        (
            string(),
            json!({ "type": "string", "pattern": "^a" }),
            "doubt : it is string, and only string like ^a is wanted",
        ),
        (one_of(["a", "b"]), string(), "fits"),
        (one_of(["a", "b"]), one_of(["a", "b", "c"]), "fits"),
        (one_of(["a", "c"]), one_of(["a", "b"]), r#"doubt : it may be "c", and "a" or "b" is wanted"#),
        (one_of(["x", "y"]), one_of(["a", "b"]), r#"cannot : "x" or "y" → "a" or "b""#),
        (string(), one_of(["a", "b"]), r#"doubt : it is string, and only "a" or "b" is wanted"#),
        (one_of(["a", "b"]), number(), r#"cannot : "a" or "b" → number"#),
        (json!({ "const": "a" }), one_of(["a"]), "fits"),
        (
            json!({ "const": "aa" }),
            json!({ "type": "string", "maxLength": 1 }),
            r#"cannot : "aa" → string (at most 1 characters)"#,
        ),
        (json!({ "enum": [1, 2] }), integer("uint8"), "fits"),
        (json!({ "enum": [1, "a"] }), integer("uint8"), r#"doubt : it may be "a", and integer (uint8) is wanted"#),
    ]);
}

#[test]
fn optional_and_nullable() {
    assert_verdicts(&[
        (number(), nullable("number"), "fits"),
        (nullable("number"), nullable("number"), "fits"),
        (nullable("number"), option(number()), "fits"),
        (nullable("number"), number(), "doubt : it may be null, and number is wanted"),
        (null(), nullable("number"), "fits"),
        (nullable("string"), nullable("number"), "cannot : string or null → number or null"),
        (option(day()), day(), "doubt : it may be null, and {date, temp_max} is wanted"),
        (day(), option(day()), "fits"),
        (option(object([("a", string())])), option(object([("a", number())])), "cannot .a: string → number"),
        (
            json!({ "type": ["string", "null"], "enum": ["a", null] }),
            one_of(["a"]),
            r#"doubt : it may be null, and "a" is wanted"#,
        ),
    ]);
}

#[test]
fn structs_and_maps() {
    assert_verdicts(&[
        (day(), day(), "fits"),
        (day(), object([("date", string())]), "fits"),
        (object([("date", string())]), day(), "cannot : {date} without `temp_max` → `temp_max: number`"),
        (object([("a", string())]), object([("a", number())]), "cannot .a: string → number"),
        (object([("a", string())]), object([("a", string()), ("b?", number())]), "fits"),
        (object([("a?", string())]), object([("a", string())]), "doubt : `a` may be missing"),
        (object([("a?", string())]), object([("a?", string())]), "fits"),
        (object([("a?", string())]), object([("a", number())]), "cannot .a: string → number"),
        (
            object([("a", nullable("string"))]),
            object([("a", string())]),
            "doubt .a: it may be null, and string is wanted",
        ),
        (
            day(),
            closed(object([("date", string())])),
            "cannot : {date, temp_max} with `temp_max` → {date} and nothing else",
        ),
        (
            object([("a", string()), ("b?", string())]),
            closed(object([("a", string())])),
            "doubt : `b` may be there, which is refused",
        ),
        (closed(day()), closed(day()), "fits"),
        (map(number()), map(number()), "fits"),
        (map(string()), map(number()), "cannot [*]: string → number"),
        (map(number()), object([("a", number())]), "doubt : `a` may be missing"),
        (map(number()), object([("a", string())]), "cannot .a: number → string"),
        (object([("a", number()), ("b", number())]), map(number()), "fits"),
        (day(), map(number()), "cannot .date: string → number"),
        (json!({ "type": "object" }), day(), "doubt .date: it can be anything, and string is wanted"),
        (day(), json!({ "type": "object" }), "fits"),
        (day(), number(), "cannot : {date, temp_max} → number"),
        (
            map(anything()),
            json!({ "type": "object", "propertyNames": { "maxLength": 3 } }),
            "doubt : the schema's `propertyNames` is not checked",
        ),
        (
            json!({ "type": "object", "patternProperties": { "^\\d+$": string() }, "additionalProperties": false }),
            json!({ "type": "object", "patternProperties": { "^\\d+$": string() }, "additionalProperties": false }),
            "fits",
        ),
        (
            json!({ "allOf": [object([("a", string())]), object([("b", number())])] }),
            object([("a", string()), ("b", number())]),
            "fits",
        ),
        (
            day(),
            json!({ "allOf": [object([("date", string())]), object([("temp_max", string())])] }),
            "cannot .temp_max: number → string",
        ),
    ]);
}

#[test]
fn lists_and_tuples() {
    assert_verdicts(&[
        (list(integer("uint8")), list(number()), "fits"),
        (list(string()), list(number()), "cannot []: string → number"),
        (list(day()), list(object([("temp_max", string())])), "cannot [].temp_max: number → string"),
        (list(nullable("number")), list(number()), "doubt []: it may be null, and number is wanted"),
        (list(list(string())), list(list(number())), "cannot [][]: string → number"),
        (json!({ "type": "array" }), list(number()), "doubt []: it can be anything, and number is wanted"),
        (tuple([string(), number()]), tuple([string(), number()]), "fits"),
        (tuple([string(), number()]), tuple([number(), number()]), "cannot [0]: string → number"),
        (tuple([string(), number()]), tuple([string()]), "cannot : [string, number] → [string]"),
        (tuple([number(), number()]), list(number()), "fits"),
        (tuple([number(), string()]), list(number()), "cannot [1]: string → number"),
        (
            list(number()),
            tuple([number(), number()]),
            "doubt : it is list of number, and only [number, number] is wanted",
        ),
        (array(number(), 3), list(number()), "fits"),
        (array(number(), 3), array(number(), 4), "cannot : list of exactly 3 number → list of exactly 4 number"),
        (list(string()), json!({ "type": "array", "items": string(), "uniqueItems": true }), "fits"),
        (
            json!({ "type": "array", "prefixItems": [string()], "items": false }),
            tuple([string(), string()]),
            "cannot : [string] → [string, string]",
        ),
    ]);
}

#[test]
fn references_and_unions() {
    let shape = || tagged([("circle", number()), ("square", number())]);
    assert_verdicts(&[
        (referred("Day", day()), day(), "fits"),
        (list(day()), referred("Days", list(day())), "fits"),
        (
            referred("Größe %", number()),
            number(),
            "doubt : the schema refers to `#/$defs/Größe %`, which cannot be followed",
        ),
        (json!({ "$ref": "#/$defs/A%20B", "$defs": { "A B": number() } }), string(), "cannot : number → string"),
        (
            number(),
            json!({ "$ref": "https://example.com/schema" }),
            "doubt : the schema refers to `https://example.com/schema`, which cannot be followed",
        ),
        (
            json!({ "$ref": "#/$defs/Gone" }),
            number(),
            "doubt : the schema refers to `#/$defs/Gone`, which cannot be followed",
        ),
        (shape(), shape(), "fits"),
        (tagged([("circle", number())]), shape(), "fits"),
        (shape(), tagged([("circle", number())]), "doubt : it may be {square}, and {circle} is wanted"),
        (tagged([("line", number())]), shape(), "cannot : {line} → {circle} or {square}"),
        (tree(string()), tree(string()), "fits"),
        (tree(string()), tree(number()), "cannot .leaf: string → number"),
        (json!({ "$ref": "#" }), string(), "doubt : the schema refers to `#`, which cannot be followed"),
        (json!({ "not": { "type": "null" } }), anything(), "fits"),
        (string(), json!({ "not": { "type": "null" } }), "doubt : the schema's `not` is not checked"),
    ]);
}

#[test]
fn files_and_bytes() {
    assert_verdicts(&[
        (file(), file(), "fits"),
        (bytes(), bytes(), "fits"),
        (file(), bytes(), "cannot : file → bytes"),
        (bytes(), string(), "cannot : bytes → string"),
        (string(), bytes(), "cannot : string → bytes"),
        (bytes(), list(integer("uint8")), "cannot : bytes → list of integer (uint8)"),
        (file(), day(), "cannot : file → {date, temp_max}"),
        (day(), file(), "cannot : {date, temp_max} → file"),
        (file(), anything(), "fits"),
        (anything(), file(), "doubt : it can be anything, and file is wanted"),
        (list(file()), list(file()), "fits"),
        (string(), file(), "cannot : string → file"),
    ]);
}

#[test]
fn rows_and_lists_feed_each_other() {
    let (day, date, text) = (day(), object([("date", number())]), string());
    let days = list(day.clone());
    let none = ValuePath::default();
    let table = [
        (rows(&day), rows(&day), "fits"),
        (rows(&day), value(&days), "fits"),
        (value(&days), rows(&day), "fits"),
        (rows(&day), rows(&date), "cannot [].date: string → number"),
        (value(&days), rows(&date), "cannot [].date: string → number"),
        (rows(&day), value(&day), "cannot : rows of {date, temp_max} → {date, temp_max}"),
        (value(&text), rows(&day), "cannot : string → rows of {date, temp_max}"),
    ];
    for (producer, consumer, expected) in table {
        assert_eq!(short(&check(producer, &none, consumer)), expected);
    }
    assert_eq!(short(&check(rows(&day), &none, value(&anything()))), "fits");
    assert_eq!(
        short(&check(value(&anything()), &none, rows(&day))),
        "doubt : it can be anything, and rows of {date, temp_max} is wanted"
    );
}

#[test]
fn paths_lead_into_types() {
    let month =
        object([("days", list(day())), ("high?", number()), ("note", nullable("string")), ("by_name", map(number()))]);
    let table = [
        (".days", list(day()), "fits"),
        (".days", list(string()), "cannot []: {date, temp_max} → string"),
        (".dais", anything(), "no .dais in {days, high?, note, by_name}"),
        (".dais.x[0]", anything(), "no .dais.x[0] in {days, high?, note, by_name}"),
        (".days.date", anything(), "no .date in list of {date, temp_max}"),
        (".days[0].date", nullable("string"), "fits"),
        (".days[0].date", string(), "doubt : it may be null, and string is wanted"),
        (".high", number(), "doubt : it may be null, and number is wanted"),
        (".high", string(), "cannot : number or null → string"),
        (".note", nullable("string"), "fits"),
        (".note.x", anything(), "no .x in string or null"),
        (".by_name.oslo", number(), "doubt : it may be null, and number is wanted"),
    ];
    for (path, consumer, expected) in table {
        let verdict = check(value(&month), &path.parse().unwrap(), value(&consumer));
        assert_eq!(short(&verdict), expected, "{path}");
    }
    let path: ValuePath = ".a.b".parse().unwrap();
    assert_eq!(
        short(&check(value(&anything()), &path, value(&string()))),
        "doubt : it can be anything, and string is wanted"
    );
    assert_eq!(short(&check(rows(&month), &path, value(&string()))), "no .a.b in rows of {days, high?, note, by_name}");
    assert_eq!(short(&check(value(&tuple([string()])), &"[0]".parse().unwrap(), value(&string()))), "fits");
    assert_eq!(
        short(&check(value(&tuple([string()])), &"[1]".parse().unwrap(), value(&string()))),
        "no [1] in [string]"
    );
}

#[test]
fn literals_are_checked_by_their_value() {
    let table = [
        (json!(30), number(), "fits"),
        (json!(30.5), number(), "fits"),
        (json!(30), integer("uint8"), "fits"),
        (json!(300), integer("uint8"), "cannot : 300 → integer (uint8)"),
        (json!(-1), integer("uint64"), "cannot : -1 → integer (uint64)"),
        (json!(30.0), integer("uint8"), "cannot : 30.0 → integer (uint8)"),
        (json!("30"), number(), r#"cannot : "30" → number"#),
        (json!("c"), one_of(["c", "f"]), "fits"),
        (json!("k"), one_of(["c", "f"]), r#"cannot : "k" → "c" or "f""#),
        (json!([]), list(number()), "fits"),
        (json!([1, "x"]), list(number()), r#"cannot [1]: "x" → number"#),
        (
            json!({ "a": [{ "b": true }] }),
            object([("a", list(object([("b", string())])))]),
            "cannot .a[0].b: true → string",
        ),
        (json!({ "date": "x" }), day(), "cannot : {date} without `temp_max` → `temp_max: number`"),
        (json!(null), nullable("string"), "fits"),
        (json!(null), string(), "cannot : null → string"),
        (json!("2026-02-30"), text_format("date"), r#"doubt : it is "2026-02-30", and only string (date) is wanted"#),
        (json!("report.csv"), file(), r#"cannot : "report.csv" → file"#),
    ];
    for (literal, consumer, expected) in table {
        assert_eq!(short(&check_literal(&literal, value(&consumer))), expected, "{literal} → {consumer}");
    }
}

#[test]
fn hostile_schemas_end_in_doubt() {
    let none = ValuePath::default();
    let verdict = |schema: &Json| check(value(schema), &none, value(schema));

    // Twice as many ways at each level; every pair of types is compared once.
    let mut definitions = json!({ "D0": number() });
    for level in 1..40 {
        let below = json!({ "$ref": format!("#/$defs/D{}", level - 1) });
        definitions[format!("D{level}")] = object([("a", below.clone()), ("b", below)]);
    }
    let doubling = json!({ "$ref": "#/$defs/D39", "$defs": definitions });
    assert_eq!(verdict(&doubling), Verdict::Fits);

    // The same with unions, which are multiplied out.
    let branch = json!({ "anyOf": [string(), number(), boolean()] });
    let product = json!({ "allOf": vec![branch; 40] });
    assert!(matches!(verdict(&product), Verdict::Fits | Verdict::Unknown { .. }));
    let mut unions = json!({ "D0": number() });
    for level in 1..40 {
        let below = json!({ "$ref": format!("#/$defs/D{}", level - 1) });
        unions[format!("D{level}")] = json!({ "anyOf": [object([("x", below.clone())]), list(below)] });
    }
    assert_eq!(verdict(&json!({ "$ref": "#/$defs/D39", "$defs": unions })), Verdict::Fits);

    let mut deep = number();
    for _ in 0..10_000 {
        let mut outer = serde_json::Map::new();
        outer.insert("items".to_owned(), deep);
        deep = Json::Object(outer);
    }
    // Leaked, because to drop it takes a deep stack.
    let deep: &Json = Box::leak(Box::new(deep));
    assert!(matches!(verdict(deep), Verdict::Unknown { why: Why::TooLarge, .. }));

    let mut wide = object([]);
    for name in 0..5_000 {
        wide["properties"][format!("p{name}")] = number();
    }
    assert_eq!(verdict(&wide), Verdict::Fits);

    let many: Vec<String> = (0..10_000).map(|value| value.to_string()).collect();
    assert!(matches!(verdict(&json!({ "enum": many })), Verdict::Fits | Verdict::Unknown { .. }));
    for nonsense in
        [json!(7), json!({ "type": 7 }), json!({ "type": "tuple" }), json!({ "anyOf": 3 }), json!({ "required": {} })]
    {
        assert!(matches!(verdict(&nonsense), Verdict::Fits | Verdict::Unknown { .. } | Verdict::Cannot { .. }));
        assert!(!describe(value(&nonsense)).is_empty());
    }
}

#[test]
fn descriptions_are_short() {
    let table = [
        (list(day()), "list of {date, temp_max}"),
        (nullable("number"), "number or null"),
        (list(nullable("number")), "list of (number or null)"),
        (tree(string()), "{leaf, children}"),
        (map(list(string())), "map of list of string"),
        (list(list(list(list(string())))), "list of list of list of list"),
        (one_of(["a", "b", "c", "d", "e", "f", "g"]), r#""a", "b", "c", "d", "e" or …"#),
        (json!({ "const": "a\u{1b}[31m text that goes on and on" }), r#""a\u001b[31m text that goes on"…"#),
        (object([("a\u{1b}[31m", string())]), "{a\u{fffd}[31m}"),
    ];
    for (schema, expected) in table {
        assert_eq!(describe(value(&schema)), expected);
    }
    assert_eq!(describe(rows(&day())), "rows of {date, temp_max}");
}
