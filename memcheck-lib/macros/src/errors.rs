//! What the attribute says when it refuses: every sentence in one place, each enough to mend the
//! line it points at.

use crate::option_table::{Kind, Row, TABLE};
use crate::values;

/// The item is neither a function nor a module.
pub(crate) const WRONG_ITEM: &str = "`#[memcheck]` goes on a function (in the place of `#[test]`) or \
     on an inline module `mod tests { … }`";

/// The module stands in another file.
pub(crate) const MODULE_ELSEWHERE: &str = "`#[memcheck]` cannot see the tests of a module in another \
     file; put the attribute on the tests there, or on an inline `mod tests { … }`";

/// Nothing in the module would be checked.
pub(crate) const MODULE_WITHOUT_TESTS: &str = "no test in this module can be checked: `#[memcheck]` \
     on a module takes its `#[test]` and `#[tokio::test]` functions, except those with \
     `#[should_panic]`; in a macro that makes tests, write `#[memcheck]` in the place of `#[test]`";

pub(crate) const SHOULD_PANIC: &str = "`#[memcheck]` does not go with `#[should_panic]`: the body is \
     run again and again, and the first panic would end the check; remove `#[should_panic]` and catch \
     the panic in the body (`std::panic::catch_unwind`), or make this an ordinary `#[test]`";

pub(crate) const BESIDE_BENCH: &str =
    "`#[memcheck]` does not go with `#[bench]`; remove one of the two";

pub(crate) const GENERIC: &str = "a `#[memcheck]` function cannot be generic: nobody could say for \
     which type to run it; write a generic helper and call it from a test for each type";

pub(crate) const UNSAFE: &str = "a `#[memcheck]` function cannot be `unsafe`: the test runner calls \
     it, and could not keep its conditions; remove `unsafe` and use `unsafe { … }` in the body";

pub(crate) const CONST: &str = "a `#[memcheck]` function cannot be `const`: it is measured while it \
     runs; remove `const`";

pub(crate) const FOREIGN: &str = "a `#[memcheck]` function is called from Rust; remove `extern`";

pub(crate) const METHOD: &str = "a `#[memcheck]` function cannot be a method: there is no `self` to \
     call it on; make it a free function, outside of the `impl`, that builds the value";

pub(crate) const TOO_MANY_ARGUMENTS: &str = "a `#[memcheck]` function takes nothing, or one \
     `memcheck::Workload`; build everything else in the body";

pub(crate) const WORKLOAD_BY_REFERENCE: &str =
    "take the workload by value: `workload: memcheck::Workload`";

pub(crate) const NO_TOKIO: &str = "an `async` test needs a runtime: enable the feature \"tokio\", in \
     Cargo.toml: `memcheck-lib = { version = \"…\", features = [\"tokio\"] }`";

pub(crate) const NO_INSTA: &str = "`snapshot` is asserted with insta: enable the feature \"insta\", in \
     Cargo.toml: `memcheck-lib = { version = \"…\", features = [\"insta\"] }`";

pub(crate) const SNAPSHOT_NAME_OF_A_MODULE: &str = "the name of a snapshot is for one test; on a module \
     write `snapshot`, and every test has one of its own name";

pub(crate) const WORKER_THREADS_ALONE: &str =
    "`worker_threads` needs `flavor = \"multi_thread\"` beside it";

pub(crate) const TIME_BESIDE_ITERATIONS: &str = "`iterations` judges exactly so many, without the \
     clock, so `time` means nothing beside it; remove one of the two";

pub(crate) const EXPECTED_OPTION: &str =
    "expected an option: a name, `=` and a value, for example `warmup = 16`";

/// `#[test]` stands above.
pub(crate) const BELOW_TEST: &str = "`#[memcheck]` already makes this a test, and with the `#[test]` \
     above it would run twice; remove `#[test]`";

/// `#[tokio::test]` or its like stood above; what is left of it is marked.
pub(crate) const BELOW_TEST_MAKER: &str = "`#[memcheck]` already makes this a test, and with the \
     attribute marked here it would run twice; remove that attribute and keep `#[memcheck]`";

pub(crate) const TWICE: &str = "`#[memcheck]` is given twice; write all options in one";

pub(crate) const EXPECTED_PARENTHESES: &str =
    "options stand in parentheses, for example `#[memcheck(warmup = 16)]`";

/// `attribute` is another one that makes a test of the function.
pub(crate) fn beside_test(attribute: &str) -> String {
    format!(
        "`#[memcheck]` already makes this a test, and with `#[{attribute}]` it would run twice; \
         remove `#[{attribute}]`"
    )
}

/// `attribute` builds tests in a way of its own.
pub(crate) fn beside_test_maker(attribute: &str) -> String {
    format!(
        "`#[memcheck]` does not go with `#[{attribute}]`, which makes tests of its own out of this \
         function; call the function from a `#[memcheck]` test for each case"
    )
}

/// `attribute` makes a test that an annotated module cannot take.
pub(crate) fn foreign_in_module(attribute: &str) -> String {
    format!(
        "`#[memcheck]` on a module takes `#[test]` and `#[tokio::test]`, not `#[{attribute}]`; move \
         this test out of the module, or call the function from a `#[memcheck]` test"
    )
}

/// An option of ours among those of `#[tokio::test]`.
pub(crate) fn not_of_tokio(row: &Row) -> String {
    format!("`{0}` is no option of `#[tokio::test]`; write `#[memcheck({0} = …)]`", row.name)
}

pub(crate) fn unknown(name: &str, nearest: Option<&Row>) -> String {
    match (name, nearest) {
        ("ignore" | "ignored" | "skip", _) => {
            format!(
                "unknown option `{name}`; to leave a test out, write `#[ignore]` below `#[memcheck]`"
            )
        }
        ("start_paused", _) => {
            "unknown option `start_paused`; call `tokio::time::pause()` in the body, and \
             `tokio::time::resume()` at its end: the runtime is the same for every iteration (or \
             move the test out of the annotated module)"
                .to_owned()
        }
        (_, Some(row)) => format!("unknown option `{name}`; did you mean `{}`?", row.name),
        (_, None) => {
            let names: Vec<String> = TABLE.iter().map(|row| format!("`{}`", row.name)).collect();
            format!("unknown option `{name}`; the options are {}", names.join(", "))
        }
    }
}

pub(crate) fn repeated(row: &Row) -> String {
    format!("`{}` is given twice; keep one of the two", row.name)
}

pub(crate) fn without_value(row: &Row) -> String {
    format!("`{0}` needs a value, for example `{0} = {1}`", row.name, row.example)
}

/// The value, written so, cannot be read as what the option takes.
pub(crate) fn wrong_value(row: &Row, written: &str) -> String {
    let name = row.name;
    let example = mended(row, written).unwrap_or_else(|| row.example.to_owned());
    match row.kind {
        Kind::Count { .. } => {
            format!("`{name}` takes a whole number, as it is: `{name} = {example}`")
        }
        Kind::Size { .. } => format!(
            "`{name}` takes a size: a number and a unit (B, KiB, MiB, GiB; kB, MB, GB) in quotes, or \
             a whole number of bytes: `{name} = {example}`"
        ),
        Kind::Duration => format!(
            "`{name}` takes a duration: a number and a unit (ns, us, ms, s, m, h) in quotes: \
             `{name} = {example}`"
        ),
        Kind::Text | Kind::Group => format!("`{name}` takes a text: `{name} = {example}`"),
        Kind::Snapshot => format!(
            "`{name}` stands alone, or takes the name of the snapshot: `{name} = {example}`"
        ),
        Kind::Flavor => {
            format!("`{name}` takes `\"current_thread\"` (the default) or `\"multi_thread\"`")
        }
        Kind::Path => format!(
            "`{name}` takes the path by which this crate names memcheck: `{name} = {example}`"
        ),
    }
}

/// What was probably meant, if that can be told: `16` for `"16"` or `16u32`, `"2s"` for `2` or `2s`.
fn mended(row: &Row, written: &str) -> Option<String> {
    let bare = written.trim_matches('"');
    let digits = &bare[..bare.find(|c: char| !c.is_ascii_digit()).unwrap_or(bare.len())];
    match row.kind {
        Kind::Count { .. } => {
            let rest = &bare[digits.len()..];
            let number_only = rest.trim().is_empty() || TYPES.contains(&rest);
            number_only
                .then_some(digits)
                .filter(|text| text.parse::<u64>().is_ok())
                .map(str::to_owned)
        }
        // With a unit only: what half a byte was meant to be cannot be told.
        Kind::Size { .. } if bare.contains(char::is_alphabetic) => {
            values::size(bare).map(|_| format!("\"{bare}\""))
        }
        Kind::Duration if bare == digits => bare.parse::<u64>().ok().map(|n| format!("\"{n}s\"")),
        Kind::Duration => values::duration(bare).map(|_| format!("\"{bare}\"")),
        Kind::Size { .. }
        | Kind::Text
        | Kind::Group
        | Kind::Flavor
        | Kind::Path
        | Kind::Snapshot => None,
    }
}

const TYPES: &[&str] = &["u8", "u16", "u32", "u64", "usize", "i8", "i16", "i32", "i64", "isize"];

pub(crate) fn not_written_out(row: &Row) -> String {
    format!(
        "the value of an option is a number or a text, written out: `{} = {}`",
        row.name, row.example
    )
}

pub(crate) fn too_large(row: &Row) -> String {
    format!("this number is too large for `{}`; the largest is {}", row.name, u64::MAX)
}

pub(crate) fn too_small(row: &Row, least: u64) -> String {
    format!("`{}` cannot be below {least}", row.name)
}

pub(crate) fn no_time(row: &Row) -> String {
    format!("`{0}` is longer than nothing, for example `{0} = {1}`", row.name, row.example)
}

pub(crate) fn empty_text(row: &Row) -> String {
    format!("`{0}` says nothing; write `{0} = {1}`", row.name, row.example)
}

pub(crate) fn group_with_separator(row: &Row) -> String {
    format!("the name of a `{}` group has no commas, quotes or line breaks", row.name)
}

pub(crate) fn snapshot_with_separator(row: &Row) -> String {
    format!(
        "`{0}` becomes the name of a file, which has no slashes and no line breaks: `{0} = {1}`",
        row.name, row.example
    )
}

/// A runtime option on a function that is not `async`.
pub(crate) fn runtime_option_without_async(row: &Row) -> String {
    format!(
        "`{}` is about the runtime of an `async fn`; make the function `async`, or remove the option",
        row.name
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::option_table::find;

    #[test]
    fn what_was_meant_is_offered() {
        for (name, written, meant) in [
            ("warmup", "\"16\"", Some("16")),
            ("warmup", "16u32", Some("16")),
            ("warmup", "16s", None),
            ("warmup", "\"many\"", None),
            ("time", "2", Some("\"2s\"")),
            ("time", "\"2\"", Some("\"2s\"")),
            ("time", "500ms", Some("\"500ms\"")),
            ("time", "\"soon\"", None),
            ("heap", "64KiB", Some("\"64KiB\"")),
            ("heap", "\"64 X\"", None),
            ("known_leak", "1", None),
        ] {
            assert_eq!(
                mended(find(name).unwrap(), written).as_deref(),
                meant,
                "{name} = {written}"
            );
        }
    }
}
