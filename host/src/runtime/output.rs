//! What a guest returned, checked and stored.

use std::io;

use super::{
    bindings::exports::stepmill::step::steps::Output,
    call::Returned,
    host::step_io::{StepIo, too_large},
    stop::Stop,
};
use crate::{
    execute::stored,
    failure::FailureKind,
    limits::{INLINE_OUTPUT, Limits},
    module::Form,
    output::OutputRef,
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
        (Output::Rows, Form::Rows) => match io.take_rows() {
            Some(rows) => storing(rows.size(), || rows.finish()),
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
    let store = || stored::store_value(io.store().as_ref(), &value, checked.files);
    storing(value.len() as u64, store)
}

/// Stores what has so many bytes. What is small stays in memory; what waits for the disk must not keep other guests from
/// this thread meanwhile.
fn storing(bytes: u64, store: impl FnOnce() -> io::Result<OutputRef>) -> Result<OutputRef, Stop> {
    let stored = if bytes > INLINE_OUTPUT as u64 { tokio::task::block_in_place(store) } else { store() };
    stored.map_err(|error| Stop::writing(&error))
}
