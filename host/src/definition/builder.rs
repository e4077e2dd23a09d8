//! Pipelines in Rust, with handles in place of names.
//!
//! ```
//! use stepmill::definition::{ParamKind, builder::PipelineBuilder};
//!
//! let p = PipelineBuilder::new("weather");
//! p.module("weather", "steps/weather");
//! let csv = p.param("csv", ParamKind::File).description("station data, CSV");
//! let parse = p.step("parse", "weather/parse").input("csv", &csv);
//! let check = p.step("check", "weather/check").input("days", &parse).config("threshold", 30.0);
//! let report = p.step("report", "weather/report").input("years", check.part("years[0]")).needs(&parse);
//! p.output(&report);
//! let pipeline = p.build()?;
//! assert_eq!(pipeline.steps.len(), 3);
//! # Ok::<(), stepmill::definition::problem::Problems>(())
//! ```

mod flow;
mod resolve;
mod triggers;
mod values;

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{OnError, ParamKind, Pipeline, Retry, RunFact, Source, draft::LimitKey, problem::Problems, report::Report};
use crate::value::path::{PathError, ValuePath};
use crate::{event::Join, grants::Grant};
pub use flow::{Branch, Case};
use triggers::TriggerParts;
pub use triggers::{Trigger, When};
pub use values::{ConfigInput, Literal, Part};

/// Collects a pipeline. Nothing is checked before [`build`](Self::build), which then reports all problems at once.
#[derive(Debug, Clone)]
pub struct PipelineBuilder {
    shared: Shared,
}

/// A parameter of the pipeline being built. Clones are the same parameter.
#[derive(Debug, Clone)]
pub struct Param {
    shared: Shared,
    index: usize,
}

/// A step of the pipeline being built. Clones are the same step.
#[derive(Debug, Clone)]
pub struct Step {
    shared: Shared,
    index: usize,
}

/// What the builder and its handles have in common. Handles change it in place: so a step can be read by others
/// while it is still being described, and no call has to say that its description ends.
#[derive(Debug, Clone)]
struct Shared(Arc<Mutex<Parts>>);

#[derive(Debug, Clone, Default)]
struct Parts {
    name: String,
    description: String,
    output: Option<Target>,
    modules: Vec<(String, PathBuf)>,
    params: Vec<ParamParts>,
    steps: Vec<StepParts>,
    branches: Vec<BranchParts>,
    triggers: Vec<TriggerParts>,
}

#[derive(Debug, Clone)]
struct ParamParts {
    name: String,
    kind: ParamKind,
    description: String,
    default: Option<Literal>,
}

#[derive(Debug, Clone)]
struct BranchParts {
    name: String,
    /// Names with conditions; none is `else`.
    cases: Vec<(String, Option<String>)>,
}

#[derive(Debug, Clone, Default)]
struct StepParts {
    name: String,
    uses: String,
    inputs: Vec<(String, Link)>,
    config: Vec<(String, Setting)>,
    needs: Vec<Target>,
    on_error: Option<OnError>,
    limits: Vec<(LimitKey, u64)>,
    join: Option<Join>,
    /// Places of a branch and of its case; none of another pipeline.
    branches: Vec<Option<(usize, usize)>>,
    when: Option<String>,
    for_each: Option<Link>,
    max_parallel: Option<u32>,
    retry: Option<Retry>,
    allow_failure: bool,
    finally: bool,
    grants: Vec<Grant>,
    uncached: bool,
}

/// What a handle stands for. The parts hold this and not the handle, which holds the parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Step(usize),
    Param(usize),
    /// The item of a `for_each` step.
    Item,
    /// A fact of the run.
    Run(RunFact),
    /// Something of another pipeline.
    Foreign,
}

/// A target and which part of it is meant.
#[derive(Debug, Clone)]
struct Link {
    target: Target,
    path: Result<ValuePath, PathError>,
}

/// See [`ConfigInput`].
#[derive(Debug, Clone)]
enum Setting {
    Literal(Literal),
    Link(Link),
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Parts> {
        // Every change is one assignment or one push, so a panic elsewhere cannot have left it half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// What a handle stands for, seen from here.
    fn target(&self, owner: &Self, target: Target) -> Target {
        if self.is(owner) { target } else { Target::Foreign }
    }
}

impl PipelineBuilder {
    /// A pipeline without steps.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        let parts = Parts { name: name.into(), ..Parts::default() };
        Self { shared: Shared(Arc::new(Mutex::new(parts))) }
    }

    /// Says what it is for, in Markdown.
    pub fn description(&self, text: impl Into<String>) {
        self.shared.lock().description = text.into();
    }

    /// Says where a module is: a step crate's folder or a `.wasm` file, absolute or relative to the working directory.
    pub fn module(&self, name: impl Into<String>, path: impl Into<PathBuf>) {
        self.shared.lock().modules.push((name.into(), path.into()));
    }

    /// Adds a parameter. It is required unless it gets a [`default`](Param::default).
    pub fn param(&self, name: impl Into<String>, kind: ParamKind) -> Param {
        let mut parts = self.shared.lock();
        parts.params.push(ParamParts { name: name.into(), kind, description: String::new(), default: None });
        Param { shared: self.shared.clone(), index: parts.params.len() - 1 }
    }

    /// Adds a step; `uses` is `module/step`, `module@1.2/step` or `module@sha256:…/step`.
    pub fn step(&self, name: impl Into<String>, uses: impl Into<String>) -> Step {
        let mut parts = self.shared.lock();
        parts.steps.push(StepParts { name: name.into(), uses: uses.into(), ..StepParts::default() });
        Step { shared: self.shared.clone(), index: parts.steps.len() - 1 }
    }

    /// Makes a step's output the run's.
    pub fn output(&self, step: &Step) {
        let target = self.shared.target(&step.shared, Target::Step(step.index));
        self.shared.lock().output = Some(target);
    }

    /// Checks what was collected and makes the pipeline. The builder can be added to and built again.
    ///
    /// # Errors
    /// All problems at once, the same as those of a file, but without places.
    pub fn build(&self) -> Result<Pipeline, Problems> {
        let source = Source::default();
        let mut report = Report::new(Arc::clone(&source.text));
        let draft = resolve::draft(&self.shared.lock(), &mut report);
        draft.finish(source, report)
    }
}

impl Param {
    /// Says what it is for, in Markdown.
    pub fn description(self, text: impl Into<String>) -> Self {
        self.change(|param| param.description = text.into())
    }

    /// Says what it is when a run is not given it.
    pub fn default(self, value: impl Into<Literal>) -> Self {
        let value = value.into();
        self.change(|param| param.default = Some(value))
    }

    /// A part of it, such as `years[0].high`.
    #[must_use]
    pub fn part(&self, path: &str) -> Part {
        Part::new(&self.shared, Target::Param(self.index), path)
    }

    fn change(self, change: impl FnOnce(&mut ParamParts)) -> Self {
        self.shared.lock().params.get_mut(self.index).map(change);
        self
    }
}

impl Step {
    /// Gives an input the whole output of a step, or a parameter, or a [`Part`] of one.
    pub fn input(self, name: impl Into<String>, from: impl Into<Part>) -> Self {
        let link = from.into().link(&self.shared);
        let name = name.into();
        self.change(|step| step.inputs.push((name, link)))
    }

    /// Sets config to a literal, or to a parameter or a [`Part`] of one.
    pub fn config(self, name: impl Into<String>, value: impl Into<ConfigInput>) -> Self {
        let setting = value.into().setting(&self.shared);
        let name = name.into();
        self.change(|step| step.config.push((name, setting)))
    }

    /// Puts it behind another step without data from that.
    pub fn needs(self, step: &Step) -> Self {
        let target = self.shared.target(&step.shared, Target::Step(step.index));
        self.change(|step| step.needs.push(target))
    }

    /// Says what its failure does to the run.
    pub fn on_error(self, on_error: OnError) -> Self {
        self.change(|step| step.on_error = Some(on_error))
    }

    /// Limits an attempt's time on the wall clock; whole milliseconds, rounded up.
    pub fn timeout(self, most: Duration) -> Self {
        self.limit(LimitKey::Timeout, whole_ms(most))
    }

    /// Limits an attempt's time on the processor; whole milliseconds, rounded up.
    pub fn max_cpu(self, most: Duration) -> Self {
        self.limit(LimitKey::Cpu, whole_ms(most))
    }

    /// Limits its memory, in bytes.
    pub fn max_memory(self, bytes: u64) -> Self {
        self.limit(LimitKey::Memory, bytes)
    }

    /// Limits the value that it returns and each item of a stream, in bytes.
    pub fn max_output(self, bytes: u64) -> Self {
        self.limit(LimitKey::Output, bytes)
    }

    /// Limits all that it writes to streams and files, in bytes.
    pub fn max_storage(self, bytes: u64) -> Self {
        self.limit(LimitKey::Storage, bytes)
    }

    /// A part of its output, such as `years[0].high`.
    #[must_use]
    pub fn part(&self, path: &str) -> Part {
        Part::new(&self.shared, Target::Step(self.index), path)
    }

    fn limit(self, key: LimitKey, value: u64) -> Self {
        self.change(|step| {
            step.limits.retain(|(other, _)| *other != key);
            step.limits.push((key, value));
        })
    }

    fn change(self, change: impl FnOnce(&mut StepParts)) -> Self {
        self.shared.lock().steps.get_mut(self.index).map(change);
        self
    }
}

fn whole_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
