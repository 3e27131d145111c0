//! The `#[memcheck]` attribute. Use it through the crate `memcheck-lib`, which re-exports it.

mod attributes;
mod entry;
mod errors;
mod function;
mod option_table;
mod options;
mod values;

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::Item;

use crate::options::Arguments;

/// Makes a leak test of a function.
#[proc_macro_attribute]
pub fn memcheck(
    arguments: proc_macro::TokenStream,
    item: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    expand(arguments.into(), item.into()).into()
}

fn expand(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let arguments = Arguments::parse(arguments);
    let place = Span::call_site();
    match syn::parse2::<Item>(item.clone()) {
        Ok(Item::Fn(function)) => function::expand(function, arguments, place),
        Ok(item) => {
            let error = syn::Error::new(place, errors::WRONG_ITEM).into_compile_error();
            quote!(#error #item)
        }
        Err(error) => {
            let error = error.into_compile_error();
            quote!(#error #item)
        }
    }
}
