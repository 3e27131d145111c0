//! The table. A new option is a row here and a field of `memcheck::Options`; the documentation of
//! the attribute lists it too.

use crate::grammar::Grammar;
use crate::spec::{OptionSpec, Scope};

const COUNT: Grammar = Grammar::Count { min: 0 };
const COUNT_FROM_ONE: Grammar = Grammar::Count { min: 1 };
const SIZE: Grammar = Grammar::Size { min: 0 };

/// Objects that are created once and kept pass; objects that grow with the iterations fail.
const STEADY: &str = "none; steady growth is a leak";

macro_rules! options {
    ($($name:literal: $grammar:expr, $scope:ident, $default:expr, $example:literal, $help:literal;)*) => {
        /// Every option, in the order of the documentation.
        pub static OPTIONS: &[OptionSpec] = &[$(OptionSpec {
            name: $name,
            grammar: $grammar,
            scope: Scope::$scope,
            default: $default,
            example: $example,
            help: $help,
        }),*];
    };
}

options! {
    "warmup": COUNT, EveryTest, "16", "64",
        "Iterations that run before anything is judged";
    "iterations": COUNT_FROM_ONE, EveryTest, "by time", "1000",
        "Judge exactly this many iterations, without the clock";
    "time": Grammar::Duration, EveryTest, "2s", "\"2s\"",
        "Time budget of the judged part, for example \"500ms\" or \"2s\"";
    "settle": Grammar::Duration, EveryTest, "20ms", "\"20ms\"",
        "How long a reading waits for background threads to settle";
    "timeout": Grammar::Duration, EveryTest, "60s or 4 × time", "\"1m 30s\"",
        "Kill a test after this long";
    "heap": SIZE, EveryTest, "0 B", "\"64 B\"",
        "Bytes per iteration by which the live heap may grow";
    "resident": SIZE, EveryTest, "none; steady growth above 256 KiB is a leak", "\"256 KiB\"",
        "Allowed growth of the live footprint, for example \"256 KiB\"";
    "threads": COUNT, EveryTest, STEADY, "1",
        "Allowed growth of the number of threads (-j sets how many tests run at a time)";
    "tasks": COUNT, EveryTest, STEADY, "1",
        "Allowed growth of the number of tasks in the runtime of an async test";
    "fds": COUNT, EveryTest, STEADY, "1",
        "Allowed growth of the number of file descriptors";
    "mappings": COUNT, EveryTest, "none; steady growth above 8 is a leak", "1",
        "Allowed growth of the number of mappings";
    "children": COUNT, EveryTest, STEADY, "1",
        "Allowed growth of the number of child processes";
    "allocations": COUNT, EveryTest, "no limit", "12",
        "Allowed allocations in one iteration";
    "bytes": SIZE, EveryTest, "no limit", "\"4 KiB\"",
        "Bytes that one iteration may allocate";
    "peak": SIZE, EveryTest, "no limit", "\"1 MiB\"",
        "Allowed live heap above the start of an iteration";
    "ceiling": Grammar::Size { min: 1 }, EveryTest, "80 % of the free memory / jobs", "\"2 GiB\"",
        "Live footprint at which the process of a test is stopped [default: 80 % of the available \
         memory, divided by the tests that run at a time]";
    "known_leak": Grammar::Text, SingleTest, "none", "\"reason or link\"",
        "Why the test leaks: it is KNOWN while it leaks, and fails when it no longer does";
    "serial": Grammar::GroupName, SingleTest, "none", "\"port\"",
        "Name of a group of tests that never run at the same time";
    "skip": Grammar::Text, SingleTest, "none", "\"reason or link\"",
        "Why the test is not judged: `cargo memcheck` skips it, and `cargo test` runs it once";
    "flavor": Grammar::Choice(&["current_thread", "multi_thread"]), Runtime,
        "\"current_thread\"", "\"multi_thread\"",
        "Runtime of an `async fn`";
    "worker_threads": COUNT_FROM_ONE, Runtime, "number of cores", "2",
        "Threads of a \"multi_thread\" runtime";
    "snapshot": Grammar::SnapshotName, Expansion, "none", "\"a_name\"",
        "Assert the profile of a test that passes with insta";
    "crate": Grammar::CratePath, Expansion, "\"::memcheck\"", "\"renamed_memcheck\"",
        "Path by which the crate of the test names the library";
}

/// The options that configure a check: the fields of `memcheck::Options`.
pub fn check_options() -> impl Iterator<Item = &'static OptionSpec> {
    OPTIONS.iter().filter(|spec| spec.is_check_option())
}

/// The option of this name.
pub fn find(name: &str) -> Option<&'static OptionSpec> {
    OPTIONS.iter().find(|spec| spec.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_identifiers() {
        for (at, spec) in OPTIONS.iter().enumerate() {
            assert!(spec.name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{}", spec.name);
            assert!(OPTIONS[..at].iter().all(|other| other.name != spec.name), "{}", spec.name);
            assert_eq!(find(spec.name), Some(spec));
        }
        assert_eq!(find("rss"), None);
    }

    #[test]
    fn examples_follow_the_grammar() {
        for spec in OPTIONS {
            let value = match spec.grammar {
                Grammar::Count { .. } => spec.parse(spec.example),
                _ => {
                    let quoted = spec.example.strip_prefix('"').and_then(|e| e.strip_suffix('"'));
                    spec.parse(quoted.expect("an example in quotes"))
                }
            };
            assert!(value.is_ok(), "{}: {value:?}", spec.name);
            assert!(!spec.default.is_empty() && !spec.help.is_empty(), "{}", spec.name);
            assert!(!spec.help.ends_with('.'), "--help has no full stops: {}", spec.name);
        }
    }

    #[test]
    fn flags_and_variables_are_for_options_of_every_test() {
        let time = find("time").unwrap();
        assert_eq!(time.flag().as_deref(), Some("--time"));
        assert_eq!(time.variable().as_deref(), Some("MEMCHECK_TIME"));
        for name in ["known_leak", "serial", "skip", "flavor", "crate"] {
            let spec = find(name).unwrap();
            assert_eq!((spec.flag(), spec.variable()), (None, None), "{name}");
        }
        assert!(find("serial").unwrap().is_check_option());
        assert!(!find("flavor").unwrap().is_check_option());
    }
}
