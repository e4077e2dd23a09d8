//! What a guest returned, checked and stored.

use std::io;

use super::{
    bindings::exports::stepmill::step::steps::Output,
    call::Returned,
    host::step_io::{Rows, StepIo, too_large},
    stop::Stop,
};
use crate::{
    execute::{
        ports::OutputStore,
        stored::{self, RowsWriter},
    },
    failure::FailureKind,
    limits::{INLINE_OUTPUT, Limits},
    module::Form,
    output::{FileRef, OutputRef},
    value::validate::validate,
};

/// An output that is what the step promised.
pub(super) enum Checked {
    /// A value, and the files that it refers to.
    Value(Vec<u8>, Vec<FileRef>),
    /// A stream.
    Stream(RowsWriter),
}

/// Checks an output.
///
/// # Errors
/// If it is not what the step promised.
pub(super) fn check(returned: Returned, form: Form, limits: &Limits) -> Result<Checked, Stop> {
    let Returned { output, io: Some(mut io) } = returned else {
        return Err(Stop::failed(FailureKind::Host, "the sandbox lost what the step wrote; please report this"));
    };
    match (output, form) {
        (Output::Value(value), Form::Value) => check_value(value, &io, limits),
        (Output::Rows, Form::Rows) => match io.take_rows() {
            Some(Rows::Stream(rows)) => Ok(Checked::Stream(rows)),
            Some(Rows::List(list)) => {
                let (value, files) = list.into_value()?;
                Ok(Checked::Value(value, files))
            }
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

fn check_value(value: Vec<u8>, io: &StepIo, limits: &Limits) -> Result<Checked, Stop> {
    if value.len() as u64 > limits.output {
        return Err(too_large("the output of the step", limits.output));
    }
    let checked = validate(&value).map_err(|error| {
        Stop::failed(FailureKind::InvalidOutput, format!("the step returned no valid MessagePack value: {error}"))
    })?;
    io.check_files(&checked.files)?;
    Ok(Checked::Value(value, checked.files))
}

/// Stores an output. It is durable or inline when this returns.
///
/// # Errors
/// If the store cannot be written.
pub(super) fn keep(checked: Checked, store: &dyn OutputStore) -> Result<OutputRef, Stop> {
    match checked {
        Checked::Value(value, files) => storing(value.len() as u64, || stored::store_value(store, &value, files)),
        Checked::Stream(rows) => storing(rows.size(), || rows.finish()),
    }
}

/// Stores what has so many bytes. What is small stays in memory; what waits for the disk must not keep other guests from
/// this thread meanwhile.
pub(super) fn storing<T>(bytes: u64, store: impl FnOnce() -> io::Result<T>) -> Result<T, Stop> {
    let stored = if bytes > INLINE_OUTPUT as u64 { tokio::task::block_in_place(store) } else { store() };
    stored.map_err(|error| Stop::writing(&error))
}
