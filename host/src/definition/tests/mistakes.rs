//! Every mistake: the text between `«` and `»` is the place that the problem must name.

use super::{SMALL, parse};

/// A text with one mistake, and the code, message and help that it gets.
struct Mistake(&'static str, &'static str, &'static str, &'static str);

/// Parses a text with marks, checks that its only problem is at the marks, and returns code, message and help.
fn only_problem(marked: &str) -> (&'static str, String, String) {
    let text = marked.replace(['«', '»'], "");
    let start = marked.find('«').expect("a mark");
    let end = marked.find('»').expect("a mark") - '«'.len_utf8();
    let problems = parse(&text).expect_err(marked);
    let [problem] = problems.list() else { panic!("{marked}\n{:#?}", problems.list()) };
    let (span, _) = &problem.labels[0];
    assert_eq!(text.get(span.clone()), text.get(start..end), "{marked}\n{problem:#?}");
    assert_eq!(*span, start..end, "{marked}");
    assert!(!problem.warning);
    (
        problem.code.strip_prefix("stepmill::definition::").unwrap(),
        problem.message.clone(),
        problem.help.clone().unwrap_or_default(),
    )
}

fn check(mistakes: &[Mistake], complete: impl Fn(&str) -> String) {
    for Mistake(text, code, message, help) in mistakes {
        let found = only_problem(&complete(text));
        assert_eq!((found.0, found.1.as_str(), found.2.as_str()), (*code, *message, *help), "{text}");
    }
}

#[test]
fn of_the_whole_file() {
    let mistakes = [Mistake("«x»", "code", "message", "help")];
    check(&mistakes, str::to_owned);
}
