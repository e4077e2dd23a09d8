//! The tables are what a fold over the events says, whatever the events.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::{
    event::{CancelReason, Join, ParamValue, SkipReason, StepState},
    failure::{FailureKind, StepFailure},
    output::FileRef,
    persist::reader::{
        AttemptRow, AttemptState, MAX_ROWS, OutputRow, RunRow, RunState, StepCounts, StepReason, StepRow,
    },
};

const STEPS: u32 = 4;

/// The reference: slow, obvious, and unaware of SQL.
struct Model {
    state: RunState,
    cancel_requested: bool,
    finished_at: Option<Timestamp>,
    steps: Vec<StepRow>,
    attempts: BTreeMap<(u32, u32, u32), AttemptRow>,
    outputs: BTreeMap<(u32, u32, u32), OutputRef>,
}

impl Model {
    fn of(events: &[RunEvent]) -> Self {
        let step = |index| StepRow {
            step: StepIndex(index),
            name: Name::new(&format!("s{index}")).unwrap(),
            state: StepState::Waiting,
            reason: None,
            attempts: 0,
            started_at: None,
            finished_at: None,
            usage: None,
            output: None,
        };
        let mut model = Self {
            state: RunState::Running,
            cancel_requested: false,
            finished_at: None,
            steps: (0..STEPS).map(step).collect(),
            attempts: BTreeMap::new(),
            outputs: BTreeMap::new(),
        };
        events.iter().for_each(|event| model.apply(event));
        for step in &mut model.steps {
            if let Some(last) = model.attempts.get(&(step.step.0, 0, step.attempts)) {
                (step.usage, step.output) = (last.usage, last.output);
            }
        }
        model
    }

    fn apply(&mut self, event: &RunEvent) {
        let at = event.at;
        match event.kind.clone() {
            EventKind::Created { .. } | EventKind::Resumed => {}
            EventKind::AttemptReturned { .. }
            | EventKind::ConditionHeld { .. }
            | EventKind::FannedOut { .. }
            | EventKind::Carried { .. }
            | EventKind::StepSucceeded { .. }
            | EventKind::StepFailed { .. } => unreachable!("not generated"),
            EventKind::AttemptStarted { step, items, attempt } => {
                self.attempts.remove(&(step.0, items.first, attempt));
                self.outputs.remove(&(step.0, items.first, attempt));
                self.attempt(step, items, attempt).started_at = Some(at);
                let row = &mut self.steps[step.get()];
                (row.state, row.reason, row.finished_at) = (StepState::Running, None, None);
                row.attempts = row.attempts.max(attempt);
                row.started_at = row.started_at.or(Some(at));
            }
            EventKind::AttemptSucceeded { step, items, attempt, output, usage, .. } => {
                self.end_attempt(step, items, attempt, at, AttemptState::Succeeded);
                let row = self.attempt(step, items, attempt);
                row.usage = Some(usage);
                row.output = Some(OutputRow {
                    form: output.form,
                    hash: output.hash,
                    size: output.size,
                    items: output.items,
                    inline: matches!(output.place, Place::Inline(_)),
                });
                self.outputs.insert((step.0, items.first, attempt), output);
                self.end_step(step, StepState::Succeeded, None, at);
            }
            EventKind::AttemptFailed { step, items, attempt, failure, usage, .. } => {
                self.end_attempt(step, items, attempt, at, AttemptState::Failed);
                let row = self.attempt(step, items, attempt);
                (row.usage, row.failure) = (Some(usage), Some(failure.clone()));
                let cancelled = failure.kind == FailureKind::Cancelled;
                let state = if cancelled { StepState::Cancelled } else { StepState::Failed };
                self.end_step(step, state, Some(StepReason::Failed(failure)), at);
            }
            EventKind::AttemptLost { step, items, attempt } => {
                self.end_attempt(step, items, attempt, at, AttemptState::Lost);
                let row = &mut self.steps[step.get()];
                (row.state, row.reason, row.finished_at) = (StepState::Waiting, None, None);
            }
            EventKind::StepSkipped { step, reason } => {
                self.end_step(step, StepState::Skipped, Some(StepReason::Skipped(reason)), at);
            }
            EventKind::StepCancelled { step, reason } => {
                self.end_step(step, StepState::Cancelled, Some(StepReason::Cancelled(reason)), at);
            }
            EventKind::CancelRequested => self.cancel_requested = true,
            EventKind::Finished { outcome } => {
                self.finished_at = Some(at);
                self.state = RunState::from_word(outcome.as_str()).unwrap();
            }
        }
    }

    fn attempt(&mut self, step: StepIndex, items: ItemRange, attempt: u32) -> &mut AttemptRow {
        let row = self.attempts.entry((step.0, items.first, attempt)).or_insert(AttemptRow {
            step,
            items,
            attempt,
            state: AttemptState::Running,
            started_at: None,
            finished_at: None,
            failure: None,
            usage: None,
            output: None,
        });
        row.items = items;
        row
    }

    fn end_attempt(&mut self, step: StepIndex, items: ItemRange, attempt: u32, at: Timestamp, state: AttemptState) {
        self.outputs.remove(&(step.0, items.first, attempt));
        let row = self.attempt(step, items, attempt);
        (row.state, row.finished_at, row.failure, row.usage, row.output) = (state, Some(at), None, None, None);
    }

    fn end_step(&mut self, step: StepIndex, state: StepState, reason: Option<StepReason>, at: Timestamp) {
        let row = &mut self.steps[step.get()];
        (row.state, row.reason, row.finished_at) = (state, reason, Some(at));
    }

    fn run(&self, run: RunId, events: &[RunEvent]) -> RunRow {
        let count = |state| self.steps.iter().filter(|step| step.state == state).count() as u32;
        RunRow {
            id: run,
            pipeline: Name::new("p").unwrap(),
            plan: plan("p", STEPS).hash(),
            state: self.state,
            cancel_requested: self.cancel_requested,
            created_at: events[0].at,
            finished_at: self.finished_at,
            events: events.len() as u64,
            steps: STEPS,
            counts: StepCounts {
                running: count(StepState::Running),
                succeeded: count(StepState::Succeeded),
                failed: count(StepState::Failed),
                skipped: count(StepState::Skipped),
                cancelled: count(StepState::Cancelled),
            },
        }
    }
}

fn output() -> impl Strategy<Value = OutputRef> {
    let blob = (any::<[u8; 32]>(), any::<u16>()).prop_map(|(hash, items)| OutputRef {
        form: Form::Rows,
        hash: ContentHash(hash),
        size: u64::from(items) * 100,
        items: Some(items.into()),
        place: Place::Blob,
        files: vec![FileRef {
            name: "report.html".to_owned(),
            media_type: "text/html".to_owned(),
            size: 7,
            hash: ContentHash([9; 32]),
        }],
    });
    prop_oneof![prop::collection::vec(any::<u8>(), 0..40).prop_map(|bytes| inline(&bytes)), blob]
}

fn kind() -> impl Strategy<Value = EventKind> {
    let step = || (0..STEPS).prop_map(StepIndex);
    let items = || prop_oneof![4 => Just(ItemRange::WHOLE), 1 => (0..3_u32, 1..4_u32).prop_map(|(first, count)| ItemRange { first, count })];
    let which = move || (step(), items(), 1..4_u32);
    let usage =
        (0..9_u64).prop_map(|n| Usage { wall_us: n, cpu_us: n + 1, memory: n + 2, log_lines: 3, log_lines_dropped: n });
    let failure =
        prop_oneof![Just(FailureKind::Cancelled), Just(FailureKind::RetryAfter(3)), Just(FailureKind::Trapped)]
            .prop_map(|kind| StepFailure::new(kind, "it’s broken").because("'quotes'"));
    prop_oneof![
        4 => which().prop_map(|(step, items, attempt)| EventKind::AttemptStarted { step, items, attempt }),
        3 => (which(), output(), usage.clone()).prop_map(|((step, items, attempt), output, usage)| {
            EventKind::AttemptSucceeded { step, items, attempt, output, usage, cache: None, reused: None }
        }),
        2 => (which(), failure, usage).prop_map(|((step, items, attempt), failure, usage)| {
            EventKind::AttemptFailed { step, items, attempt, failure, usage, retry_at: None }
        }),
        1 => which().prop_map(|(step, items, attempt)| EventKind::AttemptLost { step, items, attempt }),
        1 => (step(), step()).prop_map(|(step, upstream)| EventKind::StepSkipped {
            step,
            reason: SkipReason::Upstream { step: upstream, state: StepState::Failed, join: Join::AllSuccess },
        }),
        1 => (step(), step()).prop_map(|(step, failed)| EventKind::StepCancelled {
            step,
            reason: CancelReason::StepFailed { step: failed },
        }),
        1 => Just(EventKind::CancelRequested),
        1 => Just(EventKind::Resumed),
    ]
}

fn outcome() -> impl Strategy<Value = Option<Outcome>> {
    prop::option::of(prop_oneof![Just(Outcome::Succeeded), Just(Outcome::Failed), Just(Outcome::Cancelled)])
}

fn compare(journal: &SqliteJournal, reader: &Reader, kinds: &[EventKind], end: Option<Outcome>, cut: usize) {
    let param = ParamValue { name: Name::new("csv").unwrap(), value: inline(b"\xc0") };
    let first = EventKind::Created { params: vec![param], origin: Origin::Manual, options: RunOptions::default() };
    let end = end.map(|outcome| EventKind::Finished { outcome });
    let run = RunId::generate();
    let events = events(run, 0, [first].into_iter().chain(kinds.iter().cloned()).chain(end));
    // Cut in two, so that some rows are written by one commit and changed by another.
    let (head, tail) = events.split_at(1 + cut % events.len());
    wait(journal.create(run, plan("p", STEPS), head.to_vec())).unwrap();
    append(journal, tail.to_vec()).unwrap();

    let model = Model::of(&events);
    assert_eq!(reader.history(run).unwrap(), events);
    assert_eq!(reader.run(run).unwrap(), model.run(run, &events));
    assert_eq!(reader.steps(run, StepIndex(0), MAX_ROWS).unwrap(), model.steps);
    for step in 0..STEPS {
        let wanted: Vec<_> = model.attempts.values().filter(|row| row.step.0 == step).cloned().collect();
        assert_eq!(reader.attempts(run, StepIndex(step), MAX_ROWS).unwrap(), wanted);
    }
    for ((step, item, attempt), row) in &model.attempts {
        // Random ranges may overlap, then a later one answers for the item.
        let found = reader.output(run, StepIndex(*step), *item, Some(*attempt)).unwrap();
        if row.items == ItemRange::WHOLE && row.output.is_some() && !overlapped(&model, row) {
            assert_eq!(found.as_ref(), model.outputs.get(&(*step, *item, *attempt)));
        }
    }
}

fn overlapped(model: &Model, row: &AttemptRow) -> bool {
    let covers = |other: &&AttemptRow| {
        other.step == row.step
            && other.attempt == row.attempt
            && other.items.first <= row.items.first
            && other.items.first + other.items.count > row.items.first
    };
    model.attempts.values().filter(covers).count() > 1
}

#[test]
fn the_tables_are_a_fold_over_the_events() {
    let folder = tempfile::tempdir().unwrap();
    let (_dir, journal) = open(folder.path());
    let reader = reader(folder.path());
    let strategy = (prop::collection::vec(kind(), 0..40), outcome(), any::<usize>());
    proptest!(ProptestConfig::with_cases(200), |((kinds, end, cut) in strategy)| {
        compare(&journal, &reader, &kinds, end, cut);
    });
}

#[test]
fn a_restarted_writer_counts_on_from_what_is_stored() {
    let folder = tempfile::tempdir().unwrap();
    let (dir, journal) = open(folder.path());
    let run = create(&journal, "p", STEPS);
    let mut all = events(run, 0, [created(), started(0, 1), succeeded(0, 1, inline(b"1")), started(1, 1)]);
    append(&journal, all[1..].to_vec()).unwrap();
    journal.close().unwrap();
    drop((journal, dir));

    let (_dir, journal) = open(folder.path());
    let lost = EventKind::AttemptLost { step: StepIndex(1), items: ItemRange::WHOLE, attempt: 1 };
    let more = events(run, 4, [EventKind::CancelRequested, EventKind::Resumed, lost, started(1, 2)]);
    append(&journal, more.clone()).unwrap();
    all.extend(more);
    let model = Model::of(&all);
    assert_eq!(reader(folder.path()).run(run).unwrap(), model.run(run, &all));
    assert_eq!(reader(folder.path()).steps(run, StepIndex(0), MAX_ROWS).unwrap(), model.steps);
}
