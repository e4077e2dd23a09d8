//! Looks at types the only way a macro can: by how they are written.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{GenericArgument, Ident, PathArguments, PathSegment, Type, TypePath};

use crate::problems::Problems;

/// The last segment of a plain path type, such as `Rows<Day>` of `stepmill_sdk::Rows<Day>`.
pub(super) fn last_segment(ty: &Type) -> Option<&PathSegment> {
    match ty {
        Type::Path(TypePath { qself: None, path }) => path.segments.last(),
        Type::Group(group) => last_segment(&group.elem),
        Type::Paren(paren) => last_segment(&paren.elem),
        _ => None,
    }
}

/// The type arguments of `ty`, if it is written as `name<..>` or `path::name<..>`.
pub(super) fn arguments_of<'a>(ty: &'a Type, name: &str) -> Option<Vec<&'a Type>> {
    let segment = last_segment(ty).filter(|segment| segment.ident == name)?;
    Some(type_arguments(segment))
}

/// The only type argument of `ty`, if it is written as `name<T>`.
pub(super) fn argument_of<'a>(ty: &'a Type, name: &str) -> Option<&'a Type> {
    match arguments_of(ty, name)?.as_slice() {
        [one] => Some(one),
        _ => None,
    }
}

/// The types between the angle brackets of a segment.
fn type_arguments(segment: &PathSegment) -> Vec<&Type> {
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else {
        return Vec::new();
    };
    let types = arguments.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    types.collect()
}

/// Complains about types that no value of a step can have, wherever they stand inside `ty`.
pub(super) fn check_value(ty: &Type, what: &str, problems: &mut Problems) {
    for ident in wide_integers(ty.to_token_stream()) {
        let message =
            format!("`{ident}` does not fit: values have integers of at most 64 bits; use `i64`, `u64` or a string");
        problems.at(ident, message);
    }
    let kind = match ty {
        Type::Ptr(_) => "a raw pointer",
        Type::BareFn(_) => "a function pointer",
        Type::TraitObject(_) => "a trait object",
        Type::ImplTrait(_) => "an `impl Trait`",
        Type::Never(_) => "`!`",
        Type::Infer(_) => "an inferred type",
        _ => return,
    };
    problems.at(ty, format!("{kind} cannot be {what}: it must be a type that can be stored and described by a schema"));
}

fn wide_integers(tokens: TokenStream) -> Vec<Ident> {
    let found = tokens.into_iter().flat_map(|token| match token {
        TokenTree::Ident(ident) if ident == "i128" || ident == "u128" => vec![ident],
        TokenTree::Group(group) => wide_integers(group.stream()),
        _ => Vec::new(),
    });
    found.collect()
}
