//! Repeating a run: what it was given and what it returned, as far as both still hold.

use std::{collections::BTreeSet, sync::Arc};

use super::{Host, Params, Run, StartError, driver::NewRun, params};
use crate::{
    effects,
    event::{EventKind, RunOptions},
    execute::rerun::{self, Earlier, Mode},
    ids::{RunId, StepIndex},
    plan::Plan,
};

/// How a run is to be repeated.
#[derive(Debug, Clone, Default)]
pub struct Rerun {
    /// How much of it.
    pub again: Again,
    /// What it is given; what is missing here is what it was in the earlier run.
    pub params: Params,
    /// What it executes; if nothing is said, what the earlier run did.
    pub plan: Option<Plan>,
    /// How it runs.
    pub options: RunOptions,
}

/// How much of a run is to be repeated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Again {
    /// All of it.
    #[default]
    Whole,
    /// What did not succeed, and what depends on it.
    Failed,
    /// The steps of these names and what depends on them; and what did not succeed.
    From(Vec<String>),
}

impl Again {
    fn mode(&self, plan: &Plan) -> Result<Mode, StartError> {
        let Self::From(names) = self else {
            return Ok(if *self == Self::Whole { Mode::Whole } else { Mode::Failed });
        };
        let step = |name: &String| plan.find(name).ok_or_else(|| no_step(plan, name));
        Ok(Mode::From(names.iter().map(step).collect::<Result<BTreeSet<StepIndex>, _>>()?))
    }
}

fn no_step(plan: &Plan, name: &str) -> StartError {
    const MOST: usize = 12;
    let names = plan.steps.iter().take(MOST).map(|step| format!("`{}`", step.name));
    let mut known = names.collect::<Vec<_>>().join(", ");
    if plan.steps.len() > MOST {
        known.push_str(&format!(" and {} more", plan.steps.len() - MOST));
    }
    StartError::NoStep { step: name.to_owned(), known }
}

impl Host {
    /// Accepts a run that repeats one that has ended, and starts it. What it takes over from there is not executed again.
    /// The run is durable when this returns.
    ///
    /// # Errors
    /// If the earlier run has not ended, what the new one is given is wrong, it asks for grants that are not allowed, or
    /// it cannot be stored.
    pub async fn rerun(&self, of: RunId, how: Rerun) -> Result<Run, StartError> {
        let in_use = self.keeper.in_use().await;
        let reader = self.history().reader();
        let old_plan = reader.plan(of)?;
        let events = reader.history(of)?;
        if !events.iter().any(|event| matches!(event.kind, EventKind::Finished { .. })) {
            return Err(StartError::NotEnded(of));
        }
        let plan = Arc::new(how.plan.unwrap_or_else(|| old_plan.clone()));
        let mode = how.again.mode(&plan)?;
        self.policy.check(&plan)?;
        self.driver.load_modules(&plan).await?;
        let (new_plan, outputs) = (Arc::clone(&plan), Arc::clone(&self.outputs));
        let decided = effects::blocking_or_panic(move || {
            let earlier = Earlier { run: of, plan: &old_plan, events: &events };
            let values = params::store_again(&new_plan, how.params, (&old_plan, earlier.params()), outputs.as_ref())?;
            Ok::<_, StartError>(rerun::first_events(earlier, &new_plan, values, &mode, how.options))
        });
        let first = decided.await?;
        self.driver.accept(NewRun { plan, first, key: None, after: None, in_use }).await?.only()
    }
}
