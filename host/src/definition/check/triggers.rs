//! What triggers must obey: what they give is what runs take, and their numbers are within their limits.

use std::ops::Range;

use super::{Names, describe, unfit, unique, unknown_name};
use crate::{
    definition::{
        ParamKind, Spanned,
        draft::{Draft, ParamDraft, TriggerDraft},
        problem::Problem,
        quantity::{show_duration, show_size},
        report::Report,
        suggest::quoted,
        trigger::TriggerKind,
    },
    ids::Name,
    limits::{MAX_INTERVAL_MS, MAX_SETTLE_MS, MAX_TRIGGERS, MAX_WEBHOOK_BODY, MIN_INTERVAL_MS},
};

pub(super) fn check(draft: &Draft, params: &Names<'_>, report: &mut Report) {
    unique("trigger", &draft.triggers, |trigger| &trigger.name, report);
    let Ok(triggers) = &draft.triggers else { return };
    if let Some(trigger) = triggers.get(MAX_TRIGGERS) {
        let message = format!("the pipeline has {} triggers; at most {MAX_TRIGGERS} are possible", triggers.len());
        let span = trigger.name.as_ref().map_or(0..0, |name| name.span.clone());
        report.push(
            Problem::error("stepmill::definition::too_many_triggers", message, span)
                .says("the first that is too many")
                .help("let one trigger start the others' runs, or split the pipeline"),
        );
    }
    for trigger in triggers {
        numbers(trigger, report);
        ends(trigger, report);
        payload(trigger, draft, params, report);
        literals(trigger, draft, params, report);
        required(trigger, draft, report);
    }
}

fn numbers(trigger: &TriggerDraft, report: &mut Report) {
    let Ok(kind) = &trigger.kind else { return };
    let show: fn(u64) -> String =
        if matches!(kind.value, TriggerKind::Webhook { .. }) { show_size } else { show_duration };
    let (key, value, range) = match &kind.value {
        TriggerKind::Interval { every_ms, .. } => ("every", *every_ms, MIN_INTERVAL_MS..=MAX_INTERVAL_MS),
        TriggerKind::File { settle_ms, .. } => ("file.settle", *settle_ms, 0..=MAX_SETTLE_MS),
        TriggerKind::Webhook { max_body, .. } => ("webhook.max_body", *max_body, 1..=MAX_WEBHOOK_BODY),
        _ => return,
    };
    if !range.contains(&value) {
        let message = format!("`{key}` of trigger `{}` is {}", trigger.title, show(value));
        let help = format!("it can be from {} to {}", show(*range.start()), show(*range.end()));
        report.push(Problem::error("stepmill::definition::limit", message, kind.span.clone()).help(help));
    }
}

/// Files cannot say this, programs can.
fn ends(trigger: &TriggerDraft, report: &mut Report) {
    let Ok(kind) = &trigger.kind else { return };
    if matches!(&kind.value, TriggerKind::Finished { states, .. } if states.is_empty()) {
        let message = format!("trigger `{}` waits for runs that end in no state", trigger.title);
        let problem = Problem::error("stepmill::definition::missing_key", message, kind.span.clone());
        report.push(problem.help("name at least one of `succeeded`, `failed`, `cancelled`"));
    }
}

/// The parameter that takes what an event brings along: it must be there, and able to.
fn payload(trigger: &TriggerDraft, draft: &Draft, params: &Names<'_>, report: &mut Report) {
    let (Ok(kind), Ok(Some(param))) = (&trigger.kind, &trigger.payload) else { return };
    let key = kind.value.as_str();
    if params.lacks(&param.value) {
        unknown_name(&format!("`param` of trigger `{}`", trigger.title), param, params, report);
        return;
    }
    let (able, wanted): (&[ParamKind], _) = match &kind.value {
        TriggerKind::File { .. } => (&[ParamKind::File], "a `file`"),
        TriggerKind::Webhook { .. } => (&[ParamKind::File, ParamKind::String], "a `file` or a `string`"),
        TriggerKind::Finished { .. } => (&[ParamKind::String, ParamKind::Json], "a `string` or `json`"),
        _ => return,
    };
    let Some(Ok(given)) = find(draft, &param.value).map(|found| &found.kind) else { return };
    if !able.contains(given) {
        let message = format!(
            "`{}` cannot take what `{key}` of trigger `{}` brings: it must be {wanted}",
            param.value, trigger.title
        );
        let help = match &kind.value {
            TriggerKind::Webhook { .. } => {
                "a body is never parsed by the host: take it as a file, and parse it in a step"
            }
            _ => "change the parameter's `type`, or name another parameter",
        };
        report.push(Problem::error("stepmill::definition::payload", message, param.span.clone()).help(help));
    }
}

fn literals(trigger: &TriggerDraft, draft: &Draft, params: &Names<'_>, report: &mut Report) {
    let payload = trigger.payload.as_ref().ok().and_then(Option::as_ref);
    for (name, value) in trigger.params.iter().flatten() {
        let Ok(name) = name else { continue };
        if params.lacks(&name.value) {
            unknown_name(&format!("`params` of trigger `{}`", trigger.title), name, params, report);
        } else if let Some(payload) = payload.filter(|payload| payload.value == name.value) {
            let message = format!("trigger `{}` gives `{}` twice", trigger.title, name.value);
            report.push(
                Problem::error("stepmill::definition::duplicate", message, name.span.clone())
                    .says("here again")
                    .also(payload.span.clone(), "first here")
                    .help("leave it out of `params`"),
            );
        } else if let (Some(Ok(kind)), Ok(value)) = (find(draft, &name.value).map(|param| &param.kind), value) {
            literal(trigger, name, value, *kind, report);
        }
    }
}

fn literal(
    trigger: &TriggerDraft,
    name: &Spanned<Name>,
    value: &Spanned<serde_json::Value>,
    kind: ParamKind,
    report: &mut Report,
) {
    let who = format!("`{}` in `params` of trigger `{}`", name.value, trigger.title);
    let wrong = |message: String, span: &Range<usize>, help: &str| {
        Problem::error("stepmill::definition::bad_param", message, span.clone()).help(help)
    };
    if kind == ParamKind::File {
        let message = format!("{who} is a file, which only a `file` or `webhook` trigger can give");
        report.push(wrong(message, &name.span, &how_to_give_files(&quoted([name.value.as_str()]))));
    } else if let Some(wanted) = unfit(kind, &value.value) {
        let message = format!("{who} must be {wanted}, not {}", describe(&value.value));
        report.push(wrong(message, &value.span, "change it, or the parameter's `type`"));
    }
}

/// A run that is not given all that it needs would only fail.
fn required(trigger: &TriggerDraft, draft: &Draft, report: &mut Report) {
    let (Ok(kind), Ok(payload), Ok(params)) = (&trigger.kind, &trigger.payload, &trigger.params) else { return };
    // The events of a program's own triggers bring what the program says.
    if matches!(kind.value, TriggerKind::Custom { .. }) || params.iter().any(|(name, _)| name.is_err()) {
        return;
    }
    let given = |name: &str| {
        payload.as_ref().is_some_and(|payload| payload.value == *name)
            || params.iter().any(|(param, _)| param.as_ref().is_ok_and(|param| param.value == *name))
    };
    let required = draft.params.iter().flatten().filter(|param| matches!(param.default, Ok(None)));
    let missing = required.filter_map(|param| Some((param.name.as_ref().ok()?.value.as_str(), &param.kind)));
    let missing = missing.filter(|(name, _)| !given(name));
    let (files, values): (Vec<_>, Vec<_>) = missing.partition(|(_, kind)| matches!(kind, Ok(ParamKind::File)));
    for (missing, are_files) in [(values, false), (files, true)] {
        if missing.is_empty() {
            continue;
        }
        let (s, they) = if missing.len() == 1 { ("", "it") } else { ("s", "them") };
        let names = quoted(missing.into_iter().map(|(name, _)| name));
        let message = format!("runs of trigger `{}` would lack the parameter{s} {names}", trigger.title);
        let help = match are_files {
            true => how_to_give_files(&names),
            false => format!("give {they} in `params` of the trigger, or a default"),
        };
        report
            .push_absence(Problem::error("stepmill::definition::missing_param", message, kind.span.clone()).help(help));
    }
}

/// What to do where a trigger gives no file. A default is no way out: a server, where triggers are, does not read it.
fn how_to_give_files(names: &str) -> String {
    format!(
        "let a `file` or `webhook` trigger give {names} (its `param`), or remove the parameter and fetch the data in a step \
         with the grant `net`; a server does not read the default of a file"
    )
}

fn find<'d>(draft: &'d Draft, name: &Name) -> Option<&'d ParamDraft> {
    draft.params.iter().flatten().find(|param| param.name.as_ref().is_ok_and(|param| param.value == *name))
}
