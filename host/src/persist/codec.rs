//! How events and states are written in columns. Part of the on-disk format.

use rusqlite::{
    Row,
    types::{FromSqlError, Type},
};
use serde::de::DeserializeOwned;

use crate::{
    event::{EventKind, RunEvent, StepState},
    execute::ports::JournalError,
    ids::{ContentHash, RunId, Timestamp},
    output::{OutputRef, Place},
};

/// The version of an event's body. Optional fields and new kinds do not change it.
pub(super) const EVENT_VERSION: i64 = 1;

/// An event with its bytes: they are made in the caller's thread, the writer has enough to do.
#[derive(Debug)]
pub(super) struct EncodedEvent {
    pub(super) event: RunEvent,
    pub(super) body: Vec<u8>,
}

pub(super) fn encode(events: Vec<RunEvent>) -> Result<Vec<EncodedEvent>, JournalError> {
    let encode = |event: RunEvent| {
        // Most events fit.
        let mut body = Vec::with_capacity(512);
        match rmp_serde::encode::write_named(&mut body, &event.kind) {
            Ok(()) => Ok(EncodedEvent { event, body }),
            Err(error) => Err(JournalError(format!("an event cannot be serialised: {error}"))),
        }
    };
    events.into_iter().map(encode).collect()
}

/// An event as its row has it.
pub(super) struct EventRow {
    pub(super) seq: u64,
    pub(super) at: Timestamp,
    pub(super) version: i64,
    pub(super) checksum: i64,
    pub(super) body: Vec<u8>,
}

/// Reads an event, or says what is wrong with it.
pub(super) fn decode(run: RunId, row: &EventRow) -> Result<RunEvent, String> {
    let EventRow { seq, at, version, checksum: wanted, ref body } = *row;
    if checksum(run, seq, at, body) != wanted {
        return Err(format!("event {seq} of run {run} does not have its checksum"));
    }
    if version != EVENT_VERSION {
        return Err(format!("event {seq} of run {run} has the unknown version {version}"));
    }
    let kind = rmp_serde::from_slice(body).map_err(|error| format!("event {seq} of run {run}: {error}"))?;
    Ok(RunEvent { run, seq, at, kind })
}

pub(super) fn checksum(run: RunId, seq: u64, at: Timestamp, body: &[u8]) -> i64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(run.as_bytes());
    hasher.update(&seq.to_le_bytes());
    hasher.update(&at.0.to_le_bytes());
    hasher.update(body);
    let mut bytes = [0; 8];
    hasher.finalize_xof().fill(&mut bytes);
    i64::from_le_bytes(bytes)
}

/// The kind as a word, for people who look into the database.
pub(super) fn kind_word(kind: &EventKind) -> &'static str {
    match kind {
        EventKind::Created { .. } => "created",
        EventKind::Resumed => "resumed",
        EventKind::Stopped => "stopped",
        EventKind::AttemptStarted { .. } => "attempt_started",
        EventKind::AttemptSucceeded { .. } => "attempt_succeeded",
        EventKind::AttemptFailed { .. } => "attempt_failed",
        EventKind::AttemptLost { .. } => "attempt_lost",
        EventKind::StepSkipped { .. } => "step_skipped",
        EventKind::StepCancelled { .. } => "step_cancelled",
        EventKind::AttemptReturned { .. } => "attempt_returned",
        EventKind::ConditionHeld { .. } => "condition_held",
        EventKind::FannedOut { .. } => "fanned_out",
        EventKind::Carried { .. } => "carried",
        EventKind::StepSucceeded { .. } => "step_succeeded",
        EventKind::StepFailed { .. } => "step_failed",
        EventKind::CancelRequested => "cancel_requested",
        EventKind::Finished { .. } => "finished",
    }
}

pub(super) fn step_state(word: &str) -> Option<StepState> {
    use StepState::{Cancelled, Failed, Running, Skipped, Succeeded, Waiting};
    [Waiting, Running, Succeeded, Failed, Skipped, Cancelled].into_iter().find(|state| state.as_str() == word)
}

/// The stored data that an event refers to.
pub(super) fn outputs_of(kind: &EventKind) -> Vec<&OutputRef> {
    match kind {
        EventKind::Created { params, .. } => params.iter().map(|param| &param.value).collect(),
        EventKind::AttemptSucceeded { output, .. }
        | EventKind::Carried { output, .. }
        | EventKind::StepSucceeded { output, .. }
        | EventKind::FannedOut { items: output, .. } => vec![output],
        _ => Vec::new(),
    }
}

/// The blobs that an output keeps alive.
pub(super) fn blobs_of(output: &OutputRef) -> impl Iterator<Item = ContentHash> + '_ {
    let own = matches!(output.place, Place::Blob).then_some(output.hash);
    own.into_iter().chain(output.files.iter().map(|file| file.hash))
}

/// The most that `seq` can be in the key of an event.
pub(super) const MAX_SEQ: i64 = 0xffff_ffff;

/// The key of an event, or of the place where it would be: those of a run follow one another.
pub(super) fn event_key(run: i64, seq: i64) -> i64 {
    run << 32 | seq.clamp(0, MAX_SEQ)
}

/// SQLite's integers are signed. Nothing that we count comes near the end of them.
pub(super) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A column that counts.
pub(super) fn count<T: TryFrom<i64>>(row: &Row<'_>, index: usize) -> rusqlite::Result<T> {
    let number: i64 = row.get(index)?;
    T::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(index, number))
}

/// A column that counts, or nothing.
pub(super) fn count_opt<T: TryFrom<i64>>(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<T>> {
    if row.get::<_, Option<i64>>(index)?.is_none() { Ok(None) } else { count(row, index).map(Some) }
}

/// A column that holds a word or text in another type's form.
pub(super) fn word<T>(row: &Row<'_>, index: usize, parse: impl FnOnce(&str) -> Option<T>) -> rusqlite::Result<T> {
    let text = row.get_ref(index)?.as_str()?;
    parse(text).ok_or_else(|| unfit(index, Type::Text, FromSqlError::InvalidType))
}

/// A column that holds JSON.
pub(super) fn json<T: DeserializeOwned>(row: &Row<'_>, index: usize) -> rusqlite::Result<T> {
    serde_json::from_str(row.get_ref(index)?.as_str()?).map_err(|error| unfit(index, Type::Text, error))
}

/// A column that holds JSON, or nothing.
pub(super) fn json_opt<T: DeserializeOwned>(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<T>> {
    if row.get_ref(index)?.as_str_or_null()?.is_none() { Ok(None) } else { json(row, index).map(Some) }
}

pub(super) fn unfit(
    index: usize,
    kind: Type,
    error: impl std::error::Error + Send + Sync + 'static,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(index, kind, Box::new(error))
}
