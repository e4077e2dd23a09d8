//! What was decided from the command line and the environment, once; only these values leave the parsing of arguments.

use std::{
    ffi::{OsStr, OsString},
    io::IsTerminal,
    path::PathBuf,
};

use super::{
    args::{ColorChoice, DATA_DIR, GlobalArgs, LogFormat},
    render::{paint::Paint, text::shell_word},
};

/// Decisions that hold for every command.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where runs, outputs and compiled modules are kept.
    pub data_dir: PathBuf,
    /// The server that commands ask, instead of the data directory.
    pub server: Option<String>,
    /// The flag with which another command takes the same data directory, as it stands behind it.
    pub data_dir_flag: String,
    /// The same of the server, if one is asked.
    pub server_flag: Option<String>,
    /// What proves to it who asks.
    pub token: Option<String>,
    /// How the host's own log is written.
    pub log_format: LogFormat,
    /// How much of it: 0 warnings, 1 what happens, 2 details, 3 everything.
    pub verbosity: u8,
    /// Results and errors only.
    pub quiet: bool,
    /// Colour on standard output.
    pub stdout: Paint,
    /// Colour on standard error.
    pub stderr: Paint,
    /// Whether standard error is a terminal that can redraw lines.
    pub live: bool,
    /// Columns to fill.
    pub width: usize,
}

/// What the terminal and the environment say.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// Standard output is a terminal.
    pub stdout_terminal: bool,
    /// Standard error is a terminal.
    pub stderr_terminal: bool,
    /// `STEPMILL_DATA`
    pub data: Option<OsString>,
    /// `STEPMILL_SERVER`
    pub server: Option<OsString>,
    /// The terminal's columns.
    pub columns: Option<u16>,
    /// `NO_COLOR`
    pub no_color: Option<OsString>,
    /// `TERM`
    pub term: Option<OsString>,
}

/// Columns where there is no terminal to ask, and the most that text is spread over.
const WIDTH: usize = 100;

impl Surroundings {
    /// Looks around, once.
    #[must_use]
    pub fn detect() -> Self {
        Self {
            stdout_terminal: std::io::stdout().is_terminal(),
            stderr_terminal: std::io::stderr().is_terminal(),
            data: std::env::var_os("STEPMILL_DATA"),
            server: std::env::var_os("STEPMILL_SERVER"),
            columns: console::Term::stdout().size_checked().map(|(_, columns)| columns),
            no_color: std::env::var_os("NO_COLOR"),
            term: std::env::var_os("TERM"),
        }
    }

    fn can_redraw(&self) -> bool {
        self.stderr_terminal && self.term.as_ref().is_none_or(|term| term != "dumb")
    }

    fn paint(&self, choice: ColorChoice, terminal: bool) -> Paint {
        let wanted = self.no_color.as_ref().is_none_or(|value| value.is_empty());
        let color = match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => terminal && wanted && self.term.as_ref().is_none_or(|term| term != "dumb"),
        };
        Paint { color }
    }
}

impl Settings {
    /// Decides.
    #[must_use]
    pub fn resolve(args: &GlobalArgs, surroundings: &Surroundings) -> Self {
        let known_data = surroundings.data.as_deref().unwrap_or(OsStr::new(DATA_DIR));
        let server = args.server.as_ref();
        Self {
            data_dir: args.data_dir.clone(),
            data_dir_flag: flag("--data-dir", args.data_dir.as_os_str(), Some(known_data)),
            server_flag: server.map(|server| flag("--server", OsStr::new(server), surroundings.server.as_deref())),
            server: args.server.clone(),
            token: args.token.clone(),
            log_format: args.log_format,
            verbosity: args.verbose,
            quiet: args.quiet,
            stdout: surroundings.paint(args.color, surroundings.stdout_terminal),
            stderr: surroundings.paint(args.color, surroundings.stderr_terminal),
            live: surroundings.can_redraw() && !args.quiet,
            width: surroundings.columns.map_or(WIDTH, |columns| usize::from(columns).clamp(40, 2 * WIDTH)),
        }
    }
}

/// A flag as it stands behind a command; nothing where the command takes the same without it.
fn flag(name: &str, value: &OsStr, known: Option<&OsStr>) -> String {
    match known {
        Some(known) if known == value => String::new(),
        _ => format!(" {name} {}", shell_word(&value.to_string_lossy())),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::args::Cli;

    fn resolve(line: &str, surroundings: &Surroundings) -> Settings {
        let cli = Cli::try_parse_from(std::iter::once("stepmill").chain(line.split(' '))).unwrap();
        Settings::resolve(&cli.global, surroundings)
    }

    fn terminal() -> Surroundings {
        Surroundings { stdout_terminal: true, stderr_terminal: true, columns: Some(120), ..Surroundings::default() }
    }

    #[test]
    fn colour_follows_flag_then_environment_then_terminal() {
        let cases = [
            ("runs list", terminal(), true),
            ("runs list", Surroundings::default(), false),
            ("runs list", Surroundings { no_color: Some("1".into()), ..terminal() }, false),
            ("runs list", Surroundings { no_color: Some("".into()), ..terminal() }, true),
            ("runs list", Surroundings { term: Some("dumb".into()), ..terminal() }, false),
            ("runs list --color always", Surroundings { no_color: Some("1".into()), ..Surroundings::default() }, true),
            ("runs list --color never", terminal(), false),
        ];
        for (line, surroundings, color) in cases {
            assert_eq!(resolve(line, &surroundings).stdout.color, color, "{line} {surroundings:?}");
        }
    }

    #[test]
    fn another_command_is_told_where_to_look_unless_it_looks_there_anyway() {
        let flags = |line: &str, data: Option<&str>| {
            let server = Some(OsString::from("http://known"));
            let surroundings = Surroundings { data: data.map(OsString::from), server, ..Surroundings::default() };
            let settings = resolve(line, &surroundings);
            settings.server_flag.unwrap_or(settings.data_dir_flag)
        };
        assert_eq!(flags("runs list", None), "");
        assert_eq!(flags("runs list --data-dir here", None), " --data-dir here");
        assert_eq!(flags("runs list --data-dir it's", None), r" --data-dir 'it'\''s'");
        assert_eq!(flags("runs list --data-dir there", Some("there")), "");
        assert_eq!(flags("runs list --data-dir .stepmill", Some("there")), " --data-dir .stepmill");
        assert_eq!(flags("runs list --server http://other:1", None), " --server http://other:1");
        assert_eq!(flags("runs list --server http://known --data-dir here", None), "");
    }

    #[test]
    fn lines_are_redrawn_only_on_a_terminal_that_can() {
        assert!(resolve("runs list", &terminal()).live);
        assert!(!resolve("runs list -q", &terminal()).live);
        assert!(!resolve("runs list", &Surroundings { term: Some("dumb".into()), ..terminal() }).live);
        assert_eq!(resolve("runs list", &Surroundings::default()).width, WIDTH);
    }
}
