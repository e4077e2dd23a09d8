//! How the program ends: its exit codes, and the one form in which errors reach the terminal.

use std::{fmt, io, process::ExitCode};

use miette::{GraphicalReportHandler, GraphicalTheme};

use super::render::text::safe_text;
use crate::{definition::problem::Problems, plan::catalog::HOST_PROBLEM};

/// Exit codes, as documented in `stepmill --help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All went well.
    Success = 0,
    /// The run failed.
    RunFailed = 1,
    /// What the user gave is wrong.
    BadInput = 2,
    /// The host could not do its part.
    HostFailed = 3,
    /// Ctrl-C, or the run was cancelled.
    Interrupted = 130,
}

impl Exit {
    /// How a command ends whose pipeline has these problems.
    #[must_use]
    pub fn of_problems(problems: &Problems) -> Self {
        let errors: Vec<_> = problems.list().iter().filter(|problem| !problem.warning).collect();
        // A disk that is full is no fault of the pipeline, whatever else is wrong with it.
        if errors.iter().any(|problem| problem.code == HOST_PROBLEM) {
            return Self::HostFailed;
        }
        if errors.is_empty() { Self::Success } else { Self::BadInput }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// What to do about a disk that is full.
const FULL: &str = "make room on that disk; `stepmill gc` removes old runs from a data directory";

/// Why a command could not do what was asked.
#[derive(Debug)]
pub struct CliError {
    exit: Exit,
    body: Body,
}

#[derive(Debug)]
enum Body {
    /// Problems of a pipeline, with their places.
    Problems(Box<Problems>),
    /// Anything else.
    Message { message: String, causes: Vec<String>, help: Option<String> },
}

impl CliError {
    /// What the user gave is wrong.
    pub fn input(error: impl std::error::Error + 'static) -> Self {
        Self::of(Exit::BadInput, &error)
    }

    /// The host could not do its part.
    pub fn host(error: impl std::error::Error + 'static) -> Self {
        Self::of(Exit::HostFailed, &error)
    }

    /// What the user gave is wrong, in words.
    pub fn bad_input(message: impl Into<String>) -> Self {
        Self { exit: Exit::BadInput, body: Body::Message { message: message.into(), causes: Vec::new(), help: None } }
    }

    /// The pipeline has problems, or the host had some with it.
    #[must_use]
    pub fn problems(problems: Problems) -> Self {
        Self { exit: Exit::of_problems(&problems), body: Body::Problems(Box::new(problems)) }
    }

    /// Standard output could not be written.
    #[must_use]
    pub fn stdout(error: &io::Error) -> Self {
        let message = "standard output cannot be written".to_owned();
        let help = is_full(error).then(|| FULL.to_owned());
        Self { exit: Exit::HostFailed, body: Body::Message { message, causes: vec![error.to_string()], help } }
    }

    /// An error with everything that lies behind it.
    fn of(exit: Exit, error: &(dyn std::error::Error + 'static)) -> Self {
        let message = error.to_string();
        let causes = causes_of(error, &message);
        let help = is_full(error).then(|| FULL.to_owned());
        Self { exit, body: Body::Message { message, causes, help } }
    }

    /// The same, with what to do about it.
    #[must_use]
    pub fn help(mut self, words: impl Into<String>) -> Self {
        if let Body::Message { help, .. } = &mut self.body {
            *help = Some(words.into());
        }
        self
    }

    /// The code to exit with.
    #[must_use]
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// What to print on standard error.
    #[must_use]
    pub fn render(&self, color: bool, width: usize) -> String {
        match &self.body {
            Body::Problems(problems) => render_problems(problems, color, width),
            Body::Message { message, causes, help } => render_message(message, causes, help.as_deref(), color),
        }
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false, 100))
    }
}

impl std::error::Error for CliError {}

impl From<Problems> for CliError {
    fn from(problems: Problems) -> Self {
        Self::problems(problems)
    }
}

/// Whether an error, or what lies behind it, is that there is no room on a disk.
fn is_full(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut chain = std::iter::successors(Some(error), |error| error.source());
    chain.any(|error| {
        let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
        matches!(kind, Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded))
    })
}

/// The sources of an error, without those whose text the error in front of them already says.
fn causes_of(error: &dyn std::error::Error, message: &str) -> Vec<String> {
    let mut said = message.to_owned();
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if !said.contains(&text) {
            causes.push(text.clone());
            said = text;
        }
        next = cause.source();
    }
    causes
}

/// Every problem as miette draws it, then how many there are.
#[must_use]
pub fn render_problems(problems: &Problems, color: bool, width: usize) -> String {
    let theme = if color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_width(width).with_links(false);
    let mut text = String::new();
    for report in problems.diagnostics() {
        // The only error is the formatter's, and writing to a `String` has none.
        let _ = handler.render_report(&mut text, &report);
        text.push('\n');
    }
    text.push_str(&count_problems(problems));
    text.push('\n');
    text
}

fn count_problems(problems: &Problems) -> String {
    let warnings = problems.list().iter().filter(|problem| problem.warning).count();
    let errors = problems.list().len() - warnings;
    let plural = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    match (errors, warnings) {
        (0, warnings) => plural(warnings, "warning"),
        (errors, 0) => plural(errors, "error"),
        (errors, warnings) => format!("{}, {}", plural(errors, "error"), plural(warnings, "warning")),
    }
}

/// `error: …`, then causes, then `help: …`. Lines of a long text (a compiler's output) keep their shape.
fn render_message(message: &str, causes: &[String], help: Option<&str>, color: bool) -> String {
    let label =
        |code: &str, word: &str| if color { format!("\x1b[{code}m{word}:\x1b[0m ") } else { format!("{word}: ") };
    let mut text = label("1;31", "error");
    push_lines(&mut text, message, 0);
    for cause in causes {
        text.push_str(&label("2", "  caused by"));
        push_lines(&mut text, cause, 4);
    }
    if let Some(help) = help {
        text.push_str(&label("1;36", "help"));
        push_lines(&mut text, help, 6);
    }
    text
}

fn push_lines(text: &mut String, block: &str, indent: usize) {
    for (index, line) in block.trim_end().lines().enumerate() {
        if index > 0 {
            text.extend(std::iter::repeat_n(' ', indent));
        }
        text.push_str(&safe_text(line));
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::{Source, problem::Problem};

    #[derive(Debug, thiserror::Error)]
    #[error("the data directory cannot be opened")]
    struct Outer(#[source] Middle);

    #[derive(Debug, thiserror::Error)]
    #[error("journal.db: {0}")]
    struct Middle(#[source] io::Error);

    #[test]
    fn causes_follow_the_error_and_are_not_said_twice() {
        let error = CliError::host(Outer(Middle(io::Error::other("disk full")))).help("free some space\nand try again");
        assert_eq!(error.exit(), Exit::HostFailed);
        insta::assert_snapshot!(error, @r"
        error: the data directory cannot be opened
          caused by: journal.db: disk full
        help: free some space
              and try again
        ");
    }

    #[test]
    fn a_full_disk_comes_with_what_to_do_however_deep_it_lies() {
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        assert!(CliError::host(Outer(Middle(full()))).to_string().contains("help: make room"));
        assert!(CliError::stdout(&full()).to_string().contains("help: make room"));
        assert!(CliError::host(Outer(Middle(full()))).help("try again").to_string().contains("help: try again"));
        assert!(!CliError::host(Outer(Middle(io::Error::other("worn out")))).to_string().contains("help"));
    }

    #[test]
    fn hostile_text_in_errors_is_shown_not_obeyed() {
        let error = CliError::bad_input("module said \x1b[2J\u{202e}");
        assert_eq!(error.to_string(), "error: module said \\u{1b}[2J\\u{202e}\n");
    }

    #[test]
    fn problems_are_drawn_with_their_places() {
        let source = Source { path: "p.toml".into(), text: "name = \"p\"\nnmae = 1\n".into() };
        let unknown = Problem::error("stepmill::definition::unknown_key", "unknown key `nmae`", 11..15)
            .help("did you mean `name`?");
        let doubtful = Problem::warning("stepmill::plan::unknown", "this may not fit", 0..4).says("here");
        let error = CliError::from(Problems::new(&source, vec![unknown, doubtful]));
        assert_eq!(error.exit(), Exit::BadInput);
        insta::assert_snapshot!(error);
    }

    #[test]
    fn the_hosts_problems_are_told_from_the_pipelines() {
        let source = Source { path: "p.toml".into(), text: "name = \"p\"\n".into() };
        let exit = |list: Vec<Problem>| Exit::of_problems(&Problems::new(&source, list));
        let host = || Problem::error(HOST_PROBLEM, "the disk is full", 0..4);
        let own = || Problem::error("stepmill::plan::cycle", "a cycle", 0..4);
        assert_eq!(exit(vec![]), Exit::Success);
        assert_eq!(exit(vec![Problem::warning("stepmill::plan::unknown", "doubtful", 0..4)]), Exit::Success);
        assert_eq!(exit(vec![own()]), Exit::BadInput);
        assert_eq!(exit(vec![host()]), Exit::HostFailed);
        assert_eq!(exit(vec![own(), host()]), Exit::HostFailed);
    }
}
