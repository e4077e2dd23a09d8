//! `[params]`: what a run is given.

use std::path::Path;

use serde_json::Value as Json;

use super::{
    description, literal,
    table::{Field, Table},
};
use crate::definition::{
    ParamKind, Spanned,
    draft::{ParamDraft, Read},
    problem::Problem,
    report::Report,
    suggest::{closest, quoted, shorten},
};

/// The kinds by the names that a file calls them.
const KINDS: [(&str, ParamKind); 6] = [
    ("string", ParamKind::String),
    ("integer", ParamKind::Integer),
    ("number", ParamKind::Number),
    ("boolean", ParamKind::Boolean),
    ("file", ParamKind::File),
    ("json", ParamKind::Json),
];

/// Reads `[params]`; the paths that are defaults of files are relative to `folder`.
pub(super) fn read(field: &Field<'_, '_>, folder: &Path, report: &mut Report) -> Read<Vec<ParamDraft>> {
    let help = "write `[params]` and under it `NAME = { type = \"…\" }`";
    let entries = field.entries(help, "`params`", report)?;
    Ok(entries.into_iter().map(|entry| param(&entry, folder, report)).collect())
}

fn param(field: &Field<'_, '_>, folder: &Path, report: &mut Report) -> ParamDraft {
    let name = field.key_as_name("name of a parameter", report);
    let help = format!("write `{} = {{ type = \"…\" }}`", field.key);
    let table = match field.table(&help, report) {
        Ok(table) => table,
        Err(reported) => {
            return ParamDraft { name, kind: Err(reported), description: Err(reported), default: Err(reported) };
        }
    };
    let mut table = Table::new(table, format!("parameter `{}`", field.key));
    let kind = table.require("type", field.key_span.clone(), "type = \"…\"", report);
    let kind = kind.and_then(|field| kind_of(&field, report));
    let description = description(&mut table, report);
    let default = table.take("default").map(|field| default(&field, &kind, folder, report)).transpose();
    table.close(report);
    ParamDraft { name, kind, description, default }
}

fn kind_of(field: &Field<'_, '_>, report: &mut Report) -> Read<ParamKind> {
    let text = field.string("string", report)?;
    if let Some((_, kind)) = KINDS.iter().find(|(name, _)| *name == text.value) {
        return Ok(*kind);
    }
    let names = KINDS.iter().map(|(name, _)| *name);
    let message = format!("`{}` is not a type of parameters", shorten(text.value));
    let known = format!("the types are {}", quoted(names.clone()));
    let help = match closest(text.value, names) {
        Some(meant) => format!("did you mean `{meant}`? {known}"),
        None => known,
    };
    Err(report.push(Problem::error("stepmill::definition::unknown_choice", message, text.span).help(help)))
}

fn default(field: &Field<'_, '_>, kind: &Read<ParamKind>, folder: &Path, report: &mut Report) -> Read<Spanned<Json>> {
    let value = match literal::read(&format!("the default of {}", field.title), field.value, report)? {
        // As with modules, a path in the file is relative to the file. One that is not text stays as it was written:
        // then the folder has no name in JSON.
        Json::String(path) if matches!(kind, Ok(ParamKind::File)) && !path.is_empty() => {
            folder.join(&path).into_os_string().into_string().map_or(Json::String(path), Json::String)
        }
        other => other,
    };
    Ok(Spanned { value, span: field.value.span() })
}
