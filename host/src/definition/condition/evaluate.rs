//! Evaluates a program within limits: of what it reads, and of its time.
//!
//! The interpreter cannot be interrupted, but it only takes long in loops, and each turn of a loop asks here whether
//! to go on. So a condition that takes too long ends by itself and no thread is left behind.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use cel::{Context, ExecutionError, Value};

use super::{
    EvaluationError, Read,
    compile::{NotDone, Program, on_large_stack},
    read, value,
};
use crate::{
    definition::suggest::{quoted, shorten},
    limits::{CONDITION_MS, MAX_CONDITION_READS},
};

/// Whether the program holds.
pub(super) fn evaluate(program: &Program, values: &[Option<Bytes>]) -> Result<bool, EvaluationError> {
    let reads = &program.reads;
    if values.len() != reads.len() {
        let message = format!("the condition reads {} values and was given {}", reads.len(), values.len());
        return Err(EvaluationError::Wrong(message));
    }
    let size: usize = values.iter().flatten().map(Bytes::len).sum();
    if size > MAX_CONDITION_READS {
        return Err(EvaluationError::Wrong(format!(
            "the condition reads {size} bytes, at most {MAX_CONDITION_READS} are allowed: read smaller parts, or let \
             a step compute what it needs"
        )));
    }
    on_large_stack(|| answer(program, values)).unwrap_or_else(|not_done| {
        Err(match not_done {
            NotDone::NoThread(error) => EvaluationError::NoThread(error),
            NotDone::Panicked => EvaluationError::Wrong(format!("the condition was not evaluated: {not_done}")),
        })
    })
}

fn answer(program: &Program, values: &[Option<Bytes>]) -> Result<bool, EvaluationError> {
    let late = Arc::new(AtomicBool::new(false));
    let mut context = Context::default();
    for (at, (read, bytes)) in program.reads.iter().zip(values).enumerate() {
        let decoded = bytes.as_deref().map_or(Ok(Value::Null), value::decode);
        let decoded =
            decoded.map_err(|problem| EvaluationError::Wrong(format!("`{read}` cannot be read: {problem}")))?;
        context.add_variable_from_value(read::variable(at), decoded);
        context.add_variable_from_value(read::presence(at), Value::Bool(bytes.is_some()));
    }
    let deadline = Instant::now() + Duration::from_millis(CONDITION_MS);
    let flag = Arc::clone(&late);
    let tick = move || -> bool {
        if !flag.load(Ordering::Relaxed) && Instant::now() > deadline {
            flag.store(true, Ordering::Relaxed);
        }
        !flag.load(Ordering::Relaxed)
    };
    context
        .add_function(read::TICK, tick)
        .map_err(|error| EvaluationError::Wrong(format!("the condition was not evaluated: {error}")))?;
    let answer = Value::resolve(&program.expression, &context);
    if late.load(Ordering::Relaxed) {
        return Err(EvaluationError::Wrong(format!(
            "the condition takes longer than {CONDITION_MS} ms: read smaller parts, or let a step compute what it needs"
        )));
    }
    match answer {
        Ok(Value::Bool(answer)) => Ok(answer),
        Ok(other) => Err(EvaluationError::Wrong(format!(
            "the condition is neither true nor false but {}: compare it with something",
            kind(&other)
        ))),
        Err(error) => Err(EvaluationError::Wrong(format!("{}{}", sentence(&error), nulls(&program.reads, values)))),
    }
}

/// What a person would call it. Values themselves may be large.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::List(_) => "a list",
        Value::Map(_) | Value::Struct(_) => "a map",
        Value::Int(_) | Value::UInt(_) => "an integer",
        Value::Float(_) => "a float",
        Value::String(_) => "text",
        Value::Bytes(_) => "bytes",
        Value::Bool(_) => "a boolean",
        Value::Null => "null",
        Value::Function(..) | Value::Opaque(_) => "a function",
    }
}

fn sentence(error: &ExecutionError) -> String {
    match error {
        ExecutionError::NoSuchKey(key) => {
            let key = shorten(key);
            format!("there is no key `{key}`: ask for it first, with `has(….{key})`")
        }
        ExecutionError::IndexOutOfBounds(_) => {
            "a list is shorter than an index: compare with its `size()` first".to_owned()
        }
        ExecutionError::NoSuchOverload(error) => {
            let operator = error.function().trim_matches(['_', '@']).replace("[_]", "[]").replace('_', " ");
            format!("`{operator}` does not work on {}", error.argument_types().join(" and "))
        }
        ExecutionError::ValuesNotComparable(a, b) => format!("{} cannot be compared with {}", kind(a), kind(b)),
        ExecutionError::UnsupportedBinaryOperator(name, a, b) => {
            format!("`{name}` does not work on {} and {}: convert one with `int()` or `double()`", kind(a), kind(b))
        }
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => {
            "it divides by zero: compare the divisor with 0 first".to_owned()
        }
        ExecutionError::Overflow(name, ..) => {
            format!("the result of `{name}` is too large: use `double()` for large numbers")
        }
        ExecutionError::UnexpectedType { got, want } => format!("{want} is wanted, not {got}"),
        ExecutionError::UnsupportedTargetType { target } => format!("a function does not work on {}", kind(target)),
        ExecutionError::NotSupportedAsMethod { method, target } => {
            format!("`{}` does not work on {}", shorten(method), kind(target))
        }
        ExecutionError::UnsupportedKeyType(key) => format!("{} cannot be a key of a map", kind(key)),
        ExecutionError::UnsupportedIndex(index, value) => {
            format!("{} cannot be an index of {}", kind(index), kind(value))
        }
        ExecutionError::DuplicateKey(_) => "a map has a key twice".to_owned(),
        ExecutionError::FunctionError { function, message } => {
            format!("`{}` failed: {}", shorten(function), shorten(message))
        }
        // The rest concerns what compiling has ruled out.
        other => shorten(&other.to_string()),
    }
}

/// Names what is null, which most often is the reason.
fn nulls(reads: &[Read], values: &[Option<Bytes>]) -> String {
    let is_null = |value: &Option<Bytes>| value.as_deref().is_none_or(|bytes| bytes == [0xc0]);
    let names: Vec<_> =
        reads.iter().zip(values).filter(|(_, value)| is_null(value)).map(|(read, _)| read.to_string()).collect();
    match names.as_slice() {
        [] => String::new(),
        names => {
            let verb = if names.len() == 1 { "is" } else { "are" };
            let list = quoted(names.iter().map(String::as_str));
            format!("; {list} {verb} null: compare with `null` first, as in `{} != null && …`", names[0])
        }
    }
}
