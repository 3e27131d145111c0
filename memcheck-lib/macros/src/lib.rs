//! The `#[memcheck]` attribute. Use it through the crate `memcheck-lib`, which re-exports it.

mod above;
mod arguments;
mod attributes;
mod entry;
mod errors;
mod function;
mod item;
mod module;
mod value;

use proc_macro2::{Span, TokenStream};
use quote::quote;

use crate::arguments::Arguments;
use crate::function::Origin;

// Documented at the re-export, where the examples can be compiled.
/// See `memcheck::memcheck` in the crate `memcheck-lib`.
#[proc_macro_attribute]
pub fn memcheck(
    arguments: proc_macro::TokenStream,
    item: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    let below_test = above::test_stands_above(proc_macro::Span::call_site());
    expand(arguments.into(), item.into(), below_test).into()
}

/// See `memcheck::test` in the crate `memcheck-lib`.
#[proc_macro_attribute]
pub fn test(
    arguments: proc_macro::TokenStream,
    item: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    expand_test(arguments.into(), item.into()).into()
}

fn expand_test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let place = Span::call_site();
    let mut items = item::split(item.clone());
    let written = match (items.pop(), items.is_empty()) {
        // The body runs many times, and a panic ends the check: it stays an ordinary test.
        (Some(of), true) if of.is_function() && of.must_panic() => {
            Arguments::parse(arguments).map(|_| quote!(#[::core::prelude::v1::test] #item))
        }
        (Some(of), true) if of.is_function() => of
            .function()
            .map(|of| function::expand(of, Arguments::parse(arguments), place, Origin::Bulk)),
        _ => Err(syn::Error::new(place, errors::TEST_OF_WRONG_ITEM)),
    };
    written.unwrap_or_else(|error| {
        let error = error.into_compile_error();
        quote!(#error #item)
    })
}

fn expand(arguments: TokenStream, item: TokenStream, below_test: bool) -> TokenStream {
    let place = Span::call_site();
    let arguments = match below_test {
        false => Arguments::parse(arguments),
        true => Err(syn::Error::new(place, errors::BELOW_TEST)),
    };
    let mut items = item::split(item.clone());
    let written = match (items.pop(), items.is_empty()) {
        (Some(of), true) if of.is_function() => {
            of.function().map(|of| function::expand(of, arguments, place, Origin::Dedicated))
        }
        (Some(of), true) if of.is_module() => of.module().map(|of| module::expand(of, arguments)),
        _ => Err(syn::Error::new(place, errors::WRONG_ITEM)),
    };
    written.unwrap_or_else(|error| {
        let error = error.into_compile_error();
        quote!(#error #item)
    })
}
