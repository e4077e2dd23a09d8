//! What a run is given: from a user's words to stored values, all mistakes at once.

use std::{
    collections::BTreeMap,
    fs::File,
    io,
    path::{Path, PathBuf},
};

use serde_json::Value as Json;

use crate::{
    event::ParamValue,
    execute::{ports::OutputStore, stored},
    ids::Name,
    output::{FileRef, OutputRef},
    plan::{ParamKind, Plan, PlanParam},
    value,
};

/// What a caller gives for a parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum ParamInput {
    /// Words from a command line, read as the parameter's type wants them.
    Text(String),
    /// A value. Not for files: whoever sends one must not be able to name a path of this machine.
    Json(Json),
    /// A file on this machine.
    Path(PathBuf),
    /// A file that is stored already.
    File(FileRef),
}

/// The values that a run is given, by parameter.
pub type Params = BTreeMap<Name, ParamInput>;

/// Everything that is wrong with the parameters of a run.
#[derive(Debug, thiserror::Error)]
#[error("{}", list(.0))]
pub struct ParamsError(pub Vec<ParamError>);

impl ParamsError {
    /// Whether the values are right, and the host could not store them.
    #[must_use]
    pub fn is_hosts_fault(&self) -> bool {
        self.0.iter().all(|error| matches!(error, ParamError::Store { .. }))
    }
}

fn list(errors: &[ParamError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// One thing that is wrong with the parameters of a run.
#[derive(Debug, thiserror::Error)]
pub enum ParamError {
    /// A parameter without a default was not given.
    #[error("parameter `{name}` is missing: add `--param {name}=…` ({kind})", kind = wanted(*.kind))]
    Missing {
        /// Which.
        name: Name,
        /// What it takes.
        kind: ParamKind,
    },
    /// The pipeline has no such parameter.
    #[error("the pipeline has no parameter `{name}`; it has {known}")]
    Unknown {
        /// Which.
        name: Name,
        /// Those it has.
        known: String,
    },
    /// The value has another type.
    #[error("parameter `{name}` wants {kind}, not `{given}`", kind = wanted(*.kind))]
    Type {
        /// Which.
        name: Name,
        /// What it takes.
        kind: ParamKind,
        /// What was given.
        given: String,
    },
    /// The file cannot be read.
    #[error("parameter `{name}`: the file {} cannot be read: {source}", path.display())]
    File {
        /// Which.
        name: Name,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The path leads to a folder.
    #[error(
        "parameter `{name}` takes a file, and `{}` is a folder: give the path of one file, such as an archive of the folder",
        path.display()
    )]
    Folder {
        /// Which.
        name: Name,
        /// The folder.
        path: PathBuf,
    },
    /// The file was stored, and has been removed since.
    #[error("parameter `{name}`: the file `{file}` was sent too long ago and has been removed: send it again")]
    Gone {
        /// Which.
        name: Name,
        /// The file.
        file: String,
    },
    /// The value is none that steps can read.
    #[error("parameter `{name}` cannot be given to steps: {problem}")]
    Unfit {
        /// Which.
        name: Name,
        /// Why.
        problem: String,
    },
    /// The value cannot be stored.
    #[error("parameter `{name}` cannot be stored: {source}")]
    Store {
        /// Which.
        name: Name,
        /// Why.
        source: io::Error,
    },
}

impl ParamError {
    /// A value of another type.
    #[must_use]
    pub fn wrong(name: Name, kind: ParamKind, given: &str) -> Self {
        Self::Type { name, kind, given: short(given) }
    }
}

fn wanted(kind: ParamKind) -> &'static str {
    match kind {
        ParamKind::String => "a text",
        ParamKind::Integer => "a whole number",
        ParamKind::Number => "a number",
        ParamKind::Boolean => "`true` or `false`",
        ParamKind::File => "the path of a file",
        ParamKind::Json => "a JSON value",
    }
}

/// Stores what a run of this plan is given, defaults included, in the plan's order.
///
/// # Errors
/// Everything that is wrong with it.
pub fn store(plan: &Plan, mut given: Params, outputs: &dyn OutputStore) -> Result<Vec<ParamValue>, ParamsError> {
    let (mut values, mut errors) = (Vec::new(), Vec::new());
    for param in &plan.params {
        match store_one(param, given.remove(param.name.as_str()), outputs) {
            Ok(value) => values.push(ParamValue { name: param.name.clone(), value }),
            Err(error) => errors.push(error),
        }
    }
    errors.extend(given.into_keys().map(|name| ParamError::Unknown { name, known: known(plan) }));
    if errors.is_empty() { Ok(values) } else { Err(ParamsError(errors)) }
}

/// The same for a run that repeats another one: what is not given is what it was there.
///
/// # Errors
/// Everything that is wrong with it.
pub fn store_again(
    plan: &Plan,
    mut given: Params,
    earlier: (&Plan, &[ParamValue]),
    outputs: &dyn OutputStore,
) -> Result<Vec<ParamValue>, ParamsError> {
    let mut kept = Vec::new();
    let mut rest = plan.clone();
    rest.params.retain(|param| {
        let same = |before: &PlanParam| before.name == param.name && before.kind == param.kind;
        let value = earlier.1.iter().find(|value| value.name == param.name);
        let value = value.filter(|_| !given.contains_key(param.name.as_str()) && earlier.0.params.iter().any(same));
        kept.extend(value.cloned());
        value.is_none()
    });
    let unknown = given.keys().filter(|name| !plan.params.iter().any(|param| param.name == **name)).cloned();
    let unknown: Vec<_> = unknown.map(|name| ParamError::Unknown { name, known: known(plan) }).collect();
    given.retain(|name, _| plan.params.iter().any(|param| param.name == *name));
    let stored = match (store(&rest, given, outputs), unknown.is_empty()) {
        (Ok(stored), true) => stored,
        (Ok(_), false) => return Err(ParamsError(unknown)),
        (Err(ParamsError(mut errors)), _) => {
            errors.extend(unknown);
            return Err(ParamsError(errors));
        }
    };
    kept.extend(stored);
    let place = |value: &ParamValue| plan.params.iter().position(|param| param.name == value.name);
    kept.sort_by_key(place);
    Ok(kept)
}

fn known(plan: &Plan) -> String {
    match plan.params.as_slice() {
        [] => "none".to_owned(),
        params => params.iter().map(|param| format!("`{}`", param.name)).collect::<Vec<_>>().join(", "),
    }
}

fn store_one(param: &PlanParam, given: Option<ParamInput>, outputs: &dyn OutputStore) -> Result<OutputRef, ParamError> {
    let (name, kind) = (param.name.clone(), param.kind);
    let given = given.or_else(|| param.default.clone().map(|default| of_default(kind, default)));
    let unstored = |source| ParamError::Store { name: name.clone(), source };
    let wrong = |given: &str| ParamError::wrong(name.clone(), kind, given);
    let of_file =
        |file: FileRef| stored::store_value(outputs, &value::file::to_value(&file), vec![file]).map_err(unstored);
    let json = match given.ok_or_else(|| ParamError::Missing { name: name.clone(), kind })? {
        ParamInput::Text(path) if kind == ParamKind::File => return of_file(import(&name, Path::new(&path), outputs)?),
        ParamInput::Path(path) if kind == ParamKind::File => return of_file(import(&name, &path, outputs)?),
        ParamInput::File(file) if kind == ParamKind::File => {
            // Nothing is removed now. Before, its time may have ended.
            return match outputs.open(&file.hash) {
                Ok(_) => of_file(file),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    Err(ParamError::Gone { name, file: file.name })
                }
                Err(error) => Err(unstored(error)),
            };
        }
        ParamInput::Path(path) => return Err(wrong(&path.to_string_lossy())),
        ParamInput::File(file) => return Err(wrong(&file.name)),
        ParamInput::Text(text) => read_text(kind, &text).ok_or_else(|| wrong(&text))?,
        ParamInput::Json(json) => json,
    };
    if !fits(kind, &json) {
        return Err(wrong(&json.to_string()));
    }
    let unfit = |problem: String| ParamError::Unfit { name: name.clone(), problem };
    let bytes = value::json::from_json(&json).map_err(|error| unfit(error.to_string()))?;
    stored::store_value(outputs, &bytes, Vec::new()).map_err(unstored)
}

/// The pipeline's own word for a value: for a file, its path.
fn of_default(kind: ParamKind, default: Json) -> ParamInput {
    match default {
        Json::String(path) if kind == ParamKind::File => ParamInput::Path(path.into()),
        default => ParamInput::Json(default),
    }
}

fn short(text: &str) -> String {
    text.chars().take(80).collect()
}

/// What a text on a command line means for a parameter of that kind, wherever the command is carried out; nothing if it is
/// none.
#[must_use]
pub fn read_text(kind: ParamKind, text: &str) -> Option<Json> {
    match kind {
        ParamKind::String => Some(Json::from(text)),
        // Its text is a path, which is opened and not read.
        ParamKind::File => None,
        ParamKind::Integer => text.parse::<i64>().map(Json::from).or_else(|_| text.parse::<u64>().map(Json::from)).ok(),
        ParamKind::Number => {
            let whole = text.parse::<i64>().ok().map(Json::from);
            whole.or_else(|| serde_json::Number::from_f64(text.parse().ok()?).map(Json::Number))
        }
        ParamKind::Boolean => text.parse::<bool>().map(Json::from).ok(),
        ParamKind::Json => serde_json::from_str(text).ok(),
    }
}

fn fits(kind: ParamKind, json: &Json) -> bool {
    match kind {
        ParamKind::String => json.is_string(),
        ParamKind::File => false,
        ParamKind::Integer => json.is_i64() || json.is_u64(),
        ParamKind::Number => json.is_number(),
        ParamKind::Boolean => json.is_boolean(),
        ParamKind::Json => true,
    }
}

/// Copies a file into the store, so that the run keeps it whatever becomes of the original.
fn import(name: &Name, path: &Path, outputs: &dyn OutputStore) -> Result<FileRef, ParamError> {
    let unreadable = |source| ParamError::File { name: name.clone(), path: path.to_owned(), source };
    let mut file = File::open(path).map_err(unreadable)?;
    if file.metadata().map_err(unreadable)?.is_dir() {
        return Err(ParamError::Folder { name: name.clone(), path: path.to_owned() });
    }
    let file_name = path.file_name().map_or_else(|| name.to_string(), |name| name.to_string_lossy().into_owned());
    let media_type = mime_guess::from_path(path).first_raw().unwrap_or("application/octet-stream").to_owned();
    stored::store_file(outputs, file_name, media_type, &mut file)
        .map_err(|source| ParamError::Store { name: name.clone(), source })
}
