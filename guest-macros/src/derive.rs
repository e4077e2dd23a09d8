//! serde's and schemars' derives for crates that depend on neither.
//!
//! What those derives expand to names its crate, `::serde`, unless `#[serde(crate = "..")]` on the type says where
//! it is. A derive cannot add an attribute to the type it stands on. But it can repeat the type under another name,
//! with the attribute, and let serde derive *for* the original (`#[serde(remote)]`); the trait is then forwarded.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::punctuated::Punctuated;
use syn::{
    Attribute, Data, DeriveInput, Expr, Fields, Ident, LitStr, Member, Meta, Path, Token, Visibility, parse_quote,
};

use crate::sdk_path;

/// What stands between the parentheses of an attribute.
type Settings = Punctuated<Meta, Token![,]>;

/// A derivable trait.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trait {
    Serialize,
    Deserialize,
    JsonSchema,
}

/// Expands `#[derive(which)] item`.
pub(crate) fn expand(item: TokenStream, which: Trait) -> TokenStream {
    let expanded = syn::parse2::<DeriveInput>(item).and_then(|input| {
        let sdk = sdk_path::sdk(sdk_argument(&input.attrs)?.as_ref());
        check(&input, which)?;
        Ok(forward(&input, which, &sdk))
    });
    expanded.unwrap_or_else(syn::Error::into_compile_error)
}

/// The path in `#[stepmill(crate = path)]`.
fn sdk_argument(attributes: &[Attribute]) -> syn::Result<Option<Path>> {
    let mut sdk = None;
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("stepmill")) {
        attribute.parse_nested_meta(|meta| {
            if !meta.path.is_ident("crate") {
                return Err(meta.error("`#[stepmill]` knows `crate = path` only"));
            }
            sdk = Some(meta.value()?.call(Path::parse_mod_style)?);
            Ok(())
        })?;
    }
    Ok(sdk)
}

fn check(input: &DeriveInput, which: Trait) -> syn::Result<()> {
    for setting in settings(&input.attrs) {
        if setting.path().is_ident("crate") || setting.path().is_ident("remote") {
            let message =
                "the SDK's derives set this themselves; to set it, derive the traits of `serde` and `schemars`";
            return Err(syn::Error::new_spanned(setting, message));
        }
    }
    if which == Trait::Deserialize && input.generics.lifetimes().next().is_some() {
        let message = "a step owns its inputs: a type that is read cannot borrow";
        return Err(syn::Error::new_spanned(&input.generics, message));
    }
    Ok(())
}

/// What stands in `#[serde(..)]` and `#[schemars(..)]`. What cannot be parsed is left to those who understand it.
fn settings(attributes: &[Attribute]) -> Vec<Meta> {
    let lists = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::List(list) if list.path.is_ident("serde") || list.path.is_ident("schemars") => Some(list),
        _ => None,
    });
    lists.flat_map(|list| list.parse_args_with(Settings::parse_terminated).into_iter().flatten()).collect()
}

/// The shadow type with the real derive, and the impl for the original that forwards to it.
fn forward(input: &DeriveInput, which: Trait, sdk: &TokenStream) -> TokenStream {
    let shadow_name = format_ident!("__Stepmill{}", input.ident, span = Span::call_site());
    let shadow = shadow(input, which, sdk, &shadow_name);
    let default = (which != Trait::Serialize).then(|| forward_default(input, &shadow_name)).flatten();
    let forwarding = match which {
        Trait::Serialize => forward_serialize(input, &shadow_name),
        Trait::Deserialize => forward_deserialize(input, &shadow_name),
        Trait::JsonSchema => forward_json_schema(input, &shadow_name),
    };
    quote! {
        #[allow(dead_code, non_camel_case_types, deprecated, missing_docs, clippy::all, clippy::pedantic)]
        const _: () = {
            use #sdk::__rt;
            #shadow
            #default
            #forwarding
        };
    }
}

fn shadow(input: &DeriveInput, which: Trait, sdk: &TokenStream, name: &Ident) -> DeriveInput {
    let mut shadow = input.clone();
    let original = input.ident.to_string();
    shadow.ident = name.clone();
    shadow.vis = Visibility::Inherited;
    shadow.attrs.retain(is_wanted);
    for_each_field(&mut shadow.data, |attributes| attributes.retain(is_wanted));
    let path = |module: &str| LitStr::new(&format!("{}::__rt::{module}", path_text(sdk)), Span::call_site());
    let (serde, schemars) = (path("serde"), path("schemars"));
    let rename = (!renames(&input.attrs)).then(|| quote!(, rename = #original));
    let own: Attribute = match which {
        Trait::Serialize => parse_quote!(#[derive(__rt::serde::Serialize)]),
        Trait::Deserialize => parse_quote!(#[derive(__rt::serde::Deserialize)]),
        Trait::JsonSchema => parse_quote!(#[derive(__rt::schemars::JsonSchema)]),
    };
    let settings: Attribute = match which {
        Trait::JsonSchema => parse_quote!(#[schemars(crate = #schemars #rename)]),
        _ => parse_quote!(#[serde(crate = #serde, remote = #original #rename)]),
    };
    if which == Trait::JsonSchema {
        shadow.attrs.iter_mut().for_each(use_own_default);
    }
    // Helper attributes stand behind the derive they belong to.
    shadow.attrs.insert(0, settings);
    shadow.attrs.insert(0, own);
    if which != Trait::JsonSchema {
        shadow.attrs.retain(|attribute| !attribute.path().is_ident("schemars"));
        for_each_field(&mut shadow.data, |attributes| {
            attributes.retain(|attribute| !attribute.path().is_ident("schemars"));
        });
    }
    shadow
}

/// `default = "path"` on a type makes an original; schemars wants a shadow, which has a `Default` (see `forward_default`).
fn use_own_default(attribute: &mut Attribute) {
    let Meta::List(list) = &mut attribute.meta else { return };
    let Ok(mut settings) = list.parse_args_with(Settings::parse_terminated) else { return };
    for setting in settings.iter_mut().filter(|setting| setting.path().is_ident("default")) {
        *setting = parse_quote!(default);
    }
    list.tokens = settings.to_token_stream();
}

/// Where `#[serde(default)]` stands on the type, the shadow needs a default too: that of the original.
fn forward_default(input: &DeriveInput, shadow: &Ident) -> Option<TokenStream> {
    let Data::Struct(data) = &input.data else { return None };
    let default = settings(&input.attrs).into_iter().find(|setting| setting.path().is_ident("default"))?;
    let (original, (parameters, arguments, clause)) = (&input.ident, input.generics.split_for_impl());
    let made = match default {
        Meta::NameValue(pair) => {
            let Expr::Lit(literal) = pair.value else { return None };
            let path: Path = syn::parse2::<LitStr>(literal.to_token_stream()).ok()?.parse().ok()?;
            quote!(#path())
        }
        _ => quote!(<#original #arguments as ::core::default::Default>::default()),
    };
    let fields: Vec<Member> = data.fields.members().collect();
    let names: Vec<Ident> = (0..fields.len()).map(|index| format_ident!("field_{index}")).collect();
    Some(quote! {
        impl #parameters ::core::default::Default for #shadow #arguments #clause {
            fn default() -> Self {
                let #original { #(#fields: #names),* } = #made;
                Self { #(#fields: #names),* }
            }
        }
    })
}

/// A path without the spaces that `TokenStream` prints.
fn path_text(path: &TokenStream) -> String {
    path.to_string().replace(' ', "")
}

/// Only these mean something to the shadow; others may belong to other derives.
fn is_wanted(attribute: &Attribute) -> bool {
    ["serde", "schemars", "doc", "cfg", "deprecated"].iter().any(|name| attribute.path().is_ident(name))
}

fn renames(attributes: &[Attribute]) -> bool {
    settings(attributes).iter().any(|setting| setting.path().is_ident("rename"))
}

fn for_each_field(data: &mut Data, mut change: impl FnMut(&mut Vec<Attribute>)) {
    let mut in_fields = |fields: &mut Fields| fields.iter_mut().for_each(|field| change(&mut field.attrs));
    match data {
        Data::Struct(data) => in_fields(&mut data.fields),
        Data::Enum(data) => data.variants.iter_mut().for_each(|variant| in_fields(&mut variant.fields)),
        Data::Union(_) => {}
    }
    if let Data::Enum(data) = data {
        data.variants.iter_mut().for_each(|variant| change(&mut variant.attrs));
    }
}

fn forward_serialize(input: &DeriveInput, shadow: &Ident) -> TokenStream {
    let generics = bounded(input, &quote!(__rt::serde::Serialize));
    let (parameters, _, clause) = generics.split_for_impl();
    let (name, (_, arguments, _)) = (&input.ident, input.generics.split_for_impl());
    let turbofish = arguments.as_turbofish();
    quote! {
        impl #parameters __rt::serde::Serialize for #name #arguments #clause {
            fn serialize<__S: __rt::serde::Serializer>(
                &self,
                serializer: __S,
            ) -> ::core::result::Result<__S::Ok, __S::Error> {
                #shadow #turbofish::serialize(self, serializer)
            }
        }
    }
}

fn forward_deserialize(input: &DeriveInput, shadow: &Ident) -> TokenStream {
    let mut generics = bounded(input, &quote!(__rt::serde::Deserialize<'de>));
    generics.params.insert(0, parse_quote!('de));
    let (parameters, _, clause) = generics.split_for_impl();
    let (name, (_, arguments, _)) = (&input.ident, input.generics.split_for_impl());
    let turbofish = arguments.as_turbofish();
    quote! {
        impl #parameters __rt::serde::Deserialize<'de> for #name #arguments #clause {
            fn deserialize<__D: __rt::serde::Deserializer<'de>>(
                deserializer: __D,
            ) -> ::core::result::Result<Self, __D::Error> {
                #shadow #turbofish::deserialize(deserializer)
            }
        }
    }
}

fn forward_json_schema(input: &DeriveInput, shadow: &Ident) -> TokenStream {
    let generics = bounded(input, &quote!(__rt::schemars::JsonSchema));
    let (parameters, _, clause) = generics.split_for_impl();
    let (name, (_, arguments, _)) = (&input.ident, input.generics.split_for_impl());
    let shadow = quote!(<#shadow #arguments as __rt::schemars::JsonSchema>);
    quote! {
        impl #parameters __rt::schemars::JsonSchema for #name #arguments #clause {
            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                #shadow::schema_name()
            }
            fn schema_id() -> ::std::borrow::Cow<'static, str> {
                #shadow::schema_id()
            }
            fn inline_schema() -> bool {
                #shadow::inline_schema()
            }
            fn json_schema(generator: &mut __rt::schemars::SchemaGenerator) -> __rt::schemars::Schema {
                #shadow::json_schema(generator)
            }
        }
    }
}

/// The generics of the type, with the trait required of every type parameter.
fn bounded(input: &DeriveInput, bound: &impl ToTokens) -> syn::Generics {
    let mut generics = input.generics.clone();
    for parameter in generics.type_params_mut() {
        parameter.bounds.push(parse_quote!(#bound));
    }
    generics
}
