//! What a step returns.

use syn::{AssocType, GenericArgument, PathArguments, ReturnType, Type, TypeImplTrait, TypeParamBound, parse_quote};

use super::types;
use crate::problems::Problems;

/// What a step returns.
pub(super) struct Returns {
    /// Whether it is a `Result`.
    pub(super) fallible: bool,
    pub(super) output: Output,
}

/// What a step leaves behind when it succeeds.
pub(super) enum Output {
    /// One value, or `Rows<T>`: the type decides.
    Plain(Box<Type>),
    /// `impl Iterator<Item = T>`, written item by item.
    Iterator { item: Box<Type>, fallible: bool },
    /// `()`, because everything went into a `Writer`.
    Written { item: Box<Type> },
}

/// Reads the return type.
pub(super) fn read(declared: &ReturnType, written: Option<&Type>, problems: &mut Problems) -> Returns {
    let declared = match declared {
        ReturnType::Default => parse_quote!(()),
        ReturnType::Type(_, ty) => (**ty).clone(),
    };
    let (fallible, inner) = split_result(&declared);
    let output = if let Some(item) = written {
        check_unit(&inner, problems);
        Output::Written { item: Box::new(item.clone()) }
    } else if let Type::ImplTrait(opaque) = &inner {
        read_iterator(opaque, problems)
    } else {
        check_plain(&inner, problems);
        Output::Plain(Box::new(inner))
    };
    Returns { fallible, output }
}

/// Takes `Result<T, ..>` for what it looks like; a bare `Result` (as `std::fmt::Result`) carries nothing.
fn split_result(ty: &Type) -> (bool, Type) {
    match types::arguments_of(ty, "Result").as_deref() {
        Some([]) => (true, parse_quote!(())),
        Some([first, ..]) => (true, (*first).clone()),
        None => (false, ty.clone()),
    }
}

fn check_unit(ty: &Type, problems: &mut Problems) {
    if !matches!(ty, Type::Tuple(tuple) if tuple.elems.is_empty()) {
        problems.at(ty, "a step with a `Writer` has its output there: it returns nothing, or `Result<()>`");
    }
}

fn check_plain(ty: &Type, problems: &mut Problems) {
    types::check_value(ty, "an output", problems);
    match ty {
        Type::Reference(reference) if reference.lifetime.as_ref().is_none_or(|lifetime| lifetime.ident != "static") => {
            problems.at(reference, "a step gives its output away: return a value, not a reference");
        }
        _ => {}
    }
    if types::last_segment(ty).is_some_and(|segment| segment.ident == "Writer") {
        problems.at(ty, "a writer is a parameter: `out: &mut Writer<T>`");
    }
    if types::arguments_of(ty, "Result").is_some() {
        problems.at(ty, "a `Result` in a `Result`: one says whether the step failed");
    }
}

fn read_iterator(opaque: &TypeImplTrait, problems: &mut Problems) -> Output {
    let Some(item) = opaque.bounds.iter().find_map(iterator_item) else {
        problems.at(opaque, "the only `impl Trait` that a step returns is `impl Iterator<Item = T>`");
        return Output::Plain(parse_quote!(()));
    };
    let (fallible, item) = split_result(item);
    types::check_value(&item, "an item", problems);
    Output::Iterator { item: Box::new(item), fallible }
}

/// The `T` of an `Iterator<Item = T>`.
fn iterator_item(bound: &TypeParamBound) -> Option<&Type> {
    let TypeParamBound::Trait(bound) = bound else { return None };
    let segment = bound.path.segments.last().filter(|segment| segment.ident == "Iterator")?;
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::AssocType(AssocType { ident, ty, .. }) if ident == "Item" => Some(ty),
        _ => None,
    })
}
