//! Pipelines as they are written: checking and drawing.

use std::path::Path;

use crate::{
    cli::{
        args::{CheckArgs, GraphArgs, GraphFormat},
        exit::{CliError, Exit, render_problems},
        graph::{ascii, dot, mermaid},
        output::{print, print_json},
        settings::Settings,
    },
    definition::{
        Pipeline, Source,
        problem::Problems,
        toml::{self, LoadError},
    },
    dto::{CheckReport, GraphView},
};

/// Reads a pipeline.
pub(super) fn load(path: &Path) -> Result<Pipeline, CliError> {
    toml::load(path).map_err(|error| match error {
        LoadError::Problems(problems) => CliError::problems(problems),
        error => CliError::input(error),
    })
}

pub(super) async fn check(settings: &Settings, args: &CheckArgs) -> Result<Exit, CliError> {
    let path = &args.pipeline;
    let (name, problems) = match toml::load(path) {
        Err(LoadError::Problems(problems)) => (None, problems),
        Err(error) => return Err(CliError::input(error)),
        Ok(pipeline) => {
            let compiled = super::library(settings).await?.compile(&pipeline).await;
            let problems = match compiled {
                Ok(compiled) => compiled.warnings,
                Err(problems) => problems,
            };
            (Some(pipeline.name.value), problems)
        }
    };
    let text = std::fs::read_to_string(path).unwrap_or_default().into();
    let report = CheckReport::new(&Source { path: path.clone(), text }, name, &problems);
    if args.json.json {
        print_json(&report)?;
    } else {
        warn(settings, &problems);
        if report.ok && !settings.quiet {
            print(&format!("{} is a good pipeline\n", path.display()))?;
        }
    }
    Ok(if report.ok { Exit::Success } else { Exit::BadInput })
}

/// Problems that do not stop anything, on standard error.
pub(super) fn warn(settings: &Settings, problems: &Problems) {
    if !problems.list().is_empty() {
        eprint!("{}", render_problems(problems, settings.stderr.color, settings.width));
    }
}

pub(super) async fn graph(settings: &Settings, args: &GraphArgs) -> Result<Exit, CliError> {
    let pipeline = load(&args.pipeline)?;
    let plan = super::library(settings).await?.compile(&pipeline).await?.plan;
    if args.json.json {
        print_json(&GraphView::of(&plan))?;
        return Ok(Exit::Success);
    }
    print(&match args.format {
        GraphFormat::Ascii => ascii::draw(&plan, &ascii::names(&plan), settings.width, settings.stdout),
        GraphFormat::Mermaid => mermaid::draw(&plan),
        GraphFormat::Dot => dot::draw(&plan),
    })?;
    Ok(Exit::Success)
}
