//! The value of one option: read from an expression, checked, and written as an expression.

use memcheck_options::{Grammar, OptionSpec, OptionValue, ValueError};
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{Expr, ExprGroup, ExprLit, ExprParen, ExprUnary, Lit, LitInt, LitStr, UnOp};

use crate::errors;

/// The value of an option as the attribute uses it.
#[derive(Clone)]
pub(crate) enum ArgumentValue {
    /// For a setter of `memcheck::Options`, or for the runtime.
    Plain(OptionValue),
    /// The crate `memcheck`, as the crate of the test names it.
    Path(syn::Path),
    /// The name of the snapshot; `None` for the name of the function.
    Snapshot(Option<String>),
}

impl ArgumentValue {
    /// Reads the value of the option `spec`.
    pub(crate) fn read(spec: &OptionSpec, value: &Expr) -> syn::Result<Self> {
        let literal = match value {
            Expr::Lit(ExprLit { lit, .. }) => lit,
            // What a `macro_rules!` macro passed on.
            Expr::Group(ExprGroup { expr, .. }) | Expr::Paren(ExprParen { expr, .. }) => {
                return Self::read(spec, expr);
            }
            Expr::Unary(ExprUnary { op: UnOp::Neg(_), .. }) => {
                let error = spec.grammar.out_of_range(true);
                return refuse(value, errors::invalid_value(spec, &error));
            }
            _ => return refuse(value, errors::not_a_literal(spec)),
        };
        let read = match literal {
            Lit::Str(text) => Self::of_text(spec, text)?,
            Lit::Int(number) => of_number(spec, number)?,
            _ => Err(spec.grammar.mismatch()),
        };
        match read {
            Ok(value) => Self::of_value(spec, value, literal),
            Err(error) => refuse(literal, errors::invalid_value(spec, &error)),
        }
    }

    /// The outer error has a message of its own.
    fn of_text(
        spec: &OptionSpec,
        literal: &LitStr,
    ) -> syn::Result<Result<OptionValue, ValueError>> {
        let text = literal.value();
        let read = spec.parse(&text);
        match (spec.grammar, read) {
            // In quotes it is a text, and the grammar of Rust has numbers.
            (Grammar::Count { .. }, Ok(OptionValue::Count(count))) => {
                refuse(literal, errors::number_in_quotes(spec, count))
            }
            (_, read) => Ok(read),
        }
    }

    fn of_value(spec: &OptionSpec, value: OptionValue, at: &Lit) -> syn::Result<Self> {
        match (spec.grammar, value) {
            (Grammar::SnapshotName, OptionValue::Text(name)) => {
                Self::snapshot(Some(name), at.span())
            }
            (Grammar::CratePath, _) => match at {
                Lit::Str(text) => text
                    .parse_with(syn::Path::parse_mod_style)
                    .map(Self::Path)
                    .or_else(|_| refuse(at, errors::not_a_crate_path(spec))),
                _ => refuse(at, errors::not_a_crate_path(spec)),
            },
            (_, value) => Ok(Self::Plain(value)),
        }
    }

    /// The snapshot of this name, if the feature that asserts it is enabled.
    pub(crate) fn snapshot(name: Option<String>, at: Span) -> syn::Result<Self> {
        match cfg!(feature = "insta") {
            true => Ok(Self::Snapshot(name)),
            false => Err(syn::Error::new(at, errors::NO_INSTA)),
        }
    }

    /// An expression that the setter takes.
    pub(crate) fn expression(&self, krate: &syn::Path) -> TokenStream {
        match self {
            Self::Plain(OptionValue::Count(count)) => count.to_token_stream(),
            Self::Plain(OptionValue::Size(size)) => quote!(#krate::Bytes(#size)),
            Self::Plain(OptionValue::Duration(duration)) => {
                let (seconds, nanoseconds) = (duration.as_secs(), duration.subsec_nanos());
                quote!(::core::time::Duration::new(#seconds, #nanoseconds))
            }
            Self::Plain(OptionValue::Text(text)) => text.to_token_stream(),
            // Setters do not take these.
            Self::Path(_) | Self::Snapshot(_) => TokenStream::new(),
        }
    }
}

/// Reads a number. Its suffix tells what was forgotten: `500ms` lacks quotes, `16u32` has a type too
/// many.
fn of_number(spec: &OptionSpec, literal: &LitInt) -> syn::Result<Result<OptionValue, ValueError>> {
    if literal.suffix().is_empty() {
        let number = literal.base10_parse::<u64>().ok();
        let out_of_range = || Err(spec.grammar.out_of_range(false));
        return Ok(number.map_or_else(out_of_range, |number| spec.grammar.number(number)));
    }
    let text = literal.to_string();
    let is_measure = matches!(spec.grammar, Grammar::Size { .. } | Grammar::Duration);
    if is_measure && spec.parse(&text).is_ok() {
        return refuse(literal, errors::missing_quotes(spec, &text));
    }
    let is_number = matches!(spec.grammar, Grammar::Count { .. } | Grammar::Size { .. });
    match literal.base10_parse::<u64>() {
        Ok(number) if is_number && RUST_TYPES.contains(&literal.suffix()) => {
            refuse(literal, errors::type_suffix(spec, number))
        }
        _ => Ok(Err(spec.grammar.mismatch())),
    }
}

const RUST_TYPES: [&str; 12] =
    ["u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize"];

fn refuse<T>(at: impl ToTokens, message: String) -> syn::Result<T> {
    Err(syn::Error::new_spanned(at, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(option: &str, value: &str) -> Result<String, String> {
        let spec = memcheck_options::find(option).unwrap();
        match ArgumentValue::read(spec, &syn::parse_str(value).unwrap()) {
            Ok(ArgumentValue::Plain(value)) => Ok(value.to_string()),
            Ok(_) => Ok("other".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn texts_have_the_values_of_the_common_grammar() {
        let spellings = include_str!("../../options/tests/spellings.txt");
        for line in spellings.lines().filter(|line| !line.starts_with('#')) {
            let [option, text, expected] = line.split('|').collect::<Vec<_>>()[..] else {
                panic!("not three columns: {line}")
            };
            let is_count =
                matches!(memcheck_options::find(option).unwrap().grammar, Grammar::Count { .. });
            // A count is a literal without quotes.
            let literal = if is_count { text.to_owned() } else { format!("{text:?}") };
            match (read(option, &literal), expected.strip_prefix("error: ")) {
                (Ok(value), None) => assert_eq!(value, expected, "{line}"),
                (Err(message), Some(error)) => {
                    assert_eq!(message, format!("invalid value for `{option}`: {error}"), "{line}");
                }
                (read, _) => panic!("{line}: {read:?}"),
            }
        }
    }

    #[test]
    fn literals_that_are_almost_right_are_refused_with_the_right_one() {
        for (option, value, expected) in [
            ("warmup", "\"16\"", "write `warmup = 16`"),
            ("warmup", "16u32", "write `warmup = 16`"),
            ("warmup", "16s", "expected a whole number"),
            ("warmup", "\"many\"", "expected a whole number"),
            ("time", "2", "write \"2s\" for seconds"),
            ("time", "500ms", "write `time = \"500ms\"`"),
            ("time", "2fortnights", "expected a duration"),
            ("heap", "64KiB", "write `heap = \"64KiB\"`"),
            ("heap", "64u64", "write `heap = 64`"),
            ("heap", "0.5", "expected a size"),
            ("known_leak", "1", "expected a text in quotes"),
            ("crate", "\"a b\"", "crate"),
        ] {
            let error = read(option, value).unwrap_err();
            assert!(error.contains(expected), "{option} = {value}: {error}");
        }
        assert_eq!(read("warmup", "0x10"), Ok("16".into()));
        assert_eq!(read("heap", "64"), Ok("64 B".into()));
    }
}
