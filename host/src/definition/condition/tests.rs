//! What conditions read, refuse and answer.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;

/// The values of a condition's reads, found by their names; null for "not there".
fn answer(text: &str, known: &[(&str, Json)]) -> Result<bool, String> {
    let condition: Condition = text.parse().map_err(|error: ConditionError| format!("parse: {error:?}"))?;
    let values: Vec<_> = condition
        .reads()
        .iter()
        .map(|read| {
            let found = known.iter().find(|(name, _)| *name == read.to_string());
            found.map(|(_, value)| Bytes::from(rmp_serde::to_vec_named(value).unwrap()))
        })
        .collect();
    condition.evaluate(&values).map_err(|error| error.to_string())
}

fn refusal(text: &str) -> ConditionError {
    text.parse::<Condition>().expect_err(text)
}

#[test]
fn reads_are_the_longest_known_paths() {
    for (text, expected) in [
        ("parse.rows > 0", &["parse.rows"][..]),
        ("parse == null", &["parse"]),
        ("check.extremes[0].high > params.x.y", &["check.extremes[0].high", "params.x.y"]),
        ("check['a b'].c == 1", &["check[\"a b\"].c"]),
        ("parse.rows > 0 && parse.rows < 9", &["parse.rows"]),
        ("parse.list[parse.at] == 1", &["parse.list", "parse.at"]),
        ("check.days.exists(d, d.max > params.x)", &["check.days", "params.x"]),
        ("check.days.all(d, check.days.exists(e, e == d))", &["check.days"]),
        ("has(parse.x) && parse.x", &["parse.x"]),
        ("steps.parse.state == 'failed'", &["steps.parse.state"]),
        ("run.id != run.scheduled_for && run.state == 'failed'", &["run.id", "run.scheduled_for", "run.state"]),
        ("size(parse.rows) == parse.other.size()", &["parse.rows", "parse.other"]),
        ("[1].exists(parse, parse == 1) && parse.a", &["parse.a"]),
        ("true", &[]),
    ] {
        let condition: Condition = text.parse().unwrap();
        let found: Vec<_> = condition.reads().iter().map(ToString::to_string).collect();
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn conditions_answer() {
    let days = json!([{"max": 31.5}, {"max": 12, "tag": "cold"}]);
    let known = [
        ("parse.rows", json!(1000)),
        ("parse.big", json!(u64::MAX)),
        ("parse.float", json!(1000.5)),
        ("parse.name", json!("abc")),
        ("check.days", days),
        ("steps.parse.state", json!("succeeded")),
        ("params.x", json!(30)),
    ];
    for (text, expected) in [
        ("parse.rows > 999", true),
        ("parse.rows > 999u", true),
        ("parse.rows > 999.5", true),
        ("parse.rows == 1000.0", true),
        ("parse.rows == 1000u", true),
        ("parse.rows - 1 < 1000", true),
        ("parse.big > parse.rows", true),
        ("parse.float > parse.rows", true),
        ("parse.float > 1000", true),
        ("parse.name.startsWith('a') && parse.name.matches('^[a-c]+$')", true),
        ("parse.name in ['abc']", true),
        ("check.days.exists(d, d.max > params.x)", true),
        ("check.days.all(d, d.max > params.x)", false),
        ("check.days.filter(d, d.max > params.x).size() == 1", true),
        ("check.days.map(d, d.max).size() == 2", true),
        ("check.days.exists_one(d, has(d.tag))", true),
        ("steps.parse.state == 'succeeded'", true),
        ("parse.none == null", true),
        ("has(parse.none)", false),
        ("has(parse.rows)", true),
        ("has(parse.none) && parse.none > 3", false),
        ("parse.none != null ? parse.none > 3 : true", true),
        ("parse.rows > 1 ? false : true", false),
    ] {
        assert_eq!(answer(text, &known), Ok(expected), "{text}");
    }
}

#[test]
fn errors_say_what_is_wrong_and_what_to_do() {
    let known = [("parse.rows", json!(10)), ("check.days", json!([{"max": 1}]))];
    for (text, expected) in [
        ("parse.rows", "neither true nor false but an integer"),
        ("parse.none > 3", "`parse.none` is null"),
        ("check.days.all(d, d.mux > 3)", "there is no key `mux`"),
        ("check.days[params.at] == 3", "`params.at` is null"),
        ("parse.rows / 0 == 1", "divides by zero"),
        ("parse.rows + 'a' == 'a'", "does not work on"),
    ] {
        let error = answer(text, &known).unwrap_err();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn bad_conditions_are_refused_with_a_place_and_help() {
    for (text, message, help) in [
        ("parse.rows >", "not an expression", "docs/conditions.md"),
        ("", "missing", "true or false"),
        ("sise(parse.rows) > 1", "no function `sise`", "`size`"),
        ("frobnicate(1)", "no function", "`startsWith`"),
        ("optional.of(1).hasValue()", "no function", "`size`"),
        ("item.x > 1", "no `item`", "inside the step"),
        ("steps.parse.output == 1", "its `state` only", "`steps.parse.state`"),
        ("steps == 1", "missing behind `steps`", "steps.NAME.state"),
        ("params == 1", "missing behind `params`", "params.NAME"),
        ("run.nothing == 1", "no such fact", "`scheduled_for`"),
        ("Parse.x == 1", "not the name of a step", ""),
        ("has(parse)", "not an expression", ""),
        ("exists(1)", "not used like this", "exists(day"),
        ("a.all(b, b.all(c, c.all(d, d)))", "at most 2 deep", "step compute"),
        ("a.?b == 1", "not an expression", ""),
        ("T{a: 1} == 1", "named types", ""),
    ] {
        let error = refusal(text);
        assert!(error.message.contains(message), "{text}: {error:?}");
        assert!(error.help.as_deref().unwrap_or_default().contains(help), "{text}: {error:?}");
        if let Some(at) = error.at {
            assert!(text.get(at.clone()).is_some(), "{text}: {at:?}");
        }
    }
    assert_eq!(refusal("a > 1 && sise(b)").at, Some(9..13));
    assert_eq!(refusal("a.b ==\n ) 1").at, Some(8..9));
}

#[test]
fn what_nests_too_deep_is_an_error_and_nothing_worse() {
    for text in [
        format!("{}1{}", "(".repeat(1_000), ")".repeat(1_000)),
        format!("{}1{}", "[".repeat(1_000), "]".repeat(1_000)),
        "(".repeat(4_000),
        format!("{}true", "!".repeat(1_000)),
        format!("{}1", "- ".repeat(1_000)),
        format!("{}c", "a ? b : ".repeat(500)),
        vec!["a"; 900].join("&&"),
        vec!["a"; 1_500].join("+"),
        format!("a{}", ".b".repeat(1_000)),
        format!("a{}", "[0]".repeat(1_000)),
        "x".repeat(5_000),
    ] {
        let error = refusal(&text);
        assert!(error.help.is_some(), "{error:?}");
    }
}

#[test]
fn what_nests_as_deep_as_allowed_does_not_end_the_process() {
    for text in [
        format!("{}true{}", "(".repeat(64), ")".repeat(64)),
        format!("{}{}true{}", "!".repeat(32), "(!".repeat(0), ")".repeat(0)),
        format!("{}{}1{}", "-(".repeat(32), "[".repeat(32), "]".repeat(32)),
        format!("{}true", "true ? false : ".repeat(32)),
        vec!["true"; 129].join("&&"),
        format!("1 == {}", vec!["1"; 250].join("+")),
        format!("a{} == 1", ".b".repeat(250)),
    ] {
        // Either is fine; what counts is to get here.
        if let Ok(condition) = text.parse::<Condition>() {
            let _either = condition.evaluate(&vec![None; condition.reads().len()]);
        }
    }
    assert_eq!(answer(&vec!["true"; 129].join("&&"), &[]), Ok(true));
}

#[test]
fn reads_are_capped_in_size_and_evaluation_in_time() {
    let condition: Condition = "a == 'x'".parse().unwrap();
    let large = rmp_serde::to_vec(&"x".repeat(2 << 20)).unwrap();
    let error = condition.evaluate(&[Some(large.into())]).unwrap_err().to_string();
    assert!(error.contains("smaller parts"), "{error}");

    let items = json!(vec![1; 200_000]);
    for text in [
        "a.items.all(x, a.items.all(y, x == y))",
        "a.items.map(x, a.items.filter(y, x != y)).size() == 1",
        "a.items.exists_one(x, a.items.exists(y, x != y))",
    ] {
        let start = std::time::Instant::now();
        let error = answer(text, &[("a.items", items.clone())]).unwrap_err();
        assert!(error.contains("takes longer"), "{text}: {error}");
        assert!(start.elapsed().as_secs() < 20, "{text}");
    }
}

#[test]
fn hostile_values_are_errors() {
    let condition: Condition = "a.b == 1".parse().unwrap();
    for bytes in [&b""[..], b"\xc1", b"\x92\x01", b"\x01\x01", b"\xa1\xff", b"\x81\xc0\x01"] {
        let error = condition.evaluate(&[Some(Bytes::copy_from_slice(bytes))]).unwrap_err().to_string();
        assert!(error.contains("`a.b` cannot be read"), "{bytes:?}: {error}");
    }
    let deep = [vec![0x91; 1_000], vec![0xc0]].concat();
    assert!(condition.evaluate(&[Some(deep.into())]).is_err());
    assert!(condition.evaluate(&[]).is_err());
}

#[test]
fn values_are_recorded_short() {
    let condition: Condition = "a.b == params.c && d.e == null".parse().unwrap();
    let text = rmp_serde::to_vec(&"ä".repeat(1_000)).unwrap();
    let recorded = condition.record(&[Some(text.into()), Some(Bytes::from_static(&[7])), None]);
    let paths: Vec<_> = recorded.iter().map(|read| read.path.as_str()).collect();
    assert_eq!(paths, ["a.b", "params.c", "d.e"]);
    assert!(recorded[0].value.len() <= 256 + '…'.len_utf8() && recorded[0].value.ends_with("ä…"));
    assert_eq!(recorded[1].value, "7");
    assert_eq!(recorded[2].value, "null");
}

#[test]
fn conditions_are_written_as_their_text() {
    let text = "a.b > 1";
    let condition: Condition = text.parse().unwrap();
    assert_eq!(serde_json::to_value(&condition).unwrap(), json!(text));
    assert_eq!(serde_json::from_value::<Condition>(json!(text)).unwrap(), condition);
    assert!(serde_json::from_value::<Condition>(json!("a >")).is_err());
    assert!(Arc::ptr_eq(&condition.program, &text.parse::<Condition>().unwrap().program));
}

const TOKENS: [&str; 40] = [
    "a", "b.c", "steps", "run", "params.x", "item", ".", ",", "(", ")", "[", "]", "{", "}", "?", ":", "!", "-", "+",
    "&&", "||", "==", "<", "in", "1", "2u", "3.5", "'s'", "\"", "'", "r'\\'", "'''", "has(", "a.all(x,", "null",
    "true", "\n", "//", "`", "ä",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn token_soup_never_ends_the_process(picks in prop::collection::vec(0..TOKENS.len(), 0..40)) {
        let text: String = picks.into_iter().map(|pick| TOKENS[pick]).collect::<Vec<_>>().join(" ");
        match text.parse::<Condition>() {
            Ok(condition) => {
                let _either = condition.evaluate(&vec![None; condition.reads().len()]);
            }
            Err(error) => prop_assert!(error.at.is_none_or(|at| text.get(at).is_some())),
        }
    }
}
