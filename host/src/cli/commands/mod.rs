//! The commands, each a function from resolved arguments to an exit code.

mod admin;
mod cancel;
mod dev;
mod end;
mod gc;
mod meta;
mod module;
mod pipeline;
mod policy;
mod rerun;
mod rows;
mod run;
mod runs;
mod server;
mod verify;

use super::{
    args::{AdminCommand, Command, PipelinesCommand, RunsCommand},
    exit::{CliError, Exit},
    serve,
    settings::Settings,
};
use crate::{
    app::{Compiler, DataDirError, History, Library, OpenError, StoreError},
    ids::RunId,
};

/// Does what the command line asks for.
///
/// # Errors
/// If it cannot be done; the error knows the exit code.
pub async fn dispatch(settings: &Settings, command: Command) -> Result<Exit, CliError> {
    server::refuse_for_server(settings, &command)?;
    match command {
        Command::New(args) => meta::new(&args.path),
        Command::Completions(args) => meta::completions(args.shell),
        Command::Man(args) => meta::man(args.out.as_deref()),
        Command::Build(args) => module::build(settings, &args).await,
        Command::Inspect(args) => module::inspect(settings, &args).await,
        Command::Check(args) => pipeline::check(settings, &args).await,
        Command::Graph(args) => pipeline::graph(settings, &args).await,
        Command::Run(args) => run::run(settings, args).await,
        Command::Dev(args) => dev::dev(settings, args).await,
        Command::Push(args) => server::push(settings, &args).await,
        Command::Deploy(args) => server::deploy(settings, &args).await,
        Command::Start(args) => server::start(settings, &args).await,
        Command::Modules(command) => server::modules(settings, &command).await,
        Command::Triggers(command) => server::triggers(settings, &command).await,
        Command::Secrets(command) => server::secrets(settings, &command).await,
        Command::Tokens(command) => server::tokens(settings, &command).await,
        Command::Serve(args) => serve::serve(settings, &args).await,
        Command::Admin(AdminCommand::Recover) => admin::recover(settings).await,
        Command::Pipelines(PipelinesCommand::List(json)) => runs::pipelines(settings, json.json).await,
        Command::Runs(RunsCommand::List(args)) => runs::list(settings, &args).await,
        Command::Runs(RunsCommand::Show(args)) => runs::show(settings, &args.run, args.step.as_deref()).await,
        Command::Runs(RunsCommand::Logs(args)) => runs::logs(settings, &args).await,
        Command::Runs(RunsCommand::Output(args)) => runs::output(settings, &args).await,
        Command::Runs(RunsCommand::Cancel(args)) => cancel::cancel(settings, &args).await,
        Command::Runs(RunsCommand::Resume(args)) => run::resume(settings, &args).await,
        Command::Gc(args) => gc::gc(settings, &args).await,
        Command::Verify(args) => verify::verify(settings, args).await,
        Command::Runs(RunsCommand::Rerun(args)) if settings.server.is_some() => server::rerun(settings, &args).await,
        Command::Runs(RunsCommand::Rerun(args)) => rerun::rerun(settings, args).await,
        // Answered before there is a runtime; see `cli::main`.
        Command::Compile(_) => Ok(Exit::Success),
    }
}

/// Modules are compiled in a child process: they may come from anybody.
pub(in crate::cli) fn compiler() -> Result<Compiler, CliError> {
    let binary = std::env::current_exe().map_err(CliError::host)?;
    Ok(Compiler::Child { binary })
}

async fn library(settings: &Settings) -> Result<Library, CliError> {
    Library::open(&settings.data_dir, compiler()?).await.map_err(open_error)
}

pub(in crate::cli) fn open_error(error: OpenError) -> CliError {
    match error {
        OpenError::DataDir(error) => dir_error(error),
        OpenError::Store(error) => store_error(error),
        error => CliError::host(error),
    }
}

/// Asking for what is not there is the user's mistake; all else is the host's.
pub(in crate::cli) fn store_error(error: StoreError) -> CliError {
    match error {
        StoreError::DataDir(error) => dir_error(error),
        StoreError::Empty(_) | StoreError::NotStepmill(_) | StoreError::NoSuchRun(_) | StoreError::Ambiguous { .. } => {
            CliError::input(error)
        }
        error => CliError::host(error),
    }
}

/// The same of the folder.
pub(in crate::cli) fn dir_error(error: DataDirError) -> CliError {
    match error {
        DataDirError::Missing { .. } | DataDirError::Foreign { .. } => CliError::input(error),
        error => CliError::host(error),
    }
}

/// The run that a user means.
pub(in crate::cli) fn find_run(history: &History, text: &str) -> Result<RunId, CliError> {
    history.reader().find_run(text).map_err(store_error)
}
