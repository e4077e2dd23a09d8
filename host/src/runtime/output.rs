//! What a guest returned, checked and stored.

use std::{io, sync::Arc};

use super::{
    bindings::exports::stepmill::step::steps::Output,
    call::Returned,
    host::step_io::{StepIo, too_large},
    stop::Stop,
};
use crate::{
    execute::ports::{BlobKind, OutputStore},
    failure::FailureKind,
    ids::ContentHash,
    limits::{INLINE_OUTPUT, Limits},
    module::Form,
    output::{FileRef, OutputRef, Place},
    value::validate::validate,
};

/// Checks and stores an output. It is durable or inline when this returns.
///
/// # Errors
/// If it is not what the step promised, or the store cannot be written.
pub(super) fn keep(returned: Returned, form: Form, limits: &Limits) -> Result<OutputRef, Stop> {
    let Returned { output, io: Some(mut io) } = returned else {
        return Err(Stop::failed(FailureKind::Host, "the sandbox lost what the step wrote; please report this"));
    };
    match (output, form) {
        (Output::Value(value), Form::Value) => keep_value(value, &io, limits),
        (Output::Rows, Form::Rows) => match waiting(|| io.finish_rows()) {
            Some(result) => result.map_err(|error| Stop::writing(&error)),
            None => Err(Stop::failed(FailureKind::Host, "the sandbox lost the rows; please report this")),
        },
        (Output::Value(_), Form::Rows) => Err(promised("rows", "a value")),
        (Output::Rows, Form::Value) => Err(promised("a value", "rows")),
    }
}

fn promised(promise: &str, got: &str) -> Stop {
    let message =
        format!("the step returned {got}, but its description promises {promise}: the module contradicts itself");
    Stop::failed(FailureKind::InvalidOutput, message)
}

fn keep_value(value: Vec<u8>, io: &StepIo, limits: &Limits) -> Result<OutputRef, Stop> {
    if value.len() as u64 > limits.output {
        return Err(too_large("the output of the step", limits.output));
    }
    let checked = validate(&value).map_err(|error| {
        Stop::failed(FailureKind::InvalidOutput, format!("the step returned no valid MessagePack value: {error}"))
    })?;
    io.check_files(&checked.files)?;
    let store = || store_value(io.store(), value, checked.files);
    store().map_err(|error| Stop::writing(&error))
}

fn store_value(store: &Arc<dyn OutputStore>, value: Vec<u8>, files: Vec<FileRef>) -> io::Result<OutputRef> {
    let size = value.len() as u64;
    let (hash, place) = if value.len() <= INLINE_OUTPUT {
        (ContentHash(blake3::hash(&value).into()), Place::Inline(value.into()))
    } else {
        let info = waiting(|| {
            let mut blob = store.create(BlobKind::Bytes)?;
            blob.write(&value)?;
            blob.finish()
        })?;
        (info.hash, Place::Blob)
    };
    Ok(OutputRef { form: Form::Value, hash, size, items: None, place, files })
}

/// Runs what waits for the disk without keeping other guests from this thread.
fn waiting<T>(work: impl FnOnce() -> T) -> T {
    tokio::task::block_in_place(work)
}
