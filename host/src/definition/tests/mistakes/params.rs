//! Mistakes in `[params]`.

use super::Mistake;

pub(super) const MISTAKES: &[Mistake] = &[
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
