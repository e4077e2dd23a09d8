//! stepmill in this process: pipelines of many steps, and how long their runs take.

use std::{
    error::Error,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use stepmill::{
    app::{Host, Params},
    definition::builder::{PipelineBuilder, Step},
    event::{EventKind, Outcome, RunEvent},
    execute::ports::{LogLine, Observer, Progress},
    ids::{RunId, StepIndex},
    output::AttemptName,
    plan::Plan,
};

/// A host with an empty data directory, and the component whose steps it runs.
pub(crate) struct Subject {
    host: Host,
    component: PathBuf,
    ends: Arc<Ends>,
}

impl Subject {
    /// Opens a data directory.
    pub(crate) async fn open(component: &Path, data: &Path) -> Result<Self, Box<dyn Error>> {
        let ends = Arc::new(Ends::default());
        let host = Host::builder(data).observer(Arc::clone(&ends) as _).open().await?;
        Ok(Self { host, component: component.to_owned(), ends })
    }

    /// A chain of steps that do nothing but hand a small value on: seconds for each.
    pub(crate) async fn chain(&self, steps: usize) -> Result<f64, Box<dyn Error>> {
        let p = self.pipeline("chain");
        let mut before: Option<Step> = None;
        for number in 0..steps {
            let step = p.step(format!("s{number}"), "b/link");
            before = Some(match before {
                None => step,
                Some(before) => step.input("before", &before),
            });
        }
        self.run_all(&p, steps).await
    }

    /// Steps that have nothing to do with each other: seconds for each.
    pub(crate) async fn independent(&self, steps: usize) -> Result<f64, Box<dyn Error>> {
        let p = self.pipeline("independent");
        for number in 0..steps {
            p.step(format!("s{number}"), "b/noop");
        }
        self.run_all(&p, steps).await
    }

    /// One step, so many behind it, and one behind all of those: seconds for each.
    pub(crate) async fn fan(&self, width: usize) -> Result<f64, Box<dyn Error>> {
        let p = self.pipeline("fan");
        let root = p.step("root", "b/noop");
        let mut join = p.step("join", "b/noop");
        for number in 0..width {
            let leaf = p.step(format!("s{number}"), "b/noop").needs(&root);
            join = join.needs(&leaf);
        }
        self.run_all(&p, width + 2).await
    }

    /// A value of so many bytes through so many steps, counted from when it is there. In seconds.
    pub(crate) async fn large_value(&self, size: usize, steps: usize) -> Result<f64, Box<dyn Error>> {
        const MEMORY: u64 = 1 << 30;
        let most = size as u64 + 64;
        let p = self.pipeline("large");
        let mut before = p.step("fill", "b/fill").config("size", size as u64).max_memory(MEMORY).max_output(most);
        for number in 0..steps {
            let step = p.step(format!("s{number}"), "b/pass").input("data", &before);
            before = step.max_memory(MEMORY).max_output(most);
        }
        let id = self.run(&p, steps + 1).await?.0;
        self.ends.between_first_and_last(id).ok_or_else(|| "the run was not seen to end".into())
    }

    /// Gives the data directory back.
    pub(crate) async fn close(self) -> Result<(), Box<dyn Error>> {
        Ok(self.host.close().await?)
    }

    fn pipeline(&self, name: &str) -> PipelineBuilder {
        let p = PipelineBuilder::new(name);
        p.module("b", &self.component);
        p
    }

    async fn run_all(&self, p: &PipelineBuilder, steps: usize) -> Result<f64, Box<dyn Error>> {
        let (_, seconds) = self.run(p, steps).await?;
        Ok(seconds / f64::from(u32::try_from(steps)?))
    }

    /// Runs a pipeline and says how long that took, from before the run is accepted to behind its last commit.
    async fn run(&self, p: &PipelineBuilder, steps: usize) -> Result<(RunId, f64), Box<dyn Error>> {
        let plan = self.host.compile(&p.build()?).await?.plan;
        let sandboxes = self.host.sandboxes_started();
        let start = Instant::now();
        let run = self.host.start(plan, Params::new()).await?;
        let id = run.id();
        let outcome = run.finished().await?;
        let seconds = start.elapsed().as_secs_f64();
        if outcome != Outcome::Succeeded {
            return Err(format!("the run {id} ended {}", outcome.as_str()).into());
        }
        let sandboxes = self.host.sandboxes_started() - sandboxes;
        if sandboxes != steps as u64 {
            return Err(format!("{steps} steps ran in {sandboxes} sandboxes").into());
        }
        Ok((id, seconds))
    }
}

/// Notes when steps and runs end.
#[derive(Default)]
struct Ends(Mutex<Vec<(RunId, Instant)>>);

impl Ends {
    /// From the end of the first step to the end of the run, in seconds.
    fn between_first_and_last(&self, run: RunId) -> Option<f64> {
        let ends = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut of_run = ends.iter().filter(|(id, _)| *id == run).map(|(_, at)| *at);
        let first = of_run.next()?;
        Some(of_run.next_back()?.duration_since(first).as_secs_f64())
    }
}

impl Observer for Ends {
    fn committed(&self, _: &Plan, events: &[RunEvent]) {
        let now = Instant::now();
        let mut ends = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for event in events {
            match event.kind {
                EventKind::AttemptSucceeded { step: StepIndex(0), .. } | EventKind::Finished { .. } => {
                    ends.push((event.run, now));
                }
                _ => {}
            }
        }
    }

    fn logged(&self, _: &AttemptName, _: &LogLine) {}

    fn progressed(&self, _: &AttemptName, _: &Progress) {}
}
