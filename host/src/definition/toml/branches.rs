//! `[branches.NAME]`: cases in their order, of which the first that is true is taken.

use ::toml::de::DeValue;

use super::{flow, table::Field};
use crate::definition::{
    draft::{BranchDraft, CaseDraft, Read},
    report::Report,
    suggest::shorten,
};

/// What a case says that is taken when no other is.
const ELSE: &str = "else";

/// Reads all branches, in the order of the text.
pub(super) fn read(field: &Field<'_, '_>, report: &mut Report) -> Read<Vec<BranchDraft>> {
    let help = "write each branch as `[branches.NAME]` with its cases under it";
    let entries = field.entries(help, "`branches`", report)?;
    Ok(entries.into_iter().map(|entry| branch(&entry, report)).collect())
}

fn branch(field: &Field<'_, '_>, report: &mut Report) -> BranchDraft {
    let name = field.key_as_name("name of a branch", report);
    let title = shorten(field.key);
    let help = format!("write `[branches.{title}]` and under it `CASE = \"condition\"`");
    let entries = field.entries(&help, &format!("branch `{title}`"), report);
    let cases = entries.map(|entries| entries.into_iter().map(|entry| case(&entry, report)).collect());
    BranchDraft { title, name, cases }
}

fn case(field: &Field<'_, '_>, report: &mut Report) -> CaseDraft {
    let name = field.key_as_name(&format!("case of {}", field.title), report);
    let condition = match field.value.get_ref() {
        DeValue::String(text) if text == ELSE => Ok(None),
        _ => flow::condition(field, report).map(Some),
    };
    (name, condition)
}
