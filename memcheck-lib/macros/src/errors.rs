//! The error messages of the attribute. Each says what is wrong, on what, and what to do, and is
//! shown at the tokens that must change.

use memcheck_options::{OPTIONS, OptionSpec, ValueError, suggest};

pub(crate) const WRONG_ITEM: &str = "`#[memcheck]` only supports functions and inline modules \
     (`mod tests { … }`); on a test function, replace `#[test]` with `#[memcheck]`";

pub(crate) const TEST_OF_WRONG_ITEM: &str = "`#[memcheck::test]` only supports functions; on an inline \
     module, use `#[memcheck::memcheck]`";

pub(crate) const WITHOUT_BODY: &str = "a `#[memcheck]` function needs a body: `{ … }`";

/// The content of the module is in another file.
pub(crate) const MODULE_ELSEWHERE: &str = "`#[memcheck]` cannot read a module that is in another \
     file; use it on each test in that file, or on an inline module `mod tests { … }`";

/// Nothing in the module would be checked.
pub(crate) const MODULE_WITHOUT_TESTS: &str = "`#[memcheck]` found no test in this module: it checks \
     `#[test]` and `#[tokio::test]` functions without `#[should_panic]`; add a test or remove \
     `#[memcheck]`. If a macro generates the tests, replace `#[test]` with `#[memcheck]` in that macro";

pub(crate) const SHOULD_PANIC: &str = "`#[memcheck]` and `#[should_panic]` cannot be combined: the \
     body runs many times and the first panic would end the check; remove `#[should_panic]` and catch \
     the panic in the body with `std::panic::catch_unwind`, or use `#[test]` instead of `#[memcheck]`";

pub(crate) const BESIDE_BENCH: &str =
    "`#[memcheck]` and `#[bench]` cannot be combined; remove one of them";

pub(crate) const GENERIC: &str = "a `#[memcheck]` function cannot be generic, because the test runner \
     calls it without type arguments; move the code to a generic helper function and call it from one \
     test for each type";

pub(crate) const UNSAFE: &str = "a `#[memcheck]` function cannot be `unsafe`, because the test runner \
     calls it; remove `unsafe` and write `unsafe { … }` in the body";

pub(crate) const CONST: &str = "a `#[memcheck]` function cannot be `const`, because it is measured at run time; remove `const`";

pub(crate) const FOREIGN: &str =
    "a `#[memcheck]` function cannot have a foreign ABI; remove `extern`";

pub(crate) const METHOD: &str = "a `#[memcheck]` function cannot be a method, because the test runner \
     has no `self`; move it out of the `impl` block and create the value in the body";

pub(crate) const TOO_MANY_ARGUMENTS: &str = "a `#[memcheck]` function takes no argument or one \
     `memcheck::Workload`; remove the other arguments and create their values in the body";

pub(crate) const WORKLOAD_BY_REFERENCE: &str =
    "a `#[memcheck]` function takes the workload by value; write `workload: memcheck::Workload`";

pub(crate) const NO_TOKIO: &str = "`#[memcheck]` on an `async` function needs the feature \"tokio\"; \
     enable it in Cargo.toml: `memcheck-lib = { version = \"…\", features = [\"tokio\"] }`";

pub(crate) const NO_INSTA: &str = "`snapshot` needs the feature \"insta\"; enable it in Cargo.toml: \
     `memcheck-lib = { version = \"…\", features = [\"insta\"] }`";

pub(crate) const SNAPSHOT_NAME_OF_A_MODULE: &str = "`snapshot` on a module cannot have a name, because \
     each test has its own snapshot; write `snapshot` without a value";

pub(crate) const WORKER_THREADS_ALONE: &str = "`worker_threads` needs a multi-threaded runtime; add \
     `flavor = \"multi_thread\"`";

pub(crate) const TIME_WITH_ITERATIONS: &str = "`time` and `iterations` cannot be combined, because \
     `iterations` judges a fixed number without the clock; remove one of them";

pub(crate) const EXPECTED_OPTION: &str =
    "expected an option: a name, `=` and a value, for example `warmup = 16`";

/// `#[test]` is above.
pub(crate) const BELOW_TEST: &str = "this function has both `#[test]` and `#[memcheck]` and would run \
     twice; remove `#[test]`";

/// `#[tokio::test]` or a similar attribute was above; the error is at what it left behind.
pub(crate) const BELOW_TEST_MAKER: &str = "this function has a test attribute and `#[memcheck]` and \
     would run twice; remove the attribute marked here and keep `#[memcheck]`";

pub(crate) const TWICE: &str =
    "this function has `#[memcheck]` twice; write all options in one `#[memcheck(…)]`";

pub(crate) const EXPECTED_PARENTHESES: &str =
    "expected options in parentheses, for example `#[memcheck(warmup = 16)]`";

/// `attribute` is another one that makes a test of the function.
pub(crate) fn beside_test(attribute: &str) -> String {
    format!(
        "this function has both `#[{attribute}]` and `#[memcheck]` and would run twice; remove \
         `#[{attribute}]`"
    )
}

/// `attribute` generates tests itself.
pub(crate) fn beside_test_maker(attribute: &str) -> String {
    format!(
        "`#[memcheck]` and `#[{attribute}]` cannot be combined, because `#[{attribute}]` generates its \
         own tests; write one `#[memcheck]` test for each case that calls this function"
    )
}

/// `attribute` makes a test that an annotated module cannot take.
pub(crate) fn foreign_in_module(attribute: &str) -> String {
    format!(
        "`#[memcheck]` on a module does not support `#[{attribute}]`, only `#[test]` and \
         `#[tokio::test]`; move this test out of the module, or call the function from a \
         `#[memcheck]` test"
    )
}

/// An option of memcheck among those of `#[tokio::test]`.
pub(crate) fn not_of_tokio(spec: &OptionSpec) -> String {
    format!(
        "`{0}` is an option of `#[memcheck]`, not of `#[tokio::test]`; write `#[memcheck({0} = …)]`",
        spec.name
    )
}

pub(crate) fn unknown_option(name: &str) -> String {
    let names: Vec<&str> = OPTIONS.iter().map(|spec| spec.name).collect();
    match (name, suggest(name, &names)) {
        ("ignore" | "ignored", _) => format!(
            "unknown option `{name}`; to skip a test, write `#[ignore]` below `#[memcheck]`; to run it \
             once without judging it, write `skip = \"reason\"`"
        ),
        ("start_paused", _) => {
            "unknown option `start_paused`; call `tokio::time::pause()` at the start of the body and \
             `tokio::time::resume()` at its end, because all iterations share one runtime; or move \
             the test out of the annotated module"
                .to_owned()
        }
        (_, Some(suggestion)) => format!("unknown option `{name}`; did you mean `{suggestion}`?"),
        (_, None) => {
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            format!("unknown option `{name}`; the options are {}", names.join(", "))
        }
    }
}

pub(crate) fn repeated(spec: &OptionSpec) -> String {
    format!("`{}` is set twice; remove one of the two", spec.name)
}

pub(crate) fn without_value(spec: &OptionSpec) -> String {
    format!("`{0}` needs a value, for example `{0} = {1}`", spec.name, spec.example)
}

/// The value does not follow the grammar of the option.
pub(crate) fn invalid_value(spec: &OptionSpec, error: &ValueError) -> String {
    let OptionSpec { name, example, .. } = spec;
    let message = format!("invalid value for `{name}`: {error}");
    match error {
        // The other errors say themselves what to write.
        ValueError::Empty
        | ValueError::NotAText
        | ValueError::GroupName
        | ValueError::SnapshotName => format!("{message}; for example `{name} = {example}`"),
        _ => message,
    }
}

pub(crate) fn number_in_quotes(spec: &OptionSpec, number: u64) -> String {
    format!("`{0}` takes a number without quotes; write `{0} = {number}`", spec.name)
}

pub(crate) fn missing_quotes(spec: &OptionSpec, text: &str) -> String {
    format!("a value with a unit needs quotes; write `{} = \"{text}\"`", spec.name)
}

pub(crate) fn type_suffix(spec: &OptionSpec, number: u64) -> String {
    format!("`{0}` takes a number without a type; write `{0} = {number}`", spec.name)
}

pub(crate) fn not_a_literal(spec: &OptionSpec) -> String {
    format!(
        "the value of `{0}` must be a literal, because the attribute cannot evaluate expressions; for \
         example `{0} = {1}`",
        spec.name, spec.example
    )
}

pub(crate) fn not_a_crate_path(spec: &OptionSpec) -> String {
    format!(
        "invalid value for `{0}`: expected the path by which this crate names memcheck, for example \
         `{0} = {1}`",
        spec.name, spec.example
    )
}

/// A runtime option on a function that is not `async`.
pub(crate) fn runtime_option_without_async(spec: &OptionSpec) -> String {
    format!(
        "`{}` configures the runtime of an `async fn`, and this function is not `async`; make it \
         `async` or remove the option",
        spec.name
    )
}
