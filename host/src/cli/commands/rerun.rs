//! `runs rerun`: a new run that repeats one that has ended.

use super::{
    policy,
    run::{self, Show, conclude, params, start_error},
};
use crate::{
    app::{Again, History, Rerun},
    cli::{
        args::RunsRerunArgs,
        exit::{CliError, Exit},
        settings::Settings,
        source::is_active,
    },
};

pub(super) async fn rerun(settings: &Settings, args: RunsRerunArgs) -> Result<Exit, CliError> {
    // Looked up by a reader first: a mistyped id must not make a data directory.
    let history = History::open(&settings.data_dir).map_err(super::store_error)?;
    let id = super::find_run(&history, &args.run)?;
    if is_active(&history, id)? {
        let error = CliError::bad_input(format!("the run {id} has not ended, so it cannot be repeated"));
        return Err(error
            .help(format!("take it up with `stepmill runs resume {id}`, or end it with `stepmill runs cancel {id}`")));
    }
    let again = match args.from.as_slice() {
        [] if args.failed => Again::Failed,
        [] => Again::Whole,
        steps => Again::From(steps.to_vec()),
    };
    let params = params(&args.params)?;
    let outside = policy::of(&args.options.outside)?;
    let json = args.report.json;
    let pipeline = match args.pipeline.as_deref() {
        None => None,
        Some(path) => match super::pipeline::read(path)? {
            Ok(pipeline) => Some((path, pipeline)),
            Err(problems) => return super::pipeline::refuse(path, None, problems, json),
        },
    };
    let show = Show::new(settings, &args.report, &args.options.outside);
    let host = show.open(settings, outside.clone()).await?;
    let mut plan = None;
    if let Some((path, pipeline)) = pipeline {
        plan = match run::plan(settings, &host, &outside.policy, (path, &pipeline), json).await? {
            Ok(plan) => Some(plan),
            Err(exit) => return Ok(exit),
        };
    }
    let how = Rerun { again, params, plan, options: policy::run_options(&args.options) };
    let run = host.rerun(id, how).await.map_err(start_error)?;
    conclude(settings, &args.report, &show, host, run).await
}
