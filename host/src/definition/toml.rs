//! Pipelines in TOML. The file is walked by hand, so that every mistake in it is told at once and with its place.

mod branches;
mod flow;
mod grants;
mod literal;
mod modules;
mod params;
mod steps;
mod syntax;
mod table;
mod triggers;

use std::{fs::File, io::Read as _, path::Path, path::PathBuf, sync::Arc};

use ::toml::{Spanned as Placed, de::DeTable};

use super::{
    Pipeline, Source, Spanned,
    draft::{Draft, Read},
    problem::{Problem, Problems},
    report::Report,
};
use crate::{ids::Name, limits::MAX_PIPELINE_FILE};
pub(crate) use syntax::dismantle;
use table::{Field, Table};

/// Why a file did not become a pipeline.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It cannot be read.
    #[error("cannot read the pipeline `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// It is larger than [`MAX_PIPELINE_FILE`].
    #[error("the pipeline `{}` is larger than {MAX_PIPELINE_FILE} bytes; split it into several", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// It is not text.
    #[error("the pipeline `{}` is not UTF-8 text: line {line} has other bytes; is this the right file?", path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// Where it stops being text.
        line: usize,
    },
    /// It is text, but not a pipeline.
    #[error(transparent)]
    Problems(#[from] Problems),
}

/// Reads a pipeline from a file.
///
/// # Errors
/// If the file cannot be read or is not a pipeline; then with all problems at once.
pub fn load(path: &Path) -> Result<Pipeline, LoadError> {
    let failed = |source| LoadError::Read { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    // The file may grow while it is read, so its size is not asked but enforced.
    File::open(path).and_then(|file| file.take(MAX_PIPELINE_FILE + 1).read_to_end(&mut bytes)).map_err(failed)?;
    if bytes.len() as u64 > MAX_PIPELINE_FILE {
        return Err(LoadError::TooLarge { path: path.to_owned() });
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(parse(path, &text)?),
        Err(error) => {
            let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = good.iter().filter(|&&b| b == b'\n').count() + 1;
            Err(LoadError::NotUtf8 { path: path.to_owned(), line })
        }
    }
}

/// Reads a pipeline from text. Relative paths in it are relative to the folder of `path`, which names the text in
/// messages and need not exist.
///
/// # Errors
/// All problems of the text at once.
pub fn parse(path: &Path, text: &str) -> Result<Pipeline, Problems> {
    let source = Source { path: path.to_owned(), text: Arc::from(text) };
    let mut report = Report::new(Arc::clone(&source.text));
    let folder = path.parent().unwrap_or(Path::new(""));
    let document = syntax::read(text, &mut report);
    let draft = pipeline(&document, text, folder, &mut report);
    syntax::dismantle(document);
    draft.finish(source, report)
}

fn pipeline(document: &DeTable<'_>, text: &str, folder: &Path, report: &mut Report) -> Draft {
    let mut table = Table::new(document, "the pipeline".to_owned());
    let name = match table.take("name") {
        Some(field) => field.name("weather", report),
        None => Err(report.push_absence(
            Problem::error("stepmill::definition::missing_key", "the pipeline has no `name`", first_line(text))
                .says("needed before this")
                .help("begin the file with `name = \"…\"`"),
        )),
    };
    let description = description(&mut table, report);
    let output = table.take("output").map(|field| output(&field, report)).transpose();
    let modules =
        table.take("modules").map(|field| modules::read(&field, folder, report)).unwrap_or_else(|| Ok(Vec::new()));
    let params =
        table.take("params").map(|field| params::read(&field, folder, report)).unwrap_or_else(|| Ok(Vec::new()));
    let steps = table.take("steps").map(|field| steps::read(&field, report)).unwrap_or_else(|| Ok(Vec::new()));
    let branches = table.take("branches").map(|field| branches::read(&field, report)).unwrap_or_else(|| Ok(Vec::new()));
    let triggers =
        table.take("triggers").map(|field| triggers::read(&field, folder, report)).unwrap_or_else(|| Ok(Vec::new()));
    table.close(report);
    Draft { name, description, output, modules, params, steps, branches, triggers }
}

fn output(field: &Field<'_, '_>, report: &mut Report) -> Read<Spanned<Name>> {
    let text = field.string("report", report)?;
    if let Some((step, _)) = text.value.split_once(['.', '[']) {
        let message = format!("`output` names a whole step; `{}` is a part of one", text.value);
        let problem = Problem::error("stepmill::definition::bad_reference", message, text.span);
        return Err(report.push(problem.help(format!("write `output = \"{step}\"`"))));
    }
    field.name("report", report)
}

/// `description`, which everything may have.
fn description(table: &mut Table<'_, '_>, report: &mut Report) -> Read<String> {
    table
        .take("description")
        .map_or(Ok(String::new()), |field| field.string("what it is for", report).map(|text| text.value.to_owned()))
}

/// The first line that is not blank, for what is missing from the whole file.
fn first_line(text: &str) -> std::ops::Range<usize> {
    let start = text.len() - text.trim_start().len();
    let line = text[start..].lines().next().unwrap_or_default().trim_end();
    start..start + line.len()
}

/// What a key in the text is, with its place.
type Key<'i> = Placed<::toml::de::DeString<'i>>;
/// What a value in the text is, with its place.
type Value<'i> = Placed<::toml::de::DeValue<'i>>;
