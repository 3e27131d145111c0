//! The arguments of one attribute: read, checked, put on top of those of the enclosing module, and
//! written as calls of the setters of `memcheck::Options`.

use memcheck_options::{Grammar, OptionSpec, OptionValue, Scope};
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Expr, Ident, Token};

use crate::errors;
use crate::value::ArgumentValue;

/// The options that an attribute sets.
#[derive(Clone, Default)]
pub(crate) struct Arguments {
    list: Vec<Argument>,
}

/// One option with its value.
#[derive(Clone)]
struct Argument {
    spec: &'static OptionSpec,
    /// The name of the option.
    at: Span,
    value: ArgumentValue,
}

impl Arguments {
    /// Reads the tokens between the parentheses of the attribute. All errors are in one.
    pub(crate) fn parse(tokens: TokenStream) -> syn::Result<Self> {
        Self::read.parse2(tokens)
    }

    fn read(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut arguments = Self::default();
        let mut found = ErrorList::default();
        while !input.is_empty() {
            match Argument::read(input)? {
                Ok(argument) if arguments.find(argument.spec.name).is_some() => {
                    found.add(syn::Error::new(argument.at, errors::repeated(argument.spec)));
                }
                Ok(argument) => arguments.list.push(argument),
                Err(error) => found.add(error),
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        if let Some(argument) = arguments.find("worker_threads")
            && !arguments.is_multi_thread()
        {
            found.add(syn::Error::new(argument.at, errors::WORKER_THREADS_ALONE));
        }
        if let Some(time) = arguments.find("time")
            && arguments.find("iterations").is_some()
        {
            found.add(syn::Error::new(time.at, errors::TIME_WITH_ITERATIONS));
        }
        found.into_result().map(|()| arguments)
    }

    fn find(&self, name: &str) -> Option<&Argument> {
        self.list.iter().find(|argument| argument.spec.name == name)
    }

    /// The value of an option that takes a text.
    fn text(&self, name: &str) -> Option<&str> {
        match &self.find(name)?.value {
            ArgumentValue::Plain(OptionValue::Text(text)) => Some(text),
            _ => None,
        }
    }

    fn is_multi_thread(&self) -> bool {
        self.text("flavor") == Some("multi_thread")
    }

    /// This attribute on top of that of the enclosing module: options that this one does not set
    /// come from below.
    pub(crate) fn over(mut self, below: &Arguments) -> Arguments {
        let sets_flavor = self.text("flavor").is_some();
        for argument in &below.list {
            // The number of threads belongs to the flavor next to it.
            let is_of_other_flavor = argument.spec.name == "worker_threads" && sets_flavor;
            if self.find(argument.spec.name).is_none() && !is_of_other_flavor {
                self.list.push(argument.clone());
            }
        }
        self
    }

    /// Refuses options that need a runtime, on a function that is not `async`.
    pub(crate) fn refuse_runtime_unless(&self, is_async: bool) -> syn::Result<()> {
        let mut found = ErrorList::default();
        let arguments = self.list.iter().filter(|argument| argument.needs_runtime());
        for argument in arguments.filter(|_| !is_async) {
            let message = errors::runtime_option_without_async(argument.spec);
            found.add(syn::Error::new(argument.at, message));
        }
        found.into_result()
    }

    /// Refuses a name that several tests would give to their snapshots.
    pub(crate) fn refuse_name_of_snapshot(&self) -> syn::Result<()> {
        match self.find("snapshot") {
            Some(Argument { at, value: ArgumentValue::Snapshot(Some(_)), .. }) => {
                Err(syn::Error::new(*at, errors::SNAPSHOT_NAME_OF_A_MODULE))
            }
            _ => Ok(()),
        }
    }

    /// An expression of type `Option<fn(&str)>`: the assertion. It is expanded in the function of the
    /// user, because insta names and places the snapshot after the position of its macro.
    pub(crate) fn snapshot(&self, krate: &syn::Path, place: Span) -> TokenStream {
        let Some(Argument { value: ArgumentValue::Snapshot(name), .. }) = self.find("snapshot")
        else {
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

    /// Refuses options that `#[tokio::test]` does not have.
    pub(crate) fn refuse_all_but_runtime(&self) -> syn::Result<()> {
        match self.list.iter().find(|argument| argument.spec.scope != Scope::Runtime) {
            Some(argument) => {
                Err(syn::Error::new(argument.at, errors::not_of_tokio(argument.spec)))
            }
            None => Ok(()),
        }
    }

    /// The crate `memcheck`, as the crate of the user names it.
    pub(crate) fn krate(&self) -> syn::Path {
        match self.find("crate").map(|argument| &argument.value) {
            Some(ArgumentValue::Path(path)) => path.clone(),
            _ => syn::parse_quote!(::memcheck),
        }
    }

    /// The group of tests that never run at the same time.
    pub(crate) fn serial(&self) -> Option<&str> {
        self.text("serial")
    }

    /// Why the test is not judged.
    pub(crate) fn skip(&self) -> Option<&str> {
        self.text("skip")
    }

    /// An expression of type `memcheck::Options`.
    pub(crate) fn setters(&self, krate: &syn::Path) -> TokenStream {
        let arguments = self.list.iter().filter(|argument| argument.spec.is_check_option());
        let calls = arguments.map(|argument| {
            let setter = Ident::new(argument.spec.name, Span::mixed_site());
            let value = argument.value.expression(krate);
            quote_spanned!(Span::mixed_site()=> .#setter(#value))
        });
        quote_spanned!(Span::mixed_site()=> #krate::Options::new()#(#calls)*)
    }

    /// An expression of type `memcheck::__private::Runtime`.
    pub(crate) fn runtime(&self, krate: &syn::Path) -> TokenStream {
        if !self.is_multi_thread() {
            return quote_spanned! {Span::mixed_site()=>
                #krate::__private::Runtime::CurrentThread
            };
        }
        let threads = match self.find("worker_threads").map(|argument| &argument.value) {
            Some(ArgumentValue::Plain(OptionValue::Count(threads))) => {
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

impl Argument {
    /// Whether it configures the runtime of an `async fn`, or limits what runs in it.
    fn needs_runtime(&self) -> bool {
        self.spec.scope == Scope::Runtime || self.spec.name == "tasks"
    }

    /// Reads one option. After the inner error the next option can be read, after the outer one not.
    fn read(input: ParseStream<'_>) -> syn::Result<syn::Result<Self>> {
        if !input.peek(Ident::peek_any) {
            return Err(input.error(errors::EXPECTED_OPTION));
        }
        let name = input.call(Ident::parse_any)?;
        let at = name.span();
        let spec = memcheck_options::find(&name.unraw().to_string());
        let is_last = |input: ParseStream<'_>| input.is_empty() || input.peek(Token![,]);
        if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            if is_last(input) {
                return Ok(Err(without_value(spec, &name)));
            }
            let value = input.parse::<Expr>()?;
            return Ok(spec.ok_or_else(|| unknown(&name)).and_then(|spec| {
                Ok(Self { spec, at, value: ArgumentValue::read(spec, &value)? })
            }));
        }
        if let Some(spec) = spec.filter(|spec| spec.grammar == Grammar::SnapshotName)
            && is_last(input)
        {
            return Ok(ArgumentValue::snapshot(None, at).map(|value| Self { spec, at, value }));
        }
        // `warmup(16)` and a bare `warmup`: skipped, so that the next option is read too.
        while !is_last(input) {
            input.parse::<proc_macro2::TokenTree>()?;
        }
        Ok(Err(without_value(spec, &name)))
    }
}

fn unknown(name: &Ident) -> syn::Error {
    syn::Error::new(name.span(), errors::unknown_option(&name.to_string()))
}

fn without_value(spec: Option<&OptionSpec>, name: &Ident) -> syn::Error {
    match spec {
        Some(spec) => syn::Error::new(name.span(), errors::without_value(spec)),
        None => unknown(name),
    }
}

/// ErrorList after which reading goes on, so that all are reported at once.
#[derive(Debug, Default)]
pub(crate) struct ErrorList {
    found: Option<syn::Error>,
}

impl ErrorList {
    pub(crate) fn add(&mut self, error: syn::Error) {
        match &mut self.found {
            Some(found) => found.combine(error),
            None => self.found = Some(error),
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
    fn options_become_calls_of_their_setters() {
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
    fn options_of_the_runtime_need_an_async_test() {
        for option in ["tasks = 1", "flavor = \"current_thread\""] {
            assert!(parse(option).refuse_runtime_unless(false).is_err(), "{option}");
            assert!(parse(option).refuse_runtime_unless(true).is_ok(), "{option}");
        }
        assert!(parse("threads = 1").refuse_runtime_unless(false).is_ok());
    }

    #[test]
    fn examples_of_the_table_are_accepted() {
        for spec in memcheck_options::OPTIONS {
            if spec.grammar == Grammar::SnapshotName && !cfg!(feature = "insta") {
                continue;
            }
            let needed =
                if spec.name == "worker_threads" { "flavor = \"multi_thread\", " } else { "" };
            parse(&format!("{needed}{} = {}", spec.name, spec.example));
        }
    }

    #[test]
    fn the_option_of_a_test_wins_over_that_of_its_module() {
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
    fn all_errors_are_reported_at_once() {
        assert_eq!(
            messages("warmpu = 1, fds = \"2\", time = 2, warmup(3), heap =, heap = -1").len(),
            6
        );
        assert_eq!(messages("fds = 1, fds = 1"), ["`fds` is set twice; remove one of the two"]);
        assert_eq!(messages("iterations = 1000, time = \"5s\""), [errors::TIME_WITH_ITERATIONS]);
    }
}
