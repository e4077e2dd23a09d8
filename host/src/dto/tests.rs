//! The documents as they are written: what programs of others rely on.

use serde_json::{Value as Json, json};

use super::*;
use crate::{
    cli::graph::tests::plan,
    definition::{
        Source,
        problem::{Problem, Problems},
    },
    event::{
        CacheEntry, CancelReason, EventKind, Join, KeyPart, Origin, Outcome, ReadValue, RunEvent, RunOptions,
        SkipReason, StepState,
    },
    failure::{FailureKind, LimitKind, StepFailure, Usage},
    ids::{ContentHash, ModuleDigest, Name, RunId, StepIndex, Timestamp},
    module::{Form, ModuleInfo, OutputInfo, Parameter, Role, StepInfo},
    output::{AttemptName, FileRef, ItemRange, OutputRef, Place},
    plan::Plan,
};

fn document<T: Versioned>(body: &T) -> Json {
    serde_json::to_value(Document::of(body)).unwrap()
}

fn run_id() -> RunId {
    RunId::from_bytes([7; 16])
}

fn output() -> OutputRef {
    OutputRef {
        form: Form::Value,
        hash: ContentHash([2; 32]),
        size: 120,
        items: None,
        place: Place::Inline(bytes::Bytes::new()),
        files: vec![FileRef {
            name: "report.html".into(),
            media_type: "text/html".into(),
            size: 4096,
            hash: ContentHash([3; 32]),
        }],
    }
}

fn events() -> Vec<RunEvent> {
    let usage = Usage { wall_us: 1500, cpu_us: 1200, memory: 1 << 20, log_lines: 2, log_lines_dropped: 0 };
    let failure = StepFailure::new(FailureKind::LimitReached(LimitKind::Memory), "too much memory").because("grow");
    let (items, attempt) = (ItemRange::WHOLE, 1);
    let kinds = [
        EventKind::Created { params: Vec::new(), origin: Origin::Manual, options: RunOptions::default() },
        EventKind::AttemptStarted { step: StepIndex(0), items, attempt },
        EventKind::AttemptLost { step: StepIndex(0), items, attempt, alone: false },
        EventKind::Resumed,
        EventKind::AttemptStarted { step: StepIndex(0), items, attempt: 2 },
        EventKind::AttemptSucceeded {
            step: StepIndex(0),
            items,
            attempt: 2,
            output: output(),
            usage,
            cache: None,
            reused: None,
        },
        EventKind::AttemptStarted { step: StepIndex(1), items, attempt },
        EventKind::AttemptFailed { step: StepIndex(1), items, attempt, failure, usage, retry_at: None },
        EventKind::StepSkipped {
            step: StepIndex(2),
            reason: SkipReason::Upstream { step: StepIndex(1), state: StepState::Failed, join: Join::AllSuccess },
        },
        EventKind::StepCancelled { step: StepIndex(3), reason: CancelReason::StepFailed { step: StepIndex(1) } },
        EventKind::Finished { outcome: Outcome::Failed },
    ];
    (0..)
        .zip(kinds)
        .map(|(seq, kind)| RunEvent { run: run_id(), seq, at: Timestamp(seq as i64 * 1000), kind })
        .collect()
}

#[test]
fn a_run_is_what_its_events_tell() {
    let plan = plan("parse:\ncheck: parse\nreport: check\nother: parse");
    let detail = RunDetail::replay(run_id(), &plan, &events());
    assert_eq!(detail.run.steps.total(), 4);
    assert_eq!(detail.step("check").unwrap().failure().unwrap().message, "too much memory");
    let mut document = document(&detail);
    document["plan"] = json!("[plan]");
    insta::assert_json_snapshot!("run", document);
}

#[test]
fn a_run_without_an_end_is_running() {
    let plan = plan("parse:\ncheck: parse\nreport: check\nother: parse");
    let detail = RunDetail::replay(run_id(), &plan, &events()[..2]);
    assert_eq!((detail.run.state, detail.run.duration_ms), (RunState::Running, None));
    assert_eq!((detail.run.steps.running, detail.run.steps.waiting), (1, 3));
    assert_eq!(document(&detail)["run"].get("interrupted"), None);
    let interrupted = RunSummary { interrupted: true, ..detail.run.clone() };
    let document = document(&RunDetail { run: interrupted, ..detail });
    assert_eq!((&document["run"]["state"], &document["run"]["interrupted"]), (&json!("running"), &json!(true)));
}

fn event(seq: u64, kind: EventKind) -> RunEvent {
    RunEvent { run: run_id(), seq, at: Timestamp(seq as i64 * 1000), kind }
}

fn replayed(plan: &Plan, kinds: impl IntoIterator<Item = EventKind>) -> RunDetail {
    let events: Vec<_> = (0..).zip(kinds).map(|(seq, kind)| event(seq, kind)).collect();
    RunDetail::replay(run_id(), plan, &events)
}

fn created() -> EventKind {
    EventKind::Created { params: Vec::new(), origin: Origin::Rerun { of: run_id() }, options: RunOptions::default() }
}

fn items(first: u32, count: u32) -> ItemRange {
    ItemRange { first, count }
}

fn started(first: u32, count: u32, attempt: u32) -> EventKind {
    EventKind::AttemptStarted { step: StepIndex(1), items: items(first, count), attempt }
}

fn succeeded(first: u32, count: u32, attempt: u32, reused: bool) -> EventKind {
    let reused = reused.then(|| {
        Box::new(AttemptName { run: run_id(), step: Name::new("check").unwrap(), item: Some(first), attempt: 1 })
    });
    let part = |name: &str, value: &str| KeyPart { name: name.into(), value: value.into() };
    let parts = vec![part("module", "sha256:01"), part("argument.threshold", "31")];
    EventKind::AttemptSucceeded {
        step: StepIndex(1),
        items: items(first, count),
        attempt,
        output: output(),
        usage: Usage { wall_us: 10, cpu_us: 5, memory: 100, log_lines: 0, log_lines_dropped: 0 },
        cache: Some(Box::new(CacheEntry { keys: Vec::new(), parts })),
        reused,
    }
}

fn failed(first: u32, count: u32, attempt: u32, retry_at: Option<Timestamp>) -> EventKind {
    let failure = StepFailure::new(FailureKind::Failed, "bad");
    let usage = Usage::default();
    EventKind::AttemptFailed { step: StepIndex(1), items: items(first, count), attempt, failure, usage, retry_at }
}

/// Of eight items, one is taken over, one succeeds and one failed for good; two are tried again, one runs, one was given
/// back and one was lost.
fn half_done() -> Vec<EventKind> {
    let from = AttemptName { run: run_id(), step: Name::new("check").unwrap(), item: Some(7), attempt: 2 };
    vec![
        created(),
        EventKind::FannedOut { step: StepIndex(1), items: OutputRef { items: Some(8), ..output() } },
        EventKind::Carried { step: StepIndex(1), items: items(7, 1), output: output(), from },
        started(0, 7, 1),
        succeeded(0, 1, 1, true),
        failed(1, 1, 1, None),
        failed(2, 2, 1, Some(Timestamp(60_000))),
        EventKind::AttemptReturned { step: StepIndex(1), items: items(5, 1), attempt: 1 },
        EventKind::AttemptLost { step: StepIndex(1), items: items(6, 1), attempt: 1, alone: false },
    ]
}

#[test]
fn items_are_where_the_events_left_them() {
    let plan = plan("parse:\ncheck: parse\nreport: check");
    let detail = replayed(&plan, half_done());
    insta::assert_json_snapshot!("items", document(&detail)["steps"][1]);
    assert_eq!(detail.rerun_of, Some(run_id()));
    let waits = |name: &str| detail.step(name).unwrap().waits.clone().unwrap();
    assert_eq!(waits("check").kind, WaitKind::Items);
    assert_eq!(waits("report").message, "waits for `check`");
    assert_eq!(waits("parse").kind, WaitKind::Room);
}

#[test]
fn items_of_a_step_that_ended_do_not_wait() {
    let plan = plan("parse:\ncheck: parse");
    let cancelled = EventKind::StepCancelled { step: StepIndex(1), reason: CancelReason::RunCancelled };
    let detail = replayed(&plan, half_done().into_iter().chain([cancelled]));
    let step = detail.step("check").unwrap();
    let counts = step.items.clone().unwrap();
    assert_eq!((counts.waiting, counts.running, counts.cancelled, counts.failed), (0, 0, 5, 1));
    assert_eq!((step.retry_at, &step.waits), (None, &None));
}

#[test]
fn many_failed_items_are_named_by_the_first_ten() {
    let plan = plan("parse:\ncheck: parse");
    let fanned = EventKind::FannedOut { step: StepIndex(1), items: OutputRef { items: Some(5_000), ..output() } };
    let each = (0..2_500).rev().flat_map(|item| [started(item * 2, 2, 1), failed(item * 2, 2, 1, None)]);
    let detail = replayed(&plan, [created(), fanned].into_iter().chain(each));
    let step = detail.step("check").unwrap();
    let failures = &step.items.as_ref().unwrap().failures;
    assert_eq!(failures.iter().map(|view| view.item).collect::<Vec<_>>(), (0..10).collect::<Vec<_>>());
    assert_eq!((step.attempts.len(), step.attempts_omitted), (1_000, 1_500));
}

#[test]
fn a_miss_is_explained_by_what_changed() {
    let plan = plan("parse:\ncheck: parse");
    let start = EventKind::AttemptStarted { step: StepIndex(1), items: ItemRange::WHOLE, attempt: 1 };
    let mut detail = replayed(&plan, [created(), start, succeeded(0, 1, 1, false)]);
    assert_eq!(detail.computed().map(Name::as_str).collect::<Vec<_>>(), ["check"]);
    let part = |name: &str, value: &str| KeyPart { name: name.into(), value: value.into() };
    let before = vec![part("module", "sha256:01"), part("argument.threshold", "30")];
    let name = Name::new("check").unwrap();
    detail.explain(&name, Some(&(run_id(), before)));
    insta::assert_json_snapshot!("cache", document(&detail)["steps"][1]["cache"]);
    detail.explain(&name, None);
    assert!(detail.step("check").unwrap().cache.as_ref().unwrap().message.contains("no run of this pipeline"));
}

#[test]
fn each_reason_has_words_of_its_own() {
    let mut plan = plan("parse:\ncheck:\nreport: parse check");
    let words = |plan: &Plan, reason: SkipReason| ReasonView::skipped(plan, StepIndex(2), &reason).message;
    let upstream = |join, state| SkipReason::Upstream { step: StepIndex(0), state, join };
    for (join, state, said) in [
        (Join::AllSuccess, StepState::Failed, "join all_success needs `parse`, which failed"),
        (
            Join::NoneFailed,
            StepState::Cancelled,
            "join none_failed needs `parse` to succeed or be skipped, which was cancelled",
        ),
        (
            Join::AnySuccess,
            StepState::Skipped,
            "join any_success needs one of `parse`, `check`, and none succeeded; `parse` was skipped",
        ),
    ] {
        plan.steps[2].join = join;
        assert_eq!(words(&plan, upstream(join, state)), said);
    }
    let values = vec![ReadValue { path: "parse.rows".into(), value: "5".into() }];
    let condition = SkipReason::Condition { expression: "parse.rows > 9".into(), values: values.clone() };
    assert_eq!(words(&plan, condition), "`when` is false: parse.rows > 9 (parse.rows = 5)");
    let name = |text| Name::new(text).unwrap();
    let branch = |taken| SkipReason::Branch { branch: name("size"), case: name("big"), taken, values: values.clone() };
    assert_eq!(words(&plan, branch(Some(name("small")))), "branch `size` took `small`, not `big` (parse.rows = 5)");
    assert_eq!(words(&plan, branch(None)), "branch `size` did not take `big`: its condition is false (parse.rows = 5)");
}

#[test]
fn events_are_named_and_flat() {
    let plan = plan("parse:\ncheck: parse\nreport: check\nother: parse");
    let lines: Vec<Json> = events().iter().map(|event| document(&EventView::of(&plan, event))).collect();
    insta::assert_json_snapshot!("events", lines);
}

#[test]
fn graphs_tell_data_from_order() {
    let graph = GraphView::of(&plan("parse:\ncheck: parse\nlate: ~parse check"));
    insta::assert_json_snapshot!("graph", document(&graph));
}

#[test]
fn modules_show_their_steps() {
    let name = |text| Name::new(text).unwrap();
    let module = ModuleInfo {
        name: None,
        version: None,
        digest: ModuleDigest([1; 32]),
        size: 42_000,
        sdk: Some("abi=0.1.0 sdk=rust/0.1.0".into()),
        imports: vec!["stepmill:step/host@0.1.0".into()],
        steps: vec![StepInfo {
            name: name("greet"),
            description: "Greets somebody.".into(),
            parameters: vec![Parameter {
                name: name("greeting"),
                description: String::new(),
                role: Role::Config,
                form: Form::Value,
                optional: true,
                default: Some(json!("Hello")),
                schema: json!({"type": "string"}),
            }],
            output: OutputInfo { form: Form::Rows, schema: json!(true) },
        }],
    };
    insta::assert_json_snapshot!("module", document(&ModuleView::new("hello.wasm".as_ref(), &module)));
}

#[test]
fn problems_have_lines_and_columns_in_characters() {
    let source = Source { path: "p.toml".into(), text: "name = \"p\"\n# größe\nx = \"ä\" \n".into() };
    let at = source.text.find("\"ä\"").unwrap();
    let list = vec![
        Problem::error("stepmill::definition::type", "not a step", at..at + 4).says("here").help("remove it"),
        Problem::warning("stepmill::plan::unknown", "built", 0..0),
    ];
    let report = CheckReport::new(&source, None, &Problems::new(&source, list));
    insta::assert_json_snapshot!("check", document(&report));
}
