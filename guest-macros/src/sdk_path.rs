//! Where the expansion finds the SDK.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Path;

/// The path of the SDK crate: what the author gave, or its usual name.
pub(crate) fn sdk(given: Option<&Path>) -> TokenStream {
    given.map_or_else(|| quote!(::stepmill_sdk), |path| quote!(#path))
}
