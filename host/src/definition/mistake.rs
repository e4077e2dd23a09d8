//! The problems that a value can have wherever it was written, in the file and in the builder.

use std::ops::Range;

use super::{
    UseRef,
    condition::ConditionError,
    cron::{CronError, TimeZoneError},
    problem::Problem,
    reference::{CaseNameError, UseRefError},
    suggest::shorten,
    trigger::PatternError,
};
use crate::{
    ids::{Name, NameError},
    limits::MAX_VALUE_DEPTH,
};

/// Something is not a reference, or refers to what it cannot.
pub(super) const BAD_REFERENCE: &str = "stepmill::definition::bad_reference";
/// A literal has no place in a plan.
pub(super) const BAD_LITERAL: &str = "stepmill::definition::bad_literal";

/// A text is not a name.
pub(super) fn bad_name(what: &str, error: &NameError, text: &str, span: Range<usize>) -> Problem {
    let problem = Problem::error("stepmill::definition::bad_name", format!("{what}: {error}"), span);
    let meant = text.to_ascii_lowercase().replace(['-', ' '], "_");
    match Name::new(&meant) {
        Ok(name) => problem.help(format!("did you mean `{name}`?")),
        Err(_) => problem.help("such as `parse`, `hot_days` or `station_2`"),
    }
}

/// What a step uses is not `module/step`.
pub(super) fn bad_use(step: &str, text: &str, error: &UseRefError, span: Range<usize>) -> Problem {
    let message = format!("step `{step}` cannot use `{}`: {error}", shorten(text));
    let meant = text.to_ascii_lowercase().replace('-', "_");
    let help = match error {
        UseRefError::Name(_) if meant.parse::<UseRef>().is_ok() => format!("did you mean `{meant}`?"),
        _ => "such as `weather/parse`, `weather@1.2/parse` or `weather@sha256:…/parse`".to_owned(),
    };
    Problem::error("stepmill::definition::bad_use", message, span).help(help)
}

/// A text is not a condition.
pub(super) fn bad_condition(who: &str, error: &ConditionError, span: Range<usize>) -> Problem {
    let message = format!("{who} is not a condition: {error}");
    Problem::error("stepmill::definition::bad_condition", message, span)
        .help("such as `parse.rows > 0`, `steps.parse.state == \"succeeded\"` or `params.strict`")
}

/// A text is not `NAME.CASE`.
pub(super) fn bad_case(who: &str, text: &str, error: &CaseNameError, span: Range<usize>) -> Problem {
    let message = format!("`branch` of {who} cannot be `{}`: {error}", shorten(text));
    Problem::error("stepmill::definition::bad_case", message, span).help("such as `size.large`")
}

/// A text is not a cron expression.
pub(super) fn bad_cron(who: &str, error: &CronError, span: Range<usize>) -> Problem {
    Problem::error("stepmill::definition::bad_cron", format!("`cron` of {who} cannot be read: {error}"), span)
        .help("such as `0 6 * * 1-5` for six o'clock from Monday to Friday, or `@hourly`")
}

/// A text is not a time zone.
pub(super) fn bad_timezone(who: &str, error: &TimeZoneError, span: Range<usize>) -> Problem {
    let problem = Problem::error("stepmill::definition::bad_timezone", format!("`timezone` of {who}: {error}"), span);
    match error.suggestion {
        Some(meant) => problem.help(format!("did you mean `{meant}`?")),
        None => problem.help("such as `Europe/Berlin`, `America/New_York` or `UTC`"),
    }
}

/// A text is not a pattern of file names.
pub(super) fn bad_pattern(who: &str, text: &str, error: PatternError, span: Range<usize>) -> Problem {
    let message = format!("`pattern` of {who} cannot be `{}`: {error}", shorten(text));
    Problem::error("stepmill::definition::bad_pattern", message, span).help("such as `*.csv` or `day-??.json`")
}

/// A text is not an instant.
pub(super) fn bad_start(who: &str, span: Range<usize>) -> Problem {
    let message = format!("`start` of {who} is not a time with its offset from UTC");
    Problem::error("stepmill::definition::bad_start", message, span).help("such as `2026-01-01T06:00:00Z`")
}

/// Config refers to a step.
pub(super) fn config_from_step(who: &str, step: &Name, span: Range<usize>) -> Problem {
    let message = format!("{who} cannot come from step `{step}`: config comes from `params`");
    Problem::error(BAD_REFERENCE, message, span).help("refer to a parameter, or make it an input of the step")
}

/// A literal holds NaN or an infinity.
pub(super) fn not_finite(who: &str, number: &str, span: Range<usize>) -> Problem {
    let message = format!("{who} cannot be `{number}`: JSON has no such number");
    Problem::error(BAD_LITERAL, message, span).help("leave it out, or agree with the step on another value")
}

/// A literal is a tower.
pub(super) fn too_deep(who: &str, span: Range<usize>) -> Problem {
    let message = format!("{who} is nested deeper than {MAX_VALUE_DEPTH} levels");
    Problem::error(BAD_LITERAL, message, span).help("pass it as a file, or as a string with JSON in it")
}
