//! How what the reader returns is written in columns.

use rusqlite::{Row, types::ValueRef};

use super::{AttemptState, ItemCounts, OutputRow, codec};
use crate::{
    failure::Usage,
    ids::{ContentHash, Name, Timestamp},
    module::Form,
    output::Place,
};

pub(in crate::persist) fn form_word(form: Form) -> &'static str {
    match form {
        Form::Value => "value",
        Form::Rows => "rows",
    }
}

pub(in crate::persist) fn place_word(place: &Place) -> &'static str {
    match place {
        Place::Inline(_) => "inline",
        Place::Blob => "blob",
    }
}

fn form(word: &str) -> Option<Form> {
    [Form::Value, Form::Rows].into_iter().find(|form| form_word(*form) == word)
}

fn is_inline(word: &str) -> Option<bool> {
    match word {
        "inline" => Some(true),
        "blob" => Some(false),
        _ => None,
    }
}

/// How many events a run has, and steps that run, succeeded, failed, were skipped and cancelled; of the table `runs`, called
/// `r`. While it goes on, its newest event knows.
pub(in crate::persist) const RUN_COUNTS: &str = "coalesce(e.seq + 1, r.events), coalesce(e.running, r.running), \
     coalesce(e.succeeded, r.succeeded), coalesce(e.failed, r.failed), coalesce(e.skipped, r.skipped), \
     coalesce(e.cancelled, r.cancelled) \
     FROM runs r LEFT JOIN events e ON r.finished_at IS NULL \
     AND e.key = (SELECT max(key) FROM events WHERE key BETWEEN r.key << 32 AND r.key << 32 | 4294967295)";

/// The columns that [`usage_and_output`] reads, of a table called `a`.
pub(super) const USAGE_AND_OUTPUT: &str = "a.wall_us, a.cpu_us, a.memory, a.log_lines, a.log_lines_dropped, \
     a.output_form, a.output_hash, a.output_size, a.output_items, a.output_place";

/// The same of a step: what all its items returned, or else its latest attempt.
pub(super) const USAGE_AND_STEP_OUTPUT: &str = "a.wall_us, a.cpu_us, a.memory, a.log_lines, a.log_lines_dropped, \
     CASE WHEN s.output_hash IS NULL THEN a.output_form ELSE s.output_form END, \
     coalesce(s.output_hash, a.output_hash), coalesce(s.output_size, a.output_size), \
     CASE WHEN s.output_hash IS NULL THEN a.output_items ELSE s.output_items END, \
     coalesce(s.output_place, a.output_place)";

/// Reads [`USAGE_AND_OUTPUT`], the first of which has this index.
pub(super) fn usage_and_output(row: &Row<'_>, first: usize) -> rusqlite::Result<(Option<Usage>, Option<OutputRow>)> {
    let usage = match codec::count_opt(row, first)? {
        None => None,
        Some(wall_us) => Some(Usage {
            wall_us,
            cpu_us: codec::count(row, first + 1)?,
            memory: codec::count(row, first + 2)?,
            log_lines: codec::count(row, first + 3)?,
            log_lines_dropped: codec::count(row, first + 4)?,
        }),
    };
    let output = match row.get(first + 6)? {
        None => None,
        Some(hash) => Some(OutputRow {
            form: codec::word(row, first + 5, form)?,
            hash: ContentHash(hash),
            size: codec::count(row, first + 7)?,
            items: codec::count_opt(row, first + 8)?,
            inline: codec::word(row, first + 9, is_inline)?,
        }),
    };
    Ok((usage, output))
}

/// Reads how many items there are, run, succeeded and failed; nothing of a step that is not fanned out.
pub(in crate::persist) fn item_counts(row: &Row<'_>, first: usize) -> rusqlite::Result<Option<ItemCounts>> {
    let Some(total) = codec::count_opt(row, first)? else { return Ok(None) };
    Ok(Some(ItemCounts {
        total,
        running: codec::count(row, first + 1)?,
        succeeded: codec::count(row, first + 2)?,
        failed: codec::count(row, first + 3)?,
    }))
}

pub(super) fn attempt_state(row: &Row<'_>, index: usize) -> rusqlite::Result<AttemptState> {
    codec::word(row, index, AttemptState::from_word)
}

pub(super) fn time(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(index)?.map(Timestamp))
}

pub(super) fn optional_name(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<Name>> {
    match row.get_ref(index)? {
        ValueRef::Null => Ok(None),
        _ => name(row, index).map(Some),
    }
}

pub(super) fn name(row: &Row<'_>, index: usize) -> rusqlite::Result<Name> {
    codec::word(row, index, |text| Name::new(text).ok())
}
