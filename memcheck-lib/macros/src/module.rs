//! An annotated module: each test in it becomes a leak test.

use proc_macro2::{Delimiter, Group, TokenStream};
use quote::{ToTokens, quote};
use syn::spanned::Spanned;
use syn::{Attribute, Meta};

use crate::arguments::Arguments;
use crate::function::Origin;
use crate::item::{Item, Module};
use crate::{attributes, errors, function, item};

/// Annotates each `#[test]` and `#[tokio::test]` of the module and of its inline modules. `arguments`
/// apply to all of them; the `#[memcheck(…)]` of a test wins.
pub(crate) fn expand(module: Module, arguments: syn::Result<Arguments>) -> TokenStream {
    let Module { attributes, head, name, content } = module;
    let written = arguments.and_then(|arguments| {
        arguments.refuse_name_of_snapshot()?;
        let Some(content) = &content else {
            let module = quote!(#(#attributes)* #head;);
            return Err(syn::Error::new_spanned(module, errors::MODULE_ELSEWHERE));
        };
        match annotate(content, &arguments) {
            (_, 0) => Err(syn::Error::new_spanned(&name, errors::MODULE_WITHOUT_TESTS)),
            (annotated, _) => Ok(annotated),
        }
    });
    match (written, content) {
        (Ok(content), _) => quote!(#(#attributes)* #head #content),
        (Err(error), content) => {
            let error = error.into_compile_error();
            let content = content.map_or_else(|| quote!(;), Group::into_token_stream);
            quote!(#error #(#attributes)* #head #content)
        }
    }
}

/// The content of a module with annotated tests, and their number.
fn annotate(content: &Group, arguments: &Arguments) -> (Group, usize) {
    let mut tests = 0;
    let mut written = TokenStream::new();
    for item in item::split(content.stream()) {
        let replaced = if item.is_module() {
            annotate_inner(&item, arguments)
        } else if item.is_function() {
            // A module may have only tests that must panic.
            tests += usize::from(item.must_panic());
            annotate_function(&item, arguments).map(|test| (test, 1))
        } else {
            None
        };
        match replaced {
            Some((tokens, annotated)) => {
                written.extend(tokens);
                tests += annotated;
            }
            None => written.extend(item.into_tokens()),
        }
    }
    let mut annotated = Group::new(Delimiter::Brace, written);
    annotated.set_span(content.span());
    (annotated, tests)
}

/// A module inside an annotated one, which may have its own options, and the number of its tests.
/// `None` for a module that stays as it is. In front of `mod name;` the attribute stays and reports its
/// error.
fn annotate_inner(item: &Item, around: &Arguments) -> Option<(TokenStream, usize)> {
    let Module { mut attributes, head, name: _, content } = item.module().ok()?;
    let content = content?;
    let own = attributes.iter().position(is_memcheck).map(|at| attributes.remove(at));
    let own = own.map(|attribute| {
        arguments(&attribute).and_then(|own| own.refuse_name_of_snapshot().map(|()| own))
    });
    let (error, (content, tests)) = match own {
        None => (None, annotate(&content, around)),
        Some(Ok(own)) => (None, annotate(&content, &own.over(around))),
        // Counts as a test, so that the error for a module without tests is not reported too.
        Some(Err(error)) => (Some(error.into_compile_error()), (content, 1)),
    };
    Some((quote!(#error #(#attributes)* #head #content), tests))
}

/// The generated leak test, or the error for a test that is not supported. `None` for a function that
/// stays as it is: it is not a test, or it must panic.
fn annotate_function(item: &Item, around: &Arguments) -> Option<TokenStream> {
    let attributes = item.attributes().ok()?;
    let foreign = |of: &&Attribute| TestAttribute::of(of).is_none();
    let refused =
        || attributes.iter().filter(foreign).find_map(|of| attributes::foreign_test(of.path()));
    let own = attributes.iter().position(is_memcheck);
    let test = attributes.iter().position(|attribute| TestAttribute::of(attribute).is_some());
    let refused = match own {
        Some(_) => None,
        None if attributes.iter().any(|of| of.path().is_ident("should_panic")) => return None,
        None => refused(),
    };
    if own.or(test).is_none() && refused.is_none() {
        return None;
    }
    // The compiler reports what is wrong with a function that is not Rust.
    let mut function = item.function().ok()?;
    if let Some(refused) = refused {
        // If it stayed as it is, it would look as if it was checked.
        return Some(function::refuse(function, refused));
    }
    let attribute = function.attributes.remove(own.or(test)?);
    let place = attribute.path().span();
    let is_async = function.signature.asyncness.is_some();
    let arguments = match TestAttribute::of(&attribute).filter(|_| own.is_none()) {
        None => arguments(&attribute).and_then(|own| {
            own.refuse_runtime_unless(is_async)?;
            Ok(own)
        }),
        Some(TestAttribute::Standard) => Ok(Arguments::default()),
        Some(TestAttribute::Ours) => arguments(&attribute),
        // Other options, such as `start_paused`, only work with tokio's own macro.
        Some(TestAttribute::Tokio) => arguments(&attribute).and_then(|own| {
            own.refuse_all_but_runtime()?;
            Ok(own)
        }),
    };
    let origin = if own.is_some() { Origin::Dedicated } else { Origin::Bulk };
    let arguments = arguments.map(|own| own.over(around));
    Some(function::expand_with(function, arguments, place, origin))
}

/// The options between the parentheses of an attribute.
fn arguments(attribute: &Attribute) -> syn::Result<Arguments> {
    match &attribute.meta {
        Meta::Path(_) => Ok(Arguments::default()),
        Meta::List(list) => Arguments::parse(list.tokens.clone()),
        Meta::NameValue(pair) => {
            Err(syn::Error::new(pair.eq_token.span(), errors::EXPECTED_PARENTHESES))
        }
    }
}

/// `#[memcheck(…)]`, `#[memcheck::memcheck(…)]`.
fn is_memcheck(attribute: &Attribute) -> bool {
    attribute.path().segments.last().is_some_and(|segment| segment.ident == "memcheck")
}

/// A test attribute that an annotated module replaces.
#[derive(Debug, PartialEq, Eq)]
enum TestAttribute {
    Standard,
    Tokio,
    /// `memcheck::test`.
    Ours,
}

impl TestAttribute {
    fn of(attribute: &Attribute) -> Option<Self> {
        let path = attribute.path().to_token_stream().to_string().replace(' ', "");
        match path.trim_start_matches(':') {
            "test" if matches!(attribute.meta, Meta::Path(_)) => Some(Self::Standard),
            // Only `tokio::test`, imported by name, takes arguments.
            "test" | "tokio::test" => Some(Self::Tokio),
            "memcheck::test" => Some(Self::Ours),
            "core::prelude::v1::test" | "std::prelude::v1::test" => Some(Self::Standard),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(module: &str) -> Module {
        item::split(module.parse().unwrap()).remove(0).module().unwrap()
    }

    fn annotated(module: &str) -> String {
        expand(parsed(module), Ok(Arguments::default())).to_string().replace(' ', "")
    }

    #[test]
    fn tests_are_annotated_and_other_items_stay() {
        let text = annotated(
            "mod tests {
                use super::*;
                fn helper() {}
                #[test] fn a() {}
                #[test] #[should_panic] fn panics() {}
                mod deeper { #[memcheck(fds = 1)] fn b(workload: Workload) {} }
            }",
        );
        assert_eq!(text.matches("__private::plain(").count(), 1, "{text}");
        assert_eq!(text.matches("__private::workload(").count(), 1, "{text}");
        assert!(text.contains("#[test]#[should_panic]fnpanics(){}"), "{text}");
        assert!(text.contains("usesuper::*;fnhelper(){}"), "{text}");
        assert!(text.contains(".fds(1u64)") && !text.contains("#[memcheck"), "{text}");
    }

    #[test]
    fn options_of_the_innermost_attribute_win() {
        let module = parsed(
            "mod tests {
                #[test] fn a() {}
                #[memcheck(fds = 5)] mod inner { #[test] fn b() {} #[memcheck(fds = 6)] fn c() {} }
            }",
        );
        let arguments = Arguments::parse(quote!(fds = 4, threads = 1));
        let text = expand(module, arguments).to_string().replace(' ', "");
        for own in [".fds(4u64)", ".fds(5u64)", ".fds(6u64)"] {
            assert_eq!(text.matches(own).count(), 1, "{text}");
        }
        assert_eq!(text.matches(".threads(1u64)").count(), 3, "{text}");
    }

    #[test]
    fn unsupported_tests_are_refused() {
        for (attributes, word) in [
            ("#[rstest]", "#[rstest]"),
            ("#[tokio::test(start_paused = true)]", "tokio::time::pause()"),
            ("#[tokio::test(fds = 1)]", "notof`#[tokio::test]`"),
            ("#[actix_rt::test]", "#[actix_rt::test]"),
            ("#[test] #[test_case(1)]", "#[test_case]"),
            ("#[test_case(1)] #[test]", "#[test_case]"),
        ] {
            let text =
                annotated(&format!("mod m {{ #[test] fn a() {{}} {attributes} fn b() {{}} }}"));
            assert_eq!(text.matches("compile_error!").count(), 1, "{text}");
            assert!(text.contains(word) && text.contains("fnb()"), "{text}");
            assert_eq!(text.matches("__private::plain(").count(), 1, "{text}");
        }
        assert!(!annotated("mod m { #[test] fn a() {} #[inline] fn b() {} }").contains("error"));
    }

    #[test]
    fn modules_without_tests_are_refused() {
        for module in ["mod m {}", "mod m { fn f() {} }", "mod m;"] {
            assert!(annotated(module).contains("compile_error!"), "{module}");
        }
    }

    #[cfg(feature = "tokio")]
    #[test]
    fn tests_of_tokio_are_annotated() {
        let text = annotated(
            "mod tests {
                #[tokio::test(flavor = \"multi_thread\", worker_threads = 3)] async fn a() {}
                #[tokio::test(start_paused = true)] async fn b() {}
            }",
        );
        assert_eq!(text.matches("plain_async(").count(), 1, "{text}");
        assert!(text.contains("Some(3)"), "{text}");
        // The second one is replaced by an error.
        assert!(text.contains("compile_error!") && text.contains("tokio::time::pause()"), "{text}");
    }
}
