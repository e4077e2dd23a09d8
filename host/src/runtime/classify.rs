//! From whatever ended a guest to a failure that a person can act on.

use std::{borrow::Cow, collections::BTreeSet};

use wasmtime::{Error, Trap, WasmBacktrace, component::ResourceTableError};
use wasmtime_wasi::I32Exit;

use super::{
    bindings::stepmill::step::types::{ErrorKind, Location, StepError},
    host::step_io::too_large,
    sandbox::Sandbox,
    stop::Stop,
    text::{cut, message, visible},
};
use crate::{
    failure::{FailureKind, LimitKind, StepFailure},
    limits::{Limits, MAX_CAUSES},
};

/// The most wasm frames that are named in a failure.
const MAX_FRAMES: usize = 6;
/// How much of a function's name is shown, in bytes.
const MAX_NAME: usize = 200;
/// The longest symbol that is made readable, in bytes.
const MAX_SYMBOL: usize = 4 << 10;

/// Why the guest ended without an answer.
pub(super) fn trapped(error: &Error, sandbox: &Sandbox) -> Stop {
    if let Some(stop) = error.downcast_ref::<Stop>() {
        return stop.clone();
    }
    if let Some(stop) = Stop::shortage(error) {
        return stop;
    }
    let refused = sandbox.meter.refused();
    let panic = sandbox.logs.panic();
    if let Some(limit) = limit_of(error, refused, panic.as_deref()) {
        return at_limit(limit, &sandbox.limits);
    }
    let failure = if let Some(I32Exit(code)) = error.downcast_ref() {
        let text = "the step called `exit`: let it return a value or an error instead";
        StepFailure::new(FailureKind::Panicked, format!("{text} (the exit code was {code})"))
    } else if error.downcast_ref() == Some(&Trap::StackOverflow) || fell_off_its_own_stack(error) {
        let text = "the step ran out of stack: it recurses too deeply, or keeps large arrays on the stack";
        with_frames(StepFailure::new(FailureKind::StackOverflow, text), error)
    } else if let Some(panic) = panic {
        with_frames(panicked(&panic), error)
    } else {
        with_frames(StepFailure::new(FailureKind::Trapped, format!("the step trapped: {}", reason(error))), error)
    };
    Stop::Failed(failure)
}

/// Languages that compile to wasm keep part of their stack in linear memory, where Rust puts it first: recursing too
/// deeply ends there as an access below address zero. A few functions in all of the innermost frames tell it from others.
fn fell_off_its_own_stack(error: &Error) -> bool {
    const FUNCTIONS: usize = 4;
    let out_of_bounds = error.downcast_ref() == Some(&Trap::MemoryOutOfBounds);
    let Some(trace) = error.downcast_ref::<WasmBacktrace>().filter(|_| out_of_bounds) else { return false };
    let functions: BTreeSet<_> = trace.frames().iter().map(|frame| frame.func_index()).collect();
    trace.frames().len() >= super::engine::MAX_FRAMES && functions.len() <= FUNCTIONS
}

/// From what Rust's standard library writes on a panic: `thread '…' panicked at FILE:LINE:COLUMN:`, then the message.
fn panicked(text: &str) -> StepFailure {
    let place = text.split_once("panicked at ").and_then(|(_, rest)| rest.split_once(":\n"));
    match place {
        Some((place, said)) => {
            StepFailure::new(FailureKind::Panicked, format!("the step panicked: {said}")).because(format!("at {place}"))
        }
        None => StepFailure::new(FailureKind::Panicked, format!("the step panicked: {text}")),
    }
}

fn limit_of(error: &Error, refused: Option<LimitKind>, panic: Option<&str>) -> Option<LimitKind> {
    let text = error.root_cause().to_string();
    if matches!(error.downcast_ref(), Some(ResourceTableError::Full)) || text.contains("handle limit exceeded") {
        return Some(LimitKind::Handles);
    }
    if text.contains("fuel allocated for hostcalls") {
        // Data that a guest passes to a function of the host is read while the guest is on the stack, its result
        // when it is not.
        let in_call = error.downcast_ref::<WasmBacktrace>().is_some_and(|trace| !trace.frames().is_empty());
        return Some(if in_call { LimitKind::HostCall } else { LimitKind::Output });
    }
    if text.contains("resource limit exceeded") {
        return Some(LimitKind::Instances);
    }
    // Programs answer a refused allocation in their own ways: they abort, panic or use the null pointer.
    let gave_up = error.is::<Trap>() && error.downcast_ref() != Some(&Trap::StackOverflow);
    let no_start = text.contains("exceeds memory limits") || text.contains("exceeds table limits");
    let out_of_memory =
        panic.is_none_or(|panic| panic.contains("memory allocation of") || panic.contains("capacity overflow"));
    refused.filter(|_| no_start || (gave_up && out_of_memory))
}

fn at_limit(limit: LimitKind, limits: &Limits) -> Stop {
    let message = match limit {
        LimitKind::Memory => format!(
            "the step needed more than {} bytes of memory: raise `limits.memory` of the step, or take and return large \
             data as rows",
            limits.memory
        ),
        LimitKind::Output => return too_large("the output of the step", limits.output),
        LimitKind::HostCall => format!(
            "the step passed more than {} bytes to the host in one call: write smaller batches, or raise `limits.output` \
             of the step",
            limits.hostcall_bytes()
        ),
        LimitKind::Handles => format!(
            "the step held more than {} handles (streams, files, timers) at once: drop those it no longer needs",
            limits.handles
        ),
        _ => format!(
            "the module needs more than {} core instances, {} memories, {} tables or {} table elements",
            limits.instances, limits.memories, limits.tables, limits.table_elements
        ),
    };
    Stop::limit(limit, message)
}

/// The innermost reason, without wasmtime's framing.
fn reason(error: &Error) -> String {
    let text = match error.downcast_ref::<Trap>() {
        Some(trap) => trap.to_string(),
        None => error.root_cause().to_string(),
    };
    message(text.strip_prefix("wasm trap: ").unwrap_or(&text))
}

/// Adds the names of the guest's functions, where there are any.
fn with_frames(failure: StepFailure, error: &Error) -> StepFailure {
    let Some(trace) = error.downcast_ref::<WasmBacktrace>() else { return failure };
    let names = trace.frames().iter().filter_map(|frame| frame.func_name()).map(readable);
    let own = names.filter(|name| !is_plumbing(name));
    own.take(MAX_FRAMES).fold(failure, |failure, name| failure.because(format!("in {}", visible(cut(&name, MAX_NAME)))))
}

/// A function's name as its author knows it. Never the text of wasmtime's backtrace: that reads names of C++ as well, in
/// which a thousand bytes can stand for more than memory can hold. What names of Rust can stand for is bounded.
fn readable(symbol: &str) -> Cow<'_, str> {
    match rustc_demangle::try_demangle(symbol) {
        Ok(name) if symbol.len() <= MAX_SYMBOL => Cow::Owned(name.to_string()),
        _ => Cow::Borrowed(symbol),
    }
}

/// Functions of the standard library that every panic goes through.
fn is_plumbing(function: &str) -> bool {
    let known = ["std::", "core::", "alloc::", "<std::", "<core::", "<alloc::", "rust_", "__", "abort"];
    known.iter().any(|prefix| function.starts_with(prefix))
}

/// What the step itself said went wrong.
pub(super) fn reported(error: StepError) -> StepFailure {
    let (kind, place) = match error.kind {
        ErrorKind::Failed => (FailureKind::Failed, None),
        ErrorKind::Permanent => (FailureKind::Permanent, None),
        ErrorKind::RetryAfter(millis) => (FailureKind::RetryAfter(millis), None),
        ErrorKind::UnknownStep => (FailureKind::BadModule, None),
        ErrorKind::InvalidInput(location) => (FailureKind::InvalidInput, Some(place(&location))),
        ErrorKind::InvalidOutput(location) => (FailureKind::InvalidOutput, Some(place(&location))),
    };
    let said = message(&error.message);
    let message_text = match place {
        Some(place) if !place.is_empty() => format!("{place}: {said}"),
        _ if said.is_empty() => "the step failed without saying why".to_owned(),
        _ => said,
    };
    StepFailure::bounded(kind, message_text, error.causes.iter().take(MAX_CAUSES).map(|cause| message(cause)))
}

/// Where in an argument, such as `days[3].temp_max`.
fn place(location: &Location) -> String {
    let Location { parameter, path } = location;
    let path = match path.chars().next() {
        Some(first) if !parameter.is_empty() && first != '[' && first != '.' => format!(".{path}"),
        _ => path.clone(),
    };
    message(&format!("{parameter}{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(kind: ErrorKind) -> StepError {
        StepError { kind, message: "bad\u{1b}".to_owned(), causes: vec!["x".to_owned(); 100] }
    }

    #[test]
    fn reports_name_the_place_and_are_capped() {
        let location = Location { parameter: "days".to_owned(), path: "[3].temp".to_owned() };
        let failure = reported(error(ErrorKind::InvalidInput(location)));
        assert_eq!(failure.kind, FailureKind::InvalidInput);
        assert_eq!(failure.message, "days[3].temp: bad\\u{1b}");
        assert_eq!(failure.causes.len(), MAX_CAUSES);
        let location = Location { parameter: "day".to_owned(), path: "temp".to_owned() };
        assert_eq!(reported(error(ErrorKind::InvalidInput(location))).message, "day.temp: bad\\u{1b}");
        assert_eq!(reported(error(ErrorKind::RetryAfter(5))).kind, FailureKind::RetryAfter(5));
    }
}
