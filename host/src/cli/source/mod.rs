//! Where commands look: into a data directory, or at a server. Both answer with the same documents.

mod address;
mod problem;
mod remote;

use std::path::{Path, PathBuf};

use bytes::Bytes;

pub use self::remote::Remote;
use super::{
    commands::{find_run, store_error},
    exit::CliError,
    settings::Settings,
};
use crate::{
    app::{
        History, StoreError,
        reader::{LogFilter, RunFilter, StoredOutput},
    },
    cli::files,
    dto::{
        DisabledPipeline, LogLineView, PipelineSummary, RunDetail, RunSummary,
        read::{self, LogCursor},
    },
    execute::stored,
    ids::{Name, RunId, StepIndex, Timestamp},
    plan::Plan,
};

/// The largest output that is printed as JSON.
const MAX_PRINTED: u64 = 256 << 20;

/// Where commands look.
pub enum Source {
    /// A data directory.
    Local(Box<History>),
    /// A data directory in which nothing has run yet.
    Nothing,
    /// A server.
    Remote(Remote),
}

/// Which output of a step.
#[derive(Debug, Clone, Copy, Default)]
pub struct Which {
    /// Of a `for_each` step: of this item.
    pub item: Option<u32>,
    /// Of this attempt.
    pub attempt: Option<u32>,
}

impl Source {
    /// What the flags name.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub fn open(settings: &Settings) -> Result<Self, CliError> {
        match Self::open_if_any(settings)? {
            Self::Nothing => History::open(&settings.data_dir).map(|_| Self::Nothing).map_err(store_error),
            source => Ok(source),
        }
    }

    /// The same, where nothing having run yet is no mistake.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub fn open_if_any(settings: &Settings) -> Result<Self, CliError> {
        if let Some(server) = &settings.server {
            return Remote::new(server, settings.token.as_deref()).map(Self::Remote);
        }
        match History::open(&settings.data_dir) {
            Ok(history) => Ok(Self::Local(Box::new(history))),
            Err(StoreError::Empty(_)) => Ok(Self::Nothing),
            Err(error) => Err(store_error(error)),
        }
    }

    /// The newest runs, with when they were accepted.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn runs(&self, pipeline: Option<Name>, limit: u32) -> Result<Vec<(RunSummary, Timestamp)>, CliError> {
        match self {
            Self::Nothing => Ok(Vec::new()),
            Self::Remote(remote) => remote.runs(pipeline, limit).await,
            Self::Local(history) => {
                let filter = RunFilter { pipeline, ..RunFilter::default() };
                let rows = read::newest_runs(history.reader(), &filter, limit).map_err(store_error)?;
                let mut runs: Vec<_> = rows.iter().map(|row| (RunSummary::from(row), row.created_at)).collect();
                mark_interrupted(history, runs.iter_mut().map(|(run, _)| run))?;
                Ok(runs)
            }
        }
    }

    /// The pipelines that have runs, and those of a server that cannot run.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn pipelines(&self) -> Result<(Vec<(PipelineSummary, Timestamp)>, Vec<DisabledPipeline>), CliError> {
        match self {
            Self::Nothing => Ok((Vec::new(), Vec::new())),
            Self::Remote(remote) => remote.pipelines().await,
            Self::Local(history) => {
                let mut pipelines = PipelineSummary::read_all(history.reader(), 0).map_err(store_error)?;
                mark_interrupted(history, pipelines.iter_mut().map(|(pipeline, _)| &mut pipeline.latest))?;
                // Only a server knows what is deployed, and with which policy.
                Ok((pipelines, Vec::new()))
            }
        }
    }

    /// The run that a user means.
    ///
    /// # Errors
    /// If none or several fit.
    pub async fn find(&self, text: &str) -> Result<RunId, CliError> {
        match self {
            Self::Nothing => Err(CliError::bad_input(format!("there is no run `{text}`"))),
            Self::Remote(remote) => remote.find(text).await,
            Self::Local(history) => find_run(history, text),
        }
    }

    /// All about a run, and its plan; with why steps were computed, of one of them or of the first ones.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn run(&self, run: RunId, step: Option<&str>) -> Result<(RunDetail, Plan), CliError> {
        match self {
            Self::Nothing => Err(CliError::bad_input(format!("there is no run `{run}`"))),
            Self::Remote(remote) => remote.run(run).await,
            Self::Local(history) => {
                let (mut detail, plan) = RunDetail::read(history.reader(), run).map_err(store_error)?;
                mark_interrupted(history, [&mut detail.run])?;
                let only = step.and_then(|name| plan.find(name)).map(|index| plan.step(index).name.clone());
                detail.explain_from(history.reader(), only.as_ref());
                Ok((detail, plan))
            }
        }
    }

    /// The plan that a run follows.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn plan(&self, run: RunId) -> Result<Plan, CliError> {
        match self {
            Self::Nothing => Err(CliError::bad_input(format!("there is no run `{run}`"))),
            Self::Remote(remote) => remote.plan(run).await,
            Self::Local(history) => history.reader().plan(run).map_err(store_error),
        }
    }

    /// Follows the logs of some steps of a run.
    #[must_use]
    pub fn follow(&self, run: RunId, steps: Vec<StepIndex>, filter: LogFilter) -> Follow<'_> {
        Follow { source: self, run, filter, cursor: LogCursor::new(run, steps.iter().copied(), filter), position: None }
    }

    /// A step's output as one MessagePack value; none if it has none.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn output(
        &self,
        run: RunId,
        plan: &Plan,
        step: StepIndex,
        which: Which,
    ) -> Result<Option<Bytes>, CliError> {
        match self {
            Self::Nothing => Ok(None),
            Self::Remote(remote) => remote.output(run, plan, step, which).await,
            Self::Local(history) => {
                let Some(StoredOutput { output, index }) = find_output(history, run, step, which)? else {
                    return Ok(None);
                };
                let bytes = match index {
                    Some(index) => stored::read_item(history.outputs().as_ref(), &output, index).map(Bytes::from),
                    None => history.value(&output, MAX_PRINTED),
                };
                bytes.map(Some).map_err(CliError::host)
            }
        }
    }

    /// Writes the files of a step's output into a folder, and says where; none if it has no output.
    ///
    /// # Errors
    /// If they cannot be read or written.
    pub async fn save(
        &self,
        run: RunId,
        plan: &Plan,
        step: StepIndex,
        which: Which,
        folder: &Path,
    ) -> Result<Option<Vec<PathBuf>>, CliError> {
        match self {
            Self::Nothing => Ok(None),
            Self::Remote(remote) => remote.save(run, plan, step, which, folder).await,
            Self::Local(history) => {
                let Some(stored) = find_output(history, run, step, which)? else { return Ok(None) };
                let saved = files::save(&stored.output.files, history.outputs().as_ref(), folder);
                saved.map(Some).map_err(CliError::host)
            }
        }
    }
}

fn find_output(history: &History, run: RunId, step: StepIndex, which: Which) -> Result<Option<StoredOutput>, CliError> {
    history.reader().output(run, step, which.item, which.attempt).map_err(store_error)
}

/// Marks the runs that wait to be resumed.
fn mark_interrupted<'r>(history: &History, runs: impl IntoIterator<Item = &'r mut RunSummary>) -> Result<(), CliError> {
    let mut active = runs.into_iter().filter(|run| !run.state.is_terminal()).peekable();
    if active.peek().is_none() || history.dir().holder().map_err(CliError::host)?.is_some() {
        return Ok(());
    }
    for run in active {
        // Read once more: it may have ended, and its host with it, before anybody asked for the holder.
        run.interrupted = is_active(history, run.id)?;
    }
    Ok(())
}

/// Whether the store says that a run has not ended.
pub(in crate::cli) fn is_active(history: &History, run: RunId) -> Result<bool, CliError> {
    Ok(!history.reader().run(run).map_err(store_error)?.state.is_terminal())
}

/// Lines of logs, from where it was asked the last time.
pub struct Follow<'a> {
    source: &'a Source,
    run: RunId,
    filter: LogFilter,
    cursor: LogCursor,
    position: Option<String>,
}

/// What follows the lines that were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Follows {
    /// More lines may.
    More,
    /// The run has ended.
    End,
    /// Nothing, unless the run is resumed: its host has stopped.
    Nothing,
}

impl Follow<'_> {
    /// The lines that came since, and what follows them.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn lines(&mut self, plan: &Plan, step: Option<&str>) -> Result<(Vec<LogLineView>, Follows), CliError> {
        match self.source {
            Source::Nothing => Ok((Vec::new(), Follows::End)),
            Source::Remote(remote) => {
                let page = remote.logs(self.run, step, self.filter, self.position.as_deref()).await?;
                self.position = Some(page.next);
                Ok((page.lines, if page.ended { Follows::End } else { Follows::More }))
            }
            Source::Local(history) => {
                // Before the lines are read, so that those of a host that stops meanwhile are among them.
                let follows = follows(history, self.run)?;
                let lines = self.cursor.read(history.reader()).map_err(store_error)?;
                Ok((read::log_views(plan, &lines), follows))
            }
        }
    }
}

fn follows(history: &History, run: RunId) -> Result<Follows, CliError> {
    let is_held = history.dir().holder().map_err(CliError::host)?.is_some();
    Ok(match (is_active(history, run)?, is_held) {
        (false, _) => Follows::End,
        (true, true) => Follows::More,
        (true, false) => Follows::Nothing,
    })
}
