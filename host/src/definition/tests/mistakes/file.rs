//! Mistakes in the file as a whole.

use super::Mistake;

pub(super) const MISTAKES: &[Mistake] = &[
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
        "did you mean `description`? known keys are `name`, `description`, `output`, `modules`, `params`, `steps`, `branches`, `triggers`",
    ),
    Mistake(
        "name = \"x\"\n[steps.a]\nuse = \"m/s\"\n[«trigers».x]\ncron = \"@daily\"",
        "unknown_key",
        "the pipeline has an unknown key `trigers`",
        "did you mean `triggers`? known keys are `name`, `description`, `output`, `modules`, `params`, `steps`, `branches`, `triggers`",
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
