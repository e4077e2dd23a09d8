//! What a server answers when something is wrong.

use reqwest::StatusCode;
use serde::Deserialize;

use crate::cli::exit::CliError;

/// What a server says when something is wrong.
#[derive(Deserialize)]
pub(super) struct Problem {
    #[serde(rename = "type", default)]
    kind: String,
    title: String,
    #[serde(default)]
    detail: String,
    #[serde(default)]
    help: Option<String>,
    #[serde(default)]
    problems: Vec<PipelineProblem>,
}

/// What is wrong with a pipeline.
#[derive(Deserialize)]
struct PipelineProblem {
    message: String,
    #[serde(default)]
    help: Option<String>,
    #[serde(default)]
    places: Vec<Place>,
}

/// Where.
#[derive(Deserialize)]
struct Place {
    line: usize,
    column: usize,
}

impl std::fmt::Display for PipelineProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(Place { line, column }) = self.places.first() {
            write!(f, "{line}:{column} ")?;
        }
        f.write_str(&self.message)?;
        self.help.iter().try_for_each(|help| write!(f, " ({help})"))
    }
}

impl Problem {
    /// Whether nothing is at the address that was asked, which is no fault of what was asked for.
    pub(super) fn is_no_route(&self) -> bool {
        self.kind == "urn:stepmill:problem:no-route"
    }

    /// The same as an error of a command.
    pub(super) fn into_error(self, status: StatusCode) -> CliError {
        let mut message = if self.detail.is_empty() { self.title } else { self.detail };
        for problem in &self.problems {
            message.push_str(&format!("\n{problem}"));
        }
        let error = if status.is_server_error() {
            CliError::host(std::io::Error::other(message))
        } else {
            CliError::bad_input(message)
        };
        match (status, self.help) {
            (StatusCode::UNAUTHORIZED, _) => error.help("give a token in STEPMILL_TOKEN"),
            (_, Some(help)) => error.help(help),
            (_, None) => error,
        }
    }
}
