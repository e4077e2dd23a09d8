//! Every mistake: the text between `«` and `»` is the place that the problem must name.

mod file;
mod modules;
mod params;
mod steps;
mod syntax;
mod triggers;

use super::{SMALL, parse};

/// A text with one mistake, and the code, message and help that it gets.
struct Mistake(&'static str, &'static str, &'static str, &'static str);

/// Parses a text with marks, checks that its only problem is at the marks, and returns code, message and help.
fn only_problem(marked: &str) -> (String, String, String) {
    let text = marked.replace(['«', '»'], "");
    let start = marked.find('«').expect("a mark");
    let end = marked.find('»').expect("a mark") - '«'.len_utf8();
    let problems = parse(&text).expect_err(marked);
    let [problem] = problems.list() else { panic!("{marked}\n{:#?}", problems.list()) };
    let span = problem.labels[0].0.clone();
    assert_eq!(span, start..end, "{marked}\nis at {:?}", text.get(span.clone()));
    assert!(!problem.warning);
    let code = problem.code.strip_prefix("stepmill::definition::").expect(problem.code);
    (code.to_owned(), problem.message.clone(), problem.help.clone().unwrap_or_default())
}

fn check(mistakes: &[Mistake], complete: impl Fn(&str) -> String) {
    let mut wrong = String::new();
    for Mistake(text, code, message, help) in mistakes {
        let found = only_problem(&complete(text));
        if (found.0.as_str(), found.1.as_str(), found.2.as_str()) != (*code, *message, *help) {
            wrong += &format!("{text}\n{found:#?}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn of_the_whole_file() {
    check(file::MISTAKES, str::to_owned);
}

#[test]
fn of_syntax() {
    check(syntax::MISTAKES, str::to_owned);
}

#[test]
fn of_modules() {
    check(modules::MISTAKES, |text| format!("{text}\n{SMALL}"));
}

#[test]
fn of_params() {
    check(params::MISTAKES, |text| format!("{text}\n{SMALL}"));
}

#[test]
fn of_triggers() {
    let params = "params.csv = { type = \"file\", default = \"a\" }\nparams.day = { type = \"string\", default = \"\" }\nparams.extra = { type = \"json\", default = 0 }\nparams.n = { type = \"integer\", default = 0 }\n";
    check(triggers::MISTAKES, |text| format!("{params}{text}\n{SMALL}"));
}

#[test]
fn of_steps() {
    check(steps::MISTAKES, |text| {
        // Text before the place that is not ASCII must not move it.
        format!(
            "name = \"x\"\ndescription = \"Größe in 🌡\"\nparams.csv.type = \"file\"\n[steps.b]\nuse = \"m/s\"\n[steps.a]\n{text}\n"
        )
    });
}

#[test]
fn a_literal_can_be_nested_64_deep_and_no_deeper() {
    let nested = |depth: usize| format!("{SMALL}config.x = {}1{}\n", "[".repeat(depth), "]".repeat(depth));
    assert!(parse(&nested(64)).is_ok());
    let problems = parse(&nested(65)).unwrap_err();
    assert_eq!(problems.list()[0].code, "stepmill::definition::bad_literal");
}

#[test]
fn all_problems_come_at_once_and_in_order() {
    let text = "name = 1\nx = 2\noutput = \"z\"\n[params]\np = { type = \"x\" }\n[steps.Bad]\n[steps.run]\nuse = \"m\"\ninputs.a = \"nope\"\ntimeout = \"0s\"\n";
    let problems = parse(text).unwrap_err();
    let codes: Vec<_> = problems.list().iter().map(|problem| problem.code.rsplit(':').next().unwrap()).collect();
    assert_eq!(
        codes,
        [
            "wrong_type",
            "unknown_key",
            "unknown_step",
            "unknown_choice",
            "bad_name",
            "missing_key",
            "reserved_name",
            "bad_use",
            "unknown_step",
            "limit"
        ]
    );
    assert_eq!(problems.to_string(), "`name` of the pipeline must be a string, not an integer (and 9 more)");
}

#[test]
fn a_syntax_error_hides_no_other_problem_but_those_it_makes() {
    let text =
        "name = \"x\"\noutput = \"c\"\n[steps.a]\nuse = m/s\nx = 1\n[steps.b]\nneeds = [\"q\"]\ntimeout = \"1d\"\n";
    let problems = parse(text).unwrap_err();
    let found: Vec<_> = problems.list().iter().map(|problem| &text[problem.labels[0].0.clone()]).collect();
    assert_eq!(found, ["m/s", "x", "\"1d\""]);
}

#[test]
fn too_many_problems_are_counted() {
    let text = format!("{SMALL}{}", (0..300).map(|i| format!("k{i} = 1\n")).collect::<String>());
    let problems = parse(&text).unwrap_err();
    assert_eq!(problems.list().len(), 257);
    assert_eq!(problems.list()[256].message, "44 more problems were found");
}

#[test]
fn too_many_steps_are_refused() {
    let steps = |count| (0..count).map(|i| format!("s{i}.use = \"m/s\"\n")).collect::<String>();
    assert_eq!(parse(&format!("name = \"x\"\n[steps]\n{}", steps(100_000))).unwrap().steps.len(), 100_000);
    let (text, last) = (format!("name = \"x\"\n[steps]\n{}", steps(100_001)), "s100000");
    let problems = parse(&text).unwrap_err();
    let [problem] = problems.list() else { panic!("{problems:?}") };
    assert_eq!(problem.code, "stepmill::definition::too_many_steps");
    assert_eq!(&text[problem.labels[0].0.clone()], last);
}
