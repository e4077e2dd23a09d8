//! `[modules]`: where modules come from.

use std::path::{Path, PathBuf};

use super::table::{Field, Table};
use crate::definition::{
    Spanned,
    draft::{ModuleDraft, Read},
    problem::Problem,
    report::Report,
};

/// Reads `[modules]`; paths in it are relative to `folder`.
pub(super) fn read(field: &Field<'_, '_>, folder: &Path, report: &mut Report) -> Read<Vec<ModuleDraft>> {
    let help = "write `[modules]` and under it `NAME = { path = \"…\" }`";
    let entries = field.entries(help, "`modules`", report)?;
    Ok(entries.into_iter().map(|entry| module(&entry, folder, report)).collect())
}

fn module(field: &Field<'_, '_>, folder: &Path, report: &mut Report) -> ModuleDraft {
    let name = field.key_as_name("name of a module", report);
    let path = path(field, folder, report);
    ModuleDraft { name, path }
}

fn path(field: &Field<'_, '_>, folder: &Path, report: &mut Report) -> Read<Spanned<PathBuf>> {
    let help = format!("write `{} = {{ path = \"…\" }}`", field.key);
    let title = format!("module `{}`", field.key);
    let mut table = Table::new(field.table(&help, report)?, title);
    let path = table.require("path", field.key_span.clone(), "path = \"…\"", report);
    table.close(report);
    let text = path?.string("../steps/weather", report)?;
    let wrong = match text.value {
        "" => Some("is empty"),
        path if path.contains('\0') => Some("has a NUL character"),
        _ => None,
    };
    if let Some(wrong) = wrong {
        let message = format!("the path of module `{}` {wrong}", field.key);
        let problem = Problem::error("stepmill::definition::bad_path", message, text.span);
        return Err(report.push(problem.help("name a step crate's folder or a `.wasm` file")));
    }
    Ok(Spanned { value: folder.join(text.value), span: text.span })
}
