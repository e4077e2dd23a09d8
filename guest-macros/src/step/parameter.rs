//! One parameter of a step: what it is, and what its attributes say.

use syn::ext::IdentExt;
use syn::{Attribute, Expr, Meta, Pat, PatType, Token, Type, TypeReference};

use super::{names, signature, types};
use crate::problems::Problems;

/// What a parameter of the function is to the step.
pub(super) enum Parameter {
    /// `&Context`.
    Context,
    /// `&mut Writer<T>`, with its `T`.
    Writer(Box<Type>),
    /// An input or config.
    Data(Box<Data>),
}

/// An input or config.
pub(super) struct Data {
    pub(super) name: String,
    pub(super) description: String,
    /// As it is written.
    pub(super) ty: Type,
    pub(super) source: Source,
}

/// Where the data of a parameter comes from.
pub(super) enum Source {
    Input,
    Config(Fallback),
}

/// What config is if the pipeline leaves it out.
pub(super) enum Fallback {
    /// It must not.
    None,
    /// `#[config(default)]`
    Default,
    /// `#[config(default = expr)]`
    Expression(Box<Expr>),
}

impl Parameter {
    pub(super) fn is_writer(&self) -> bool {
        self.written().is_some()
    }

    /// The `T` of a `&mut Writer<T>`.
    pub(super) fn written(&self) -> Option<&Type> {
        match self {
            Self::Writer(item) => Some(item),
            _ => None,
        }
    }
}

impl Data {
    /// The `T` of an `Option<T>`.
    pub(super) fn optional(&self) -> Option<&Type> {
        types::argument_of(&self.ty, "Option")
    }
}

/// Reads a parameter, and takes from it the attributes that only the macro understands.
pub(super) fn read(typed: &mut PatType, problems: &mut Problems) -> Option<Parameter> {
    let attributes = take_own_attributes(&mut typed.attrs);
    for attribute in &typed.attrs {
        if attribute.path().is_ident("cfg") || attribute.path().is_ident("cfg_attr") {
            problems.at(attribute, "a step's parameters are the same in every build: put the `cfg` on the function");
        }
    }
    let config = attributes.iter().find(|attribute| attribute.path().is_ident("config"));
    if let Type::Reference(reference) = &*typed.ty {
        if let Some(config) = config {
            problems.at(config, "`#[config]` stands on a value, not on a reference");
        }
        return read_reference(reference, problems);
    }
    let name = read_name(&typed.pat, problems);
    check_type(&typed.ty, config.is_some(), problems);
    let source = read_source(&attributes, problems);
    let data = Data { name: name?, description: signature::description(&attributes), ty: (*typed.ty).clone(), source };
    Some(Parameter::Data(Box::new(data)))
}

/// Doc comments are not allowed on parameters, and nobody else knows `#[config]`.
fn take_own_attributes(attributes: &mut Vec<Attribute>) -> Vec<Attribute> {
    let is_own = |attribute: &Attribute| attribute.path().is_ident("config") || attribute.path().is_ident("doc");
    let (own, other) = std::mem::take(attributes).into_iter().partition(is_own);
    *attributes = other;
    own
}

fn read_reference(reference: &TypeReference, problems: &mut Problems) -> Option<Parameter> {
    let name = types::last_segment(&reference.elem).map(|segment| segment.ident.to_string());
    match (name.as_deref(), reference.mutability) {
        (Some("Context"), None) => return Some(Parameter::Context),
        (Some("Writer"), Some(_)) => {
            if let Some(item) = types::argument_of(&reference.elem, "Writer") {
                types::check_value(item, "an item", problems);
                return Some(Parameter::Writer(Box::new(item.clone())));
            }
            problems.at(reference, "say what is written: `&mut Writer<T>`");
        }
        (Some("Context"), Some(_)) => problems.at(reference, "a context is shared: `&Context`"),
        (Some("Writer"), None) => problems.at(reference, "writing changes a writer: `&mut Writer<T>`"),
        _ => {
            let message =
                "a step owns its inputs: take a value; the only references are `&Context` and `&mut Writer<T>`";
            problems.at(reference, message);
        }
    }
    None
}

fn read_name(pattern: &Pat, problems: &mut Problems) -> Option<String> {
    let Pat::Ident(pattern) = pattern else {
        problems.at(pattern, "a step's parameter needs a name: bind it to one and take it apart in the body");
        return None;
    };
    if let Some(token) = &pattern.by_ref {
        problems.at(token, "a step owns its inputs: no `ref` here");
    }
    if let Some((_, subpattern)) = &pattern.subpat {
        problems.at(subpattern, "a step's parameter is a plain name: take it apart in the body");
    }
    let name = pattern.ident.unraw().to_string();
    if !names::is_valid(&name) {
        problems.at(&pattern.ident, names::complaint("parameter", &name));
    }
    Some(name)
}

fn check_type(ty: &Type, is_config: bool, problems: &mut Problems) {
    let what = if is_config { "config" } else { "an input" };
    types::check_value(ty, what, problems);
    match types::last_segment(ty).map(|segment| segment.ident.to_string()).as_deref() {
        Some("Context") => problems.at(ty, "a context is borrowed: `&Context`"),
        Some("Writer") => problems.at(ty, "a writer is borrowed: `&mut Writer<T>`"),
        Some("Rows") if is_config => {
            problems.at(ty, "config is one value: `Rows<T>` is for inputs; use `Vec<T>`");
        }
        _ => {}
    }
}

fn read_source(attributes: &[Attribute], problems: &mut Problems) -> Source {
    let mut configs = attributes.iter().filter(|attribute| attribute.path().is_ident("config"));
    let Some(config) = configs.next() else { return Source::Input };
    for again in configs {
        problems.at(again, "`#[config]` is given twice");
    }
    Source::Config(read_fallback(config, problems))
}

fn read_fallback(config: &Attribute, problems: &mut Problems) -> Fallback {
    if let Meta::Path(_) = &config.meta {
        return Fallback::None;
    }
    let mut fallback = Fallback::None;
    let parsed = config.parse_nested_meta(|meta| {
        if !meta.path.is_ident("default") {
            return Err(meta.error("`#[config]` knows `default` and `default = value` only"));
        }
        if !matches!(fallback, Fallback::None) {
            return Err(meta.error("`default` is given twice"));
        }
        fallback =
            if meta.input.peek(Token![=]) { Fallback::Expression(meta.value()?.parse()?) } else { Fallback::Default };
        Ok(())
    });
    problems.keep(parsed);
    fallback
}
