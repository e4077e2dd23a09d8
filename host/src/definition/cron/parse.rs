//! From the text of an expression to what its fields name.

use std::ops::RangeInclusive;

use cron::{Schedule, TimeUnitSpec};

use super::{CronError, calendar::Calendar};
use crate::definition::suggest::shorten;

/// What stands for a whole expression.
const NAMES: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

/// The days of the week by their names; Sunday is 0 and 7.
const WEEKDAYS: [&str; 7] = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

/// The fields in the order written: what each is called, and what it can be.
const FIELDS: [(&str, &str); 6] = [
    ("second", "numbers from 0 to 59"),
    ("minute", "numbers from 0 to 59"),
    ("hour", "numbers from 0 to 23"),
    ("day of the month", "numbers from 1 to 31"),
    ("month", "numbers from 1 to 12, names as `jan`"),
    ("day of the week", "numbers from 0 to 7 (0 and 7 are Sunday), names as `mon`"),
];

/// What the fields name, and whether the hours follow real time.
pub(super) fn parse(text: &str) -> Result<(Calendar, bool), CronError> {
    let text = match NAMES.iter().find(|(name, _)| *name == text.trim()) {
        Some((_, expression)) => expression,
        None if text.trim_start().starts_with('@') => return Err(CronError::UnknownName(shorten(text))),
        None => text,
    };
    let mut fields: Vec<&str> = text.split_ascii_whitespace().collect();
    match fields.len() {
        5 => fields.insert(0, "0"),
        6 => {}
        count => return Err(CronError::FieldCount(count)),
    }
    let mut sets = [0; FIELDS.len()];
    for (place, field) in fields.iter().enumerate() {
        sets[place] = set(place, field).ok_or_else(|| wrong(place, field))?;
    }
    let [seconds, minutes, hours, days, months, weekdays] = sets;
    let restricted = |place: usize| !fields[place].starts_with('*');
    let either_day = restricted(3) && restricted(5);
    let real_time = fields[2].contains(['*', '/']);
    Ok((Calendar { seconds, minutes, hours, days, months, weekdays, either_day }, real_time))
}

fn wrong(place: usize, field: &str) -> CronError {
    let (field_name, range) = FIELDS[place];
    CronError::Field { field: field_name, text: shorten(field), range }
}

/// The numbers that a field names, a bit for each; for weekdays from Sunday, which is 0.
fn set(place: usize, field: &str) -> Option<u64> {
    // The crate takes blanks and whole fields without anything between them, so the form is checked first.
    if !field.split(',').all(is_item) {
        return None;
    }
    let translated;
    let mut fields = ["0", "0", "0", "1", "1", "1"];
    fields[place] = if place == 5 {
        translated = weekdays(field)?;
        &translated
    } else {
        field
    };
    let schedule: Schedule = fields.join(" ").parse().ok()?;
    Some(match place {
        0 => bits(schedule.seconds()),
        1 => bits(schedule.minutes()),
        2 => bits(schedule.hours()),
        3 => bits(schedule.days_of_month()),
        4 => bits(schedule.months()),
        _ => bits(schedule.days_of_week()) >> 1,
    })
}

fn bits(unit: &impl TimeUnitSpec) -> u64 {
    unit.iter().fold(0, |set, number| set | 1 << number)
}

/// Whether this is `*`, a point or a range, with or without a step.
fn is_item(item: &str) -> bool {
    let (base, step) = split_step(item);
    let (start, end) = split_range(base);
    step.is_none_or(is_number) && (base == "*" || is_point(start) && end.is_none_or(is_point))
}

fn split_step(item: &str) -> (&str, Option<&str>) {
    item.split_once('/').map_or((item, None), |(base, step)| (base, Some(step)))
}

fn split_range(base: &str) -> (&str, Option<&str>) {
    base.split_once('-').map_or((base, None), |(start, end)| (start, Some(end)))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_point(text: &str) -> bool {
    is_number(text) || !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphabetic())
}

/// A field of weekdays as the crate numbers them, each named alone: from Sunday, which is 1.
fn weekdays(field: &str) -> Option<String> {
    let mut days = Vec::new();
    for item in field.split(',') {
        let (base, step) = split_step(item);
        let step: usize = step.map_or(Some(1), |step| step.parse().ok().filter(|step| (1..=7).contains(step)))?;
        let range = if base == "*" { 0..=6 } else { weekday_range(base, item != base)? };
        days.extend(range.step_by(step).map(|day| (day % 7 + 1).to_string()));
    }
    Some(days.join(","))
}

fn weekday_range(base: &str, stepped: bool) -> Option<RangeInclusive<u32>> {
    let (start, end) = split_range(base);
    let start = weekday(start)?;
    let end = match end.map(weekday) {
        // Saturday to Sunday is a range, although Sunday is 0 where it stands alone.
        Some(Some(0)) if start > 0 => 7,
        Some(end) => end?,
        None if stepped => start.max(6),
        None => start,
    };
    (start <= end).then_some(start..=end)
}

fn weekday(text: &str) -> Option<u32> {
    if is_number(text) {
        return text.parse().ok().filter(|day| *day <= 7);
    }
    let name = text.to_ascii_lowercase();
    let place = WEEKDAYS.iter().position(|day| *day == name || day[..3] == name)?;
    u32::try_from(place).ok()
}
