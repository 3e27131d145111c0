//! Properties of the grammars, and the list of spellings that the other ways to set an option are
//! tested with too.

use std::time::Duration;

use memcheck_options::{
    Grammar, OptionValue, find, format_duration, format_size, parse_duration, parse_size, suggest,
};
use proptest::prelude::*;

#[test]
fn spellings_have_the_stated_values() {
    let mut count = 0;
    for line in include_str!("spellings.txt").lines().filter(|line| !line.starts_with('#')) {
        let [option, text, expected] = line.split('|').collect::<Vec<_>>()[..] else {
            panic!("not three columns: {line}")
        };
        let value = match find(option.trim()).unwrap().parse(text) {
            Ok(value) => value.to_string(),
            Err(error) => format!("error: {error}"),
        };
        assert_eq!(value, expected.trim(), "{line}");
        count += 1;
    }
    assert!(count > 30, "{count}");
}

const GRAMMARS: [Grammar; 6] = [
    Grammar::Count { min: 0 },
    Grammar::Size { min: 0 },
    Grammar::Duration,
    Grammar::Text,
    Grammar::GroupName,
    Grammar::SnapshotName,
];

proptest! {
    #[test]
    fn sizes_are_read_as_they_are_written(bytes: u64, zeros in 0..64u32) {
        // Also round ones, which have units.
        for bytes in [bytes, bytes >> zeros << zeros] {
            prop_assert_eq!(parse_size(&format_size(bytes)), Ok(bytes));
        }
    }

    #[test]
    fn durations_are_read_as_they_are_written(seconds: u64, shift in 0..64u32, below in 0..1_000_000_000u32) {
        for duration in [
            Duration::new(seconds >> shift, below),
            Duration::new(0, below >> (shift % 32)),
            Duration::from_secs(seconds),
        ] {
            prop_assert_eq!(parse_duration(&format_duration(duration)), Ok(duration));
        }
    }

    #[test]
    fn values_are_read_as_they_are_written(count: u64, bytes: u64, milliseconds in 1..u64::MAX) {
        for (grammar, value) in [
            (Grammar::Count { min: 0 }, OptionValue::Count(count)),
            (Grammar::Size { min: 0 }, OptionValue::Size(bytes)),
            (Grammar::Duration, OptionValue::Duration(Duration::from_millis(milliseconds))),
        ] {
            prop_assert_eq!(grammar.parse(&value.to_string()), Ok(value));
        }
    }

    #[test]
    fn any_text_is_read_or_refused_without_a_panic(text: String) {
        for grammar in GRAMMARS {
            if let Err(error) = grammar.parse(&text) {
                prop_assert!(!error.to_string().is_empty());
            }
        }
        let _ = suggest(&text, &["time", "fail-fast"]);
    }

    #[test]
    fn texts_near_the_grammar_are_read_or_refused_without_a_panic(
        text in "[0-9.,_ +-]{0,24}[a-zA-Zµμ ]{0,8}[0-9.]{0,24}[a-z]{0,3}",
    ) {
        for grammar in GRAMMARS {
            if let Ok(value) = grammar.parse(&text) {
                prop_assert_eq!(grammar.parse(&value.to_string()), Ok(value));
            }
        }
    }

    #[test]
    fn white_space_has_no_meaning(number in 0..1_000_000u64, size in "(B|KiB|MB)", time in "(ms|s|days)") {
        let joined = parse_size(&format!("{number}{size}"));
        prop_assert_eq!(parse_size(&format!("  {number}  {size} ")), joined);
        let joined = parse_duration(&format!("{number}{time}"));
        prop_assert_eq!(parse_duration(&format!("\t{number} {time}\n")), joined);
    }
}
