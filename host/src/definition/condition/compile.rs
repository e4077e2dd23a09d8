//! From the text to a program that is safe to evaluate: parsed on a large stack, checked, and kept.

use std::{
    collections::HashMap,
    io,
    ops::Range,
    sync::{Arc, LazyLock, PoisonError, RwLock},
    thread,
};

use cel::{Env, ParseErrors, parser::Expression};

use super::{ConditionError, Read, guard, read};

/// Stack for parsing and evaluating: many times what the limits in [`guard`] allow texts to need, also unoptimised.
const STACK: usize = 64 << 20;

/// How many programs are kept.
const KEPT: usize = 1_024;

/// A parsed condition in which each read has become a variable.
pub(super) struct Program {
    pub(super) expression: Expression,
    pub(super) reads: Box<[Read]>,
}

static CACHE: LazyLock<RwLock<HashMap<Box<str>, Arc<Program>>>> = LazyLock::new(RwLock::default);

/// The program of a text. The same text is compiled once, as long as not too many others come between.
pub(super) fn cached(text: &str) -> Result<Arc<Program>, ConditionError> {
    if let Some(program) = CACHE.read().unwrap_or_else(PoisonError::into_inner).get(text) {
        return Ok(Arc::clone(program));
    }
    guard::check(text)?;
    let program = Arc::new(on_large_stack(|| compile(text)).unwrap_or_else(|problem| {
        let message = format!("the condition cannot be read: {problem}");
        Err(ConditionError::new(message).help("write it more simply, or try again when the host is less busy"))
    })?);
    let mut cache = CACHE.write().unwrap_or_else(PoisonError::into_inner);
    if cache.len() >= KEPT {
        cache.clear();
    }
    cache.insert(text.into(), Arc::clone(&program));
    Ok(program)
}

/// Why nothing was done on a large stack.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotDone {
    #[error("there is no thread for it: {0}")]
    NoThread(io::Error),
    #[error("the library for conditions failed")]
    Panicked,
}

/// Does something that may recurse.
pub(super) fn on_large_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, NotDone> {
    thread::scope(|scope| {
        let thread = thread::Builder::new()
            .name("condition".to_owned())
            .stack_size(STACK)
            .spawn_scoped(scope, work)
            .map_err(NotDone::NoThread)?;
        thread.join().map_err(|_| NotDone::Panicked)
    })
}

fn compile(text: &str) -> Result<Program, ConditionError> {
    let program =
        Env::stdlib().with_optional_support(false).compile(text).map_err(|errors| syntax_error(text, &errors))?;
    let mut expression = program.expression().clone();
    let reads = read::resolve(text, &mut expression)?;
    Ok(Program { expression, reads })
}

/// The first mistake that the parser found.
fn syntax_error(text: &str, errors: &ParseErrors) -> ConditionError {
    let Some(first) = errors.errors.first() else {
        return ConditionError::new("this is not an expression");
    };
    let message = first.msg.strip_prefix("Syntax error: ").unwrap_or(&first.msg);
    let message: String = message.chars().take(200).collect();
    ConditionError::new(format!("this is not an expression: {message}"))
        .at(place(text, first.pos))
        .help("see docs/conditions.md for how conditions are written")
}

/// The byte behind a line and a column, both from 1 and in characters.
fn place(text: &str, (line, column): (isize, isize)) -> Option<Range<usize>> {
    let line = usize::try_from(line).ok()?.checked_sub(1)?;
    let column = usize::try_from(column).ok()?.saturating_sub(1);
    let before: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let rest = text.get(before..)?;
    let (at, length) = rest.char_indices().nth(column).map_or((rest.len(), 0), |(at, c)| (at, c.len_utf8()));
    Some(before + at..before + at + length)
}
