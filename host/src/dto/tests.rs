//! The documents as they are written: what programs of others rely on.

use serde_json::{Value as Json, json};

use super::*;
use crate::{
    cli::graph::tests::plan,
    definition::{
        Source,
        problem::{Problem, Problems},
    },
    event::{CancelReason, EventKind, Join, Origin, Outcome, RunEvent, RunOptions, SkipReason, StepState},
    failure::{FailureKind, LimitKind, StepFailure, Usage},
    ids::{ContentHash, ModuleDigest, Name, RunId, StepIndex, Timestamp},
    module::{Form, ModuleInfo, OutputInfo, Parameter, Role, StepInfo},
    output::{FileRef, ItemRange, OutputRef, Place},
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
        EventKind::AttemptLost { step: StepIndex(0), items, attempt },
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
