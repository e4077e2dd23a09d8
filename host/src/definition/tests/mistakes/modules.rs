//! Mistakes in `[modules]`.

use super::Mistake;

pub(super) const MISTAKES: &[Mistake] = &[
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
