//! Right triggers, and what they become.

use std::time::Duration;

use serde_json::json;

use super::parse;
use crate::{
    definition::{
        ParamKind, Pipeline,
        builder::{PipelineBuilder, When},
        cron::TimeZone,
        trigger::{CatchUp, FilePattern, Overlap, TriggerDecl, TriggerKind, WebhookAuth},
    },
    event::Outcome,
    ids::{Name, Timestamp},
    limits::MAX_TRIGGERS,
};

const ALL: &str = r#"
name = "x"
[params]
csv = { type = "file", default = "a.csv" }
day = { type = "string" }
[steps.a]
use = "m/s"

[triggers.mornings]
cron = "0 6 * * 1-5"
timezone = "Europe/Berlin"
catch_up = "all"
overlap = "skip"
params.day = "today"

[triggers.often]
every = "5m"
start = 2026-01-01T01:00:00+01:00
params = { day = "any" }

[triggers.inbox]
file = { path = "inbox", pattern = "*.csv", param = "csv", settle = "500ms" }
params.day = "file"
paused = true

[triggers.push.webhook]
path = "weather"
secret = "hook_secret"
param = "day"
max_body = "64KiB"

[triggers.behind]
finished = { pipeline = "other", states = ["failed", "cancelled"], param = "day" }
overlap = "cancel_previous"

[triggers.own]
custom = { kind = "queue", topic = "days", depth = 3 }
"#;

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn kinds(pipeline: &Pipeline) -> Vec<TriggerKind> {
    pipeline.triggers.iter().map(|trigger| trigger.kind.clone()).collect()
}

fn expected() -> Vec<TriggerKind> {
    vec![
        TriggerKind::Cron {
            expression: "0 6 * * 1-5".parse().unwrap(),
            timezone: "Europe/Berlin".parse().unwrap(),
            catch_up: CatchUp::All,
        },
        TriggerKind::Interval {
            every_ms: 300_000,
            start: Some(Timestamp(1_767_225_600_000)),
            catch_up: CatchUp::Latest,
        },
        TriggerKind::File { path: "pipelines/inbox".into(), pattern: "*.csv".parse().unwrap(), settle_ms: 500 },
        TriggerKind::Webhook {
            path: name("weather"),
            auth: WebhookAuth::Secret(name("hook_secret")),
            max_body: 64 << 10,
        },
        TriggerKind::Finished { pipeline: name("other"), states: vec![Outcome::Failed, Outcome::Cancelled] },
        TriggerKind::Custom {
            kind: name("queue"),
            settings: serde_json::from_value(json!({ "topic": "days", "depth": 3 })).unwrap(),
        },
    ]
}

#[test]
fn every_kind_is_read() {
    let pipeline = parse(ALL).unwrap();
    assert_eq!(kinds(&pipeline), expected());
    let given = |trigger: &TriggerDecl| {
        let params: Vec<_> =
            trigger.params.iter().map(|(name, value)| format!("{}={}", name.value, value.value)).collect();
        let payload = trigger.payload.as_ref().map_or("-", |name| name.value.as_str());
        format!(
            "{} {} {} {} {}",
            trigger.name.value,
            trigger.overlap.as_str(),
            trigger.paused,
            payload,
            params.join(",")
        )
    };
    assert_eq!(
        pipeline.triggers.iter().map(given).collect::<Vec<_>>(),
        [
            "mornings skip false - day=\"today\"",
            "often queue false - day=\"any\"",
            "inbox queue true csv day=\"file\"",
            "push queue false day ",
            "behind cancel_previous false day ",
            "own queue false - ",
        ]
    );
    let words: Vec<_> = pipeline.triggers.iter().map(|trigger| trigger.kind.as_str().to_owned()).collect();
    assert_eq!(words, ["cron", "every", "file", "webhook", "finished", "queue"]);
}

#[test]
fn what_is_not_said_has_a_default() {
    let text = "name = \"x\"\n[steps.a]\nuse = \"m/s\"\n[triggers]\na.cron = \"@daily\"\nb.every = \"1s\"\nc.file.path = \"/in\"\nd.webhook = { path = \"d\", auth = \"none\" }\ne.finished.pipeline = \"x\"\n";
    assert_eq!(
        kinds(&parse(text).unwrap()),
        [
            TriggerKind::Cron {
                expression: "@daily".parse().unwrap(),
                timezone: TimeZone::UTC,
                catch_up: CatchUp::Latest
            },
            TriggerKind::Interval { every_ms: 1_000, start: None, catch_up: CatchUp::Latest },
            TriggerKind::File { path: "/in".into(), pattern: FilePattern::default(), settle_ms: 2_000 },
            TriggerKind::Webhook { path: name("d"), auth: WebhookAuth::None, max_body: 1 << 20 },
            TriggerKind::Finished { pipeline: name("x"), states: vec![Outcome::Succeeded] },
        ]
    );
}

#[test]
fn the_builder_makes_the_same() {
    let p = PipelineBuilder::new("x");
    let csv = p.param("csv", ParamKind::File).default("a.csv");
    let day = p.param("day", ParamKind::String);
    p.step("a", "m/s");
    let mornings = When::cron("0 6 * * 1-5").timezone("Europe/Berlin").catch_up(CatchUp::All);
    p.trigger("mornings", mornings).overlap(Overlap::Skip).param(&day, "today");
    let often = When::every(Duration::from_secs(300)).start(Timestamp(1_767_225_600_000));
    p.trigger("often", often).param(&day, "any");
    let inbox = When::file("pipelines/inbox").pattern("*.csv").settle(Duration::from_millis(500));
    p.trigger("inbox", inbox).payload(&csv).param(&day, "file").paused();
    p.trigger("push", When::webhook("weather", "hook_secret").max_body(64 << 10)).payload(&day);
    let behind = When::finished("other", [Outcome::Failed, Outcome::Cancelled]);
    p.trigger("behind", behind).payload(&day).overlap(Overlap::CancelPrevious);
    let settings = serde_json::from_value(json!({ "topic": "days", "depth": 3 })).unwrap();
    p.trigger("own", When::custom("queue", settings));
    let (built, read) = (p.build().unwrap(), parse(ALL).unwrap());
    assert_eq!(kinds(&built), kinds(&read));
    for (built, read) in built.triggers.iter().zip(&read.triggers) {
        assert_eq!(built.name.value, read.name.value);
        assert_eq!((built.overlap, built.paused), (read.overlap, read.paused));
        let payload = |trigger: &TriggerDecl| trigger.payload.as_ref().map(|name| name.value.clone());
        assert_eq!(payload(built), payload(read));
    }
}

#[test]
fn the_builder_finds_what_a_file_finds() {
    let p = PipelineBuilder::new("x");
    let other = PipelineBuilder::new("other").param("day", ParamKind::String);
    p.step("a", "m/s");
    p.trigger("a", When::cron("never").timezone("Mars"));
    p.trigger("a", When::every(Duration::ZERO)).param(&other, "x");
    p.trigger("b", When::open_webhook("B").max_body(0));
    p.trigger("c", When::open_webhook("c").max_body(0));
    p.trigger("d", When::finished("p", []));
    let problems = p.build().unwrap_err();
    let codes: Vec<_> = problems.list().iter().map(|problem| problem.code.rsplit(':').next().unwrap()).collect();
    assert_eq!(
        codes,
        ["bad_cron", "bad_timezone", "foreign_handle", "bad_name", "duplicate", "limit", "limit", "missing_key"]
    );
}

#[test]
fn too_many_triggers_are_refused() {
    let triggers = |count| (0..count).map(|i| format!("t{i}.every = \"1h\"\n")).collect::<String>();
    let text = |count| format!("name = \"x\"\n[steps.a]\nuse = \"m/s\"\n[triggers]\n{}", triggers(count));
    assert_eq!(parse(&text(MAX_TRIGGERS)).unwrap().triggers.len(), MAX_TRIGGERS);
    let problems = parse(&text(MAX_TRIGGERS + 1)).unwrap_err();
    assert_eq!(problems.list()[0].code, "stepmill::definition::too_many_triggers");
}

#[test]
fn kinds_are_stored_as_they_are_read() {
    let kinds = expected();
    let stored = serde_json::to_string(&kinds).unwrap();
    assert_eq!(serde_json::from_str::<Vec<TriggerKind>>(&stored).unwrap(), kinds);
}
