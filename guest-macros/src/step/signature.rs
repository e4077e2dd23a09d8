//! The function as a whole: what a step's signature may be, and the model the expansion is made from.

use syn::ext::IdentExt;
use syn::{Attribute, Expr, ExprLit, FnArg, Ident, ItemFn, Lit, Meta, Path, Signature};

use super::arguments::Arguments;
use super::names;
use super::parameter::{self, Parameter};
use super::returns::{self, Returns};
use crate::problems::Problems;

/// A step, as far as a macro can know it.
pub(super) struct Model {
    pub(super) sdk: Option<Path>,
    /// `cfg`s below the attribute: they hold for the registration too.
    pub(super) conditions: Vec<Attribute>,
    pub(super) function: Ident,
    pub(super) is_async: bool,
    pub(super) name: String,
    pub(super) description: String,
    pub(super) parameters: Vec<Parameter>,
    pub(super) returns: Returns,
}

/// Reads the model from `function`, and takes from it what only the macro understands.
pub(super) fn read(arguments: &Arguments, function: &mut ItemFn, problems: &mut Problems) -> Model {
    check_qualifiers(&function.sig, problems);
    let parameters = read_parameters(&mut function.sig, problems);
    let written = parameters.iter().find_map(Parameter::written);
    Model {
        sdk: arguments.sdk.clone(),
        conditions: function.attrs.iter().filter(|attribute| attribute.path().is_ident("cfg")).cloned().collect(),
        function: function.sig.ident.clone(),
        is_async: function.sig.asyncness.is_some(),
        name: name(arguments, &function.sig.ident, problems),
        description: description(&function.attrs),
        returns: returns::read(&function.sig.output, written, problems),
        parameters,
    }
}

fn name(arguments: &Arguments, ident: &Ident, problems: &mut Problems) -> String {
    if let Some(given) = &arguments.name {
        return given.value();
    }
    let name = ident.unraw().to_string();
    if !names::is_valid(&name) {
        problems
            .at(ident, format!("{}; or give it another: `#[step(name = \"..\")]`", names::complaint("step", &name)));
    }
    name
}

fn check_qualifiers(signature: &Signature, problems: &mut Problems) {
    if let Some(token) = &signature.constness {
        problems.at(token, "a step cannot be `const`: it runs when a pipeline calls it");
    }
    if let Some(token) = &signature.unsafety {
        problems.at(token, "a step cannot be `unsafe`: nobody checks what its caller would have to promise");
    }
    if let Some(abi) = &signature.abi {
        problems.at(abi, "a step cannot be `extern`: the SDK exports it");
    }
    if let Some(variadic) = &signature.variadic {
        problems.at(variadic, "a step cannot be variadic: each of its parameters has a name");
    }
    if !signature.generics.params.is_empty() {
        let message =
            "a step cannot be generic: its inputs and output are described when it is compiled; name the types";
        problems.at(&signature.generics, message);
    } else if let Some(clause) = &signature.generics.where_clause {
        problems.at(clause, "a step has no `where` clause: it cannot be generic");
    }
}

fn read_parameters(signature: &mut Signature, problems: &mut Problems) -> Vec<Parameter> {
    let mut parameters: Vec<Parameter> = Vec::new();
    for argument in &mut signature.inputs {
        let typed = match argument {
            FnArg::Typed(typed) => typed,
            FnArg::Receiver(receiver) => {
                problems.at(receiver, "a step is a function, not a method: it has no `self`");
                continue;
            }
        };
        let Some(parameter) = parameter::read(typed, problems) else { continue };
        check_unique(&parameters, &parameter, &typed.pat, problems);
        parameters.push(parameter);
    }
    parameters
}

fn check_unique(earlier: &[Parameter], new: &Parameter, place: &syn::Pat, problems: &mut Problems) {
    if new.is_writer() && earlier.iter().any(Parameter::is_writer) {
        problems.at(place, "a step has one output: a second `Writer` is one too many");
    }
    let Parameter::Data(new) = new else { return };
    let is_taken = |parameter: &Parameter| matches!(parameter, Parameter::Data(data) if data.name == new.name);
    if earlier.iter().any(is_taken) {
        problems.at(place, format!("there is a parameter `{}` already", new.name));
    }
}

/// The text of the doc comments among `attributes`.
pub(super) fn description(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    });
    let lines: Vec<String> = lines.collect();
    let unindented = lines.iter().flat_map(|text| text.split('\n')).map(|line| line.strip_prefix(' ').unwrap_or(line));
    unindented.collect::<Vec<_>>().join("\n").trim().to_owned()
}
