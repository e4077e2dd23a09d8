//! Pipelines as they are written: checking and drawing.

use std::path::Path;

use crate::{
    access,
    cli::{
        args::{CheckArgs, GraphArgs, GraphFormat},
        exit::{CliError, Exit, render_problems},
        graph::{ascii, dot, mermaid, traits},
        output::{print, print_json},
        settings::Settings,
    },
    definition::{
        Pipeline, Source,
        problem::Problems,
        toml::{self, LoadError},
    },
    dto::{CheckReport, GraphView},
    grants::Grants,
    ids::{Name, Timestamp},
    plan::{Plan, PlanTrigger},
    schedule::preview,
};

/// How many of its next times are shown for a trigger.
const NEXT_TIMES: usize = 3;

/// Reads a pipeline.
fn load(path: &Path) -> Result<Pipeline, CliError> {
    read(path)?.map_err(CliError::problems)
}

/// Reads a file that may be a good pipeline or not.
pub(super) fn read(path: &Path) -> Result<Result<Pipeline, Problems>, CliError> {
    match toml::load(path) {
        Ok(pipeline) => Ok(Ok(pipeline)),
        Err(LoadError::Problems(problems)) => Ok(Err(problems)),
        Err(error) => Err(CliError::input(error)),
    }
}

/// What is said of a file.
fn report(path: &Path, name: Option<Name>, problems: &Problems) -> CheckReport {
    let text = std::fs::read_to_string(path).unwrap_or_default().into();
    CheckReport::new(&Source { path: path.to_owned(), text }, name, problems)
}

/// How a command ends that cannot go on with a pipeline: where a document is expected, it is the one of `check`.
pub(super) fn refuse(path: &Path, name: Option<Name>, problems: Problems, json: bool) -> Result<Exit, CliError> {
    if !json {
        return Err(CliError::problems(problems));
    }
    print_json(&report(path, name, &problems))?;
    Ok(Exit::of_problems(&problems))
}

pub(super) async fn check(settings: &Settings, args: &CheckArgs) -> Result<Exit, CliError> {
    let path = &args.pipeline;
    let mut asks = String::new();
    let (name, problems) = match read(path)? {
        Err(problems) => (None, problems),
        Ok(pipeline) => {
            let compiled = super::library(settings).await?.compile(&pipeline).await;
            let problems = match compiled {
                Ok(compiled) => {
                    asks = grants(&compiled.plan) + &next_times(&compiled.triggers, Timestamp::now());
                    compiled.warnings
                }
                Err(problems) => problems,
            };
            (Some(pipeline.name.value), problems)
        }
    };
    let exit = Exit::of_problems(&problems);
    if args.json.json {
        print_json(&report(path, name, &problems))?;
    } else {
        warn(settings, &problems);
        if exit == Exit::Success && !settings.quiet {
            let found = if problems.list().is_empty() { "no problems" } else { "no errors" };
            print(&format!("{}: {found}\n{asks}", path.display()))?;
        }
    }
    Ok(exit)
}

/// What a plan asks for, a line for each step, and how to allow it; nothing if it asks for nothing.
fn grants(plan: &Plan) -> String {
    let (mut lines, mut all) = (String::new(), Grants::default());
    for step in plan.steps.iter().filter(|step| !step.grants.is_pure()) {
        lines.push_str(&format!("  {} asks for {}\n", step.name, access::names(&step.grants, ", ")));
        step.grants.list().for_each(|grant| all.add(grant));
    }
    if !all.is_pure() {
        lines.push_str(&format!("  run it with --allow {}\n", access::names(&all, ",")));
    }
    lines
}

/// When triggers fire next, a line for each that has times.
fn next_times(triggers: &[PlanTrigger], now: Timestamp) -> String {
    let times = |trigger: &PlanTrigger| {
        let next: Vec<_> = preview(&trigger.kind, now, NEXT_TIMES).into_iter().map(Timestamp::rfc3339).collect();
        if next.is_empty() { String::new() } else { format!("  {} fires at {}\n", trigger.name, next.join(", ")) }
    };
    triggers.iter().map(times).collect()
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
        GraphFormat::Ascii => {
            let drawing = ascii::draw(&plan, &ascii::names(&plan), settings.width, settings.stdout);
            let legend = traits::legend(&plan, settings.stdout);
            if legend.is_empty() { drawing } else { format!("{drawing}\n{legend}") }
        }
        GraphFormat::Mermaid => mermaid::draw(&plan),
        GraphFormat::Dot => dot::draw(&plan),
    })?;
    Ok(Exit::Success)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{CatchUp, Overlap, TimeZone, TriggerKind};

    #[test]
    fn the_next_times_of_triggers_are_shown() {
        let (expression, timezone) = ("0 2 * * *".parse().unwrap(), TimeZone::UTC);
        let trigger = PlanTrigger {
            name: Name::new("nightly").unwrap(),
            kind: TriggerKind::Cron { expression, timezone, catch_up: CatchUp::Latest },
            payload: None,
            params: serde_json::Map::new(),
            overlap: Overlap::Queue,
            paused: false,
        };
        insta::assert_snapshot!(next_times(&[trigger], Timestamp(0)), @"  nightly fires at 1970-01-01T02:00:00.000Z, 1970-01-02T02:00:00.000Z, 1970-01-03T02:00:00.000Z");
    }
}
