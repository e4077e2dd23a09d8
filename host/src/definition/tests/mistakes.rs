//! Every mistake: the text between `«` and `»` is the place that the problem must name.

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
    let use_s = "[steps.a]\nuse = \"m/s\"\n";
    let mistakes = [
        Mistake("\n«[steps.a]»\nuse = \"m/s\"", "", "", ""),
        Mistake("name = «3»\n[steps.a]\nuse = \"m/s\"", "", "", ""),
        Mistake("name = «\"My Pipeline\"»\n[steps.a]\nuse = \"m/s\"", "", "", ""),
        Mistake("name = «\"x\"»\n", "", "", ""),
        Mistake("name = \"x\"\nsteps = «[]»\n", "", "", ""),
        Mistake("name = \"x\"\n«[[steps]]»\nuse = \"m/s\"", "", "", ""),
        Mistake("name = \"x\"\ndescription = «1979-05-27»\n[steps.a]\nuse = \"m/s\"", "", "", ""),
        Mistake("name = \"x\"\n«desciption» = \"\"\n[steps.a]\nuse = \"m/s\"", "", "", ""),
        Mistake("name = \"x\"\n[steps.a]\nuse = \"m/s\"\n[«triggers».x]\ncron = \"@daily\"", "", "", ""),
        Mistake("name = \"x\"\noutput = «\"aa\"»\n[steps.a]\nuse = \"m/s\"", "", "", ""),
        Mistake("name = \"x\"\noutput = «\"a.b\"»\n[steps.a]\nuse = \"m/s\"", "", "", ""),
        Mistake("name = \"x\"\nsteps.a = «3»\n", "", "", ""),
        Mistake("name = \"x\"\n[steps.«a»]\n", "", "", ""),
        Mistake("name = \"x\"\n[steps.«Hot-Days»]\nuse = \"m/s\"", "", "", ""),
        Mistake("name = \"x\"\n[steps.«\"ä\"»]\nuse = \"m/s\"", "", "", ""),
        Mistake("name = \"x\"\n[steps.«params»]\nuse = \"m/s\"", "", "", ""),
        Mistake("name = \"x\"\n[steps.«steps»]\nuse = \"m/s\"", "", "", ""),
        Mistake("name = \"x\"\n[steps.«run»]\nuse = \"m/s\"", "", "", ""),
        Mistake("name = \"x\"\n[steps.«item»]\nuse = \"m/s\"", "", "", ""),
    ];
    let _ = use_s;
    check(&mistakes, str::to_owned);
}

#[test]
fn of_syntax() {
    let mistakes = [
        Mistake("name = \"x\"\n[steps.a]\nuse = \"m/s\"\n[steps.«a»]\nuse = \"m/t\"", "", "", ""),
        Mistake("name = \"x\"\n[steps.a]\nuse = \"m/s\"\n«use» = \"m/t\"", "", "", ""),
        Mistake("name = \"x\"\n[steps.a]\nuse = «m/s»", "", "", ""),
        Mistake("name = \"x\"\n[steps.a]\nuse =« »\n", "", "", ""),
        Mistake("name = \"x«\"»", "", "", ""),
        Mistake("name = \"x\"\n[steps.«a»\nuse = \"m/s\"", "", "", ""),
        Mistake("name = \"x\"\n[steps.a]\nuse = \"m/s\"\nneeds = [\"b\"\n«[»steps.b]\nuse = \"m/s\"\n", "", "", ""),
    ];
    check(&mistakes, str::to_owned);
}

#[test]
fn of_modules() {
    let mistakes = [
        Mistake("modules = «\"..\"»", "", "", ""),
        Mistake("modules.w = «\"../w\"»", "", "", ""),
        Mistake("modules.«w» = {}", "", "", ""),
        Mistake("modules.w = { path = «3» }", "", "", ""),
        Mistake("modules.w = { path = «\"\"» }", "", "", ""),
        Mistake("modules.w = { path = «\"a\\u0000\"» }", "", "", ""),
        Mistake("modules.w = { path = \"w\", «oci» = \"x\" }", "", "", ""),
        Mistake("modules.«w-x» = { path = \"w\" }", "", "", ""),
    ];
    check(&mistakes, |text| format!("{text}\n{SMALL}"));
}

#[test]
fn of_params() {
    let mistakes = [
        Mistake("params = «3»", "", "", ""),
        Mistake("params.x = «\"string\"»", "", "", ""),
        Mistake("params.«x» = {}", "", "", ""),
        Mistake("params.x = { type = «3» }", "", "", ""),
        Mistake("params.x = { type = «\"int\"» }", "", "", ""),
        Mistake("params.x = { type = «\"strin\"» }", "", "", ""),
        Mistake("params.«X» = { type = \"json\" }", "", "", ""),
        Mistake("params.x = { type = \"json\", «defualt» = 3 }", "", "", ""),
        Mistake("params.x = { type = \"json\", description = «3» }", "", "", ""),
        Mistake("params.x = { type = \"json\", default = «nan» }", "", "", ""),
        Mistake("params.x = { type = \"json\", default = [1, { a = «-inf» }] }", "", "", ""),
        Mistake("params.x = { type = \"integer\", default = «99999999999999999999» }", "", "", ""),
        Mistake("params.x = { type = \"integer\", default = «30.0» }", "", "", ""),
        Mistake("params.x = { type = \"number\", default = «\"30\"» }", "", "", ""),
        Mistake("params.x = { type = \"string\", default = «true» }", "", "", ""),
        Mistake("params.x = { type = \"boolean\", default = «1» }", "", "", ""),
        Mistake("params.x = { type = \"file\", default = «[]» }", "", "", ""),
        Mistake("params.x = { type = \"file\", default = «\"\"» }", "", "", ""),
        Mistake("params.x = { type = \"string\", default = «{}» }", "", "", ""),
    ];
    check(&mistakes, |text| format!("{text}\n{SMALL}"));
}

#[test]
fn of_steps() {
    let mistakes = [
        Mistake("use = «3»", "", "", ""),
        Mistake("use = «\"parse\"»", "", "", ""),
        Mistake("use = «\"hot-days/parse\"»", "", "", ""),
        Mistake("use = «\"m@latest/parse\"»", "", "", ""),
        Mistake("use = «\"m@sha256:12/parse\"»", "", "", ""),
        Mistake("use = \"m/s\"\n«input».x = \"b\"", "", "", ""),
        Mistake("use = \"m/s\"\n«when» = \"true\"", "", "", ""),
        Mistake("use = \"m/s\"\ninputs = «[\"b\"]»", "", "", ""),
        Mistake("use = \"m/s\"\ninputs.x = «{ from = \"b\" }»", "", "", ""),
        Mistake("use = \"m/s\"\ninputs.«X» = \"b\"", "", "", ""),
        Mistake("use = \"m/s\"\ninputs.x = «\"\"»", "", "", ""),
        Mistake("use = \"m/s\"\ninputs.x = «\"params\"»", "", "", ""),
        Mistake("use = \"m/s\"\ninputs.x = «\"b..c\"»", "", "", ""),
        Mistake("use = \"m/s\"\ninputs.x = «\"b[\"»", "", "", ""),
        Mistake("use = \"m/s\"\ninputs.x = «\"bb.years\"»", "", "", ""),
        Mistake("use = \"m/s\"\ninputs.x = «\"other\"»", "", "", ""),
        Mistake("use = \"m/s\"\ninputs.x = «\"csv\"»", "", "", ""),
        Mistake("use = \"m/s\"\ninputs.x = «\"params.cvs.a\"»", "", "", ""),
        Mistake("use = \"m/s\"\ninputs.x = \"b\"\nconfig.«x» = 3", "", "", ""),
        Mistake("use = \"m/s\"\nconfig = «3»", "", "", ""),
        Mistake("use = \"m/s\"\nconfig.«X» = 3", "", "", ""),
        Mistake("use = \"m/s\"\nconfig.x = { from = «3» }", "", "", ""),
        Mistake("use = \"m/s\"\nconfig.x = { from = «\"b\"» }", "", "", ""),
        Mistake("use = \"m/s\"\nconfig.x = { from = «\"params.other\"» }", "", "", ""),
        Mistake("use = \"m/s\"\nconfig.x = { from = «\"params.\"» }", "", "", ""),
        Mistake("use = \"m/s\"\nconfig.x.y = [«inf»]", "", "", ""),
        Mistake("use = \"m/s\"\nneeds = «\"b\"»", "", "", ""),
        Mistake("use = \"m/s\"\nneeds = «3»", "", "", ""),
        Mistake("use = \"m/s\"\nneeds = [«3»]", "", "", ""),
        Mistake("use = \"m/s\"\nneeds = [«\"B\"»]", "", "", ""),
        Mistake("use = \"m/s\"\nneeds = [\"b\", «\"bx\"»]", "", "", ""),
        Mistake("use = \"m/s\"\nneeds = [\"b\", «\"b\"»]", "", "", ""),
        Mistake("use = \"m/s\"\non_error = «true»", "", "", ""),
        Mistake("use = \"m/s\"\non_error = «\"contine\"»", "", "", ""),
        Mistake("use = \"m/s\"\non_error = «\"ignore\"»", "", "", ""),
        Mistake("use = \"m/s\"\ntimeout = «30»", "", "", ""),
        Mistake("use = \"m/s\"\ntimeout = «\"30\"»", "", "", ""),
        Mistake("use = \"m/s\"\ntimeout = «\"half an hour\"»", "", "", ""),
        Mistake("use = \"m/s\"\ntimeout = «\"0s\"»", "", "", ""),
        Mistake("use = \"m/s\"\ntimeout = «\"200h\"»", "", "", ""),
        Mistake("use = \"m/s\"\nlimits = «\"1GiB\"»", "", "", ""),
        Mistake("use = \"m/s\"\nlimits = { «mem» = \"1GiB\" }", "", "", ""),
        Mistake("use = \"m/s\"\nlimits = { memory = «1.5» }", "", "", ""),
        Mistake("use = \"m/s\"\nlimits = { memory = «\"1 gig\"» }", "", "", ""),
        Mistake("use = \"m/s\"\nlimits = { memory = «-1» }", "", "", ""),
        Mistake("use = \"m/s\"\nlimits = { memory = «\"8GiB\"» }", "", "", ""),
        Mistake("use = \"m/s\"\nlimits = { output = «0» }", "", "", ""),
        Mistake("use = \"m/s\"\nlimits = { storage = «\"2000TB\"» }", "", "", ""),
        Mistake("use = \"m/s\"\nlimits = { cpu = «\"2 days\"» }", "", "", ""),
        Mistake("use = \"m/s\"\nlimits = { cpu = «\"25h\"» }", "", "", ""),
    ];
    check(&mistakes, |text| {
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
