//! What may be written on the command line: flags as typed. [`super::settings`] turns them into decisions.

mod dev;
mod outside;
mod retention;
mod runs;
mod serve;
mod server;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use self::{
    dev::DevArgs,
    outside::{AllowArg, OptionArgs, OutsideArgs, SecretArg, SecretValue},
    retention::{GcArgs, Limit, RetentionArgs},
    runs::{
        RunArg, RunsCancelArgs, RunsCommand, RunsListArgs, RunsLogsArgs, RunsOutputArgs, RunsRerunArgs, RunsResumeArgs,
        RunsShowArgs,
    },
    serve::{AdminCommand, ServeArgs},
    server::{
        ChoiceArgs, DeployArgs, ModulesCommand, PushArgs, SecretsCommand, StartArgs, TokensCommand, TriggerArgs,
        TriggersCommand,
    },
};

/// Run pipelines of WebAssembly components that you do not have to trust.
#[derive(Debug, Parser)]
#[command(name = "stepmill", version, propagate_version = true, max_term_width = 100)]
#[command(
    after_help = "Exit codes: 0 success, 1 the run failed, 2 the input is wrong, 3 the host failed, 130 interrupted."
)]
pub struct Cli {
    /// Flags of every command.
    #[command(flatten)]
    pub global: GlobalArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The heading of the flags of every command in `--help`.
const GLOBAL: &str = "Global options";
/// The data directory, unless another one is named.
pub const DATA_DIR: &str = ".stepmill";

/// Flags of every command.
#[derive(Debug, Clone, Args)]
pub struct GlobalArgs {
    /// Where runs, outputs and compiled modules are kept
    #[arg(long, global = true, help_heading = GLOBAL, env = "STEPMILL_DATA", value_name = "DIR", default_value = DATA_DIR)]
    pub data_dir: PathBuf,
    /// Ask this server instead of the data directory, such as `http://localhost:7878`
    #[arg(long, global = true, help_heading = GLOBAL, env = "STEPMILL_SERVER", value_name = "URL")]
    pub server: Option<String>,
    /// The token for the server; better in the environment, where others do not see it
    #[arg(long, global = true, help_heading = GLOBAL, env = "STEPMILL_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// How the host's own log is written to standard error
    #[arg(long, global = true, help_heading = GLOBAL, value_enum, default_value_t = LogFormat::Human, value_name = "FORMAT")]
    pub log_format: LogFormat,
    /// Log more; repeat for still more
    #[arg(short, long, global = true, help_heading = GLOBAL, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Print results and errors only
    #[arg(short, long, global = true, help_heading = GLOBAL, conflicts_with = "verbose")]
    pub quiet: bool,
    /// When to colour
    #[arg(long, global = true, help_heading = GLOBAL, value_enum, default_value_t = ColorChoice::Auto, value_name = "WHEN")]
    pub color: ColorChoice,
}

/// How the host's own log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Human,
    /// A JSON object per line.
    Json,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The flag of commands that print data.
#[derive(Debug, Clone, Copy, Args)]
pub struct JsonArg {
    /// Print one JSON document instead of text
    #[arg(long)]
    pub json: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a step crate that builds, tests and runs as it is
    New(NewArgs),
    /// Build a step crate to a checked component
    Build(BuildArgs),
    /// Show the steps of a component: inputs, config, output, schemas, imports, digest
    Inspect(InspectArgs),
    /// Report every problem of a pipeline, with its place
    Check(CheckArgs),
    /// Draw a pipeline
    Graph(GraphArgs),
    /// Run a pipeline here and wait for its end
    Run(RunArgs),
    /// Run a pipeline again whenever it or its steps change
    Dev(DevArgs),
    /// Keep a host running: API, triggers, hot reload
    Serve(ServeArgs),
    /// The data directory of a server that is stopped
    #[command(subcommand)]
    Admin(AdminCommand),
    /// Upload modules to a server
    Push(PushArgs),
    /// Deploy a pipeline to a server
    Deploy(DeployArgs),
    /// Start a run of a pipeline that is deployed on a server
    Start(StartArgs),
    /// Modules of a server
    #[command(subcommand)]
    Modules(ModulesCommand),
    /// Triggers of a server
    #[command(subcommand)]
    Triggers(TriggersCommand),
    /// Secrets of a server
    #[command(subcommand)]
    Secrets(SecretsCommand),
    /// Tokens of a server
    #[command(subcommand)]
    Tokens(TokensCommand),
    /// Pipelines that have run
    #[command(subcommand)]
    Pipelines(PipelinesCommand),
    /// Runs: what happened, what came out
    #[command(subcommand)]
    Runs(RunsCommand),
    /// Remove runs that are old or take too much room, and whatever nothing refers to
    Gc(GcArgs),
    /// Read everything that is kept, and report what is damaged or missing
    Verify(JsonArg),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
    /// Print the manual page, or write one for each command
    Man(ManArgs),
    /// Compile a module in a process of its own; the host starts this itself.
    #[command(name = "__compile", hide = true)]
    Compile(CompileArgs),
}

/// `stepmill new`
#[derive(Debug, Args)]
pub struct NewArgs {
    /// The new folder; its last part names the crate
    #[arg(value_name = "NAME")]
    pub path: PathBuf,
}

/// `stepmill build`
#[derive(Debug, Args)]
pub struct BuildArgs {
    /// The step crate
    #[arg(default_value = ".")]
    pub dir: PathBuf,
    /// How to print what was built.
    #[command(flatten)]
    pub json: JsonArg,
}

/// `stepmill inspect`
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// A component, or a step crate, which is built first
    #[arg(value_name = "FILE|DIR")]
    pub path: PathBuf,
    /// Show the JSON Schemas too
    #[arg(long)]
    pub schemas: bool,
    /// How to print it.
    #[command(flatten)]
    pub json: JsonArg,
}

/// `stepmill check`
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The pipeline
    #[arg(value_name = "PIPELINE.toml")]
    pub pipeline: PathBuf,
    /// How to print it.
    #[command(flatten)]
    pub json: JsonArg,
}

/// `stepmill graph`
#[derive(Debug, Args)]
pub struct GraphArgs {
    /// The pipeline
    #[arg(value_name = "PIPELINE.toml")]
    pub pipeline: PathBuf,
    /// What to draw
    #[arg(long, value_enum, default_value_t = GraphFormat::Ascii, conflicts_with = "json")]
    pub format: GraphFormat,
    /// How to print it.
    #[command(flatten)]
    pub json: JsonArg,
}

/// What to draw a graph as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum GraphFormat {
    /// Lines and text, for a terminal.
    Ascii,
    /// A Mermaid flowchart.
    Mermaid,
    /// Graphviz.
    Dot,
}

/// `stepmill run`
#[derive(Debug, Clone, Args)]
pub struct RunArgs {
    /// The pipeline
    #[arg(value_name = "PIPELINE.toml")]
    pub pipeline: PathBuf,
    /// A parameter's value; a `file` parameter takes a path, a `json` one JSON
    #[arg(short, long = "param", value_name = "NAME=VALUE")]
    pub params: Vec<String>,
    /// How it runs.
    #[command(flatten)]
    pub options: OptionArgs,
    /// What to leave behind and print.
    #[command(flatten)]
    pub report: ReportArgs,
}

/// How `run`, `runs resume` and `runs rerun` report.
#[derive(Debug, Clone, Args)]
pub struct ReportArgs {
    /// Where the files of the outputs go: those of the pipeline's `output` into DIR itself, those of other steps
    /// into DIR/STEP. Default: `out/RUN` in the data directory
    #[arg(short, long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Print one JSON document at the end
    #[arg(long, conflicts_with = "json_events")]
    pub json: bool,
    /// Print a JSON object per line for everything that happens, as it happens
    #[arg(long)]
    pub json_events: bool,
    /// What is removed behind the run.
    #[command(flatten)]
    pub retention: RetentionArgs,
}

/// `stepmill pipelines`
#[derive(Debug, Subcommand)]
pub enum PipelinesCommand {
    /// List the pipelines that have run, with their latest run
    List(JsonArg),
}

/// `stepmill completions`
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// `stepmill man`
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Write a page for each command into DIR
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// `stepmill __compile`: everything else is agreed between the host and itself over the child's pipes.
#[derive(Debug, Args)]
pub struct CompileArgs {
    /// What the host passes to its child.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub args: Vec<std::ffi::OsString>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn verify_cli() {
        Cli::command().debug_assert();
    }

    #[test]
    fn global_flags_work_behind_the_command() {
        let cli = Cli::try_parse_from(["stepmill", "run", "p.toml", "--data-dir", "d", "-vv", "-p", "a=b=c"]).unwrap();
        assert_eq!((cli.global.data_dir, cli.global.verbose), ("d".into(), 2));
        let Command::Run(run) = cli.command else { panic!("{:?}", cli.command) };
        assert_eq!(run.params, ["a=b=c"]);
    }

    #[test]
    fn global_flags_stand_apart_in_help() {
        let help = Cli::try_parse_from(["stepmill", "check", "--help"]).unwrap_err().to_string();
        let (own, global) = help.split_once("Global options:").unwrap();
        assert!(own.contains("--json") && !own.contains("--color"), "{own}");
        assert!(global.contains("--color") && global.contains("--data-dir"), "{global}");
    }

    #[test]
    fn contradictions_are_refused() {
        for line in ["run p.toml --json --json-events", "graph p.toml --json --format dot", "runs list -q -v"] {
            let words = std::iter::once("stepmill").chain(line.split(' '));
            assert_eq!(Cli::try_parse_from(words).unwrap_err().exit_code(), 2, "{line}");
        }
    }
}
