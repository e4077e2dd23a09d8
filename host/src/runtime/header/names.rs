//! The names of functions that a module carries. When a step traps, wasmtime copies one for each frame.

use wasmparser::{CustomSectionReader, KnownCustom, Name};

/// The longest name of a function, in bytes. Those of C++ can have some thousand.
pub(super) const MAX_SYMBOL: usize = 64 << 10;

/// Whether a custom section names a function with more than [`MAX_SYMBOL`] bytes. What cannot be read of it is not used
/// either.
pub(super) fn are_too_long(section: &CustomSectionReader<'_>) -> bool {
    let KnownCustom::Name(names) = section.as_known() else { return false };
    let functions = names.into_iter().map_while(Result::ok).filter_map(|name| match name {
        Name::Function(names) => Some(names),
        _ => None,
    });
    functions.flat_map(|names| names.into_iter().map_while(Result::ok)).any(|naming| naming.name.len() > MAX_SYMBOL)
}
