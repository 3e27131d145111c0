//! One annotated function: what it must be, and the test that it becomes.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{FnArg, Ident, ItemFn, ReturnType, Type};

use crate::attributes::{self, Attributes};
use crate::entry::{Entry, libtest_name};
use crate::errors;
use crate::options::{Arguments, Mistakes};

/// Writes the test, or says why there can be none. `place` is what the report calls the place of the
/// test.
pub(crate) fn expand(
    function: ItemFn,
    arguments: syn::Result<Arguments>,
    place: Span,
) -> TokenStream {
    let written = arguments.and_then(|arguments| {
        arguments.refuse_runtime_unless(function.sig.asyncness.is_some())?;
        test(function.clone(), &arguments, place)
    });
    written.unwrap_or_else(|error| {
        let error = error.into_compile_error();
        let function = refused(function);
        quote!(#error #function)
    })
}

/// The test.
pub(crate) fn test(
    function: ItemFn,
    arguments: &Arguments,
    place: Span,
) -> syn::Result<TokenStream> {
    let attributes = check(&function)?;
    let ItemFn { attrs: _, vis, sig, block } = function;
    let Attributes { outer, inner, ignored } = attributes;

    let name = &sig.ident;
    let krate = &arguments.krate();
    let spelled = libtest_name(name);
    let entry =
        Entry { krate, name: &spelled, place, ignored: &ignored, serial: arguments.serial() };
    let statement = entry.statement();
    let path = entry.path();
    let [file, line, column] = entry.position();
    let options = arguments.setters(krate);
    let test = quote_spanned! {Span::mixed_site()=>
        #krate::__private::Test {
            path: #path, file: #file, line: #line, column: #column, options: #options
        }
    };

    // Not a `Termination`: the compiler points at what is returned.
    let returned = match &sig.output {
        ReturnType::Default => name.span(),
        ReturnType::Type(_, returned) => returned.span(),
    };
    let body = relocated(name.clone(), returned);
    let runtime = arguments.runtime(krate);
    let call = match (sig.asyncness.is_some(), sig.inputs.first()) {
        (false, None) => quote_spanned! {Span::mixed_site()=>
            #krate::__private::plain(#test, #body)
        },
        (true, None) => quote_spanned! {Span::mixed_site()=>
            #krate::__private::plain_async(#test, #runtime, #body)
        },
        (asynchronous, Some(argument)) => {
            // Not a `Workload`: the compiler points at the type of the argument.
            let at = argument_type(argument).span().resolved_at(Span::mixed_site());
            let given = quote_spanned!(at=> #krate::__private::argument(workload));
            if asynchronous {
                quote_spanned! {Span::mixed_site()=>
                    #krate::__private::workload_async(#test, #runtime, |workload| #body(#given))
                }
            } else {
                quote_spanned! {Span::mixed_site()=>
                    #krate::__private::workload(#test, |workload| #body(#given))
                }
            }
        }
    };

    Ok(quote! {
        #(#outer)*
        #[::core::prelude::v1::test]
        #vis fn #name() {
            // First, because clippy does not like items after statements.
            #(#inner)*
            #sig #block
            #statement
            #call
        }
    })
}

fn argument_type(argument: &FnArg) -> &dyn ToTokens {
    match argument {
        FnArg::Receiver(receiver) => receiver,
        FnArg::Typed(typed) => &typed.ty,
    }
}

/// The same name, pointing at another place.
fn relocated(mut name: Ident, place: Span) -> Ident {
    name.set_span(place.resolved_at(name.span()));
    name
}

/// Refuses what cannot be a test, with all reasons at once.
fn check(function: &ItemFn) -> syn::Result<Attributes> {
    let signature = &function.sig;
    let mut mistakes = Mistakes::default();
    let mut refuse = |at: &dyn ToTokens, message: &str| {
        mistakes.add(syn::Error::new_spanned(at, message));
    };
    if let Some(at) = &signature.constness {
        refuse(at, errors::CONST);
    }
    if let Some(at) = &signature.unsafety {
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
    } else if let Some(FnArg::Typed(argument)) = signature.inputs.first()
        && matches!(*argument.ty, Type::Reference(_))
    {
        refuse(&argument.ty, errors::WORKLOAD_BY_REFERENCE);
    }
    let attributes = attributes::sort(&function.attrs);
    match attributes {
        Ok(attributes) => mistakes.into_result().map(|()| attributes),
        Err(error) => {
            mistakes.add(error);
            Err(mistakes
                .into_result()
                .err()
                .unwrap_or_else(|| syn::Error::new(Span::call_site(), errors::WRONG_ITEM)))
        }
    }
}

/// The function as it is left in the crate when it is refused: there, so that the refusal is the
/// only thing the compiler says, but no test.
pub(crate) fn refused(mut function: ItemFn) -> TokenStream {
    attributes::strip_tests(&mut function.attrs);
    function.sig.constness = None;
    quote! {
        #[allow(unused)]
        #function
    }
}
