//! No text breaks the parser, and every problem can be shown.

use proptest::prelude::*;

use super::{SMALL, parse, rendered::render, valid::FULL};

fn survives(text: &str) {
    if let Err(problems) = parse(text) {
        assert!(!problems.list().is_empty());
        for problem in problems.list() {
            for (span, _) in &problem.labels {
                assert!(text.get(span.clone()).is_some(), "{problem:?} is no place in {text:?}");
            }
        }
        problems.diagnostics().take(3).for_each(|problem| assert!(!render(&problem).is_empty()));
    }
}

#[test]
fn deep_nesting_does_not_overflow_the_stack() {
    const DEEP: usize = 100_000;
    let dotted = |keys: usize| format!("a{} = {{", ".a".repeat(keys));
    for text in [
        "[".repeat(DEEP),
        format!("a = {}", "[".repeat(DEEP)),
        format!("a = {}{}", "[".repeat(DEEP), "]".repeat(DEEP)),
        format!("a = {}", "{a = ".repeat(DEEP)),
        format!("a{} = 1", ".a".repeat(DEEP)),
        // As deep as the parser lets pass: tables in tables, each with a long dotted key.
        format!("{SMALL}[steps.a.config]\n{}a=1{}\n", dotted(78).repeat(75), "}".repeat(75)),
        format!("{SMALL}[steps.b.config]\n{}a=1{}\n[steps.b.config]\n", dotted(78).repeat(75), "}".repeat(75)),
    ] {
        // Threads of a server have less stack than the main thread.
        std::thread::Builder::new().stack_size(1 << 20).spawn(move || survives(&text)).unwrap().join().unwrap();
    }
}

/// One change to a text: at a place, so many characters are replaced.
fn edits() -> impl Strategy<Value = Vec<(prop::sample::Index, usize, String)>> {
    let inserted = prop_oneof![
        "[\\[\\]{}=.,\"'\n#a1 -]{0,4}",
        ".{0,3}",
        Just("[steps.parse]\n".to_owned()),
        Just("\"\"\"".to_owned()),
        Just("inputs.days = ".to_owned()),
        Just("nan".to_owned()),
        Just("{ from = 1 }".to_owned()),
    ];
    prop::collection::vec((any::<prop::sample::Index>(), 0..6_usize, inserted), 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text(text in any::<String>()) {
        survives(&text);
    }

    #[test]
    fn any_tokens(tokens in prop::collection::vec(
        prop::sample::select(vec![
            "[", "]", "{", "}", "=", ".", ",", "\"", "'", "\n", "\r\n", "#", "steps", "params", "use", "name", "from",
            "config", "inputs", "needs", "\"m/s\"", "\"a\"", "1", "-", "inf", "1979-05-27", "07:32", "true", " ", "ö", "\0",
        ]), 0..60,
    )) {
        survives(&tokens.concat());
    }

    #[test]
    fn an_edited_pipeline(edits in edits()) {
        let mut text: Vec<char> = FULL.chars().collect();
        for (place, length, inserted) in edits {
            let start = place.index(text.len() + 1);
            let end = (start + length).min(text.len());
            text.splice(start..end, inserted.chars());
        }
        survives(&text.into_iter().collect::<String>());
    }
}
