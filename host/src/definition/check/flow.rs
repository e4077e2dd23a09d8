//! What the keys of a step that say when and how often it runs must obey, and how they go together.

use std::ops::Range;

use super::argument_title;
use crate::definition::{
    ConfigValue, OnError, Reference,
    draft::{RetryDraft, StepDraft},
    problem::Problem,
    quantity::show_duration,
    report::Report,
};

/// The most attempts at a step.
const MAX_ATTEMPTS: u32 = 100;
/// The most items of a step that run at once.
const MAX_PARALLEL: u32 = 10_000;
/// The largest factor between two waits.
const MAX_FACTOR: f64 = 100.0;
/// The longest wait, in milliseconds.
const MAX_WAIT: u64 = 24 * 3_600_000;

pub(super) fn check(step: &StepDraft, report: &mut Report) {
    fan_out(step, report);
    failure(step, report);
    if let Ok(Some(retry)) = &step.retry {
        waits(&step.title, retry, report);
    }
}

fn fan_out(step: &StepDraft, report: &mut Report) {
    let title = &step.title;
    if let Ok(Some(source)) = &step.for_each
        && matches!(source.value, Reference::Item(_) | Reference::Run(_))
    {
        let message = format!("`for_each` of step `{title}` cannot be `{}`", source.value);
        report.push(
            Problem::error("stepmill::definition::item", message, source.span.clone())
                .help("it takes the list of a step or of a parameter: `parse.years` or `params.years`"),
        );
    }
    let fans_out = !matches!(step.for_each, Ok(None));
    if let Ok(Some(most)) = &step.max_parallel {
        if !fans_out {
            let message = format!("step `{title}` has `max_parallel`, but no `for_each`");
            report.push(
                Problem::error("stepmill::definition::max_parallel", message, most.span.clone())
                    .help("add `for_each`, or leave `max_parallel` out"),
            );
        } else if !(1..=MAX_PARALLEL).contains(&most.value) {
            let message = format!("`max_parallel` of step `{title}` must be between 1 and {MAX_PARALLEL}");
            report.push(range(message, most.span.clone()).help("write a number in that range"));
        }
    }
    if fans_out {
        return;
    }
    for (name, reference) in step.inputs.iter().flatten() {
        if let Ok(reference) = reference {
            item(&argument_title("input", name, step), &reference.value, &reference.span, report);
        }
    }
    for (name, value) in step.config.iter().flatten() {
        if let Ok(value) = value
            && let ConfigValue::Reference(reference) = &value.value
        {
            item(&argument_title("config", name, step), reference, &value.span, report);
        }
    }
}

fn item(who: &str, reference: &Reference, span: &Range<usize>, report: &mut Report) {
    if matches!(reference, Reference::Item(_)) {
        let message = format!("{who} is `{reference}`, but the step has no `for_each`");
        report.push(
            Problem::error("stepmill::definition::item", message, span.clone())
                .help("add `for_each = \"…\"` with the list that it is an item of"),
        );
    }
}

fn failure(step: &StepDraft, report: &mut Report) {
    let (Ok(Some(allowed)), Ok(Some(on_error))) = (&step.allow_failure, &step.on_error) else { return };
    if allowed.value && on_error.value == OnError::Fail {
        let message = format!("step `{}` has both `allow_failure = true` and `on_error = \"fail\"`", step.title);
        report.push(
            Problem::error("stepmill::definition::allow_failure", message, on_error.span.clone())
                .help("leave `on_error` out: a step that may fail does not end the run"),
        );
    }
}

fn waits(title: &str, draft: &RetryDraft, report: &mut Report) {
    let retry = &draft.whole.value;
    let mut wrong = |key: &str, problem: &str, span: &Range<usize>, help: &str| {
        report.push(range(format!("`retry.{key}` of step `{title}` {problem}"), span.clone()).help(help));
    };
    let in_range = "write a number in that range";
    if !(1..=MAX_ATTEMPTS).contains(&retry.max_attempts) {
        let problem = format!("must be between 1 and {MAX_ATTEMPTS}");
        wrong("max_attempts", &problem, &draft.max_attempts, in_range);
    }
    // NaN is in no range.
    if !(1.0..=MAX_FACTOR).contains(&retry.factor) {
        wrong("factor", &format!("must be between 1 and {MAX_FACTOR}"), &draft.factor, in_range);
    }
    let most = format!("must be at most {}", show_duration(MAX_WAIT));
    if retry.initial_ms > MAX_WAIT {
        wrong("initial", &most, &draft.initial, "write a shorter time");
    } else if retry.max_ms > MAX_WAIT {
        wrong("max", &most, &draft.max, "write a shorter time");
    } else if retry.max_ms < retry.initial_ms {
        let help = format!("make it at least {}", show_duration(retry.initial_ms));
        wrong("max", "is shorter than `retry.initial`", &draft.max, &help);
    }
}

fn range(message: String, span: Range<usize>) -> Problem {
    Problem::error("stepmill::definition::range", message, span)
}
