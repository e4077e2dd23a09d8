//! The tables are what a fold over the events says, whatever the events.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::{
    event::{CancelReason, Join, ParamValue, RunState, SkipReason, StepState},
    failure::{FailureKind, StepFailure},
    output::{AttemptName, FileRef},
    persist::reader::{
        AttemptFilter, AttemptRow, AttemptState, ItemCounts, MAX_ROWS, OutputRow, RunCursor, RunRow, StepCounts,
        StepReason, StepRow,
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
            retry_at: None,
            items: None,
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
            let last = model.attempts.get(&(step.step.0, 0, step.attempts)).filter(|_| step.items.is_none());
            step.usage = last.and_then(|last| last.usage);
            step.output = step.output.or(last.and_then(|last| last.output));
        }
        model
    }

    fn apply(&mut self, event: &RunEvent) {
        let at = event.at;
        match event.kind.clone() {
            EventKind::Created { .. } | EventKind::Resumed | EventKind::Stopped | EventKind::ConditionHeld { .. } => {}
            EventKind::AttemptStarted { step, items, attempt } => self.start(step, items, attempt, at),
            EventKind::AttemptSucceeded { step, items, attempt, output, usage, reused, .. } => {
                let row = self.end_attempt(step, items, attempt, at, AttemptState::Succeeded);
                (row.usage, row.output) = (Some(usage), Some(output_row(&output)));
                row.reused_from = reused.map(|name| *name);
                self.outputs.insert((step.0, items.first, attempt), output);
                self.settle(step, Some(StepState::Succeeded), None, at, |counts| counts.succeeded += count(items));
            }
            EventKind::AttemptFailed { step, items, attempt, failure, usage, retry_at } => {
                let row = self.end_attempt(step, items, attempt, at, AttemptState::Failed);
                (row.usage, row.failure, row.retry_at) = (Some(usage), Some(failure.clone()), retry_at);
                let cancelled = failure.kind == FailureKind::Cancelled;
                let state = if cancelled { StepState::Cancelled } else { StepState::Failed };
                let reason = Some(StepReason::Failed(failure));
                self.settle(step, retry_at.is_none().then_some(state), reason, at, |counts| {
                    counts.failed += if retry_at.is_none() && !cancelled { count(items) } else { 0 };
                });
                if self.steps[step.get()].items.is_none() {
                    self.steps[step.get()].retry_at = retry_at;
                }
            }
            EventKind::AttemptLost { step, items, attempt, .. } => {
                self.end_attempt(step, items, attempt, at, AttemptState::Lost);
                self.settle(step, None, None, at, |_| {});
            }
            EventKind::AttemptReturned { step, items, attempt } => {
                self.take_out(step, items, attempt);
                self.settle(step, None, None, at, |_| {});
            }
            EventKind::Carried { step, items, output, from } => {
                let row = self.end_attempt(step, items, 0, at, AttemptState::Succeeded);
                (row.output, row.reused_from) = (Some(output_row(&output)), Some(from));
                self.outputs.insert((step.0, items.first, 0), output);
                self.settle(step, Some(StepState::Succeeded), None, at, |counts| {
                    counts.succeeded += count(items);
                });
            }
            EventKind::FannedOut { step, items } => {
                self.steps[step.get()].items =
                    Some(ItemCounts { total: items.items.unwrap_or(0), ..Default::default() });
                self.settle(step, None, None, at, |_| {});
            }
            EventKind::StepSucceeded { step, output } => {
                self.steps[step.get()].output = Some(output_row(&output));
                self.end_step(step, StepState::Succeeded, None, at);
            }
            EventKind::StepFailed { step, failure } => {
                self.end_step(step, StepState::Failed, Some(StepReason::Failed(failure)), at);
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

    fn start(&mut self, step: StepIndex, items: ItemRange, attempt: u32, at: Timestamp) {
        let fanned_out = self.steps[step.get()].items.is_some();
        if fanned_out {
            self.take_out(step, items, attempt);
        }
        self.attempts.remove(&(step.0, items.first, attempt));
        self.outputs.remove(&(step.0, items.first, attempt));
        self.attempt(step, items, attempt).started_at = Some(at);
        let row = &mut self.steps[step.get()];
        row.attempts = row.attempts.max(attempt);
        row.started_at = row.started_at.or(Some(at));
        if fanned_out {
            return self.recount(step);
        }
        (row.state, row.reason, row.finished_at, row.retry_at) = (StepState::Running, None, None, None);
    }

    /// Removes items from what runs, and answers since when they ran.
    fn take_out(&mut self, step: StepIndex, items: ItemRange, attempt: u32) -> Option<Timestamp> {
        let running =
            |row: &AttemptRow| row.step == step && row.attempt == attempt && row.state == AttemptState::Running;
        if self.steps[step.get()].items.is_none() {
            let key = (step.0, items.first, attempt);
            self.attempts.get(&key).filter(|row| running(row))?;
            return self.attempts.remove(&key)?.started_at;
        }
        let wanted = items.first..items.end();
        let hit: Vec<_> = self.attempts.values().filter(|row| running(row)).cloned().collect();
        let mut began = None;
        for row in hit {
            let (cut, kept): (Vec<u32>, Vec<u32>) =
                (row.items.first..row.items.end()).partition(|item| wanted.contains(item));
            if cut.is_empty() {
                continue;
            }
            began = began.into_iter().chain(row.started_at).min();
            self.attempts.remove(&(step.0, row.items.first, attempt));
            for run in kept.chunk_by(|a, b| a + 1 == *b) {
                let items = ItemRange { first: run[0], count: run.len() as u32 };
                let rest = AttemptRow { items, ..row.clone() };
                self.attempts.insert((step.0, items.first, attempt), rest);
            }
        }
        began
    }

    /// What follows for the step when attempts ended: of a fanned-out one, only counts.
    fn settle(
        &mut self,
        step: StepIndex,
        state: Option<StepState>,
        reason: Option<StepReason>,
        at: Timestamp,
        change: impl FnOnce(&mut ItemCounts),
    ) {
        let row = &mut self.steps[step.get()];
        match (&mut row.items, state) {
            (Some(counts), _) => {
                change(counts);
                self.recount(step);
            }
            (None, Some(state)) => self.end_step(step, state, reason, at),
            (None, None) => {
                (row.state, row.reason, row.finished_at, row.retry_at) = (StepState::Waiting, reason, None, None);
            }
        }
    }

    fn recount(&mut self, step: StepIndex) {
        let running = |row: &&AttemptRow| row.step == step && row.state == AttemptState::Running;
        let running = self.attempts.values().filter(running).map(|row| count(row.items)).sum();
        let row = &mut self.steps[step.get()];
        let Some(counts) = &mut row.items else { return };
        counts.running = running;
        if !row.state.is_terminal() {
            let begun = counts.running + counts.succeeded + counts.failed > 0;
            row.state = if begun { StepState::Running } else { StepState::Waiting };
        }
    }

    fn attempt(&mut self, step: StepIndex, items: ItemRange, attempt: u32) -> &mut AttemptRow {
        let row = self.attempts.entry((step.0, items.first, attempt)).or_insert_with(|| blank(step, items, attempt));
        row.items = items;
        row
    }

    fn end_attempt(
        &mut self,
        step: StepIndex,
        items: ItemRange,
        attempt: u32,
        at: Timestamp,
        state: AttemptState,
    ) -> &mut AttemptRow {
        let began = self.take_out(step, items, attempt);
        self.outputs.remove(&(step.0, items.first, attempt));
        let step_row = &mut self.steps[step.get()];
        if step_row.items.is_none() {
            step_row.attempts = step_row.attempts.max(attempt);
        }
        let row = self.attempt(step, items, attempt);
        let started_at = began.or(row.started_at);
        *row = AttemptRow { state, started_at, finished_at: Some(at), ..blank(step, items, attempt) };
        row
    }

    fn end_step(&mut self, step: StepIndex, state: StepState, reason: Option<StepReason>, at: Timestamp) {
        let row = &mut self.steps[step.get()];
        (row.state, row.reason, row.finished_at, row.retry_at) = (state, reason, Some(at), None);
    }

    fn run(&self, run: RunId, events: &[RunEvent]) -> RunRow {
        let count = |state| self.steps.iter().filter(|step| step.state == state).count() as u32;
        RunRow {
            id: run,
            cursor: RunCursor(0),
            pipeline: Name::new("p").unwrap(),
            plan: plan("p", STEPS).hash(),
            state: match self.state {
                RunState::Running if !events.iter().any(|event| event.kind.begins()) => RunState::Queued,
                state => state,
            },
            trigger: None,
            scheduled_for: None,
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

fn blank(step: StepIndex, items: ItemRange, attempt: u32) -> AttemptRow {
    AttemptRow {
        step,
        items,
        attempt,
        state: AttemptState::Running,
        started_at: None,
        finished_at: None,
        failure: None,
        usage: None,
        output: None,
        retry_at: None,
        reused_from: None,
    }
}

fn output_row(output: &OutputRef) -> OutputRow {
    OutputRow {
        form: output.form,
        hash: output.hash,
        size: output.size,
        items: output.items,
        inline: matches!(output.place, Place::Inline(_)),
    }
}

fn count(items: ItemRange) -> u64 {
    items.count.into()
}

fn origin() -> AttemptName {
    AttemptName { run: RunId::from_bytes([7; 16]), step: Name::new("s").unwrap(), item: Some(3), attempt: 2 }
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

pub(super) fn kind() -> impl Strategy<Value = EventKind> {
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
            let reused = (usage.wall_us == 0).then(|| Box::new(origin()));
            EventKind::AttemptSucceeded { step, items, attempt, output, usage, cache: None, reused }
        }),
        2 => (which(), failure, usage).prop_map(|((step, items, attempt), failure, usage)| {
            let retry_at = usage.wall_us.is_multiple_of(2).then_some(Timestamp(77));
            EventKind::AttemptFailed { step, items, attempt, failure, usage, retry_at }
        }),
        1 => which().prop_map(|(step, items, attempt)| EventKind::AttemptReturned { step, items, attempt }),
        1 => (which(), output()).prop_map(|((step, items, _), output)| {
            EventKind::Carried { step, items, output, from: origin() }
        }),
        1 => (step(), output()).prop_map(|(step, output)| EventKind::StepSucceeded { step, output }),
        1 => step().prop_map(|step| EventKind::StepFailed {
            step,
            failure: StepFailure::new(FailureKind::ItemsFailed, "2 of 3 items failed"),
        }),
        1 => step().prop_map(|step| EventKind::ConditionHeld { step, values: Vec::new() }),
        1 => which().prop_map(|(step, items, attempt)| EventKind::AttemptLost { step, items, attempt, alone: false }),
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
        1 => Just(EventKind::Stopped),
    ]
}

fn outcome() -> impl Strategy<Value = Option<Outcome>> {
    prop::option::of(prop_oneof![Just(Outcome::Succeeded), Just(Outcome::Failed), Just(Outcome::Cancelled)])
}

fn compare(journal: &SqliteJournal, reader: &Reader, kinds: &[EventKind], end: Option<Outcome>, cut: usize) {
    let param = ParamValue { name: Name::new("csv").unwrap(), value: inline(b"\xc0") };
    let first = EventKind::Created { params: vec![param], origin: Origin::Manual, options: RunOptions::default() };
    let fan_out =
        |step| EventKind::FannedOut { step: StepIndex(step), items: OutputRef { items: Some(9), ..inline(b"") } };
    let head = [first, fan_out(2), fan_out(3)];
    let end = end.map(|outcome| EventKind::Finished { outcome });
    let run = RunId::generate();
    let events = events(run, 0, head.into_iter().chain(kinds.iter().cloned()).chain(end));
    // Cut in two, so that some rows are written by one commit and changed by another.
    let (head, tail) = events.split_at(1 + cut % events.len());
    wait(journal.create(run, plan("p", STEPS), head.to_vec(), None)).unwrap();
    append(journal, tail.to_vec()).unwrap();

    let model = Model::of(&events);
    assert_eq!(reader.history(run).unwrap(), events);
    assert_eq!(RunRow { cursor: RunCursor(0), ..reader.run(run).unwrap() }, model.run(run, &events));
    assert_eq!(reader.steps(run, StepIndex(0), MAX_ROWS).unwrap(), model.steps);
    for step in 0..STEPS {
        let wanted: Vec<_> = model.attempts.values().filter(|row| row.step.0 == step).cloned().collect();
        assert_eq!(reader.attempts(run, StepIndex(step), MAX_ROWS).unwrap(), wanted);
        let filter = AttemptFilter { state: Some(AttemptState::Failed), after: None };
        let failed: Vec<_> = wanted.into_iter().filter(|row| row.state == AttemptState::Failed).collect();
        assert_eq!(reader.attempt_page(run, StepIndex(step), filter, MAX_ROWS).unwrap(), failed);
    }
    for ((step, item, attempt), row) in &model.attempts {
        // Random ranges may overlap, then a later one answers for the item.
        let found =
            reader.output(run, StepIndex(*step), Some(*item), Some(*attempt)).unwrap().map(|found| found.output);
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
    let lost = EventKind::AttemptLost { step: StepIndex(1), items: ItemRange::WHOLE, attempt: 1, alone: false };
    let more = events(run, 4, [EventKind::CancelRequested, EventKind::Resumed, lost, started(1, 2)]);
    append(&journal, more.clone()).unwrap();
    all.extend(more);
    let model = Model::of(&all);
    let row = reader(folder.path()).run(run).unwrap();
    assert_eq!(RunRow { cursor: RunCursor(0), ..row }, model.run(run, &all));
    assert_eq!(reader(folder.path()).steps(run, StepIndex(0), MAX_ROWS).unwrap(), model.steps);
}
