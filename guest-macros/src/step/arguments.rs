//! What stands in `#[step(..)]` itself.

use syn::parse::{Parse, ParseStream};
use syn::{LitStr, Path, Token};

use super::names;

/// The arguments of the attribute.
#[derive(Default)]
pub(super) struct Arguments {
    /// The step's name, where it is not the function's.
    pub(super) name: Option<LitStr>,
    /// The path of the SDK, where it is not `::stepmill_sdk`.
    pub(super) sdk: Option<Path>,
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut arguments = Self::default();
        while !input.is_empty() {
            arguments.parse_one(input)?;
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(arguments)
    }
}

impl Arguments {
    fn parse_one(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        if input.peek(Token![crate]) {
            let key = input.parse::<Token![crate]>()?;
            input.parse::<Token![=]>()?;
            let path = input.call(Path::parse_mod_style)?;
            return match self.sdk.replace(path) {
                None => Ok(()),
                Some(_) => Err(syn::Error::new_spanned(key, "`crate` is given twice")),
            };
        }
        let key = input.parse::<syn::Ident>()?;
        if key != "name" {
            let message = format!("`#[step]` has no argument `{key}`; it knows `name = \"..\"` and `crate = path`");
            return Err(syn::Error::new_spanned(key, message));
        }
        input.parse::<Token![=]>()?;
        let name = input.parse::<LitStr>()?;
        if !names::is_valid(&name.value()) {
            return Err(syn::Error::new_spanned(&name, names::complaint("step", &name.value())));
        }
        match self.name.replace(name) {
            None => Ok(()),
            Some(_) => Err(syn::Error::new_spanned(key, "`name` is given twice")),
        }
    }
}
