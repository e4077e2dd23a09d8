//! `[triggers.NAME]`: what starts runs.

use std::path::Path;

use ::toml::de::DeValue;
use chrono::DateTime;
use serde_json::{Map, Value as Json};

use super::{
    flow, literal,
    steps::{duration, size},
    table::{Field, Table, in_order, name},
};
use crate::{
    definition::{
        Spanned,
        cron::TimeZone,
        draft::{Argument, Read, TriggerDraft},
        mistake,
        problem::Problem,
        report::Report,
        suggest::{quoted, shorten},
        trigger::{CatchUp, FilePattern, Overlap, TriggerKind, WebhookAuth},
    },
    event::Outcome,
    ids::{Name, Timestamp},
    limits::{SETTLE_MS, WEBHOOK_BODY},
};

/// The keys that say what a trigger waits for.
const KINDS: [&str; 6] = ["cron", "every", "file", "webhook", "finished", "custom"];

/// What a trigger waits for, and the parameter that takes what an event brings along.
type Kind = (Spanned<TriggerKind>, Option<Spanned<Name>>);

/// Reads all triggers, in the order of the text; paths are relative to `folder`.
pub(super) fn read(field: &Field<'_, '_>, folder: &Path, report: &mut Report) -> Read<Vec<TriggerDraft>> {
    let help = "write each trigger as `[triggers.NAME]` with its keys under it";
    let entries = field.entries(help, "`triggers`", report)?;
    Ok(entries.into_iter().map(|entry| trigger(&entry, folder, report)).collect())
}

fn trigger(field: &Field<'_, '_>, folder: &Path, report: &mut Report) -> TriggerDraft {
    let name = field.key_as_name("name of a trigger", report);
    let title = shorten(field.key);
    let help = format!("write `[triggers.{title}]` and under it `cron = \"0 6 * * *\"`");
    let table = match field.table(&help, report) {
        Ok(table) => table,
        Err(told) => {
            let (kind, payload, params) = (Err(told), Err(told), Err(told));
            return TriggerDraft { title, name, kind, payload, params, overlap: Err(told), paused: Err(told) };
        }
    };
    let mut table = Table::new(table, format!("trigger `{title}`"));
    let kind = kind(&mut table, field, folder, report);
    let words = Overlap::ALL.map(|overlap| (overlap.as_str(), overlap));
    let overlap = table.take("overlap").map(|field| flow::choice(&field, &words, report)).transpose();
    let params = table.take("params").map_or_else(|| Ok(Vec::new()), |field| params(&field, &title, report));
    let paused = table.take("paused").map(|field| flow::flag(&field, report)).transpose();
    table.close(report);
    let (kind, payload) = match kind {
        Ok((kind, payload)) => (Ok(kind), Ok(payload)),
        Err(told) => (Err(told), Err(told)),
    };
    TriggerDraft { title, name, kind, payload, params, overlap, paused }
}

fn kind(table: &mut Table<'_, '_>, whole: &Field<'_, '_>, folder: &Path, report: &mut Report) -> Read<Kind> {
    let mut kinds = KINDS.into_iter().filter_map(|kind| table.take(kind)).collect::<Vec<_>>().into_iter();
    let timezone = table.take("timezone");
    let catch_up = table.take("catch_up");
    let start = table.take("start");
    let Some(field) = kinds.next() else {
        let message = format!("trigger `{}` does not say what it waits for", shorten(whole.key));
        let problem = Problem::error("stepmill::definition::missing_key", message, whole.key_span.clone());
        return Err(report.push_absence(problem.help(format!("add one of {}", quoted(KINDS)))));
    };
    if let Some(second) = kinds.next() {
        let message = format!("{} waits for two things: `{}` and `{}`", field.title, field.key, second.key);
        return Err(report.push(
            Problem::error("stepmill::definition::two_kinds", message, second.key_span)
                .says("the second")
                .also(field.key_span, "the first")
                .help("make two triggers of it"),
        ));
    }
    // Everything is read before anything is given up, so that every problem is told.
    let zone = timezone.as_ref().map(|field| zone(field, report)).transpose();
    let words = CatchUp::ALL.map(|catch_up| (catch_up.as_str(), catch_up));
    let late = catch_up.as_ref().map(|field| flow::choice(field, &words, report)).transpose();
    let first = start.as_ref().map(|field| instant(field, report)).transpose();
    let scheduled = ["cron", "every"].contains(&field.key);
    for (key, fits, kinds) in [
        (&timezone, field.key == "cron", "`cron`"),
        (&start, field.key == "every", "`every`"),
        (&catch_up, scheduled, "`cron` and `every`"),
    ] {
        if let Some(key) = key.as_ref().filter(|_| !fits) {
            let message = format!("{} has `{}`, which belongs to {kinds}", field.title, key.key);
            let problem = Problem::error("stepmill::definition::useless_key", message, key.key_span.clone());
            report.push(problem.help(format!("leave it out: the trigger waits for `{}`", field.key)));
        }
    }
    let catch_up = || late.map(|late| late.map_or_else(CatchUp::default, |late| late.value));
    let (kind, payload) = match field.key {
        "cron" => (cron(&field, zone, catch_up, report)?, None),
        "every" => {
            let every = duration(&field, report);
            let start = first?.map(|start| start.value);
            (TriggerKind::Interval { every_ms: every?.value, start, catch_up: catch_up()? }, None)
        }
        "file" => file(&field, folder, report)?,
        "webhook" => webhook(&field, report)?,
        "finished" => finished(&field, report)?,
        _ => (custom(&field, report)?, None),
    };
    Ok((Spanned { value: kind, span: place(&field) }, payload))
}

/// Where a value stands; what stands in a table with a header of its own is where the header is.
fn place(field: &Field<'_, '_>) -> std::ops::Range<usize> {
    if matches!(field.value.get_ref(), DeValue::Table(_)) { field.key_span.clone() } else { field.value.span() }
}

fn cron(
    field: &Field<'_, '_>,
    zone: Read<Option<TimeZone>>,
    catch_up: impl FnOnce() -> Read<CatchUp>,
    report: &mut Report,
) -> Read<TriggerKind> {
    let text = field.string("0 6 * * 1-5", report)?;
    let expression =
        text.value.parse().map_err(|error| report.push(mistake::bad_cron(&field.title, &error, text.span)));
    let timezone = zone?.unwrap_or(TimeZone::UTC);
    Ok(TriggerKind::Cron { expression: expression?, timezone, catch_up: catch_up()? })
}

fn zone(field: &Field<'_, '_>, report: &mut Report) -> Read<TimeZone> {
    let text = field.string("Europe/Berlin", report)?;
    text.value.parse().map_err(|error| report.push(mistake::bad_timezone(&field.title, &error, text.span)))
}

fn instant(field: &Field<'_, '_>, report: &mut Report) -> Read<Spanned<Timestamp>> {
    let written = literal::read(&format!("`start` of {}", field.title), field.value, report)?;
    let time = written.as_str().and_then(|text| DateTime::parse_from_rfc3339(text).ok());
    let span = field.value.span();
    match time {
        Some(time) => Ok(Spanned { value: Timestamp(time.timestamp_millis()), span }),
        None => Err(report.push(mistake::bad_start(&field.title, span))),
    }
}

/// The table of a kind.
fn table<'t, 'i>(field: &Field<'t, 'i>, example: &str, report: &mut Report) -> Read<Table<'t, 'i>> {
    let table = field.table(&format!("write `{} = {{ {example} }}`", field.key), report)?;
    Ok(Table::new(table, format!("`{}` of {}", field.key, field.title)))
}

fn payload(table: &mut Table<'_, '_>, report: &mut Report) -> Read<Option<Spanned<Name>>> {
    table.take("param").map(|field| field.name("csv", report)).transpose()
}

fn file(field: &Field<'_, '_>, folder: &Path, report: &mut Report) -> Read<(TriggerKind, Option<Spanned<Name>>)> {
    let mut table = table(field, "path = \"inbox\", param = \"csv\"", report)?;
    let path = table.require("path", field.key_span.clone(), "path = \"inbox\"", report).and_then(|field| {
        let text = field.string("inbox", report)?;
        if text.value.is_empty() || text.value.contains('\0') {
            let message = format!("`path` of {} is not the path of a folder", field.title);
            let problem = Problem::error("stepmill::definition::bad_path", message, text.span);
            return Err(report.push(problem.help("name the folder that files are put in")));
        }
        Ok(folder.join(text.value))
    });
    let pattern = table.take("pattern").map(|field| pattern(&field, report)).transpose();
    let payload = payload(&mut table, report);
    let settle = table.take("settle").map(|field| duration(&field, report)).transpose();
    table.close(report);
    let settle_ms = settle?.map_or(SETTLE_MS, |settle| settle.value);
    Ok((TriggerKind::File { path: path?, pattern: pattern?.unwrap_or_default(), settle_ms }, payload?))
}

fn pattern(field: &Field<'_, '_>, report: &mut Report) -> Read<FilePattern> {
    let text = field.string("*.csv", report)?;
    let parsed = text.value.parse();
    parsed.map_err(|error| report.push(mistake::bad_pattern(&field.title, text.value, error, text.span)))
}

fn webhook(field: &Field<'_, '_>, report: &mut Report) -> Read<(TriggerKind, Option<Spanned<Name>>)> {
    let mut table = table(field, "path = \"weather\", secret = \"hook_secret\"", report)?;
    let path = table.require("path", field.key_span.clone(), "path = \"weather\"", report);
    let path = path.and_then(|field| field.name("weather", report));
    let secret = table.take("secret").map(|field| field.name("hook_secret", report)).transpose();
    let auth = table.take("auth").map(|field| flow::choice(&field, &[("none", ())], report)).transpose();
    let payload = payload(&mut table, report);
    let max_body = table.take("max_body").map(|field| size(&field, report)).transpose();
    table.close(report);
    let auth = match (secret?, auth?) {
        (Some(secret), None) => Ok(WebhookAuth::Secret(secret.value)),
        (None, Some(_)) => Ok(WebhookAuth::None),
        (Some(secret), Some(auth)) => {
            let message = format!("`webhook` of {} has both `secret` and `auth = \"none\"`", field.title);
            let problem = Problem::error("stepmill::definition::webhook_auth", message, auth.span);
            Err(report.push(problem.also(secret.span, "the secret").help("remove one of them")))
        }
        (None, None) => {
            let message = format!("`webhook` of {} has no `secret`: anybody could start runs", field.title);
            let problem = Problem::error("stepmill::definition::webhook_auth", message, field.key_span.clone());
            let help = "add `secret = \"…\"` with the name of a secret of the server, or say `auth = \"none\"`";
            Err(report.push_absence(problem.help(help)))
        }
    };
    let max_body = max_body?.map_or(WEBHOOK_BODY, |most| most.value);
    Ok((TriggerKind::Webhook { path: path?.value, auth: auth?, max_body }, payload?))
}

fn finished(field: &Field<'_, '_>, report: &mut Report) -> Read<(TriggerKind, Option<Spanned<Name>>)> {
    let mut table = table(field, "pipeline = \"weather\"", report)?;
    let pipeline = table.require("pipeline", field.key_span.clone(), "pipeline = \"weather\"", report);
    let pipeline = pipeline.and_then(|field| field.name("weather", report));
    let states = table.take("states").map(|field| states(&field, report)).transpose();
    let payload = payload(&mut table, report);
    table.close(report);
    let states = states?.unwrap_or_else(|| vec![Outcome::Succeeded]);
    Ok((TriggerKind::Finished { pipeline: pipeline?.value, states }, payload?))
}

fn states(field: &Field<'_, '_>, report: &mut Report) -> Read<Vec<Outcome>> {
    const ALL: [Outcome; 3] = [Outcome::Succeeded, Outcome::Failed, Outcome::Cancelled];
    let help = "write `states = [\"succeeded\"]`";
    let DeValue::Array(items) = field.value.get_ref() else {
        return Err(field.wrong_type("an array of states", help, report));
    };
    if items.is_empty() {
        let message = format!("`states` of {} is empty: it would never fire", field.title);
        let problem = Problem::error("stepmill::definition::missing_key", message, field.value.span());
        return Err(report.push(problem.help(help)));
    }
    let words = ALL.map(|outcome| (outcome.as_str(), outcome));
    let read = |item| {
        let item = Field { key: field.key, key_span: field.key_span.clone(), value: item, title: field.title.clone() };
        flow::choice(&item, &words, report).map(|outcome| outcome.value)
    };
    items.iter().map(read).collect::<Vec<_>>().into_iter().collect()
}

fn custom(field: &Field<'_, '_>, report: &mut Report) -> Read<TriggerKind> {
    let table = field.table("write `custom = { kind = \"…\" }`", report)?;
    let who = format!("`custom` of {}", field.title);
    let kind = Table::new(table, who.clone()).require("kind", field.key_span.clone(), "kind = \"queue\"", report);
    let kind = kind.and_then(|field| {
        let kind = field.name("queue", report)?;
        if KINDS.contains(&kind.value.as_str()) {
            let message = format!("`{}` is a kind of its own", kind.value);
            let problem = Problem::error("stepmill::definition::reserved_name", message, kind.span);
            return Err(report.push(problem.help(format!("write `{} = …`, without `custom`", kind.value))));
        }
        Ok(kind.value)
    });
    let mut settings = Map::new();
    let mut problem = None;
    for (key, value) in in_order(table).into_iter().filter(|(key, _)| key.get_ref() != "kind") {
        match literal::read(&format!("`{}` of {who}", shorten(key.get_ref())), value, report) {
            Ok(value) => drop(settings.insert(key.get_ref().to_string(), value)),
            Err(told) => problem = Some(told),
        }
    }
    let kind = kind?;
    problem.map_or(Ok(TriggerKind::Custom { kind, settings }), Err)
}

fn params(field: &Field<'_, '_>, trigger: &str, report: &mut Report) -> Read<Vec<Argument<Json>>> {
    let entries =
        field.entries("write `params = { NAME = … }`", &format!("`params` of trigger `{trigger}`"), report)?;
    let arguments = entries.into_iter().map(|entry| {
        let who = format!("`{}` of {}", shorten(entry.key), entry.title);
        let value = literal::read(&who, entry.value, report);
        let span = entry.value.span();
        let what = format!("parameter of trigger `{trigger}`");
        (name(&what, entry.key, entry.key_span.clone(), report), value.map(|value| Spanned { value, span }))
    });
    Ok(arguments.collect())
}
