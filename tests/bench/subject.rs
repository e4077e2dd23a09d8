//! stepmill in this process: pipelines of many steps, and how long their runs take.

use std::{
    error::Error,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use stepmill::{
    app::{Host, Params},
    definition::builder::{Part, PipelineBuilder, Step},
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
            let step = p.step(format!("s{number}"), "b/link").cache(false);
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
            p.step(format!("s{number}"), "b/noop").cache(false);
        }
        self.run_all(&p, steps).await
    }

    /// One step, so many behind it, and one behind all of those: seconds for each.
    pub(crate) async fn fan(&self, width: usize) -> Result<f64, Box<dyn Error>> {
        let p = self.pipeline("fan");
        let root = p.step("root", "b/noop").cache(false);
        let mut join = p.step("join", "b/noop").cache(false);
        for number in 0..width {
            let leaf = p.step(format!("s{number}"), "b/noop").needs(&root).cache(false);
            join = join.needs(&leaf);
        }
        self.run_all(&p, width + 2).await
    }

    /// Columns of steps that each need the one above and the one above in the next column: seconds for each.
    pub(crate) async fn grid(&self, width: usize, depth: usize) -> Result<f64, Box<dyn Error>> {
        let p = self.pipeline("grid");
        let mut above: Vec<Step> = Vec::new();
        for layer in 0..depth {
            let below = (0..width).map(|column| {
                let step = p.step(format!("s{layer}_{column}"), "b/link").cache(false);
                match above.get(column) {
                    None => step,
                    Some(own) => step.input("before", own).needs(&above[(column + 1) % width]),
                }
            });
            above = below.collect();
        }
        self.run_all(&p, width * depth).await
    }

    /// A step that runs for each of so many items and does nothing: seconds for each.
    pub(crate) async fn items(&self, count: u32) -> Result<f64, Box<dyn Error>> {
        let p = self.pipeline("items");
        let numbers = p.step("numbers", "b/numbers").config("count", count).cache(false);
        p.step("same", "b/same_number").for_each(&numbers).input("value", Part::item("")).cache(false);
        self.run_all(&p, count as usize + 1).await
    }

    /// A chain of steps that turn for a while, with the cache: seconds for each. `label` makes them those of another
    /// chain, or of one that ran before; `computed` says how many are not found in the cache.
    pub(crate) async fn cached(&self, label: &str, steps: usize, computed: usize) -> Result<f64, Box<dyn Error>> {
        const TURNS: u64 = 5_000_000;
        let p = self.pipeline("cached");
        let mut before: Option<Step> = None;
        for number in 0..steps {
            let label = format!("{label} {number}");
            let step = p.step(format!("s{number}"), "b/work_inline").config("label", label).config("turns", TURNS);
            before = Some(match before {
                None => step,
                Some(before) => step.input("before", &before),
            });
        }
        let (_, seconds) = self.run(&p, computed).await?;
        Ok(seconds / f64::from(u32::try_from(steps)?))
    }

    /// A value of so many bytes through so many steps, counted from when it is there. In seconds.
    pub(crate) async fn large_value(&self, size: usize, steps: usize) -> Result<f64, Box<dyn Error>> {
        const MEMORY: u64 = 1 << 30;
        let most = size as u64 + 64;
        let p = self.pipeline("large");
        let mut before =
            p.step("fill", "b/fill").config("size", size as u64).max_memory(MEMORY).max_output(most).cache(false);
        for number in 0..steps {
            let step = p.step(format!("s{number}"), "b/pass").input("data", &before);
            before = step.max_memory(MEMORY).max_output(most).cache(false);
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
