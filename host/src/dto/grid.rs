//! Steps by runs: how each step stood in each of a pipeline's latest runs.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{RunBrief, RunSummary, Versioned};
use crate::{
    event::StepState,
    ids::Name,
    persist::{Reader, StoreError, reader::RunFilter},
};

/// The latest runs of a pipeline, with the states of their steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct StepGrid {
    /// All steps that one of the runs has: those of the newest run in its order, then those that only older ones have.
    pub steps: Vec<Name>,
    /// The runs, the newest first.
    pub runs: Vec<GridRow>,
}

/// A run in a grid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct GridRow {
    /// The run.
    pub run: RunBrief,
    /// How the steps stand, in the order of the grid; nothing where the run has no such step.
    pub states: Vec<Option<StepState>>,
    /// How long the steps took that have ended.
    pub durations_ms: Vec<Option<u64>>,
}

impl Versioned for StepGrid {
    const SCHEMA: &'static str = "stepmill.step_grid/1";
}

impl StepGrid {
    /// The grid of the latest runs of a pipeline.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn read(reader: &Reader, pipeline: &Name, runs: u32) -> Result<Self, StoreError> {
        let filter = RunFilter { pipeline: Some(pipeline.clone()), ..RunFilter::default() };
        let mut grid = Self { steps: Vec::new(), runs: Vec::new() };
        let mut places: HashMap<Name, usize> = HashMap::new();
        for row in reader.runs(&filter, None, runs)?.runs {
            let run = RunBrief::from(RunSummary::from(&row));
            let mut grid_row = GridRow { run, states: Vec::new(), durations_ms: Vec::new() };
            let steps = match reader.step_states(row.id) {
                Ok(steps) => steps,
                // Retention took the run between the two questions.
                Err(StoreError::NoSuchRun(_)) => continue,
                Err(error) => return Err(error),
            };
            for step in steps {
                let place = *places.entry(step.name.clone()).or_insert_with(|| {
                    grid.steps.push(step.name);
                    grid.steps.len() - 1
                });
                if grid_row.states.len() <= place {
                    grid_row.states.resize(place + 1, None);
                    grid_row.durations_ms.resize(place + 1, None);
                }
                grid_row.states[place] = Some(step.state);
                grid_row.durations_ms[place] = step.duration_ms;
            }
            grid.runs.push(grid_row);
        }
        for row in &mut grid.runs {
            row.states.resize(grid.steps.len(), None);
            row.durations_ms.resize(grid.steps.len(), None);
        }
        Ok(grid)
    }
}
