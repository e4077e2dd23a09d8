//! From a step's conditions and the state of its run to whether it runs.

use std::sync::Arc;

use bytes::Bytes;

use super::{
    job,
    ports::OutputStore,
    state::RunState,
    stored::{self, StoredError},
    trouble::Trouble,
};
use crate::{
    event::{EventKind, ReadValue, SkipReason},
    failure::{FailureKind, StepFailure},
    ids::{Name, StepIndex},
    limits::MAX_CONDITION_OUTPUT,
    output::OutputRef,
    plan::{Condition, EvaluationError, Read},
    value::{path::ValuePath, select::select},
};

/// The conditions of a step, with all they need. Made from the state, evaluated elsewhere.
pub(super) struct Question {
    step: StepIndex,
    branches: Vec<Branch>,
    when: Option<Asked>,
}

struct Branch {
    name: Name,
    /// The step's case.
    case: Name,
    /// The cases up to the step's, in order. The last one has no condition if it is `else`.
    cases: Vec<(Name, Option<Asked>)>,
}

struct Asked {
    condition: Condition,
    /// In the order of its reads.
    values: Vec<Value>,
}

/// What a condition reads.
enum Value {
    Null,
    Given(Bytes),
    Stored { what: String, output: OutputRef, path: ValuePath },
}

impl Question {
    pub(super) fn about(state: &RunState, index: StepIndex) -> Self {
        let plan = state.plan();
        let step = plan.step(index);
        let ask = |condition: &Condition| Asked::new(state, index, condition);
        let branches = step.branches.iter().filter_map(|place| {
            let branch = plan.branches.get(place.branch as usize)?;
            let case = branch.cases.get(place.case as usize)?;
            let cases = branch.cases.iter().take(place.case as usize + 1);
            let cases = cases.map(|case| (case.name.clone(), case.condition.as_ref().map(ask)));
            Some(Branch { name: branch.name.clone(), case: case.name.clone(), cases: cases.collect() })
        });
        Self { step: index, branches: branches.collect(), when: step.when.as_ref().map(ask) }
    }

    /// The event that says whether the step runs. Blocking.
    pub(super) fn answer(&self, store: &Arc<dyn OutputStore>) -> Result<EventKind, Trouble> {
        let step = self.step;
        let mut values = Vec::new();
        Ok(match self.skips(store, &mut values)? {
            Some(reason) => EventKind::StepSkipped { step, reason },
            None => EventKind::ConditionHeld { step, values },
        })
    }

    fn skips(&self, store: &Arc<dyn OutputStore>, held: &mut Vec<ReadValue>) -> Result<Option<SkipReason>, Trouble> {
        for branch in &self.branches {
            let mut values = Vec::new();
            let taken = branch.taken(store, &mut values)?;
            if taken != Some(&branch.case) {
                let (branch, case) = (branch.name.clone(), branch.case.clone());
                return Ok(Some(SkipReason::Branch { branch, case, taken: taken.cloned(), values }));
            }
            held.append(&mut values);
        }
        let Some(when) = &self.when else { return Ok(None) };
        let mut values = Vec::new();
        if !when.holds(store, &mut values)? {
            return Ok(Some(SkipReason::Condition { expression: when.condition.to_string(), values }));
        }
        held.append(&mut values);
        Ok(None)
    }
}

impl Branch {
    /// The first case that holds, of those up to the step's.
    fn taken(&self, store: &Arc<dyn OutputStore>, values: &mut Vec<ReadValue>) -> Result<Option<&Name>, Trouble> {
        for (name, asked) in &self.cases {
            let holds = match asked {
                Some(asked) => asked.holds(store, values)?,
                None => true,
            };
            if holds {
                return Ok(Some(name));
            }
        }
        Ok(None)
    }
}

impl Asked {
    fn new(state: &RunState, index: StepIndex, condition: &Condition) -> Self {
        let values = condition.reads().iter().map(|read| Value::of(state, index, read)).collect();
        Self { condition: condition.clone(), values }
    }

    fn holds(&self, store: &Arc<dyn OutputStore>, read: &mut Vec<ReadValue>) -> Result<bool, Trouble> {
        let values: Vec<_> = self.values.iter().map(|value| value.load(store)).collect::<Result<_, _>>()?;
        for value in self.condition.record(&values) {
            if !read.contains(&value) {
                read.push(value);
            }
        }
        self.condition.evaluate(&values).map_err(|error| {
            let message = format!("the condition `{}` cannot be evaluated: {error}", self.condition);
            match error {
                EvaluationError::Wrong(_) => Trouble::Step(StepFailure::new(FailureKind::Condition, message)),
                EvaluationError::NoThread(_) => Trouble::Host(message),
            }
        })
    }
}

impl Value {
    fn of(state: &RunState, index: StepIndex, read: &Read) -> Self {
        let plan = state.plan();
        let find = |name: &Name| plan.step(index).upstreams.iter().copied().find(|up| plan.step(*up).name == *name);
        let text = |text: &str| Self::Given(job::text(text));
        match read {
            Read::Output(name, path) => match find(name).and_then(|step| state.output(step)) {
                Some(output) => Self::Stored { what: name.to_string(), output: output.clone(), path: path.clone() },
                None => Self::Null,
            },
            Read::State(name) => find(name).map_or(Self::Null, |step| text(state.state(step).as_str())),
            Read::Param(name, path) => match state.param(name.as_str()) {
                Some(output) => {
                    Self::Stored { what: format!("params.{name}"), output: output.clone(), path: path.clone() }
                }
                None => Self::Null,
            },
            Read::Run(fact) => Self::Given(job::fact(state, *fact)),
            Read::Outcome => text(state.prospect().as_str()),
        }
    }

    fn load(&self, store: &Arc<dyn OutputStore>) -> Result<Option<Bytes>, Trouble> {
        let (what, output, path) = match self {
            Self::Null => return Ok(None),
            Self::Given(bytes) => return Ok(Some(bytes.clone())),
            Self::Stored { what, output, path } => (what, output, path),
        };
        let unreadable = |error: StoredError| {
            let message = format!("the condition cannot read `{what}{path}`");
            Trouble::reading(FailureKind::Condition, message, &error)
        };
        let whole = stored::read_value(store.as_ref(), output, MAX_CONDITION_OUTPUT).map_err(unreadable)?;
        // What is not there is null, so that `has(…)` and comparisons with null decide; a condition that needs it fails.
        Ok(select(&whole, path).ok().map(|part| whole.slice_ref(part)))
    }
}
