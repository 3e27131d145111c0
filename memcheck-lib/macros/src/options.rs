//! The arguments of one attribute: read, checked, layered over those of the module around, and
//! written as calls of the setters of `memcheck::Options`.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Expr, Ident, Token};

use crate::errors;
use crate::option_table::{self, Kind, Row, Taker};
use crate::option_value::{Flavor, Value};

/// What an attribute says.
#[derive(Clone, Default)]
pub(crate) struct Arguments {
    said: Vec<Said>,
}

/// One option with its value.
#[derive(Clone)]
struct Said {
    row: &'static Row,
    at: Span,
    value: Value,
}

impl Arguments {
    /// Reads the tokens between the attribute's parentheses. All mistakes come back in one error.
    pub(crate) fn parse(tokens: TokenStream) -> syn::Result<Self> {
        Self::read.parse2(tokens)
    }

    fn read(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut arguments = Self::default();
        let mut mistakes = Mistakes::default();
        while !input.is_empty() {
            match Said::read(input)? {
                Ok(said) if arguments.find(said.row.name).is_some() => {
                    mistakes.add(syn::Error::new(said.at, errors::repeated(said.row)));
                }
                Ok(said) => arguments.said.push(said),
                Err(mistake) => mistakes.add(mistake),
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        let multi_thread = matches!(arguments.flavor(), Some(Flavor::MultiThread));
        if let (Some(said), false) = (arguments.find("worker_threads"), multi_thread) {
            mistakes.add(syn::Error::new(said.at, errors::WORKER_THREADS_ALONE));
        }
        if let (Some(said), Some(_)) = (arguments.find("time"), arguments.find("iterations")) {
            mistakes.add(syn::Error::new(said.at, errors::TIME_BESIDE_ITERATIONS));
        }
        mistakes.into_result().map(|()| arguments)
    }

    fn find(&self, name: &str) -> Option<&Said> {
        self.said.iter().find(|said| said.row.name == name)
    }

    fn flavor(&self) -> Option<Flavor> {
        match self.find("flavor")?.value {
            Value::Flavor(flavor) => Some(flavor),
            _ => None,
        }
    }

    /// This attribute on top of that of the module around: what this one says counts.
    pub(crate) fn over(mut self, below: &Arguments) -> Arguments {
        let says_flavor = self.flavor().is_some();
        for said in &below.said {
            // The number of threads belongs to the flavor that it was said with.
            let belongs_elsewhere = said.row.name == "worker_threads" && says_flavor;
            if self.find(said.row.name).is_none() && !belongs_elsewhere {
                self.said.push(said.clone());
            }
        }
        self
    }

    /// Refuses each option that only an `async fn` has a use for.
    pub(crate) fn refuse_runtime_unless(&self, asynchronous: bool) -> syn::Result<()> {
        let mut mistakes = Mistakes::default();
        let options = self.said.iter().filter(|said| said.is_of_runtime());
        for said in options.filter(|_| !asynchronous) {
            mistakes.add(syn::Error::new(said.at, errors::runtime_option_without_async(said.row)));
        }
        mistakes.into_result()
    }

    /// Refuses what would name one snapshot for several tests.
    pub(crate) fn refuse_name_of_snapshot(&self) -> syn::Result<()> {
        match self.find("snapshot") {
            Some(Said { at, value: Value::Snapshot(Some(_)), .. }) => {
                Err(syn::Error::new(*at, errors::SNAPSHOT_NAME_OF_A_MODULE))
            }
            _ => Ok(()),
        }
    }

    /// An expression of type `Option<fn(&str)>`: the assertion, in the function around it, because
    /// insta takes the name and the place of the snapshot from where its macro stands.
    pub(crate) fn snapshot(&self, krate: &syn::Path, place: Span) -> TokenStream {
        let Some(Said { value: Value::Snapshot(name), .. }) = self.find("snapshot") else {
            return quote!(::core::option::Option::None);
        };
        let name = name.as_ref().map(|name| quote!(#name,));
        let place = Span::mixed_site().located_at(place);
        quote_spanned! {place=>
            ::core::option::Option::Some(|profile: &::core::primitive::str| {
                #krate::__private::insta::assert_snapshot!(#name profile);
            })
        }
    }

    /// Refuses what `#[tokio::test]` does not know either.
    pub(crate) fn refuse_all_but_runtime(&self) -> syn::Result<()> {
        match self.said.iter().find(|said| said.row.taker != Taker::Runtime) {
            Some(said) => Err(syn::Error::new(said.at, errors::not_of_tokio(said.row))),
            None => Ok(()),
        }
    }

    /// The crate `memcheck`, as the user's crate names it.
    pub(crate) fn krate(&self) -> syn::Path {
        match self.find("crate").map(|said| &said.value) {
            Some(Value::Path(path)) => path.clone(),
            _ => syn::parse_quote!(::memcheck),
        }
    }

    /// The group of tests that never run at the same time.
    pub(crate) fn serial(&self) -> Option<&str> {
        match &self.find("serial")?.value {
            Value::Text(group) => Some(group),
            _ => None,
        }
    }

    /// An expression of type `memcheck::Options`.
    pub(crate) fn setters(&self, krate: &syn::Path) -> TokenStream {
        let calls = self.said.iter().filter(|said| said.row.taker == Taker::Check).map(|said| {
            let setter = Ident::new(said.row.name, Span::mixed_site());
            let value = said.value.expression(krate);
            quote_spanned!(Span::mixed_site()=> .#setter(#value))
        });
        quote_spanned!(Span::mixed_site()=> #krate::Options::new()#(#calls)*)
    }

    /// An expression of type `memcheck::__private::Runtime`.
    pub(crate) fn runtime(&self, krate: &syn::Path) -> TokenStream {
        if self.flavor() != Some(Flavor::MultiThread) {
            return quote_spanned! {Span::mixed_site()=>
                #krate::__private::Runtime::CurrentThread
            };
        }
        let threads = match self.find("worker_threads").map(|said| &said.value) {
            Some(Value::Count(threads)) => {
                let threads = proc_macro2::Literal::u64_unsuffixed(*threads);
                quote!(::core::option::Option::Some(#threads))
            }
            _ => quote!(::core::option::Option::None),
        };
        quote_spanned! {Span::mixed_site()=>
            #krate::__private::Runtime::MultiThread { worker_threads: #threads }
        }
    }
}

impl Said {
    /// Whether it is about the runtime of an `async fn`, or about what runs in it.
    fn is_of_runtime(&self) -> bool {
        self.row.taker == Taker::Runtime || self.row.name == "tasks"
    }

    /// The outer error ends the reading, the inner one lets it go on behind the option.
    fn read(input: ParseStream<'_>) -> syn::Result<syn::Result<Self>> {
        if !input.peek(Ident::peek_any) {
            return Err(input.error(errors::EXPECTED_OPTION));
        }
        let name = input.call(Ident::parse_any)?;
        let at = name.span();
        let row = option_table::find(&name.unraw().to_string());
        let said = if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            if input.is_empty() || input.peek(Token![,]) {
                return Ok(Err(missing(row, &name)));
            }
            let value = input.parse::<Expr>()?;
            row.ok_or_else(|| unknown(&name))
                .and_then(|row| Ok(Self { row, at, value: Value::of(row, &value)? }))
        } else if row.is_some_and(|row| row.kind == Kind::Snapshot)
            && (input.is_empty() || input.peek(Token![,]))
        {
            row.ok_or_else(|| unknown(&name))
                .and_then(|row| Ok(Self { row, at, value: Value::snapshot(None, at)? }))
        } else {
            // `warmup(16)` and a bare `warmup`: skipped, so that the next option is read as well.
            while !input.is_empty() && !input.peek(Token![,]) {
                input.parse::<proc_macro2::TokenTree>()?;
            }
            Err(missing(row, &name))
        };
        Ok(said)
    }
}

fn unknown(name: &Ident) -> syn::Error {
    let name_text = name.to_string();
    syn::Error::new(name.span(), errors::unknown(&name_text, option_table::nearest(&name_text)))
}

fn missing(row: Option<&'static Row>, name: &Ident) -> syn::Error {
    match row {
        Some(row) => syn::Error::new(name.span(), errors::without_value(row)),
        None => unknown(name),
    }
}

/// Mistakes that do not keep the rest from being read.
#[derive(Debug, Default)]
pub(crate) struct Mistakes {
    found: Option<syn::Error>,
}

impl Mistakes {
    pub(crate) fn add(&mut self, mistake: syn::Error) {
        match &mut self.found {
            Some(found) => found.combine(mistake),
            None => self.found = Some(mistake),
        }
    }

    pub(crate) fn into_result(self) -> syn::Result<()> {
        self.found.map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(arguments: &str) -> Vec<String> {
        let error = Arguments::parse(arguments.parse().unwrap()).err().unwrap();
        error.into_iter().map(|error| error.to_string()).collect()
    }

    fn setters(arguments: &Arguments) -> String {
        arguments.setters(&arguments.krate()).to_string().replace(' ', "")
    }

    fn parse(arguments: &str) -> Arguments {
        Arguments::parse(arguments.parse().unwrap()).unwrap()
    }

    #[test]
    fn becomes_calls_of_the_setters() {
        let arguments =
            parse(r#"warmup = 3, resident = "1 KiB", time = "1.5s", known_leak = "no""#);
        assert_eq!(
            setters(&arguments),
            "::memcheck::Options::new().warmup(3u64).resident(::memcheck::Bytes(1024u64))\
             .time(::core::time::Duration::new(1u64,500000000u32)).known_leak(\"no\")"
        );
        assert_eq!(setters(&parse(r#"crate = "a::b""#)), "a::b::Options::new()");
        assert_eq!(setters(&parse("")), "::memcheck::Options::new()");
    }

    #[test]
    fn tasks_are_those_of_an_async_test() {
        for said in ["tasks = 1", "flavor = \"current_thread\""] {
            assert!(parse(said).refuse_runtime_unless(false).is_err(), "{said}");
            assert!(parse(said).refuse_runtime_unless(true).is_ok(), "{said}");
        }
        assert!(parse("threads = 1").refuse_runtime_unless(false).is_ok());
    }

    #[test]
    fn every_row_takes_its_own_example() {
        for row in option_table::TABLE {
            if row.kind == Kind::Snapshot && !cfg!(feature = "insta") {
                continue;
            }
            let beside =
                if row.name == "worker_threads" { "flavor = \"multi_thread\", " } else { "" };
            parse(&format!("{beside}{} = {}", row.name, row.example));
        }
    }

    #[test]
    fn the_own_option_wins_over_that_of_the_module() {
        let module = parse(r#"fds = 1, heap = 64, flavor = "multi_thread", worker_threads = 2"#);
        assert_eq!(
            setters(&parse("fds = 2").over(&module)),
            "::memcheck::Options::new().fds(2u64).heap(::memcheck::Bytes(64u64))"
        );
        let runtime = |arguments: Arguments| arguments.runtime(&arguments.krate()).to_string();
        assert!(runtime(parse("").over(&module)).contains("Some (2)"));
        let own = parse(r#"flavor = "multi_thread""#).over(&module);
        assert!(runtime(own).contains("None"));
        let own = parse(r#"flavor = "current_thread""#).over(&module);
        assert!(runtime(own).contains("CurrentThread"));
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        assert_eq!(
            messages("warmpu = 1, fds = \"2\", time = 2, warmup(3), heap =, heap = -1").len(),
            6
        );
        assert_eq!(messages("fds = 1, fds = 1"), ["`fds` is given twice; keep one of the two"]);
        assert_eq!(messages("iterations = 1000, time = \"5s\""), [errors::TIME_BESIDE_ITERATIONS]);
    }
}
