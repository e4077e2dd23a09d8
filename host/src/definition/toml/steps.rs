//! `[steps.NAME]`: the steps.

use ::toml::de::DeValue;

use super::{
    flow, literal,
    table::{Field, Table, name},
};
use crate::{
    definition::{
        ConfigValue, OnError, Reference, Spanned, UseRef,
        draft::{Argument, LimitKey, Read, StepDraft},
        mistake::{self, BAD_REFERENCE},
        problem::Problem,
        quantity::{QuantityError, parse_duration, parse_size},
        report::Report,
        suggest::shorten,
    },
    ids::Name,
};

/// What `on_error` can be.
const ON_ERROR: [(&str, OnError); 2] = [("fail", OnError::Fail), ("continue", OnError::Continue)];

/// Reads all steps, in the order of the text.
pub(super) fn read(field: &Field<'_, '_>, report: &mut Report) -> Read<Vec<StepDraft>> {
    let help = "write each step as `[steps.NAME]` with its keys under it";
    let entries = field.entries(help, "`steps`", report)?;
    Ok(entries.into_iter().map(|entry| step(&entry, report)).collect())
}

fn step(field: &Field<'_, '_>, report: &mut Report) -> StepDraft {
    let name = field.key_as_name("name of a step", report);
    let title = shorten(field.key);
    let help = format!("write `[steps.{title}]` and under it `use = \"module/step\"`");
    let table = match field.table(&help, report) {
        Ok(table) => table,
        Err(reported) => return StepDraft::new(&title, name, Err(reported)),
    };
    let mut table = Table::new(table, format!("step `{title}`"));
    let uses = table.require("use", field.key_span.clone(), "use = \"module/step\"", report);
    let mut step = StepDraft::new(&title, name, uses.and_then(|field| uses_of(&field, &title, report)));
    if let Some(field) = table.take("inputs") {
        step.inputs = inputs(&field, &title, report);
    }
    if let Some(field) = table.take("config") {
        step.config = config(&field, &title, report);
    }
    if let Some(field) = table.take("needs") {
        step.needs = needs(&field, report);
    }
    if let Some(field) = table.take("on_error") {
        step.on_error = flow::choice(&field, &ON_ERROR, report).map(Some);
    }
    step.limits = limits(&mut table, &title, report);
    flow::read(&mut table, &mut step, report);
    table.close(report);
    step
}

fn uses_of(field: &Field<'_, '_>, step: &str, report: &mut Report) -> Read<Spanned<UseRef>> {
    let text = field.string("module/step", report)?;
    text.value
        .parse()
        .map(|value| Spanned { value, span: text.span.clone() })
        .map_err(|error| report.push(mistake::bad_use(step, text.value, &error, text.span)))
}

fn inputs(field: &Field<'_, '_>, step: &str, report: &mut Report) -> Read<Vec<Argument<Reference>>> {
    let help = "write `inputs.PARAMETER = \"step\"`";
    let entries = field.entries(help, &format!("inputs of step `{step}`"), report)?;
    let arguments = entries
        .into_iter()
        .map(|entry| {
            let name = entry.key_as_name(&format!("input of step `{step}`"), report);
            (name, entry.string("step", report).and_then(|text| reference(&text, report)))
        })
        .collect();
    Ok(arguments)
}

pub(super) fn reference(text: &Spanned<&str>, report: &mut Report) -> Read<Spanned<Reference>> {
    match text.value.parse() {
        Ok(value) => Ok(Spanned { value, span: text.span.clone() }),
        Err(error) => {
            let message = format!("`{}` is not a reference: {error}", shorten(text.value));
            let help = "such as `parse`, `parse.years[0].high` or `params.csv`";
            Err(report.push(Problem::error(BAD_REFERENCE, message, text.span.clone()).help(help)))
        }
    }
}

fn config(field: &Field<'_, '_>, step: &str, report: &mut Report) -> Read<Vec<Argument<ConfigValue>>> {
    let help = "write `config = { PARAMETER = … }`";
    let entries = field.entries(help, &format!("config of step `{step}`"), report)?;
    let arguments = entries
        .into_iter()
        .map(|entry| {
            let name = entry.key_as_name(&format!("config of step `{step}`"), report);
            (name, config_value(&entry, step, report))
        })
        .collect();
    Ok(arguments)
}

/// A table with the single key `from` is a reference, everything else a literal.
fn config_value(field: &Field<'_, '_>, step: &str, report: &mut Report) -> Read<Spanned<ConfigValue>> {
    let span = field.value.span();
    let who = format!("config `{}` of step `{step}`", shorten(field.key));
    let from = match field.value.get_ref() {
        DeValue::Table(table) if table.len() == 1 => table.get_key_value("from"),
        _ => None,
    };
    let Some((key, value)) = from else {
        return literal::read(&who, field.value, report)
            .map(|value| Spanned { value: ConfigValue::Literal(value), span });
    };
    let text = Field::new(key, value, who.clone()).string("params.x", report)?;
    let reference = reference(&text, report)?;
    if let Reference::Step(name, _) = &reference.value {
        return Err(report.push(mistake::config_from_step(&who, name, reference.span)));
    }
    Ok(Spanned { value: ConfigValue::Reference(reference.value), span: reference.span })
}

fn needs(field: &Field<'_, '_>, report: &mut Report) -> Read<Vec<Read<Spanned<Name>>>> {
    let DeValue::Array(items) = field.value.get_ref() else {
        let help = match field.value.get_ref() {
            DeValue::String(step) => format!("write `needs = [\"{}\"]`", shorten(step)),
            _ => "write `needs = [\"step\"]`".to_owned(),
        };
        return Err(field.wrong_type("an array of steps", &help, report));
    };
    let read = |item| {
        let item = Field { key: "needs", key_span: field.key_span.clone(), value: item, title: field.title.clone() };
        match item.value.get_ref() {
            DeValue::String(text) => name(&format!("`needs` of {}", item.title), text, item.value.span(), report),
            _ => Err(item.wrong_type("an array of steps", "write the steps' names, as strings", report)),
        }
    };
    Ok(items.iter().map(read).collect())
}

fn limits(step: &mut Table<'_, '_>, title: &str, report: &mut Report) -> Read<Vec<(LimitKey, Read<Spanned<u64>>)>> {
    const KEYS: [(&str, LimitKey); 4] = [
        ("memory", LimitKey::Memory),
        ("output", LimitKey::Output),
        ("storage", LimitKey::Storage),
        ("cpu", LimitKey::Cpu),
    ];
    let mut limits = Vec::new();
    if let Some(field) = step.take("timeout") {
        limits.push((LimitKey::Timeout, duration(&field, report)));
    }
    let Some(field) = step.take("limits") else { return Ok(limits) };
    let table = field.table("write `limits = { memory = \"256MiB\" }`", report)?;
    let mut table = Table::new(table, format!("`limits` of step `{title}`"));
    for (key, limit) in KEYS {
        if let Some(field) = table.take(key) {
            let value = if limit.is_duration() { duration(&field, report) } else { size(&field, report) };
            limits.push((limit, value));
        }
    }
    table.close(report);
    Ok(limits)
}

pub(super) fn duration(field: &Field<'_, '_>, report: &mut Report) -> Read<Spanned<u64>> {
    let text = field.string("30s", report)?;
    parse_duration(text.value).map(|value| Spanned { value, span: text.span.clone() }).map_err(|error| {
        let message = format!("`{}` is not a duration: {error}", shorten(text.value));
        let help = "a whole number and a unit: `250ms`, `30s`, `5m` or `2h`";
        report.push(Problem::error("stepmill::definition::bad_duration", message, text.span.clone()).help(help))
    })
}

pub(super) fn size(field: &Field<'_, '_>, report: &mut Report) -> Read<Spanned<u64>> {
    let span = field.value.span();
    let (text, parsed) = match field.value.get_ref() {
        DeValue::Integer(number) => {
            (number.as_str(), u64::from_str_radix(number.as_str(), number.radix()).map_err(|_| QuantityError::NoNumber))
        }
        DeValue::String(text) => (text.as_ref(), parse_size(text)),
        _ => return Err(field.wrong_type("a size", &format!("write `{} = \"64MiB\"`", field.key), report)),
    };
    parsed.map(|value| Spanned { value, span: span.clone() }).map_err(|error| {
        let message = format!("`{}` is not a size: {error}", shorten(text));
        let help = "a whole number of bytes, or one with a unit: `64KiB`, `256MiB`, `1GiB`, `10MB`";
        report.push(Problem::error("stepmill::definition::bad_size", message, span).help(help))
    })
}
