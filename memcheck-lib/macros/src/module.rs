//! An annotated module: each test in it becomes a leak test.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::spanned::Spanned;
use syn::{Attribute, Item, ItemFn, ItemMod, Meta};

use crate::arguments::Arguments;
use crate::{attributes, errors, function};

/// Annotates each `#[test]` and `#[tokio::test]` of the module and of its inline modules. `arguments`
/// apply to all of them; the `#[memcheck(…)]` of a test wins.
pub(crate) fn expand(mut module: ItemMod, arguments: syn::Result<Arguments>) -> TokenStream {
    let written = arguments.and_then(|arguments| {
        arguments.refuse_name_of_snapshot()?;
        if module.content.is_none() {
            return Err(syn::Error::new_spanned(&module, errors::MODULE_ELSEWHERE));
        }
        match annotate(&mut module, &arguments) {
            0 => Err(syn::Error::new_spanned(&module.ident, errors::MODULE_WITHOUT_TESTS)),
            _ => Ok(()),
        }
    });
    let error = written.err().map(syn::Error::into_compile_error);
    quote!(#error #module)
}

/// Annotates the tests and returns their number.
fn annotate(module: &mut ItemMod, arguments: &Arguments) -> usize {
    let Some((_, items)) = &mut module.content else { return 0 };
    let mut annotated = 0;
    for item in items {
        match item {
            Item::Mod(inner) => annotated += annotate_inner(inner, arguments),
            Item::Fn(function) => {
                if let Some(test) = annotate_function(function, arguments) {
                    *item = Item::Verbatim(test);
                    annotated += 1;
                }
            }
            _ => {}
        }
    }
    annotated
}

/// A module inside an annotated one, which may have its own options.
fn annotate_inner(module: &mut ItemMod, around: &Arguments) -> usize {
    let own = module.attrs.iter().position(is_memcheck);
    // Only for an inline module. In front of `mod name;` the attribute stays and reports its error.
    let Some(at) = own.filter(|_| module.content.is_some()) else {
        return annotate(module, around);
    };
    let attribute = module.attrs.remove(at);
    let own = arguments(&attribute).and_then(|own| own.refuse_name_of_snapshot().map(|()| own));
    match own {
        Ok(own) => annotate(module, &own.over(around)),
        Err(error) => {
            if let Some((_, items)) = &mut module.content {
                items.push(Item::Verbatim(error.into_compile_error()));
            }
            // Counts as a test, so that the error for a module without tests is not reported too.
            1
        }
    }
}

/// The generated leak test, or the error for a test that is not supported. `None` for a function that
/// stays as it is: it is not a test, or it must panic.
fn annotate_function(function: &ItemFn, around: &Arguments) -> Option<TokenStream> {
    let mut rest = function.clone();
    if let Some(at) = rest.attrs.iter().position(is_memcheck) {
        let attribute = rest.attrs.remove(at);
        let own = arguments(&attribute).and_then(|own| {
            own.refuse_runtime_unless(function.sig.asyncness.is_some())?;
            Ok(own.over(around))
        });
        return Some(function::expand_with(rest, own, attribute.path().span()));
    }
    if rest.attrs.iter().any(|attribute| attribute.path().is_ident("should_panic")) {
        return None;
    }
    let foreign = |of: &&Attribute| TestAttribute::of(of).is_none();
    if let Some(refused) =
        rest.attrs.iter().filter(foreign).find_map(|of| attributes::foreign_test(of.path()))
    {
        // If it stayed as it is, it would look as if it was checked.
        return Some(function::refuse(rest, refused));
    }
    let at = rest.attrs.iter().position(|attribute| TestAttribute::of(attribute).is_some())?;
    let attribute = rest.attrs.remove(at);
    let own = match TestAttribute::of(&attribute)? {
        TestAttribute::Standard => Ok(Arguments::default()),
        // Other options, such as `start_paused`, only work with tokio's own macro.
        TestAttribute::Tokio => arguments(&attribute).and_then(|own| {
            own.refuse_all_but_runtime()?;
            Ok(own)
        }),
    };
    Some(function::expand_with(rest, own.map(|own| own.over(around)), attribute.path().span()))
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
}

impl TestAttribute {
    fn of(attribute: &Attribute) -> Option<Self> {
        let path = attribute.path().to_token_stream().to_string().replace(' ', "");
        match path.trim_start_matches(':') {
            "test" if matches!(attribute.meta, Meta::Path(_)) => Some(Self::Standard),
            // Only `tokio::test`, imported by name, takes arguments.
            "test" | "tokio::test" => Some(Self::Tokio),
            "core::prelude::v1::test" | "std::prelude::v1::test" => Some(Self::Standard),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn annotated(module: &str) -> String {
        let module = syn::parse_str::<ItemMod>(module).unwrap();
        expand(module, Ok(Arguments::default())).to_string().replace(' ', "")
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
        let module = syn::parse_str::<ItemMod>(
            "mod tests {
                #[test] fn a() {}
                #[memcheck(fds = 5)] mod inner { #[test] fn b() {} #[memcheck(fds = 6)] fn c() {} }
            }",
        );
        let arguments = Arguments::parse(quote!(fds = 4, threads = 1));
        let text = expand(module.unwrap(), arguments).to_string().replace(' ', "");
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
        for module in ["mod m {}", "mod m { #[test] #[should_panic] fn f() {} }", "mod m;"] {
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
