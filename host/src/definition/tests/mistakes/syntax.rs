//! Mistakes in TOML itself.

use super::Mistake;

pub(super) const MISTAKES: &[Mistake] = &[
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
