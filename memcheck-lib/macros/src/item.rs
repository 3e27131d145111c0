//! Items as tokens.
//!
//! A fragment of a `macro_rules!` macro (`$e`) is in an invisible group, so that `$e * 2` is
//! `(1 + 1) * 2`. The compiler keeps that group only in tokens that a procedural macro has not looked at
//! (<https://github.com/rust-lang/rust/issues/67062>). So nothing here takes bodies apart: they are
//! passed on as the groups that they came in.

use std::collections::VecDeque;

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::Parser;
use syn::{Attribute, Expr, Signature};

/// One item.
pub(crate) struct Item {
    attributes: TokenStream,
    /// What is between the attributes and the end.
    head: Vec<TokenTree>,
    /// The braces, or `;`.
    end: Option<TokenTree>,
}

/// A function whose body is as it came.
#[derive(Clone)]
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: TokenStream,
    pub(crate) signature: Signature,
    /// The tokens of the signature.
    pub(crate) signature_tokens: TokenStream,
    pub(crate) body: Group,
}

/// A module.
pub(crate) struct Module {
    pub(crate) attributes: Vec<Attribute>,
    /// Visibility, `mod` and name.
    pub(crate) head: TokenStream,
    pub(crate) name: Ident,
    /// `None` for `mod name;`.
    pub(crate) content: Option<Group>,
}

/// Splits tokens into items. Not all of them are whole: `const A: u8 = { 1 };` is two. Together they
/// have all tokens, and every function and every module is one item.
pub(crate) fn split(tokens: TokenStream) -> Vec<Item> {
    let mut rest: VecDeque<TokenTree> = tokens.into_iter().collect();
    let mut items = Vec::new();
    while !rest.is_empty() {
        items.push(Item::take(&mut rest));
    }
    items
}

impl Item {
    fn take(rest: &mut VecDeque<TokenTree>) -> Item {
        let attributes = take_attributes(rest);
        let (mut head, mut end) = (Vec::new(), None);
        let mut begins = true;
        loop {
            // A fragment that is a whole item, or a visibility, is in an invisible group.
            if begins {
                open_invisible(rest);
            }
            let Some(token) = rest.pop_front() else { break };
            match token {
                TokenTree::Punct(punct) if punct.as_char() == ';' => {
                    end = Some(punct.into());
                    break;
                }
                TokenTree::Group(group) if is_body(&group) => {
                    end = Some(body(group).into());
                    break;
                }
                token => {
                    begins = begins && is_qualifier(&token);
                    head.push(token);
                }
            }
        }
        Item { attributes, head, end }
    }

    /// The keyword after visibility and qualifiers, and its place in the head.
    fn keyword(&self) -> Option<(usize, String)> {
        let at = self.head.iter().position(|token| !is_qualifier(token))?;
        match &self.head[at] {
            TokenTree::Ident(keyword) => Some((at, keyword.to_string())),
            _ => None,
        }
    }

    pub(crate) fn is_function(&self) -> bool {
        self.keyword().is_some_and(|(_, keyword)| keyword == "fn")
    }

    pub(crate) fn is_module(&self) -> bool {
        self.keyword().is_some_and(|(_, keyword)| keyword == "mod")
    }

    pub(crate) fn attributes(&self) -> syn::Result<Vec<Attribute>> {
        Attribute::parse_outer.parse2(self.attributes.clone())
    }

    /// Whether it has `#[should_panic]`.
    pub(crate) fn must_panic(&self) -> bool {
        let attributes = self.attributes().unwrap_or_default();
        attributes.iter().any(|attribute| attribute.path().is_ident("should_panic"))
    }

    /// The function. An error for one without a body, or that is not Rust.
    pub(crate) fn function(&self) -> syn::Result<Function> {
        let visible = self.head.iter().take_while(|token| is_visibility(token)).count();
        let (visibility, signature) = self.head.split_at(visible);
        let signature_tokens: TokenStream = signature.iter().cloned().collect();
        let signature = syn::parse2(signature_tokens.clone())?;
        let Some(TokenTree::Group(body)) = &self.end else {
            return Err(syn::Error::new_spanned(&signature_tokens, crate::errors::WITHOUT_BODY));
        };
        Ok(Function {
            attributes: self.attributes()?,
            visibility: visibility.iter().cloned().collect(),
            signature,
            signature_tokens,
            body: body.clone(),
        })
    }

    /// The module, if it has a name.
    pub(crate) fn module(&self) -> syn::Result<Module> {
        let name = self.head.last().cloned().into_iter().collect();
        Ok(Module {
            attributes: self.attributes()?,
            head: self.head.iter().cloned().collect(),
            name: syn::parse2(name)?,
            content: match &self.end {
                Some(TokenTree::Group(content)) => Some(content.clone()),
                _ => None,
            },
        })
    }

    /// The item as it came. In the value of a constant, visible parentheses replace the invisible
    /// groups that were lost.
    pub(crate) fn into_tokens(self) -> TokenStream {
        let is_constant =
            self.head.iter().any(|token| is_ident(token, "const") || is_ident(token, "static"));
        let Item { attributes, mut head, end } = self;
        if is_constant {
            head = head.into_iter().map(visible).collect();
        }
        quote!(#attributes #(#head)* #end)
    }
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Function { attributes, visibility, signature, signature_tokens: _, body } = self;
        quote!(#(#attributes)* #visibility #signature #body).to_tokens(tokens);
    }
}

/// Parentheses around an expression of several operands that is in an invisible group.
fn visible(token: TokenTree) -> TokenTree {
    match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
            match syn::parse2::<Expr>(group.stream()) {
                Ok(Expr::Binary(_) | Expr::Cast(_) | Expr::Range(_) | Expr::Unary(_)) => {
                    Group::new(Delimiter::Parenthesis, group.stream()).into()
                }
                _ => group.into(),
            }
        }
        token => token,
    }
}

/// Outer attributes and doc comments at the start.
fn take_attributes(rest: &mut VecDeque<TokenTree>) -> TokenStream {
    let mut attributes = TokenStream::new();
    loop {
        open_invisible(rest);
        match (rest.front(), rest.get(1)) {
            (Some(TokenTree::Punct(punct)), Some(TokenTree::Group(_)))
                if punct.as_char() == '#' =>
            {
                attributes.extend(rest.drain(..2));
            }
            _ => return attributes,
        }
    }
}

/// Replaces an invisible group at the start by its tokens.
fn open_invisible(rest: &mut VecDeque<TokenTree>) {
    while let Some(TokenTree::Group(group)) = rest.front()
        && group.delimiter() == Delimiter::None
    {
        let inner: Vec<TokenTree> = group.stream().into_iter().collect();
        rest.pop_front();
        for token in inner.into_iter().rev() {
            rest.push_front(token);
        }
    }
}

/// Whether a group is braces, or a fragment `$body:block`.
fn is_body(group: &Group) -> bool {
    match group.delimiter() {
        Delimiter::Brace => true,
        Delimiter::None => only_group(group).is_some_and(|inner| is_body(&inner)),
        _ => false,
    }
}

fn body(group: Group) -> Group {
    match group.delimiter() {
        Delimiter::None => only_group(&group).map_or(group, body),
        _ => group,
    }
}

/// The group that is the only token in another one.
fn only_group(group: &Group) -> Option<Group> {
    let mut tokens = group.stream().into_iter();
    match (tokens.next(), tokens.next()) {
        (Some(TokenTree::Group(inner)), None) => Some(inner),
        _ => None,
    }
}

fn is_ident(token: &TokenTree, name: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == name)
}

/// `pub`, and `(crate)` after it.
fn is_visibility(token: &TokenTree) -> bool {
    let is_scope =
        matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis);
    is_scope || is_ident(token, "pub")
}

/// What can be in front of `fn` and `mod`.
fn is_qualifier(token: &TokenTree) -> bool {
    let names = ["const", "async", "unsafe", "safe", "extern", "default", "gen"];
    is_visibility(token)
        || matches!(token, TokenTree::Literal(_))
        || names.iter().any(|name| is_ident(token, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(text: &str) -> Vec<Item> {
        split(text.parse().unwrap())
    }

    #[test]
    fn functions_and_modules_are_found_among_other_items() {
        let found: Vec<&str> = items(
            "use a::{b, c}; const A: u8 = { 1 }; impl T for [u8; 2] { fn f() {} }
             #[a] #[b(c)] pub(crate) async unsafe extern \"C\" fn f(a: fn()) -> u8 where u8: Copy {}
             struct S<const N: usize = { 1 }>(fn()); macro_rules! m { () => { fn f() {} } }
             m!(fn x() {}); pub mod m { fn g() {} } unsafe mod n; static F: fn() = f;
             extern \"C\" { fn h(); } type F = fn(); const fn k() {} fn l() {} trait T: Fn() {}",
        )
        .iter()
        .map(|item| match (item.is_function(), item.is_module()) {
            (true, _) => "fn",
            (_, true) => "mod",
            _ => "",
        })
        .filter(|kind| !kind.is_empty())
        .collect();
        assert_eq!(found, ["fn", "mod", "mod", "fn", "fn"]);
    }

    #[test]
    fn every_token_is_in_one_item() {
        let text = "#![allow(x)] #[a] fn f() {} } ; mod m {} const A: u8 = { 1 } + 2; # x";
        let text = text.replace("} ;", ";");
        let tokens: TokenStream = text.parse().unwrap();
        let again: TokenStream = items(&text).into_iter().map(Item::into_tokens).collect();
        assert_eq!(again.to_string(), tokens.to_string());
    }

    #[test]
    fn parts_of_a_function_are_separated() {
        let item = &items("#[a] pub(crate) const fn f(x: u8) -> u8 { x }")[0];
        let function = item.function().unwrap();
        assert_eq!(function.visibility.to_string(), "pub (crate)");
        assert_eq!(function.signature.ident, "f");
        assert_eq!(function.body.to_string(), "{ x }");
        assert_eq!(function.attributes.len(), 1);
        assert!(items("fn f();")[0].function().is_err());
    }

    #[test]
    fn invisible_groups_around_items_are_opened() {
        let group =
            |text: &str| -> TokenTree { Group::new(Delimiter::None, text.parse().unwrap()).into() };
        let (visibility, whole, block) = (group("pub"), group("#[a] fn g() {}"), group("{ 1 }"));
        let items = split(quote!(#visibility fn f() #block #whole));
        assert_eq!(items.len(), 2);
        assert!(items.iter().all(Item::is_function));
        assert_eq!(items[0].function().unwrap().body.to_string(), "{ 1 }");
        assert_eq!(items[1].attributes().unwrap().len(), 1);
        let sum = group("1 + 1");
        let constant: TokenStream =
            split(quote!(const A: u8 = #sum * 2;)).into_iter().map(Item::into_tokens).collect();
        assert_eq!(constant.to_string(), "const A : u8 = (1 + 1) * 2 ;");
    }
}
