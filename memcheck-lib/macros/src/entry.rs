//! The entry of a test in a link section. `cargo memcheck` reads it from the ELF file without running
//! the test binary.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};

/// What the entry and the call into the library know about the test.
pub(crate) struct Entry<'a> {
    /// The crate `memcheck`, as the user's crate names it.
    pub(crate) krate: &'a syn::Path,
    /// The name of the function as libtest writes it.
    pub(crate) name: &'a str,
    /// The position that `file!()`, `line!()` and `column!()` give.
    pub(crate) place: Span,
    /// `#[ignore]`, if any.
    pub(crate) ignored: &'a Ignored,
    /// The group of tests that never run at the same time.
    pub(crate) serial: Option<&'a str>,
    /// Why the test is not judged.
    pub(crate) skip: Option<&'a str>,
}

/// Whether the test is ignored.
#[derive(Debug)]
pub(crate) enum Ignored {
    /// No.
    Never,
    /// `#[ignore]`, with its reason.
    Always(Option<String>),
    /// `#[cfg_attr(…, ignore)]`: under any of these predicates. The reason is the first one.
    When(Vec<TokenStream>, Option<String>),
}

impl Entry<'_> {
    /// A statement of the test function that puts the entry into the section.
    pub(crate) fn statement(&self) -> TokenStream {
        let bytes = self.bytes();
        // `#[used]` alone lets a linker drop the section before Rust 1.89
        // (https://github.com/rust-lang/rust/pull/140872); a use in the function that libtest calls
        // keeps it.
        quote_spanned! {Span::mixed_site()=> {
            #bytes
            ::core::hint::black_box(&BYTES);
        }}
    }

    /// The same entry as an item next to the function, under its `#[cfg(…)]`. Without a harness
    /// (`harness = false`) the compiler removes the function, and the tool could not report that the
    /// test is missing.
    pub(crate) fn item(&self, cfgs: &[TokenStream]) -> TokenStream {
        let bytes = self.bytes();
        // Not `_`: next to an associated function, which the compiler refuses as a test, that would be
        // a second error.
        let bare = self.name.trim_start_matches("r#");
        let name = syn::Ident::new(&format!("_MEMCHECK_ENTRY_OF_{bare}"), Span::mixed_site());
        quote_spanned! {Span::mixed_site()=>
            #[cfg(test)]
            #(#cfgs)*
            #[allow(non_upper_case_globals)]
            const #name: () = { #bytes };
        }
    }

    /// `static BYTES`, the entry.
    fn bytes(&self) -> TokenStream {
        let krate = self.krate;
        let text = match self.ignored {
            Ignored::Never => self.text(None, &TokenStream::new()),
            Ignored::Always(reason) => self.text(Some(reason), &TokenStream::new()),
            Ignored::When(predicates, reason) => {
                let yes = self.text(Some(reason), &quote!(#[cfg(any(#(#predicates),*))]));
                let no = self.text(None, &quote!(#[cfg(not(any(#(#predicates),*)))]));
                quote!(#yes #no)
            }
        };
        quote_spanned! {Span::mixed_site()=>
            #text
            #[used]
            #[cfg_attr(target_os = "linux", unsafe(link_section = "memcheck_tests"))]
            static BYTES: [::core::primitive::u8; ENTRY.len()] =
                #krate::__private::bytes::<{ ENTRY.len() }>(ENTRY);
        }
    }

    /// `const ENTRY: &str`, under a condition. `ignored` is the reason of `#[ignore]`.
    fn text(&self, ignored: Option<&Option<String>>, condition: &TokenStream) -> TokenStream {
        let path = self.path();
        let [file, line, column] = self.position();
        let mut flags = Vec::new();
        flags.extend(ignored.map(|reason| match reason {
            Some(reason) => format!("ignored={}", escaped(reason)),
            None => "ignored".to_owned(),
        }));
        flags.extend(self.serial.map(|group| format!("serial={group}")));
        flags.extend(self.skip.map(|reason| format!("skip={}", escaped(reason))));
        let flags = flags.join(",");
        quote_spanned! {Span::mixed_site()=>
            #condition
            const ENTRY: &::core::primitive::str = ::core::concat!(
                "memcheck-test\x1f1\x1f", #path, "\x1f",
                #file, "\x1f", #line, "\x1f", #column, "\x1f", #flags, "\x1e"
            );
        }
    }

    /// The path of the test: the modules, with that of the crate, and the function.
    pub(crate) fn path(&self) -> TokenStream {
        let name = self.name;
        quote_spanned!(Span::mixed_site()=> ::core::concat!(::core::module_path!(), "::", #name))
    }

    /// `file!()`, `line!()` and `column!()` of the place.
    pub(crate) fn position(&self) -> [TokenStream; 3] {
        [
            quote_spanned!(self.place=> ::core::file!()),
            quote_spanned!(self.place=> ::core::line!()),
            quote_spanned!(self.place=> ::core::column!()),
        ]
    }
}

/// A text without the characters that separate the parts of an entry: each is `%` and two hexadecimal
/// digits.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '%' | ',' | '\0'..' ' => escaped.push_str(&format!("%{:02x}", u32::from(c))),
            c => escaped.push(c),
        }
    }
    escaped
}

/// The keywords that a raw identifier can be, as of edition 2024 (The Rust Reference, "Keywords").
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let",
    "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return",
    "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use",
    "virtual", "where", "while", "yield",
];

/// The name of a function as libtest spells it: `r#type`, but `foo` for `r#foo`.
pub(crate) fn libtest_name(name: &syn::Ident) -> String {
    let written = name.to_string();
    match written.strip_prefix("r#") {
        Some(bare) if !KEYWORDS.contains(&bare) => bare.to_owned(),
        _ => written,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_are_escaped() {
        assert_eq!(escaped("100 %, a\nb\x1f é"), "100 %25%2c a%0ab%1f é");
    }

    #[test]
    fn names_as_libtest_spells_them() {
        for (name, spelled) in
            [("plain", "plain"), ("r#type", "r#type"), ("r#foo", "foo"), ("été", "été")]
        {
            let ident: syn::Ident = syn::parse_str(name).unwrap();
            assert_eq!(libtest_name(&ident), spelled);
        }
    }
}
