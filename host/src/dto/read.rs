//! Documents about runs, read from what is kept: the same for a terminal as for the API.

use super::{LogLineView, PipelineSummary, RunDetail, RunSummary, StepCounts};
use crate::{
    execute::ports::LogLine,
    ids::{Name, RunId, StepIndex, Timestamp},
    persist::{
        Reader, StoreError,
        reader::{LogFilter, MAX_ROWS, RunFilter, RunRow},
    },
    plan::Plan,
};

/// The most steps whose computation is explained in a report on the whole run.
const EXPLAINED: usize = 100;
/// Chunks of logs that one query answers with.
const CHUNKS: u32 = 500;

impl From<&RunRow> for RunSummary {
    fn from(row: &RunRow) -> Self {
        let counts = &row.counts;
        let mut steps = StepCounts {
            waiting: 0,
            running: counts.running.into(),
            succeeded: counts.succeeded.into(),
            failed: counts.failed.into(),
            skipped: counts.skipped.into(),
            cancelled: counts.cancelled.into(),
        };
        steps.waiting = u64::from(row.steps).saturating_sub(steps.total());
        Self {
            id: row.id,
            pipeline: row.pipeline.clone(),
            state: row.state,
            interrupted: false,
            interruption: None,
            cancel_requested: row.cancel_requested,
            trigger: row.trigger.clone(),
            scheduled_for: row.scheduled_for.map(Timestamp::rfc3339),
            created_at: row.created_at.rfc3339(),
            finished_at: row.finished_at.map(Timestamp::rfc3339),
            duration_ms: row.finished_at.and_then(|at| u64::try_from(at.0 - row.created_at.0).ok()),
            steps,
        }
    }
}

impl PipelineSummary {
    /// The pipelines that have runs, with the time of their latest, and some of the latest runs of each.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn read_all(reader: &Reader, recent: u32) -> Result<Vec<(Self, Timestamp)>, StoreError> {
        let mut found = Vec::new();
        for pipeline in reader.pipelines()? {
            let filter = RunFilter { pipeline: Some(pipeline.name.clone()), ..RunFilter::default() };
            let latest = reader.runs(&filter, None, recent.max(1))?;
            if let Some(row) = latest.runs.first() {
                let briefs = latest.runs.iter().take(recent as usize).map(|row| RunSummary::from(row).into());
                let recent = briefs.collect();
                let summary = Self { name: pipeline.name, runs: pipeline.runs, latest: row.into(), recent };
                found.push((summary, row.created_at));
            }
        }
        Ok(found)
    }
}

impl RunDetail {
    /// All about a run, and the plan that it follows.
    ///
    /// # Errors
    /// If there is no such run, its plan is damaged, or the database cannot be read.
    pub fn read(reader: &Reader, run: RunId) -> Result<(Self, Plan), StoreError> {
        let plan = reader.plan(run)?;
        let (events, damage) = reader.readable_history(run)?;
        let mut detail = Self::replay(run, &plan, &events);
        if let Some(damage) = damage {
            // Where it stands is known all the same.
            let row = reader.run(run)?;
            detail.run = RunSummary::from(&row);
            detail.cancel_requested = row.cancel_requested;
            detail.events = row.events;
            // What a step waits for follows from what is missing.
            detail.steps.iter_mut().for_each(|step| step.waits = None);
            detail.damage = Some(damage.to_string());
        }
        Ok((detail, plan))
    }

    /// Says why steps were computed that the cache could have answered for: one step, or the first ones.
    pub fn explain_from(&mut self, reader: &Reader, only: Option<&Name>) {
        let wanted = |name: &&Name| only.is_none_or(|only| only == *name);
        let steps: Vec<Name> = self.computed().filter(wanted).take(EXPLAINED).cloned().collect();
        for step in steps {
            // An earlier run that is damaged is no reason not to show this one.
            if let Ok(previous) = reader.previous_parts(&self.run.pipeline, &step, self.run.id) {
                self.explain(&step, previous.as_ref());
            }
        }
    }
}

/// Follows the logs of a run: which chunk of which step comes next.
#[derive(Debug, Clone)]
pub struct LogCursor {
    run: RunId,
    filter: LogFilter,
    next: Vec<(StepIndex, u64)>,
}

/// A line of a log, with the step and the attempt that wrote it.
pub type PlacedLine = (StepIndex, u32, LogLine);

impl LogCursor {
    /// From the beginning of the logs of these steps.
    #[must_use]
    pub fn new(run: RunId, steps: impl IntoIterator<Item = StepIndex>, filter: LogFilter) -> Self {
        Self { run, filter, next: steps.into_iter().map(|step| (step, 0)).collect() }
    }

    /// The next chunk of each step.
    #[must_use]
    pub fn position(&self) -> &[(StepIndex, u64)] {
        &self.next
    }

    /// Goes on behind the chunks that were read before.
    pub fn seek(&mut self, position: &[(StepIndex, u64)]) {
        for (step, next) in &mut self.next {
            if let Some((_, chunk)) = position.iter().find(|(wanted, _)| wanted == step) {
                *next = *chunk;
            }
        }
    }

    /// The lines that came since, by time.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn read(&mut self, reader: &Reader) -> Result<Vec<PlacedLine>, StoreError> {
        let mut lines = Vec::new();
        for (step, from) in &mut self.next {
            loop {
                let chunks = reader.logs(self.run, *step, self.filter, *from, CHUNKS)?;
                let Some(last) = chunks.last() else { break };
                *from = last.chunk + 1;
                for chunk in chunks {
                    lines.extend(chunk.lines.into_iter().map(|line| (*step, chunk.attempt, line)));
                }
            }
        }
        lines.sort_by_key(|(_, _, line)| line.at);
        Ok(lines)
    }
}

/// The lines as they are shown.
#[must_use]
pub fn log_views(plan: &Plan, lines: &[PlacedLine]) -> Vec<LogLineView> {
    lines.iter().map(|(step, attempt, line)| LogLineView::of(&plan.step(*step).name, *attempt, line)).collect()
}

/// Runs that fit, newest first, however many pages that takes.
///
/// # Errors
/// If the database cannot be read.
pub fn newest_runs(reader: &Reader, filter: &RunFilter, limit: u32) -> Result<Vec<RunRow>, StoreError> {
    let (mut rows, mut after) = (Vec::new(), None);
    loop {
        let wanted = limit.saturating_sub(u32::try_from(rows.len()).unwrap_or(u32::MAX));
        if wanted == 0 {
            return Ok(rows);
        }
        let page = reader.runs(filter, after, wanted.min(MAX_ROWS))?;
        rows.extend(page.runs);
        after = page.next;
        if after.is_none() {
            return Ok(rows);
        }
    }
}
