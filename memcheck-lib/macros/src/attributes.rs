//! The other attributes of an annotated function: which belong to the generated test, which to the
//! user's function inside it, and which cannot be combined with `#[memcheck]`.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Lit, Meta, Path, Token};

use crate::arguments::ErrorList;
use crate::entry::Ignored;
use crate::errors;

/// The attributes, sorted.
#[derive(Debug)]
pub(crate) struct Attributes {
    /// Attributes of the generated test.
    pub(crate) outer: Vec<TokenStream>,
    /// Attributes of the user's function; they apply in every iteration.
    pub(crate) inner: Vec<TokenStream>,
    /// The outer attributes that decide whether the test exists.
    pub(crate) cfgs: Vec<TokenStream>,
    pub(crate) ignored: Ignored,
}

/// Sorts attributes. One that cannot be combined with `#[memcheck]` is an error.
pub(crate) fn sort(attributes: &[Attribute]) -> syn::Result<Attributes> {
    let mut sorted = Sorted::default();
    let mut found = ErrorList::default();
    for attribute in attributes {
        match sorted.take(&attribute.meta, &[]) {
            Ok((outer, inner)) => {
                sorted.outer.extend(outer.map(|meta| quote!(#[#meta])));
                sorted.inner.extend(inner.map(|meta| quote!(#[#meta])));
            }
            Err(error) => found.add(error),
        }
    }
    found.into_result()?;
    let Sorted { outer, inner, cfgs, always_ignored, ignored_when, reason } = sorted;
    let ignored = match (always_ignored, ignored_when.is_empty()) {
        (true, _) => Ignored::Always(reason),
        (false, true) => Ignored::Never,
        (false, false) => Ignored::When(ignored_when, reason),
    };
    Ok(Attributes { outer, inner, cfgs, ignored })
}

#[derive(Default)]
struct Sorted {
    outer: Vec<TokenStream>,
    inner: Vec<TokenStream>,
    cfgs: Vec<TokenStream>,
    always_ignored: bool,
    ignored_when: Vec<TokenStream>,
    /// The first reason of an `ignore`.
    reason: Option<String>,
}

type Split = (Option<TokenStream>, Option<TokenStream>);

impl Sorted {
    /// The parts of an attribute for the test and for the user's function. `conditions` are those of
    /// the enclosing `cfg_attr`s.
    fn take(&mut self, meta: &Meta, conditions: &[TokenStream]) -> syn::Result<Split> {
        let path = meta.path();
        if let Some(message) = conflict(path) {
            return Err(syn::Error::new_spanned(meta, message));
        }
        if path.is_ident("ignore") {
            self.reason = self.reason.take().or_else(|| reason(meta));
            match conditions {
                [] => self.always_ignored = true,
                _ => self.ignored_when.push(quote!(all(#(#conditions),*))),
            }
        }
        if path.is_ident("cfg") {
            self.cfgs.push(match conditions {
                [] => quote!(#[#meta]),
                _ => quote!(#[cfg_attr(all(#(#conditions),*), #meta)]),
            });
        }
        if let Some((condition, metas)) = conditional(meta) {
            return self.take_conditional(condition, &metas, conditions);
        }
        let tokens = Some(meta.to_token_stream());
        Ok(if belongs_to_test(path) { (tokens, None) } else { (None, tokens) })
    }

    fn take_conditional(
        &mut self,
        condition: TokenStream,
        metas: &Metas,
        conditions: &[TokenStream],
    ) -> syn::Result<Split> {
        let conditions = [conditions, std::slice::from_ref(&condition)].concat();
        let (mut outer, mut inner) = (Vec::new(), Vec::new());
        for meta in metas {
            let (outside, inside) = self.take(meta, &conditions)?;
            outer.extend(outside);
            inner.extend(inside);
        }
        let wrap = |metas: Vec<TokenStream>| {
            (!metas.is_empty()).then(|| quote!(cfg_attr(#condition, #(#metas),*)))
        };
        Ok((wrap(outer), wrap(inner)))
    }
}

/// The reason of `ignore = "reason"`.
fn reason(meta: &Meta) -> Option<String> {
    match &meta.require_name_value().ok()?.value {
        Expr::Lit(ExprLit { lit: Lit::Str(reason), .. }) => Some(reason.value()),
        _ => None,
    }
}

type Metas = Punctuated<Meta, Token![,]>;

/// The condition and the attributes of `cfg_attr(condition, attributes…)`.
fn conditional(meta: &Meta) -> Option<(TokenStream, Metas)> {
    let list = meta.require_list().ok().filter(|list| list.path.is_ident("cfg_attr"))?;
    let mut metas = Metas::parse_terminated.parse2(list.tokens.clone()).ok()?.into_iter();
    let condition = metas.next()?.to_token_stream();
    Some((condition, metas.collect()))
}

/// Whether an attribute informs the compiler or libtest about the whole test. All others, most of all
/// attribute macros such as `tracing::instrument`, apply to the user's function.
fn belongs_to_test(path: &Path) -> bool {
    const OUTER: &[&str] =
        &["doc", "cfg", "ignore", "allow", "warn", "deny", "forbid", "expect", "deprecated"];
    const TOOLS: &[&str] = &["clippy", "rustfmt", "diagnostic", "rust_analyzer"];
    let tool = path.segments.first().is_some_and(|first| TOOLS.iter().any(|t| first.ident == t));
    tool || OUTER.iter().any(|name| path.is_ident(name))
}

/// Attributes that generate tests from a function with arguments.
const TEST_MAKERS: &[&str] =
    &["rstest", "test_case", "test_matrix", "quickcheck", "wasm_bindgen_test"];

/// Why an attribute cannot be combined with `#[memcheck]`.
fn conflict(path: &Path) -> Option<String> {
    let last = path.segments.last()?.ident.to_string();
    match last.as_str() {
        "test" if path.segments.iter().any(|segment| segment.ident == "prelude") => {
            Some(errors::BELOW_TEST_MAKER.to_owned())
        }
        "memcheck" => Some(errors::TWICE.to_owned()),
        "test" | "gtest" => Some(errors::beside_test(&spelled(path))),
        maker if TEST_MAKERS.contains(&maker) => Some(errors::beside_test_maker(&spelled(path))),
        "should_panic" => Some(errors::SHOULD_PANIC.to_owned()),
        "bench" => Some(errors::BESIDE_BENCH.to_owned()),
        _ => None,
    }
}

/// The error for an attribute that an annotated module does not support: `#[rstest]`,
/// `#[actix_rt::test]`.
pub(crate) fn foreign_test(path: &Path) -> Option<syn::Error> {
    let last = path.segments.last()?.ident.to_string();
    let makes = matches!(last.as_str(), "test" | "gtest") || TEST_MAKERS.contains(&last.as_str());
    makes.then(|| syn::Error::new_spanned(path, errors::foreign_in_module(&spelled(path))))
}

fn spelled(path: &Path) -> String {
    let names: Vec<String> =
        path.segments.iter().map(|segment| segment.ident.to_string()).collect();
    names.join("::")
}

/// Removes attributes that make a function a test, and those that only tests have.
pub(crate) fn strip_tests(attributes: &mut Vec<Attribute>) {
    attributes.retain(|attribute| {
        let path = attribute.path();
        conflict(path).is_none() && !path.is_ident("ignore") && !path.is_ident("cfg_attr")
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(function: &str) -> Attributes {
        sort(&syn::parse_str::<syn::ItemFn>(function).unwrap().attrs).unwrap()
    }

    fn texts(tokens: &[TokenStream]) -> Vec<String> {
        tokens.iter().map(|tokens| tokens.to_string().replace(' ', "")).collect()
    }

    #[test]
    fn attributes_are_sorted_to_the_test_or_to_the_function() {
        let sorted = sorted(
            "#[doc = \"a\"] #[allow(dead_code)] #[instrument] #[ignore = \"slow\"]
             #[cfg_attr(unix, inline, allow(unused))] #[rustfmt::skip] fn f() {}",
        );
        assert_eq!(
            texts(&sorted.outer),
            [
                "#[doc=\"a\"]",
                "#[allow(dead_code)]",
                "#[ignore=\"slow\"]",
                "#[cfg_attr(unix,allow(unused))]",
                "#[rustfmt::skip]"
            ]
        );
        assert_eq!(texts(&sorted.inner), ["#[instrument]", "#[cfg_attr(unix,inline)]"]);
        assert!(matches!(sorted.ignored, Ignored::Always(Some(reason)) if reason == "slow"));
    }

    #[test]
    fn nested_cfg_attr_with_ignore_gives_one_predicate() {
        let sorted = sorted("#[cfg_attr(unix, cfg_attr(miri, ignore))] fn f() {}");
        let Ignored::When(predicates, None) = sorted.ignored else { panic!("not conditional") };
        assert_eq!(texts(&predicates), ["all(unix,miri)"]);
    }

    #[test]
    fn cfg_attributes_of_the_test_are_collected() {
        let sorted = sorted("#[cfg(unix)] #[inline] #[cfg_attr(miri, cfg(a), ignore)] fn f() {}");
        assert_eq!(texts(&sorted.cfgs), ["#[cfg(unix)]", "#[cfg_attr(all(miri),cfg(a))]"]);
    }

    #[test]
    fn other_test_attributes_are_refused() {
        for (attribute, word) in [
            ("test", "#[test]"),
            ("tokio::test", "#[tokio::test]"),
            ("::core::prelude::v1::test", "marked here"),
            ("cfg_attr(unix, test)", "#[test]"),
            ("rstest", "#[rstest]"),
            ("should_panic", "#[should_panic]"),
            ("memcheck::memcheck", "twice"),
            ("bench", "#[bench]"),
        ] {
            let function = format!("#[{attribute}] fn f() {{}}");
            let function = syn::parse_str::<syn::ItemFn>(&function).unwrap();
            let message = sort(&function.attrs).unwrap_err().to_string();
            assert!(message.contains(word), "{message}");
        }
    }
}
