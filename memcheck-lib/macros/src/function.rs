//! An annotated function: which functions are accepted, and the generated test.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{FnArg, Ident, ReturnType, Type};

use crate::arguments::{Arguments, ErrorList};
use crate::attributes::{self, Attributes};
use crate::entry::{Entry, libtest_name};
use crate::errors;
use crate::item::Function;

/// What the function was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Written for memcheck: judged under `cargo test` too.
    Dedicated,
    /// A test of an annotated module, or under `memcheck::test`: `cargo test` runs it once.
    Bulk,
}

/// Generates the test, or the error that says why there is none. `place` is the position of the test
/// in the report.
pub(crate) fn expand(
    function: Function,
    arguments: syn::Result<Arguments>,
    place: Span,
    origin: Origin,
) -> TokenStream {
    let asynchronous = function.signature.asyncness.is_some();
    let arguments = arguments.and_then(|own| {
        own.refuse_runtime_unless(asynchronous)?;
        Ok(own)
    });
    expand_with(function, arguments, place, origin)
}

/// The same with arguments that partly come from the enclosing module.
pub(crate) fn expand_with(
    function: Function,
    arguments: syn::Result<Arguments>,
    place: Span,
    origin: Origin,
) -> TokenStream {
    // All errors are reported at once.
    let checked = check(&function);
    let written = match (arguments, checked) {
        (Ok(arguments), Ok(attributes)) => {
            Ok(test(&function, attributes, &arguments, place, origin))
        }
        (Ok(_), Err(error)) | (Err(error), Ok(_)) => Err(error),
        (Err(mut error), Err(more)) => {
            error.combine(more);
            Err(error)
        }
    };
    written.unwrap_or_else(|error| refuse(function, error))
}

/// The error, and the function without a test.
pub(crate) fn refuse(function: Function, reason: syn::Error) -> TokenStream {
    let error = reason.into_compile_error();
    let function = refused(function);
    quote!(#error #function)
}

/// The test.
fn test(
    function: &Function,
    attributes: Attributes,
    arguments: &Arguments,
    place: Span,
    origin: Origin,
) -> TokenStream {
    let bulk = origin == Origin::Bulk;
    let Function { attributes: _, visibility: vis, signature: sig, signature_tokens, body } =
        function;
    let Attributes { outer, inner, cfgs, ignored } = attributes;

    let name = &sig.ident;
    let krate = &arguments.krate();
    let spelled = libtest_name(name);
    let entry = Entry {
        krate,
        name: &spelled,
        place,
        ignored: &ignored,
        serial: arguments.serial(),
        skip: arguments.skip(),
    };
    let statement = entry.statement();
    let item = entry.item(&cfgs);
    let path = entry.path();
    let [file, line, column] = entry.position();
    let options = arguments.setters(krate);
    let snapshot = arguments.snapshot(krate, place);
    let test = quote_spanned! {Span::mixed_site()=>
        #krate::__private::Test {
            path: #path, file: #file, line: #line, column: #column, bulk: #bulk,
            options: #options,
            target: #krate::__private::Target {
                package: ::core::option_env!("CARGO_PKG_NAME"),
                program: ::core::option_env!("CARGO_BIN_NAME"),
                integration: ::core::option_env!("CARGO_TARGET_TMPDIR").is_some(),
            },
            snapshot: #snapshot
        }
    };

    // If the returned type is not a `Termination`, the compiler reports it at that type.
    let returned = match &sig.output {
        ReturnType::Default => name.span(),
        ReturnType::Type(_, returned) => returned.span(),
    };
    let runtime = arguments.runtime(krate);
    let argument = sig.inputs.first().map(|argument| {
        // If the argument is not a `Workload`, the compiler reports it at its type.
        let place = match argument {
            FnArg::Typed(typed) => typed.ty.span(),
            FnArg::Receiver(receiver) => receiver.span(),
        };
        let give = private(krate, "argument", place);
        quote_spanned!(located(place)=> #give(workload))
    });
    let enter = |name| private(krate, name, returned);
    let at = located(returned);
    let call = match (sig.asyncness.is_some(), argument) {
        (false, None) => {
            let enter = enter("plain");
            quote_spanned!(at=> #enter(#test, #name))
        }
        (true, None) => {
            let enter = enter("plain_async");
            quote_spanned!(at=> #enter(#test, #runtime, #name))
        }
        (false, Some(argument)) => {
            let enter = enter("workload");
            quote_spanned!(at=> #enter(#test, |workload| #name(#argument)))
        }
        (true, Some(argument)) => {
            let enter = enter("workload_async");
            quote_spanned!(at=> #enter(#test, #runtime, |workload| #name(#argument)))
        }
    };

    quote! {
        #(#outer)*
        #[::core::prelude::v1::test]
        #vis fn #name() {
            // First, because of clippy's lint against items after statements.
            #(#inner)*
            #signature_tokens #body
            #statement
            #call
        }
        #item
    }
}

/// Generated code for lints, with the position of the user's code for errors.
fn located(place: Span) -> Span {
    Span::mixed_site().located_at(place)
}

/// `::memcheck::__private::name` with the position `place`.
fn private(krate: &syn::Path, name: &str, place: Span) -> TokenStream {
    let place = located(place);
    let name = Ident::new(name, place);
    let path = quote_spanned!(place=> #krate::__private::#name);
    path.into_iter().map(|token| respanned(token, place)).collect()
}

fn respanned(mut token: TokenTree, place: Span) -> TokenTree {
    token.set_span(place);
    token
}

/// Refuses functions that cannot be tests, with all reasons at once.
fn check(function: &Function) -> syn::Result<Attributes> {
    let signature = &function.signature;
    let mut found = ErrorList::default();
    let mut refuse = |at: &dyn ToTokens, message: &str| {
        found.add(syn::Error::new_spanned(at, message));
    };
    if let Some(at) = &signature.constness {
        refuse(at, errors::CONST);
    }
    if let syn::Safety::Unsafe(at) = &signature.safety {
        refuse(at, errors::UNSAFE);
    }
    if let Some(at) = &signature.abi {
        refuse(at, errors::FOREIGN);
    }
    if let Some(at) = &signature.asyncness
        && !cfg!(feature = "tokio")
    {
        refuse(at, errors::NO_TOKIO);
    }
    if !signature.generics.params.is_empty() {
        refuse(&signature.generics.params, errors::GENERIC);
    }
    if let Some(receiver) = signature.receiver() {
        refuse(receiver, errors::METHOD);
    } else if signature.inputs.len() > 1 {
        refuse(&signature.inputs, errors::TOO_MANY_ARGUMENTS);
    } else if let Some(FnArg::Typed(argument)) = signature.inputs.first() {
        match *argument.ty {
            Type::Reference(_) => refuse(&argument.ty, errors::WORKLOAD_BY_REFERENCE),
            Type::ImplTrait(_) => refuse(&argument.ty, errors::GENERIC),
            _ => {}
        }
    }
    let attributes = attributes::sort(&function.attributes);
    match attributes {
        Ok(attributes) => found.into_result().map(|()| attributes),
        Err(error) => {
            found.add(error);
            Err(found
                .into_result()
                .err()
                .unwrap_or_else(|| syn::Error::new(Span::call_site(), errors::WRONG_ITEM)))
        }
    }
}

/// A refused function as it stays in the crate: it is not a test, but it exists, so that the compiler
/// reports no further errors.
fn refused(mut function: Function) -> TokenStream {
    attributes::strip_tests(&mut function.attributes);
    function.signature.constness = None;
    quote! {
        #[allow(unused)]
        #function
    }
}
