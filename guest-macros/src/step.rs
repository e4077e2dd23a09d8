//! `#[step]`: attribute and function → model (with all diagnostics) → tokens.

mod arguments;
mod expand;
mod names;
mod parameter;
mod returns;
mod signature;
mod types;

use proc_macro2::TokenStream;
use quote::quote;
use syn::ItemFn;

use crate::problems::Problems;
use arguments::Arguments;

/// Expands `#[step(arguments)] item`.
pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut function = match syn::parse2::<ItemFn>(item.clone()) {
        Ok(function) => function,
        Err(error) => return not_a_function(item, &error),
    };
    let mut problems = Problems::default();
    let arguments = problems.keep(syn::parse2::<Arguments>(arguments)).unwrap_or_default();
    let model = signature::read(&arguments, &mut function, &mut problems);
    // The function is there in any case, so that its callers do not fail as well.
    match problems.into_tokens() {
        Some(errors) => quote!(#function #errors),
        None => {
            let registration = expand::registration(&model);
            quote!(#function #registration)
        }
    }
}

fn not_a_function(item: TokenStream, error: &syn::Error) -> TokenStream {
    let is_other_item = syn::parse2::<syn::Item>(item.clone()).is_ok();
    let complaint = if is_other_item {
        syn::Error::new_spanned(&item, "`#[step]` stands on a function").into_compile_error()
    } else {
        error.to_compile_error()
    };
    quote!(#item #complaint)
}
