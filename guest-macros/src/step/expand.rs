//! Model → tokens. All that can live in the SDK does; here are only names and types.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, ExprLit, Lit};

use super::parameter::{Data, Fallback, Parameter, Source};
use super::returns::Output;
use super::signature::Model;
use crate::sdk_path;

/// The item that makes the function known to the SDK.
pub(super) fn registration(model: &Model) -> TokenStream {
    let sdk = sdk_path::sdk(model.sdk.as_ref());
    let Model { conditions, name, description, .. } = model;
    let defaults = model.parameters.iter().enumerate().filter_map(|(index, parameter)| default_fn(index, parameter));
    let parameters = model.parameters.iter().enumerate().filter_map(|(index, parameter)| describe(index, parameter));
    let output = describe_output(&model.returns.output);
    let (arguments, body) = (local("arguments"), body(model));
    quote! {
        #(#conditions)*
        #[allow(deprecated, clippy::all, clippy::pedantic)]
        const _: () = {
            use #sdk::__rt;
            // What the crate is called: the host names the module so. Every step writes the same line.
            #[cfg(target_family = "wasm")]
            const PACKAGE: &str =
                ::core::concat!(::core::env!("CARGO_PKG_NAME"), " ", ::core::env!("CARGO_PKG_VERSION"), "\n");
            #[cfg(target_family = "wasm")]
            #[used]
            #[unsafe(link_section = "stepmill:package")]
            static PACKAGE_SECTION: [u8; PACKAGE.len()] = __rt::bytes(PACKAGE);
            #(#defaults)*
            fn __stepmill_run(#arguments: &mut __rt::Arguments) -> ::core::result::Result<__rt::Outcome, __rt::StepError> {
                #body
            }
            __rt::inventory::submit! {
                __rt::Step {
                    name: #name,
                    description: #description,
                    parameters: &[#(#parameters),*],
                    output: #output,
                    run: __stepmill_run,
                }
            }
        };
    }
}

/// A local of the expansion, which no name of the author's can clash with.
fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

fn default_name(index: usize) -> Ident {
    format_ident!("__stepmill_default_{index}")
}

/// `fn default_0() -> T { .. }`, for config that has a default.
fn default_fn(index: usize, parameter: &Parameter) -> Option<TokenStream> {
    let Parameter::Data(data) = parameter else { return None };
    let Source::Config(fallback) = &data.source else { return None };
    let ty = &data.ty;
    let value = match fallback {
        Fallback::None if data.optional().is_some() => quote!(::core::option::Option::None),
        Fallback::None => return None,
        Fallback::Default => quote_spanned!(ty.span()=> <#ty as ::core::default::Default>::default()),
        // `default = "text"` for a `String`.
        Fallback::Expression(expression) => match &**expression {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => {
                quote_spanned!(text.span()=> <#ty as ::core::convert::From<_>>::from(#text))
            }
            expression => quote!(#expression),
        },
    };
    let name = default_name(index);
    Some(quote!(fn #name() -> #ty { #value }))
}

/// The description of an input or config, as a constant expression.
fn describe(index: usize, parameter: &Parameter) -> Option<TokenStream> {
    let Parameter::Data(data) = parameter else { return None };
    let Data { name, description, ty, source } = &**data;
    let span = ty.span();
    Some(match (source, data.optional()) {
        (Source::Input, None) => quote_spanned!(span=> __rt::Parameter::input::<#ty>(#name, #description)),
        (Source::Input, Some(inner)) => {
            quote_spanned!(span=> __rt::Parameter::optional_input::<#inner>(#name, #description))
        }
        (Source::Config(fallback), option) => {
            let optional = option.is_some() || !matches!(fallback, Fallback::None);
            let default = describe_default(index, fallback, span);
            quote_spanned!(span=> __rt::Parameter::config::<#ty>(#name, #description, #optional, #default))
        }
    })
}

fn describe_default(index: usize, fallback: &Fallback, span: Span) -> TokenStream {
    if matches!(fallback, Fallback::None) {
        return quote!(::core::option::Option::None);
    }
    let default = default_name(index);
    quote_spanned!(span=> ::core::option::Option::Some(|| __rt::default_json(#default())))
}

fn describe_output(output: &Output) -> TokenStream {
    match output {
        Output::Plain(ty) => quote_spanned!(ty.span()=> __rt::OutputInfo::of::<#ty>()),
        Output::Iterator { item, .. } | Output::Written { item } => {
            quote_spanned!(item.span()=> __rt::OutputInfo::rows::<#item>())
        }
    }
}

/// Takes the arguments, calls the function, hands on what it returns.
fn body(model: &Model) -> TokenStream {
    let arguments = local("arguments");
    let locals: Vec<Ident> = (0..model.parameters.len()).map(|index| local(&format!("argument_{index}"))).collect();
    let takes = model.parameters.iter().zip(&locals).enumerate().map(|(index, (parameter, local))| {
        let taken = take(index, parameter, &arguments);
        let mutable = parameter.is_writer().then(|| quote!(mut));
        quote!(let #mutable #local = #taken;)
    });
    let passed = model.parameters.iter().zip(&locals).map(|(parameter, local)| match parameter {
        Parameter::Context => quote!(&#local),
        Parameter::Writer(_) => quote!(&mut #local),
        Parameter::Data(_) => quote!(#local),
    });
    let function = &model.function;
    let mut call = quote!(#function(#(#passed),*));
    if model.is_async {
        call = quote!(__rt::block_on(#call)?);
    }
    let returned = local("returned");
    let unwrapped = if model.returns.fallible { unwrap_result(&returned, model) } else { TokenStream::new() };
    let writer =
        model.parameters.iter().zip(&locals).find(|(parameter, _)| parameter.is_writer()).map(|(_, local)| local);
    let outcome = match &model.returns.output {
        Output::Plain(ty) => quote_spanned!(ty.span()=> <#ty as __rt::Output>::leave(#returned, #arguments)),
        Output::Iterator { item, fallible: false } => {
            quote_spanned!(item.span()=> __rt::write_items::<#item>(#returned, #arguments))
        }
        Output::Iterator { item, fallible: true } => {
            let error = local("error");
            let convert = convert_error(&error, item.span());
            quote_spanned! {item.span()=>
                __rt::write_results::<#item, _>(#returned, |#error| #convert, #arguments)
            }
        }
        Output::Written { .. } => quote!({ let () = #returned; __rt::finish(#writer) }),
    };
    quote! {
        #(#takes)*
        let #returned = #call;
        #unwrapped
        #outcome
    }
}

/// Reads one argument, or makes what stands in its place.
fn take(index: usize, parameter: &Parameter, arguments: &Ident) -> TokenStream {
    let data = match parameter {
        Parameter::Context => return quote!(__rt::context()),
        Parameter::Writer(item) => {
            return quote_spanned!(item.span()=> __rt::writer::<#item>(#arguments)?);
        }
        Parameter::Data(data) => data,
    };
    let Data { name, ty, source, .. } = &**data;
    let span = ty.span();
    match (source, data.optional()) {
        (Source::Input, None) => quote_spanned!(span=> __rt::input::<#ty>(#arguments, #name)?),
        (Source::Input, Some(inner)) => quote_spanned!(span=> __rt::optional_input::<#inner>(#arguments, #name)?),
        (Source::Config(Fallback::None), None) => quote_spanned!(span=> __rt::config::<#ty>(#arguments, #name)?),
        (Source::Config(_), _) => {
            let default = default_name(index);
            quote_spanned!(span=> __rt::config_or::<#ty>(#arguments, #name, #default)?)
        }
    }
}

fn unwrap_result(returned: &Ident, model: &Model) -> TokenStream {
    let error = local("error");
    let convert = convert_error(&error, model.function.span());
    quote! {
        let #returned = match #returned {
            ::core::result::Result::Ok(value) => value,
            ::core::result::Result::Err(#error) => return ::core::result::Result::Err(#convert),
        };
    }
}

/// Makes a `StepError` of an error of any type: the traits behind `kind` are tried in order.
fn convert_error(error: &Ident, span: Span) -> TokenStream {
    let error_ref = quote_spanned!(span=> (&&&Of(&#error)).kind());
    quote! {{
        use __rt::kinds::{AsDisplay as _, AsDynError as _, AsStepError as _, Of};
        #error_ref.convert(#error)
    }}
}
