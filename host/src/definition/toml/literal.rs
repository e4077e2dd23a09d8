//! Literals as JSON, which is what plans store and MessagePack can say.

use ::toml::{
    Spanned as Placed,
    de::{DeFloat, DeInteger, DeValue},
    value::Datetime,
};
use serde_json::{Map, Number, Value as Json};

use super::table::in_order;
use crate::{
    definition::{
        draft::Read,
        mistake::{self, BAD_LITERAL},
        problem::Problem,
        report::Report,
    },
    limits::MAX_VALUE_DEPTH,
};

/// A literal as JSON. Dates and times become strings as in RFC 3339.
///
/// # Errors
/// If JSON has nothing for a number in it, or it is nested too deep.
pub(super) fn read(who: &str, value: &Placed<DeValue<'_>>, report: &mut Report) -> Read<Json> {
    nested(who, value, MAX_VALUE_DEPTH, report)
}

fn nested(who: &str, value: &Placed<DeValue<'_>>, left: usize, report: &mut Report) -> Read<Json> {
    match value.get_ref() {
        DeValue::String(text) => Ok(Json::from(text.as_ref())),
        DeValue::Integer(number) => integer(number).ok_or_else(|| {
            let problem =
                Problem::error(BAD_LITERAL, format!("{who} has a number with more than 64 bits"), value.span());
            report.push(problem.help("write it as a string, or as a float if it need not be exact"))
        }),
        DeValue::Float(number) => {
            float(number).ok_or_else(|| report.push(mistake::not_finite(who, number.as_str(), value.span())))
        }
        DeValue::Boolean(truth) => Ok(Json::from(*truth)),
        DeValue::Datetime(time) => Ok(Json::from(rfc3339(*time))),
        DeValue::Array(_) | DeValue::Table(_) if left == 0 => Err(report.push(mistake::too_deep(who, value.span()))),
        DeValue::Array(items) => all(items.iter().map(|item| nested(who, item, left - 1, report))).map(Json::Array),
        DeValue::Table(table) => all(in_order(table)
            .into_iter()
            .map(|(key, value)| nested(who, value, left - 1, report).map(|value| (key.get_ref().to_string(), value))))
        .map(|fields: Vec<_>| Json::Object(Map::from_iter(fields))),
    }
}

/// All values, or the first error; but every value is looked at, so that every problem is reported.
fn all<T>(values: impl Iterator<Item = Read<T>>) -> Read<Vec<T>> {
    values.collect::<Vec<_>>().into_iter().collect()
}

fn integer(number: &DeInteger<'_>) -> Option<Json> {
    let (digits, radix) = (number.as_str(), number.radix());
    i64::from_str_radix(digits, radix)
        .map(Json::from)
        .or_else(|_| u64::from_str_radix(digits, radix).map(Json::from))
        .ok()
}

fn float(number: &DeFloat<'_>) -> Option<Json> {
    number.as_str().parse().ok().and_then(Number::from_f64).map(Json::Number)
}

/// TOML may leave out seconds, RFC 3339 may not.
fn rfc3339(mut time: Datetime) -> String {
    if let Some(time) = &mut time.time {
        time.second.get_or_insert(0);
    }
    time.to_string()
}
