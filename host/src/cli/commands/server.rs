//! What is done with a server. What it answers is printed as it is: documents are made for reading, too.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value as Json, json};

use super::run;
use crate::{
    app::{
        ParamInput,
        params::{ParamError, ParamsError, read_text},
    },
    build,
    cli::{
        args::{
            ChoiceArgs, Command, DeployArgs, ModulesCommand, PushArgs, RunsCommand, RunsRerunArgs, SecretsCommand,
            StartArgs, TokensCommand, TriggerArgs, TriggersCommand,
        },
        exit::{CliError, Exit},
        output::{note, print},
        render::text::safe_text,
        settings::Settings,
        source::Remote,
    },
    definition,
    dto::UploadReport,
    ids::Name,
    plan::ParamKind,
};

/// The server that the flags name.
fn remote(settings: &Settings) -> Result<Remote, CliError> {
    match &settings.server {
        Some(server) => Remote::new(server, settings.token.as_deref()),
        None => Err(CliError::bad_input("this needs a server").help("write --server URL, or set STEPMILL_SERVER")),
    }
}

/// Refuses what a server does by itself: it would be done to a data directory here instead.
pub(super) fn refuse_for_server(settings: &Settings, command: &Command) -> Result<(), CliError> {
    let what = match command {
        Command::Gc(_) => "removes old runs",
        Command::Verify(_) => "checks what it reads",
        Command::Runs(RunsCommand::Resume(_)) => "takes interrupted runs up",
        Command::Admin(_) => {
            let error = CliError::bad_input("this needs the data directory of the server, and that it is stopped");
            let here = settings.server.is_none();
            return if here { Ok(()) } else { Err(error.help("leave --server and STEPMILL_SERVER out")) };
        }
        _ => return Ok(()),
    };
    if settings.server.is_none() {
        return Ok(());
    }
    Err(CliError::bad_input(format!("a server {what} by itself")).help("leave --server and STEPMILL_SERVER out"))
}

pub(super) async fn rerun(settings: &Settings, args: &RunsRerunArgs) -> Result<Exit, CliError> {
    let remote = remote(settings)?;
    if args.pipeline.is_some() {
        let error = CliError::bad_input("a server repeats a run in the pipeline that it had");
        return Err(error.help("leave --pipeline out, or start a new run with `stepmill start`"));
    }
    let run = remote.find(&args.run).await?;
    let plan = remote.get_json(&["runs", &run.to_string(), "plan"]).await?;
    let params = given(&remote, &plan, &args.params).await?;
    let body = json!({ "failed": args.failed, "from": args.from, "params": params, "cache": !args.options.no_cache });
    show(&remote.post(&["runs", &run.to_string(), "rerun"], &body).await?)
}

fn show(document: &Json) -> Result<Exit, CliError> {
    let mut text = serde_json::to_string_pretty(document).map_err(CliError::host)?;
    text.push('\n');
    print(&text)?;
    Ok(Exit::Success)
}

pub(super) async fn push(settings: &Settings, args: &PushArgs) -> Result<Exit, CliError> {
    let remote = remote(settings)?;
    for path in &args.paths {
        let report = remote.upload(component(path).await?, args.name.as_deref(), true, args.force).await?;
        told(&report, args.json.json)?;
    }
    Ok(Exit::Success)
}

/// A component's bytes; a step crate is built first.
async fn component(path: &Path) -> Result<Vec<u8>, CliError> {
    let file: PathBuf = if path.is_dir() {
        let dir = path.to_owned();
        let built = tokio::task::spawn_blocking(move || build::build_if_stale(&dir)).await;
        built.map_err(CliError::host)?.map_err(CliError::input)?
    } else {
        path.to_owned()
    };
    std::fs::read(&file).map_err(|error| CliError::bad_input(format!("cannot read `{}`: {error}", file.display())))
}

fn told(report: &UploadReport, json: bool) -> Result<(), CliError> {
    if json {
        return show(&serde_json::to_value(report).map_err(CliError::host)?).map(drop);
    }
    let version = report.version.as_deref().map(|version| format!(" {version}")).unwrap_or_default();
    let mut text = format!("{}{version} {}\n", report.name, report.digest);
    let state = match (report.active, report.state) {
        (true, _) => "it is active: runs that start now take it".to_owned(),
        (false, crate::dto::VersionState::Waiting) => format!(
            "it asks for more than the active version ({}) and waits: `stepmill modules approve {} {}`",
            report.difference.added_imports.join(", "),
            report.name,
            report.digest
        ),
        (false, _) => {
            format!("another version is active: `stepmill modules activate {} {}`", report.name, report.digest)
        }
    };
    text.push_str(&format!("  {state}\n"));
    for pipeline in &report.broken {
        text.push_str(&format!("  the pipeline `{pipeline}` does not work with it\n"));
    }
    print(&text)
}

pub(super) async fn deploy(settings: &Settings, args: &DeployArgs) -> Result<Exit, CliError> {
    let remote = remote(settings)?;
    let pipeline = match definition::toml::load(&args.pipeline) {
        Ok(pipeline) => pipeline,
        Err(definition::toml::LoadError::Problems(problems)) => return Err(CliError::problems(problems)),
        Err(error) => return Err(CliError::input(error)),
    };
    let mut modules = Map::new();
    for module in &pipeline.modules {
        let name = module.name.value.as_str();
        let report = remote.upload(component(&module.path.value).await?, Some(name), false, false).await?;
        modules.insert(name.to_owned(), Json::from(report.digest.to_string()));
    }
    let body = json!({ "text": &*pipeline.source.text, "modules": modules });
    let deployed = remote.post(&["pipelines"], &body).await?;
    if args.json.json {
        return show(&deployed);
    }
    print(&format!("{} revision {} is deployed\n", pipeline.name.value, deployed["revision"]))?;
    for problem in deployed["problems"].as_array().into_iter().flatten() {
        note(&doubt(problem));
    }
    Ok(Exit::Success)
}

/// What is doubtful about a pipeline that was deployed.
fn doubt(problem: &Json) -> String {
    let text = |key: &str| problem[key].as_str().map(safe_text);
    let help = text("help").map(|help| format!("\nhelp: {help}")).unwrap_or_default();
    format!("warning: {}{help}", text("message").unwrap_or_default())
}

pub(super) async fn start(settings: &Settings, args: &StartArgs) -> Result<Exit, CliError> {
    let remote = remote(settings)?;
    let deployed = remote.get_json(&["pipelines", &args.pipeline, "params"]).await?;
    let params = given(&remote, &deployed, &args.params).await?;
    let body = json!({ "params": params, "cache": !args.no_cache });
    let run = remote.start(&args.pipeline, &body, args.idempotency_key.as_deref()).await?;
    show(&run)
}

/// What `--param` says, in JSON, read as `run` reads it for the kinds of the parameters in a document. Files are sent
/// ahead, once all else is right.
async fn given(remote: &Remote, document: &Json, pairs: &[String]) -> Result<Map<String, Json>, CliError> {
    let (mut params, mut files, mut errors) = (Map::new(), Vec::new(), Vec::new());
    for (name, input) in run::params(pairs)? {
        let ParamInput::Text(text) = input else { continue };
        match kind_of(document, &name) {
            Some(ParamKind::File) => files.push((name, text)),
            // The server knows its parameters best.
            None => drop(params.insert(name.to_string(), Json::from(text))),
            Some(kind) => match read_text(kind, &text) {
                Some(json) => drop(params.insert(name.to_string(), json)),
                None => errors.push(ParamError::wrong(name, kind, &text)),
            },
        }
    }
    if !errors.is_empty() {
        return Err(CliError::input(ParamsError(errors)));
    }
    for (name, path) in files {
        params.insert(name.to_string(), json!({ "file": remote.send_file(Path::new(&path)).await? }));
    }
    Ok(params)
}

/// The kind of a parameter, as a document with parameters says.
fn kind_of(document: &Json, name: &Name) -> Option<ParamKind> {
    let mut params = document["params"].as_array().into_iter().flatten();
    let param = params.find(|param| param["name"] == name.as_str())?;
    serde_json::from_value(param["kind"].clone()).ok()
}

pub(super) async fn modules(settings: &Settings, command: &ModulesCommand) -> Result<Exit, CliError> {
    let remote = remote(settings)?;
    match command {
        ModulesCommand::List => show(&remote.get_json(&["modules"]).await?),
        ModulesCommand::Show { name } => show(&remote.get_json(&["modules", name]).await?),
        ModulesCommand::Activate(choice) => choose(&remote, "activate", choice).await,
        ModulesCommand::Approve(choice) => choose(&remote, "approve", choice).await,
        ModulesCommand::Remove { name, force } => {
            remote.delete(&["modules", name], &[("force", force.to_string())]).await?;
            Ok(Exit::Success)
        }
    }
}

async fn choose(remote: &Remote, what: &str, choice: &ChoiceArgs) -> Result<Exit, CliError> {
    let body = json!({ "version": choice.version, "force": choice.force });
    let report = remote.post(&["modules", &choice.name, what], &body).await?;
    told(&serde_json::from_value(report).map_err(CliError::host)?, false)?;
    Ok(Exit::Success)
}

pub(super) async fn triggers(settings: &Settings, command: &TriggersCommand) -> Result<Exit, CliError> {
    let remote = remote(settings)?;
    let path = |args: &TriggerArgs, what: &str| {
        ["pipelines", &args.pipeline, "triggers", &args.trigger, what].map(str::to_owned)
    };
    let pause = async |args: &TriggerArgs, what: &str| {
        let path = path(args, what);
        remote.post(&path.each_ref().map(String::as_str), &json!({})).await.map(|_| Exit::Success)
    };
    match command {
        TriggersCommand::List => show(&remote.get_json(&["triggers"]).await?),
        TriggersCommand::Events(args) => {
            show(&remote.get_json(&path(args, "events").each_ref().map(String::as_str)).await?)
        }
        TriggersCommand::Pause(args) => pause(args, "pause").await,
        TriggersCommand::Resume(args) => pause(args, "resume").await,
    }
}

pub(super) async fn secrets(settings: &Settings, command: &SecretsCommand) -> Result<Exit, CliError> {
    let remote = remote(settings)?;
    match command {
        SecretsCommand::List => show(&remote.get_json(&["secrets"]).await?),
        SecretsCommand::Set { name, keep_previous } => {
            let mut value = String::new();
            std::io::stdin().read_to_string(&mut value).map_err(CliError::host)?;
            let value = value.strip_suffix('\n').unwrap_or(&value);
            remote.put(&["secrets", name], &json!({ "value": value, "keep_previous_s": keep_previous })).await?;
            Ok(Exit::Success)
        }
        SecretsCommand::Remove { name } => {
            remote.delete(&["secrets", name], &[]).await?;
            Ok(Exit::Success)
        }
    }
}

pub(super) async fn tokens(settings: &Settings, command: &TokensCommand) -> Result<Exit, CliError> {
    let remote = remote(settings)?;
    match command {
        TokensCommand::List => show(&remote.get_json(&["tokens"]).await?),
        TokensCommand::Create { name, role, expires } => {
            let body = json!({ "name": name, "role": role, "expires_at": expires });
            let made = remote.post(&["tokens"], &body).await?;
            print(&format!("{}\n", made["token"].as_str().unwrap_or_default()))?;
            Ok(Exit::Success)
        }
        TokensCommand::Revoke { name } => {
            remote.delete(&["tokens", name], &[]).await?;
            Ok(Exit::Success)
        }
        TokensCommand::Link => {
            let link = remote.post(&["session", "link"], &json!({})).await?;
            print(&format!("{}\n", remote.address(link["path"].as_str().unwrap_or_default())))?;
            Ok(Exit::Success)
        }
    }
}
