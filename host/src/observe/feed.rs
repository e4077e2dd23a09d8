//! Wakes whoever follows runs. Who is woken reads the store, so that nothing is lost when a reader is slow, and what it
//! shows is durable. Only what no store keeps is carried here: the latest progress of each running step.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, MutexGuard, PoisonError},
};

use tokio::sync::{broadcast, watch};

use crate::{
    effects::Mutex,
    event::{EventKind, RunEvent},
    execute::ports::{LogLine, Observer, Progress},
    ids::{Name, RunId, Timestamp},
    output::AttemptName,
    plan::Plan,
};

/// How many changes a follower of all runs may be behind before it misses some.
const BACKLOG: usize = 1_024;

/// Wakes followers; see the module.
#[derive(Debug)]
pub struct Feed {
    runs: Mutex<HashMap<RunId, Followed>>,
    progress: Mutex<AllProgress>,
    all: broadcast::Sender<RunId>,
}

/// A run that somebody follows.
#[derive(Debug, Default)]
struct Followed {
    followers: usize,
    /// The number only says that something is new.
    news: watch::Sender<u64>,
}

/// The progress of the steps that run, by run and step.
#[derive(Debug, Default)]
struct AllProgress {
    /// Numbers what is said, over all runs.
    last: u64,
    runs: HashMap<RunId, BTreeMap<Name, StepProgress>>,
}

/// How far a step says that it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepProgress {
    /// Who says so.
    pub attempt: AttemptName,
    /// What.
    pub progress: Progress,
    /// When.
    pub at: Timestamp,
    /// Higher than that of whatever was said before.
    pub number: u64,
}

impl Default for Feed {
    fn default() -> Self {
        Self { runs: Mutex::default(), progress: Mutex::default(), all: broadcast::Sender::new(BACKLOG) }
    }
}

/// Is woken when something is new about a run.
#[derive(Debug)]
pub struct Follower {
    feed: Arc<Feed>,
    run: RunId,
    woken: watch::Receiver<u64>,
}

impl Follower {
    /// Waits for something new since the last call.
    pub async fn woken(&mut self) {
        // The sender lives as long as there is a follower.
        let _ = self.woken.changed().await;
    }

    /// What steps of the run that go on have said since `seen`, the latest of each, in the order in which it was said.
    #[must_use]
    pub fn progress(&self, seen: u64) -> Vec<StepProgress> {
        let all = self.feed.progress();
        let steps = all.runs.get(&self.run).into_iter().flat_map(BTreeMap::values);
        let mut said: Vec<_> = steps.filter(|step| step.number > seen).cloned().collect();
        said.sort_by_key(|step| step.number);
        said
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let mut runs = self.feed.runs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(followed) = runs.get_mut(&self.run) {
            followed.followers -= 1;
            if followed.followers == 0 {
                runs.remove(&self.run);
            }
        }
    }
}

impl Feed {
    /// Follows a run.
    #[must_use]
    pub fn follow(self: &Arc<Self>, run: RunId) -> Follower {
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        let followed = runs.entry(run).or_default();
        followed.followers += 1;
        Follower { feed: Arc::clone(self), run, woken: followed.news.subscribe() }
    }

    /// Follows which runs begin, are to be cancelled, and end.
    #[must_use]
    pub fn follow_all(&self) -> broadcast::Receiver<RunId> {
        self.all.subscribe()
    }

    fn progress(&self) -> MutexGuard<'_, AllProgress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self, run: RunId) {
        let runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(followed) = runs.get(&run) {
            followed.news.send_modify(|count| *count += 1);
        }
    }
}

impl AllProgress {
    fn say(&mut self, attempt: &AttemptName, progress: &Progress) {
        self.last += 1;
        let said = StepProgress {
            attempt: attempt.clone(),
            progress: progress.clone(),
            at: Timestamp::now(),
            number: self.last,
        };
        self.runs.entry(attempt.run).or_default().insert(attempt.step.clone(), said);
    }

    /// What an attempt said ends with it.
    fn forget(&mut self, plan: &Plan, event: &RunEvent) {
        match &event.kind {
            EventKind::AttemptSucceeded { step, .. }
            | EventKind::AttemptFailed { step, .. }
            | EventKind::AttemptLost { step, .. }
            | EventKind::StepSucceeded { step, .. }
            | EventKind::StepFailed { step, .. }
            | EventKind::StepCancelled { step, .. } => {
                if let Some(steps) = self.runs.get_mut(&event.run) {
                    steps.remove(&plan.step(*step).name);
                }
            }
            EventKind::Resumed | EventKind::Finished { .. } => drop(self.runs.remove(&event.run)),
            _ => {}
        }
    }
}

impl Observer for Feed {
    fn committed(&self, plan: &Plan, events: &[RunEvent]) {
        let Some(first) = events.first() else { return };
        let mut progress = self.progress();
        events.iter().for_each(|event| progress.forget(plan, event));
        drop(progress);
        self.wake(first.run);
        let marks = |event: &RunEvent| {
            matches!(event.kind, EventKind::Created { .. } | EventKind::CancelRequested | EventKind::Finished { .. })
        };
        if events.iter().any(marks) {
            // Nobody need follow.
            let _ = self.all.send(first.run);
        }
    }

    fn logged(&self, attempt: &AttemptName, _: &LogLine) {
        self.wake(attempt.run);
    }

    fn progressed(&self, attempt: &AttemptName, progress: &Progress) {
        self.progress().say(attempt, progress);
        self.wake(attempt.run);
    }

    fn interrupted(&self, run: RunId, _: Option<&str>) {
        self.wake(run);
        let _ = self.all.send(run);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::effects;
    use crate::execute::ports::{LogLevel, LogStream};

    fn line() -> (AttemptName, LogLine) {
        let run = RunId::generate();
        let attempt = AttemptName { run, step: Name::new("s").unwrap(), item: None, attempt: 1 };
        let line =
            LogLine { at: Timestamp(0), level: LogLevel::Info, stream: LogStream::Log, text: "hello".to_owned() };
        (attempt, line)
    }

    #[tokio::test]
    async fn followers_are_woken_and_leave_nothing_behind() {
        let feed = Arc::new(Feed::default());
        let (attempt, line) = line();
        let mut one = feed.follow(attempt.run);
        let mut two = feed.follow(attempt.run);
        feed.logged(&attempt, &line);
        one.woken().await;
        two.woken().await;
        drop(one);
        feed.logged(&attempt, &line);
        two.woken().await;
        drop(two);
        assert!(feed.runs.lock().unwrap().is_empty());
        feed.logged(&attempt, &line);
    }

    #[test]
    fn followers_that_come_and_go_at_once_miss_nothing_and_leave_nothing_behind() {
        effects::in_any_order(300, || {
            let feed = Arc::new(Feed::default());
            let (attempt, line) = line();
            let follows = |feed: &Arc<Feed>| {
                let (feed, attempt, line) = (Arc::clone(feed), attempt.clone(), line.clone());
                shuttle::thread::spawn(move || {
                    let follower = feed.follow(attempt.run);
                    feed.logged(&attempt, &line);
                    assert!(follower.woken.has_changed().unwrap(), "it was told what was said after it came");
                })
            };
            let threads = [follows(&feed), follows(&feed), follows(&feed)];
            threads.into_iter().for_each(|thread| thread.join().unwrap());
            assert!(feed.runs.lock().unwrap().is_empty());
        });
    }
}
