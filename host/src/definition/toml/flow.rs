//! The keys of a step that say when, how often and with what rights it runs.

use std::str::FromStr as _;

use ::toml::de::{DeInteger, DeValue};

use super::{
    grants,
    steps::{duration, reference},
    table::{Field, Table},
};
use crate::{
    definition::{
        CaseName, Retry, Spanned,
        condition::Condition,
        draft::{Read, RetryDraft, StepDraft},
        mistake,
        problem::Problem,
        report::Report,
        suggest::{closest, shorten},
    },
    event::Join,
};

/// Takes all of them from a step's table.
pub(super) fn read(table: &mut Table<'_, '_>, step: &mut StepDraft, report: &mut Report) {
    if let Some(field) = table.take("join") {
        step.join = choice(&field, &Join::ALL.map(|join| (join.as_str(), join)), report).map(Some);
    }
    if let Some(field) = table.take("branch") {
        step.branches = cases(&field, report);
    }
    if let Some(field) = table.take("when") {
        step.when = condition(&field, report).map(Some);
    }
    if let Some(field) = table.take("for_each") {
        step.for_each = field.string("parse.years", report).and_then(|text| reference(&text, report)).map(Some);
    }
    if let Some(field) = table.take("max_parallel") {
        step.max_parallel = whole(&field, "4", report).map(Some);
    }
    if let Some(field) = table.take("retry") {
        step.retry = retry(&field, report).map(Some);
    }
    if let Some(field) = table.take("allow_failure") {
        step.allow_failure = flag(&field, report).map(Some);
    }
    if let Some(field) = table.take("finally") {
        step.finally = flag(&field, report).map(Some);
    }
    if let Some(field) = table.take("grants") {
        step.grants = grants::read(&field, report);
    }
    if let Some(field) = table.take("cache") {
        step.cache = flag(&field, report).map(Some);
    }
}

/// One of a few words.
///
/// # Errors
/// If it is none of them.
pub(super) fn choice<T: Copy>(field: &Field<'_, '_>, choices: &[(&str, T)], report: &mut Report) -> Read<Spanned<T>> {
    let names = || choices.iter().map(|(name, _)| *name);
    let text = field.string(names().last().unwrap_or_default(), report)?;
    if let Some((_, value)) = choices.iter().find(|(name, _)| *name == text.value) {
        return Ok(Spanned { value: *value, span: text.span });
    }
    let message = format!("`{}` of {} cannot be `{}`", field.key, field.title, shorten(text.value));
    let all: Vec<String> = names().map(|name| format!("`{name}`")).collect();
    let known = match all.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("it is {} or {last}", rest.join(", ")),
        _ => format!("it is {}", all.concat()),
    };
    let help = match closest(text.value, names()) {
        Some(meant) => format!("did you mean `{meant}`? {known}"),
        None => known,
    };
    Err(report.push(Problem::error("stepmill::definition::unknown_choice", message, text.span).help(help)))
}

/// A condition in CEL.
///
/// # Errors
/// If it is none.
pub(super) fn condition(field: &Field<'_, '_>, report: &mut Report) -> Read<Spanned<Condition>> {
    let text = field.string("parse.rows > 0", report)?;
    let who = format!("`{}` of {}", shorten(field.key), field.title);
    match Condition::from_str(text.value) {
        Ok(value) => Ok(Spanned { value, span: text.span }),
        Err(error) => Err(report.push(mistake::bad_condition(&who, &error, text.span))),
    }
}

fn cases(field: &Field<'_, '_>, report: &mut Report) -> Read<Vec<Read<Spanned<CaseName>>>> {
    let items = match field.value.get_ref() {
        DeValue::String(_) => std::slice::from_ref(field.value),
        DeValue::Array(items) => items.as_ref(),
        _ => {
            return Err(field.wrong_type("a string or an array of strings", "write `branch = \"NAME.CASE\"`", report));
        }
    };
    let read = |item| {
        let item = Field { key: field.key, key_span: field.key_span.clone(), value: item, title: field.title.clone() };
        let text = item.string("NAME.CASE", report)?;
        match text.value.parse() {
            Ok(value) => Ok(Spanned { value, span: text.span }),
            Err(error) => Err(report.push(mistake::bad_case(&item.title, text.value, &error, text.span))),
        }
    };
    Ok(items.iter().map(read).collect())
}

fn retry(field: &Field<'_, '_>, report: &mut Report) -> Read<RetryDraft> {
    let table = field.table("write `retry = { max_attempts = 3 }`", report)?;
    let span = if field.value.span().is_empty() { field.key_span.clone() } else { field.value.span() };
    let mut table = Table::new(table, format!("`retry` of {}", field.title));
    let mut draft = RetryDraft::new(Spanned { value: Retry::default(), span: span.clone() });
    let attempts = table.require("max_attempts", span, "max_attempts = 3", report);
    let attempts = attempts.and_then(|field| whole(&field, "3", report));
    let initial = table.take("initial").map(|field| duration(&field, report)).transpose();
    let factor = table.take("factor").map(|field| number(&field, report)).transpose();
    let max = table.take("max").map(|field| duration(&field, report)).transpose();
    let jitter = table.take("jitter").map(|field| flag(&field, report)).transpose();
    table.close(report);
    let retry = &mut draft.whole.value;
    let attempts = attempts?;
    (retry.max_attempts, draft.max_attempts) = (attempts.value, attempts.span);
    if let Some(initial) = initial? {
        (retry.initial_ms, draft.initial) = (initial.value, initial.span);
    }
    if let Some(factor) = factor? {
        (retry.factor, draft.factor) = (factor.value, factor.span);
    }
    match max? {
        Some(max) => (retry.max_ms, draft.max) = (max.value, max.span),
        // A first wait longer than the default of the longest is what was asked for.
        None => retry.max_ms = retry.max_ms.max(retry.initial_ms),
    }
    if let Some(jitter) = jitter? {
        retry.jitter = jitter.value;
    }
    Ok(draft)
}

pub(super) fn flag(field: &Field<'_, '_>, report: &mut Report) -> Read<Spanned<bool>> {
    match field.value.get_ref() {
        DeValue::Boolean(value) => Ok(Spanned { value: *value, span: field.value.span() }),
        _ => Err(field.wrong_type("`true` or `false`", &format!("write `{} = true`", field.key), report)),
    }
}

/// A whole number; one that is too large for the type becomes the largest, which is out of every range.
fn whole(field: &Field<'_, '_>, example: &str, report: &mut Report) -> Read<Spanned<u32>> {
    let parse = |number: &DeInteger<'_>| i128::from_str_radix(number.as_str(), number.radix()).unwrap_or(i128::MAX);
    match field.value.get_ref() {
        DeValue::Integer(number) => {
            let value = u32::try_from(parse(number).max(0)).unwrap_or(u32::MAX);
            Ok(Spanned { value, span: field.value.span() })
        }
        _ => Err(field.wrong_type("a whole number", &format!("write `{} = {example}`", field.key), report)),
    }
}

/// A number; one that cannot be read is NaN, which is out of every range.
fn number(field: &Field<'_, '_>, report: &mut Report) -> Read<Spanned<f64>> {
    let text = match field.value.get_ref() {
        DeValue::Integer(number) if number.radix() == 10 => number.as_str(),
        DeValue::Float(number) => number.as_str(),
        _ => return Err(field.wrong_type("a number", &format!("write `{} = 2.0`", field.key), report)),
    };
    Ok(Spanned { value: text.parse().unwrap_or(f64::NAN), span: field.value.span() })
}
