//! The value of one option: read, checked and written as an expression.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::spanned::Spanned;
use syn::{Expr, ExprGroup, ExprLit, ExprParen, ExprUnary, Lit, UnOp};

use crate::option_table::{Kind, Row};
use crate::{errors, values};

#[derive(Clone)]
pub(crate) enum Value {
    Count(u64),
    Size(u64),
    Duration(std::time::Duration),
    Text(String),
    Flavor(Flavor),
    Path(syn::Path),
    /// The name of the snapshot, if it is not that of the function.
    Snapshot(Option<String>),
}

/// A kind of tokio's runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flavor {
    CurrentThread,
    MultiThread,
}

impl Value {
    pub(crate) fn of(row: &'static Row, value: &Expr) -> syn::Result<Self> {
        let refuse = |message: String| Err(syn::Error::new_spanned(value, message));
        let wrong = || errors::wrong_value(row, &value.to_token_stream().to_string());
        let literal = match value {
            Expr::Lit(ExprLit { lit, .. }) => lit,
            // What a `macro_rules!` macro passed on.
            Expr::Group(ExprGroup { expr, .. }) | Expr::Paren(ExprParen { expr, .. }) => {
                return Self::of(row, expr);
            }
            Expr::Unary(ExprUnary { op: UnOp::Neg(_), .. }) => {
                return match row.kind {
                    Kind::Count { least } => refuse(errors::too_small(row, least)),
                    _ => refuse(wrong()),
                };
            }
            _ => return refuse(errors::not_written_out(row)),
        };
        match (row.kind, literal) {
            (Kind::Count { least }, Lit::Int(number)) if number.suffix().is_empty() => {
                match number.base10_parse::<u64>() {
                    Ok(count) if count < least => refuse(errors::too_small(row, least)),
                    Ok(count) => Ok(Self::Count(count)),
                    Err(_) => refuse(errors::too_large(row)),
                }
            }
            (Kind::Size { least }, Lit::Int(number)) if number.suffix().is_empty() => {
                match number.base10_parse::<u64>() {
                    Ok(size) if size < least => refuse(errors::too_small(row, least)),
                    Ok(size) => Ok(Self::Size(size)),
                    Err(_) => refuse(errors::too_large(row)),
                }
            }
            (Kind::Size { least }, Lit::Str(text)) => match values::size(&text.value()) {
                Some(size) if size < least => refuse(errors::too_small(row, least)),
                Some(size) => Ok(Self::Size(size)),
                None => refuse(wrong()),
            },
            (Kind::Duration, Lit::Str(text)) => match values::duration(&text.value()) {
                Some(duration) if duration.is_zero() => refuse(errors::no_time(row)),
                Some(duration) => Ok(Self::Duration(duration)),
                None => refuse(wrong()),
            },
            (Kind::Text | Kind::Group, Lit::Str(text)) if text.value().trim().is_empty() => {
                refuse(errors::empty_text(row))
            }
            (Kind::Group, Lit::Str(text))
                if text.value().contains(|c: char| c.is_control() || matches!(c, ',' | '"')) =>
            {
                refuse(errors::group_with_separator(row))
            }
            (Kind::Text | Kind::Group, Lit::Str(text)) => Ok(Self::Text(text.value())),
            (Kind::Flavor, Lit::Str(text)) => match text.value().as_str() {
                "current_thread" => Ok(Self::Flavor(Flavor::CurrentThread)),
                "multi_thread" => Ok(Self::Flavor(Flavor::MultiThread)),
                _ => refuse(wrong()),
            },
            (Kind::Snapshot, Lit::Str(text)) if text.value().trim().is_empty() => {
                refuse(errors::empty_text(row))
            }
            (Kind::Snapshot, Lit::Str(text))
                if text.value().contains(|c: char| c.is_control() || matches!(c, '/' | '\\')) =>
            {
                refuse(errors::snapshot_with_separator(row))
            }
            (Kind::Snapshot, Lit::Str(text)) => Self::snapshot(Some(text.value()), value.span()),
            (Kind::Path, Lit::Str(text)) => text
                .parse_with(syn::Path::parse_mod_style)
                .map(Self::Path)
                .or_else(|_| refuse(wrong())),
            _ => refuse(wrong()),
        }
    }

    /// Where there is an insta to assert it.
    pub(crate) fn snapshot(name: Option<String>, at: Span) -> syn::Result<Self> {
        match cfg!(feature = "insta") {
            true => Ok(Self::Snapshot(name)),
            false => Err(syn::Error::new(at, errors::NO_INSTA)),
        }
    }

    /// An expression that the setter takes.
    pub(crate) fn expression(&self, krate: &syn::Path) -> TokenStream {
        match self {
            Self::Count(count) => count.to_token_stream(),
            Self::Size(size) => quote!(#krate::Bytes(#size)),
            Self::Duration(duration) => {
                let (seconds, nanoseconds) = (duration.as_secs(), duration.subsec_nanos());
                quote!(::core::time::Duration::new(#seconds, #nanoseconds))
            }
            Self::Text(text) => text.to_token_stream(),
            // Not for setters.
            Self::Flavor(_) | Self::Path(_) | Self::Snapshot(_) => TokenStream::new(),
        }
    }
}
