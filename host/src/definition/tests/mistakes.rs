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
    let mistakes = [
        Mistake(
            "\n«[steps.a]»\nuse = \"m/s\"",
            "missing_key",
            "the pipeline has no `name`",
            "begin the file with `name = \"…\"`",
        ),
        Mistake(
            "name = «3»\n[steps.a]\nuse = \"m/s\"",
            "wrong_type",
            "`name` of the pipeline must be a string, not an integer",
            "write `name = \"weather\"`",
        ),
        Mistake(
            "name = «\"My Pipeline\"»\n[steps.a]\nuse = \"m/s\"",
            "bad_name",
            "`name` of the pipeline: `My Pipeline` is not a name: use a lower-case letter, then lower-case letters, digits and `_`, at most 64 in all",
            "did you mean `my_pipeline`?",
        ),
        Mistake(
            "name = «\"x\"»\n",
            "no_steps",
            "the pipeline has no steps",
            "add one: `[steps.NAME]` and under it `use = \"module/step\"`",
        ),
        Mistake(
            "name = \"x\"\nsteps = «[]»\n",
            "wrong_type",
            "`steps` of the pipeline must be a table, not an array",
            "write each step as `[steps.NAME]` with its keys under it",
        ),
        Mistake(
            "name = \"x\"\n«[[steps]]»\nuse = \"m/s\"",
            "wrong_type",
            "`steps` of the pipeline must be a table, not an array",
            "write each step as `[steps.NAME]` with its keys under it",
        ),
        Mistake(
            "name = \"x\"\ndescription = «1979-05-27»\n[steps.a]\nuse = \"m/s\"",
            "wrong_type",
            "`description` of the pipeline must be a string, not a date or time",
            "write `description = \"what it is for\"`",
        ),
        Mistake(
            "name = \"x\"\n«desciption» = \"\"\n[steps.a]\nuse = \"m/s\"",
            "unknown_key",
            "the pipeline has an unknown key `desciption`",
            "did you mean `description`? known keys are `name`, `description`, `output`, `modules`, `params`, `steps`",
        ),
        Mistake(
            "name = \"x\"\n[steps.a]\nuse = \"m/s\"\n[«triggers».x]\ncron = \"@daily\"",
            "unknown_key",
            "the pipeline has an unknown key `triggers`",
            "known keys are `name`, `description`, `output`, `modules`, `params`, `steps`",
        ),
        Mistake(
            "name = \"x\"\noutput = «\"aa\"»\n[steps.a]\nuse = \"m/s\"",
            "unknown_step",
            "`output`: there is no step `aa`",
            "did you mean `a`?",
        ),
        Mistake(
            "name = \"x\"\noutput = «\"a.b\"»\n[steps.a]\nuse = \"m/s\"",
            "bad_reference",
            "`output` names a whole step; `a.b` is a part of one",
            "write `output = \"a\"`",
        ),
        Mistake(
            "name = \"x\"\nsteps.a = «3»\n",
            "wrong_type",
            "`a` of `steps` must be a table, not an integer",
            "write `[steps.a]` and under it `use = \"module/step\"`",
        ),
        Mistake("name = \"x\"\n[steps.«a»]\n", "missing_key", "step `a` has no `use`", "add `use = \"module/step\"`"),
        Mistake(
            "name = \"x\"\n[steps.«Hot-Days»]\nuse = \"m/s\"",
            "bad_name",
            "name of a step: `Hot-Days` is not a name: use a lower-case letter, then lower-case letters, digits and `_`, at most 64 in all",
            "did you mean `hot_days`?",
        ),
        Mistake(
            "name = \"x\"\n[steps.«\"ä\"»]\nuse = \"m/s\"",
            "bad_name",
            "name of a step: `ä` is not a name: use a lower-case letter, then lower-case letters, digits and `_`, at most 64 in all",
            "such as `parse`, `hot_days` or `station_2`",
        ),
        Mistake(
            "name = \"x\"\n[steps.«params»]\nuse = \"m/s\"",
            "reserved_name",
            "a step cannot be named `params`: the name is reserved",
            "choose another name; `params`, `steps`, `run`, `item` are reserved",
        ),
        Mistake(
            "name = \"x\"\n[steps.«steps»]\nuse = \"m/s\"",
            "reserved_name",
            "a step cannot be named `steps`: the name is reserved",
            "choose another name; `params`, `steps`, `run`, `item` are reserved",
        ),
        Mistake(
            "name = \"x\"\n[steps.«run»]\nuse = \"m/s\"",
            "reserved_name",
            "a step cannot be named `run`: the name is reserved",
            "choose another name; `params`, `steps`, `run`, `item` are reserved",
        ),
        Mistake(
            "name = \"x\"\n[steps.«item»]\nuse = \"m/s\"",
            "reserved_name",
            "a step cannot be named `item`: the name is reserved",
            "choose another name; `params`, `steps`, `run`, `item` are reserved",
        ),
    ];
    check(&mistakes, str::to_owned);
}

#[test]
fn of_syntax() {
    let mistakes = [
        Mistake(
            "name = \"x\"\n[steps.a]\nuse = \"m/s\"\n[steps.«a»]\nuse = \"m/t\"",
            "duplicate",
            "`a` is defined twice",
            "rename or remove one of them",
        ),
        Mistake(
            "name = \"x\"\n[steps.a]\nuse = \"m/s\"\n«use» = \"m/t\"",
            "duplicate",
            "`use` is defined twice",
            "rename or remove one of them",
        ),
        Mistake(
            "name = \"x\"\n[steps.a]\nuse = «m/s»",
            "syntax",
            "this is not TOML: text must be in quotes",
            "write `\"m/s\"`",
        ),
        Mistake(
            "name = \"x\"\n[steps.a]\nuse =« »\n",
            "syntax",
            "this is not TOML: a value is missing",
            "write a value behind the `=`",
        ),
        Mistake(
            "name = \"«x»\n[steps.a]\nuse = \"m/s\"",
            "syntax",
            "this is not TOML: invalid basic string, expected `\"`",
            "correct it; other problems may show only then",
        ),
        Mistake(
            "name = \"x\"\n[steps.«a»\nuse = \"m/s\"",
            "syntax",
            "this is not TOML: unclosed table, expected `]`",
            "correct it; if nothing is wrong here, a bracket, a brace or a quote before it is not closed",
        ),
        Mistake(
            "name = \"x\"\n[steps.a]\nuse = \"m/s\"\nneeds = [\"b\"\n«[»steps.b]\nuse = \"m/s\"\n",
            "syntax",
            "this is not TOML: missing comma between array elements, expected `,`",
            "correct it; if nothing is wrong here, a bracket, a brace or a quote before it is not closed",
        ),
    ];
    check(&mistakes, str::to_owned);
}

#[test]
fn of_modules() {
    let mistakes = [
        Mistake(
            "modules = «\"..\"»",
            "wrong_type",
            "`modules` of the pipeline must be a table, not a string",
            "write `[modules]` and under it `NAME = { path = \"…\" }`",
        ),
        Mistake(
            "modules.w = «\"../w\"»",
            "wrong_type",
            "`w` of `modules` must be a table, not a string",
            "write `w = { path = \"…\" }`",
        ),
        Mistake("modules.«w» = {}", "missing_key", "module `w` has no `path`", "add `path = \"…\"`"),
        Mistake(
            "modules.w = { path = «3» }",
            "wrong_type",
            "`path` of module `w` must be a string, not an integer",
            "write `path = \"../steps/weather\"`",
        ),
        Mistake(
            "modules.w = { path = «\"\"» }",
            "bad_path",
            "the path of module `w` is empty",
            "name a step crate's folder or a `.wasm` file",
        ),
        Mistake(
            "modules.w = { path = «\"a\\u0000\"» }",
            "bad_path",
            "the path of module `w` has a NUL character",
            "name a step crate's folder or a `.wasm` file",
        ),
        Mistake(
            "modules.w = { path = \"w\", «oci» = \"x\" }",
            "unknown_key",
            "module `w` has an unknown key `oci`",
            "known keys are `path`",
        ),
        Mistake(
            "modules.«w-x» = { path = \"w\" }",
            "bad_name",
            "name of a module: `w-x` is not a name: use a lower-case letter, then lower-case letters, digits and `_`, at most 64 in all",
            "did you mean `w_x`?",
        ),
    ];
    check(&mistakes, |text| format!("{text}\n{SMALL}"));
}

#[test]
fn of_params() {
    let mistakes = [
        Mistake(
            "params = «3»",
            "wrong_type",
            "`params` of the pipeline must be a table, not an integer",
            "write `[params]` and under it `NAME = { type = \"…\" }`",
        ),
        Mistake(
            "params.x = «\"string\"»",
            "wrong_type",
            "`x` of `params` must be a table, not a string",
            "write `x = { type = \"…\" }`",
        ),
        Mistake("params.«x» = {}", "missing_key", "parameter `x` has no `type`", "add `type = \"…\"`"),
        Mistake(
            "params.x = { type = «3» }",
            "wrong_type",
            "`type` of parameter `x` must be a string, not an integer",
            "write `type = \"string\"`",
        ),
        Mistake(
            "params.x = { type = «\"int\"» }",
            "unknown_choice",
            "`int` is not a type of parameters",
            "the types are `string`, `integer`, `number`, `boolean`, `file`, `json`",
        ),
        Mistake(
            "params.x = { type = «\"strin\"» }",
            "unknown_choice",
            "`strin` is not a type of parameters",
            "did you mean `string`? the types are `string`, `integer`, `number`, `boolean`, `file`, `json`",
        ),
        Mistake(
            "params.«X» = { type = \"json\" }",
            "bad_name",
            "name of a parameter: `X` is not a name: use a lower-case letter, then lower-case letters, digits and `_`, at most 64 in all",
            "did you mean `x`?",
        ),
        Mistake(
            "params.x = { type = \"json\", «defualt» = 3 }",
            "unknown_key",
            "parameter `x` has an unknown key `defualt`",
            "did you mean `default`? known keys are `type`, `description`, `default`",
        ),
        Mistake(
            "params.x = { type = \"json\", description = «3» }",
            "wrong_type",
            "`description` of parameter `x` must be a string, not an integer",
            "write `description = \"what it is for\"`",
        ),
        Mistake(
            "params.x = { type = \"json\", default = «nan» }",
            "bad_literal",
            "the default of parameter `x` cannot be `nan`: JSON has no such number",
            "leave it out, or agree with the step on another value",
        ),
        Mistake(
            "params.x = { type = \"json\", default = [1, { a = «-inf» }] }",
            "bad_literal",
            "the default of parameter `x` cannot be `-inf`: JSON has no such number",
            "leave it out, or agree with the step on another value",
        ),
        Mistake(
            "params.x = { type = \"integer\", default = «99999999999999999999» }",
            "bad_literal",
            "the default of parameter `x` has a number with more than 64 bits",
            "write it as a string, or as a float if it need not be exact",
        ),
        Mistake(
            "params.x = { type = \"integer\", default = «30.0» }",
            "bad_default",
            "the default of parameter `x` must be an integer, not a float",
            "change the default or the `type`",
        ),
        Mistake(
            "params.x = { type = \"number\", default = «\"30\"» }",
            "bad_default",
            "the default of parameter `x` must be a number, not a string",
            "change the default or the `type`",
        ),
        Mistake(
            "params.x = { type = \"string\", default = «true» }",
            "bad_default",
            "the default of parameter `x` must be a string, not a boolean",
            "change the default or the `type`",
        ),
        Mistake(
            "params.x = { type = \"boolean\", default = «1» }",
            "bad_default",
            "the default of parameter `x` must be `true` or `false`, not an integer",
            "change the default or the `type`",
        ),
        Mistake(
            "params.x = { type = \"file\", default = «[]» }",
            "bad_default",
            "the default of parameter `x` must be the path of a file, not an array",
            "change the default or the `type`",
        ),
        Mistake(
            "params.x = { type = \"file\", default = «\"\"» }",
            "bad_default",
            "the default of parameter `x` must be the path of a file, not an empty string",
            "change the default or the `type`",
        ),
        Mistake(
            "params.x = { type = \"string\", default = «{}» }",
            "bad_default",
            "the default of parameter `x` must be a string, not a table",
            "change the default or the `type`",
        ),
    ];
    check(&mistakes, |text| format!("{text}\n{SMALL}"));
}

#[test]
fn of_steps() {
    let mistakes = [
        Mistake(
            "use = «3»",
            "wrong_type",
            "`use` of step `a` must be a string, not an integer",
            "write `use = \"module/step\"`",
        ),
        Mistake(
            "use = «\"parse\"»",
            "bad_use",
            "step `a` cannot use `parse`: the name of a module, `/` and the name of a step are wanted",
            "such as `weather/parse`, `weather@1.2/parse` or `weather@sha256:…/parse`",
        ),
        Mistake(
            "use = «\"hot-days/parse\"»",
            "bad_use",
            "step `a` cannot use `hot-days/parse`: `hot-days` is not a name: use a lower-case letter, then lower-case letters, digits and `_`, at most 64 in all",
            "did you mean `hot_days/parse`?",
        ),
        Mistake(
            "use = «\"m@latest/parse\"»",
            "bad_use",
            "step `a` cannot use `m@latest/parse`: behind `@` a version such as `1.2` or `sha256:` and 64 hexadecimal digits are wanted",
            "such as `weather/parse`, `weather@1.2/parse` or `weather@sha256:…/parse`",
        ),
        Mistake(
            "use = «\"m@sha256:12/parse\"»",
            "bad_use",
            "step `a` cannot use `m@sha256:12/parse`: behind `@` a version such as `1.2` or `sha256:` and 64 hexadecimal digits are wanted",
            "such as `weather/parse`, `weather@1.2/parse` or `weather@sha256:…/parse`",
        ),
        Mistake(
            "use = \"m/s\"\n«input».x = \"b\"",
            "unknown_key",
            "step `a` has an unknown key `input`",
            "did you mean `inputs`? known keys are `use`, `inputs`, `config`, `needs`, `on_error`, `timeout`, `limits`",
        ),
        Mistake(
            "use = \"m/s\"\n«when» = \"true\"",
            "unknown_key",
            "step `a` has an unknown key `when`",
            "known keys are `use`, `inputs`, `config`, `needs`, `on_error`, `timeout`, `limits`",
        ),
        Mistake(
            "use = \"m/s\"\ninputs = «[\"b\"]»",
            "wrong_type",
            "`inputs` of step `a` must be a table, not an array",
            "write `inputs.PARAMETER = \"step\"`",
        ),
        Mistake(
            "use = \"m/s\"\ninputs.x = «{ from = \"b\" }»",
            "wrong_type",
            "`x` of inputs of step `a` must be a string, not a table",
            "write `x = \"step\"`",
        ),
        Mistake(
            "use = \"m/s\"\ninputs.«X» = \"b\"",
            "bad_name",
            "input of step `a`: `X` is not a name: use a lower-case letter, then lower-case letters, digits and `_`, at most 64 in all",
            "did you mean `x`?",
        ),
        Mistake(
            "use = \"m/s\"\ninputs.x = «\"\"»",
            "bad_reference",
            "`` is not a reference: the name of a step, or `params.` and the name of a parameter, is wanted",
            "such as `parse`, `parse.years[0].high` or `params.csv`",
        ),
        Mistake(
            "use = \"m/s\"\ninputs.x = «\"params\"»",
            "bad_reference",
            "`params` is not a reference: the name of a parameter is missing behind `params`",
            "such as `parse`, `parse.years[0].high` or `params.csv`",
        ),
        Mistake(
            "use = \"m/s\"\ninputs.x = «\"b..c\"»",
            "bad_reference",
            "`b..c` is not a reference: `..c` is not a path: a key behind a dot is made of letters, digits, `_` and `-`; write others as [\"key\"]",
            "such as `parse`, `parse.years[0].high` or `params.csv`",
        ),
        Mistake(
            "use = \"m/s\"\ninputs.x = «\"b[\"»",
            "bad_reference",
            "`b[` is not a reference: `[` is not a path: a `]` is missing",
            "such as `parse`, `parse.years[0].high` or `params.csv`",
        ),
        Mistake(
            "use = \"m/s\"\ninputs.x = «\"bb.years\"»",
            "unknown_step",
            "input `x` of step `a`: there is no step `bb`",
            "did you mean `b`?",
        ),
        Mistake(
            "use = \"m/s\"\ninputs.x = «\"other\"»",
            "unknown_step",
            "input `x` of step `a`: there is no step `other`",
            "the steps are `b`, `a`",
        ),
        Mistake(
            "use = \"m/s\"\ninputs.x = «\"csv\"»",
            "unknown_step",
            "input `x` of step `a`: there is no step `csv`",
            "for the parameter of that name write `params.csv`",
        ),
        Mistake(
            "use = \"m/s\"\ninputs.x = «\"params.cvs.a\"»",
            "unknown_param",
            "input `x` of step `a`: there is no parameter `cvs`",
            "did you mean `params.csv`?",
        ),
        Mistake(
            "use = \"m/s\"\ninputs.x = \"b\"\nconfig.«x» = 3",
            "duplicate",
            "step `a` is given `x` twice",
            "remove one: a parameter is either an input or config",
        ),
        Mistake(
            "use = \"m/s\"\nconfig = «3»",
            "wrong_type",
            "`config` of step `a` must be a table, not an integer",
            "write `config = { PARAMETER = … }`",
        ),
        Mistake(
            "use = \"m/s\"\nconfig.«X» = 3",
            "bad_name",
            "config of step `a`: `X` is not a name: use a lower-case letter, then lower-case letters, digits and `_`, at most 64 in all",
            "did you mean `x`?",
        ),
        Mistake(
            "use = \"m/s\"\nconfig.x = { from = «3» }",
            "wrong_type",
            "`from` of config `x` of step `a` must be a string, not an integer",
            "write `from = \"params.x\"`",
        ),
        Mistake(
            "use = \"m/s\"\nconfig.x = { from = «\"b\"» }",
            "bad_reference",
            "config `x` of step `a` cannot come from step `b`: config comes from `params`",
            "refer to a parameter, or make it an input of the step",
        ),
        Mistake(
            "use = \"m/s\"\nconfig.x = { from = «\"params.other\"» }",
            "unknown_param",
            "config `x` of step `a`: there is no parameter `other`",
            "the parameters are `csv`",
        ),
        Mistake(
            "use = \"m/s\"\nconfig.x = { from = «\"params.\"» }",
            "bad_reference",
            "`params.` is not a reference: the name of a parameter is missing behind `params`",
            "such as `parse`, `parse.years[0].high` or `params.csv`",
        ),
        Mistake(
            "use = \"m/s\"\nconfig.x.y = [«inf»]",
            "bad_literal",
            "config `x` of step `a` cannot be `inf`: JSON has no such number",
            "leave it out, or agree with the step on another value",
        ),
        Mistake(
            "use = \"m/s\"\nneeds = «\"b\"»",
            "wrong_type",
            "`needs` of step `a` must be an array of steps, not a string",
            "write `needs = [\"b\"]`",
        ),
        Mistake(
            "use = \"m/s\"\nneeds = «3»",
            "wrong_type",
            "`needs` of step `a` must be an array of steps, not an integer",
            "write `needs = [\"step\"]`",
        ),
        Mistake(
            "use = \"m/s\"\nneeds = [«3»]",
            "wrong_type",
            "`needs` of step `a` must be an array of steps, not an integer",
            "write the steps' names, as strings",
        ),
        Mistake(
            "use = \"m/s\"\nneeds = [«\"B\"»]",
            "bad_name",
            "`needs` of step `a`: `B` is not a name: use a lower-case letter, then lower-case letters, digits and `_`, at most 64 in all",
            "did you mean `b`?",
        ),
        Mistake(
            "use = \"m/s\"\nneeds = [\"b\", «\"bx\"»]",
            "unknown_step",
            "`needs` of step `a`: there is no step `bx`",
            "did you mean `b`?",
        ),
        Mistake("use = \"m/s\"\nneeds = [\"b\", «\"b\"»]", "duplicate", "step `a` needs `b` twice", "once is enough"),
        Mistake(
            "use = \"m/s\"\non_error = «true»",
            "wrong_type",
            "`on_error` of step `a` must be a string, not a boolean",
            "write `on_error = \"continue\"`",
        ),
        Mistake(
            "use = \"m/s\"\non_error = «\"contine\"»",
            "unknown_choice",
            "`on_error` of step `a` cannot be `contine`",
            "did you mean `continue`? it is `fail` or `continue`",
        ),
        Mistake(
            "use = \"m/s\"\non_error = «\"ignore\"»",
            "unknown_choice",
            "`on_error` of step `a` cannot be `ignore`",
            "it is `fail` or `continue`",
        ),
        Mistake(
            "use = \"m/s\"\ntimeout = «30»",
            "wrong_type",
            "`timeout` of step `a` must be a string, not an integer",
            "write `timeout = \"30s\"`",
        ),
        Mistake(
            "use = \"m/s\"\ntimeout = «\"30\"»",
            "bad_duration",
            "`30` is not a duration: a unit is missing",
            "a whole number and a unit: `250ms`, `30s`, `5m` or `2h`",
        ),
        Mistake(
            "use = \"m/s\"\ntimeout = «\"half an hour\"»",
            "bad_duration",
            "`half an hour` is not a duration: a whole number is wanted first",
            "a whole number and a unit: `250ms`, `30s`, `5m` or `2h`",
        ),
        Mistake(
            "use = \"m/s\"\ntimeout = «\"0s\"»",
            "limit",
            "`timeout` of step `a` must be more than 0",
            "leave it out for the default, 5m",
        ),
        Mistake(
            "use = \"m/s\"\ntimeout = «\"200h\"»",
            "limit",
            "`timeout` of step `a` is 200h, but at most 168h is possible",
            "leave it out for the default, 5m",
        ),
        Mistake(
            "use = \"m/s\"\nlimits = «\"1GiB\"»",
            "wrong_type",
            "`limits` of step `a` must be a table, not a string",
            "write `limits = { memory = \"256MiB\" }`",
        ),
        Mistake(
            "use = \"m/s\"\nlimits = { «mem» = \"1GiB\" }",
            "unknown_key",
            "`limits` of step `a` has an unknown key `mem`",
            "known keys are `memory`, `output`, `storage`, `cpu`",
        ),
        Mistake(
            "use = \"m/s\"\nlimits = { memory = «1.5» }",
            "wrong_type",
            "`memory` of `limits` of step `a` must be a size, not a float",
            "write `memory = \"64MiB\"`",
        ),
        Mistake(
            "use = \"m/s\"\nlimits = { memory = «\"1 gig\"» }",
            "bad_size",
            "`1 gig` is not a size: its unit is not known",
            "a whole number of bytes, or one with a unit: `64KiB`, `256MiB`, `1GiB`, `10MB`",
        ),
        Mistake(
            "use = \"m/s\"\nlimits = { memory = «-1» }",
            "bad_size",
            "`-1` is not a size: a whole number is wanted first",
            "a whole number of bytes, or one with a unit: `64KiB`, `256MiB`, `1GiB`, `10MB`",
        ),
        Mistake(
            "use = \"m/s\"\nlimits = { memory = «\"8GiB\"» }",
            "limit",
            "`limits.memory` of step `a` is 8GiB, but at most 4194240KiB is possible",
            "leave it out for the default, 256MiB",
        ),
        Mistake(
            "use = \"m/s\"\nlimits = { output = «0» }",
            "limit",
            "`limits.output` of step `a` must be more than 0",
            "leave it out for the default, 64MiB",
        ),
        Mistake(
            "use = \"m/s\"\nlimits = { storage = «\"2000TB\"» }",
            "limit",
            "`limits.storage` of step `a` is 2000TB, but at most 1TiB is possible",
            "leave it out for the default, 16GiB",
        ),
        Mistake(
            "use = \"m/s\"\nlimits = { cpu = «\"2 days\"» }",
            "bad_duration",
            "`2 days` is not a duration: its unit is not known",
            "a whole number and a unit: `250ms`, `30s`, `5m` or `2h`",
        ),
        Mistake(
            "use = \"m/s\"\nlimits = { cpu = «\"25h\"» }",
            "limit",
            "`limits.cpu` of step `a` is 25h, but at most 24h is possible",
            "leave it out for the default, 1m",
        ),
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
