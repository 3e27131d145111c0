//! Which grammar the value of an option follows, and the value.

use std::fmt;
use std::time::Duration;

use crate::error::ValueError;
use crate::number::{self, NumberError};
use crate::{format_duration, format_size, parse_duration, parse_size};

/// How the value of an option is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grammar {
    /// A whole number of at least `min`: `16`.
    Count {
        /// The minimum.
        min: u64,
    },
    /// A size of at least `min` bytes: `64 B`, or a whole number of bytes.
    Size {
        /// The minimum, in bytes.
        min: u64,
    },
    /// A duration above zero: `2s`.
    Duration,
    /// A text that is not empty.
    Text,
    /// The name of a group of tests: a text without commas, because it travels in a list.
    GroupName,
    /// One of these texts.
    Choice(&'static [&'static str]),
    /// The path of a crate. Only the attribute reads it, as Rust does.
    CratePath,
    /// The name of a snapshot, which becomes part of a file name. The attribute also takes the option
    /// without a value.
    SnapshotName,
}

/// The value of an option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OptionValue {
    /// A whole number.
    Count(u64),
    /// A size in bytes.
    Size(u64),
    /// A duration.
    Duration(Duration),
    /// A text.
    Text(String),
}

/// As a text that the grammar reads as the same value, without quotes.
impl fmt::Display for OptionValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OptionValue::Count(count) => count.fmt(f),
            OptionValue::Size(bytes) => f.pad(&format_size(*bytes)),
            OptionValue::Duration(duration) => f.pad(&format_duration(*duration)),
            OptionValue::Text(text) => f.pad(text),
        }
    }
}

impl Grammar {
    /// Reads a value that is a text.
    ///
    /// # Errors
    ///
    /// If the text does not follow the grammar.
    pub fn parse(self, text: &str) -> Result<OptionValue, ValueError> {
        let trimmed = text.trim();
        let is_bad = |forbidden: &[char]| {
            text.contains(|c: char| c.is_control()) || text.contains(forbidden)
        };
        match self {
            Grammar::Count { min } => match number::parse_whole(trimmed) {
                Ok(count) => self.number(count),
                Err(NumberError::TooLarge) => Err(ValueError::CountTooLarge),
                Err(NumberError::Malformed) if is_negative(trimmed) => {
                    Err(ValueError::TooSmall { min })
                }
                Err(NumberError::Malformed) => Err(ValueError::NotACount),
            },
            Grammar::Size { .. } => self.number(parse_size(text)?),
            Grammar::Duration => match parse_duration(text)? {
                Duration::ZERO => Err(ValueError::ZeroDuration),
                duration => Ok(OptionValue::Duration(duration)),
            },
            Grammar::Choice(choices) if choices.contains(&trimmed) => {
                Ok(OptionValue::Text(trimmed.to_owned()))
            }
            Grammar::Choice(choices) => Err(ValueError::NotAChoice { choices }),
            _ if trimmed.is_empty() => Err(ValueError::Empty),
            Grammar::GroupName if is_bad(&[',', '"']) => Err(ValueError::GroupName),
            Grammar::SnapshotName if is_bad(&['/', '\\']) => Err(ValueError::SnapshotName),
            Grammar::Text | Grammar::GroupName | Grammar::CratePath | Grammar::SnapshotName => {
                Ok(OptionValue::Text(text.to_owned()))
            }
        }
    }

    /// Takes a value that is a whole number: a count, or a size in bytes.
    ///
    /// # Errors
    ///
    /// If the number is below the minimum, or the grammar has no plain numbers.
    pub fn number(self, number: u64) -> Result<OptionValue, ValueError> {
        match self {
            Grammar::Count { min } | Grammar::Size { min } if number < min => {
                Err(ValueError::TooSmall { min })
            }
            Grammar::Count { .. } => Ok(OptionValue::Count(number)),
            Grammar::Size { .. } => Ok(OptionValue::Size(number)),
            Grammar::Duration => Err(ValueError::NoUnit { number: number.to_string() }),
            _ => Err(self.mismatch()),
        }
    }

    /// What to report of a value of another type, such as a list.
    pub fn mismatch(self) -> ValueError {
        match self {
            Grammar::Count { .. } => ValueError::NotACount,
            Grammar::Size { .. } => ValueError::NotASize,
            Grammar::Duration => ValueError::NotADuration,
            Grammar::Choice(choices) => ValueError::NotAChoice { choices },
            Grammar::Text | Grammar::GroupName | Grammar::CratePath | Grammar::SnapshotName => {
                ValueError::NotAText
            }
        }
    }

    /// What to report of a whole number that is negative or does not fit into 64 bits.
    pub fn out_of_range(self, is_negative: bool) -> ValueError {
        match self {
            Grammar::Count { min } | Grammar::Size { min } if is_negative => {
                ValueError::TooSmall { min }
            }
            Grammar::Count { .. } => ValueError::CountTooLarge,
            Grammar::Size { .. } => ValueError::SizeTooLarge,
            _ => self.mismatch(),
        }
    }
}

fn is_negative(text: &str) -> bool {
    text.strip_prefix('-')
        .is_some_and(|rest| number::parse_whole(rest) != Err(NumberError::Malformed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_a_minimum() {
        let from_one = Grammar::Count { min: 1 };
        assert_eq!(from_one.parse(" 16 "), Ok(OptionValue::Count(16)));
        assert_eq!(from_one.parse("1_000"), Ok(OptionValue::Count(1000)));
        assert_eq!(from_one.parse("0"), Err(ValueError::TooSmall { min: 1 }));
        assert_eq!(from_one.parse("-5"), Err(ValueError::TooSmall { min: 1 }));
        assert_eq!(from_one.parse("1.5"), Err(ValueError::NotACount));
        assert_eq!(from_one.parse("many"), Err(ValueError::NotACount));
        assert_eq!(from_one.parse("18446744073709551616"), Err(ValueError::CountTooLarge));
        assert_eq!(from_one.out_of_range(true), ValueError::TooSmall { min: 1 });
        assert_eq!(from_one.out_of_range(false), ValueError::CountTooLarge);
    }

    #[test]
    fn sizes_may_be_plain_numbers_and_durations_may_not() {
        let size = Grammar::Size { min: 1 };
        assert_eq!(size.parse("4 KiB"), Ok(OptionValue::Size(4096)));
        assert_eq!(size.number(64), Ok(OptionValue::Size(64)));
        assert_eq!(size.number(0), Err(ValueError::TooSmall { min: 1 }));
        assert_eq!(size.parse("0 B"), Err(ValueError::TooSmall { min: 1 }));
        assert_eq!(Grammar::Duration.parse("0s"), Err(ValueError::ZeroDuration));
        assert_eq!(Grammar::Duration.number(2), Err(ValueError::NoUnit { number: "2".into() }));
    }

    #[test]
    fn names_have_no_characters_that_break_lists_and_files() {
        let text = |text: &str| Ok(OptionValue::Text(text.to_owned()));
        assert_eq!(Grammar::Text.parse("issue 7, \"known\""), text("issue 7, \"known\""));
        assert_eq!(Grammar::GroupName.parse("port 80"), text("port 80"));
        assert_eq!(Grammar::SnapshotName.parse("a_name"), text("a_name"));
        for grammar in [Grammar::Text, Grammar::GroupName, Grammar::SnapshotName] {
            assert_eq!(grammar.parse(" \t"), Err(ValueError::Empty));
            assert_eq!(grammar.number(1), Err(ValueError::NotAText));
        }
        for name in ["a,b", "a\"b", "a\nb"] {
            assert_eq!(Grammar::GroupName.parse(name), Err(ValueError::GroupName), "{name:?}");
        }
        for name in ["a/b", "a\\b", "a\nb"] {
            assert_eq!(
                Grammar::SnapshotName.parse(name),
                Err(ValueError::SnapshotName),
                "{name:?}"
            );
        }
        let choice = Grammar::Choice(&["a", "b"]);
        assert_eq!(choice.parse("b"), text("b"));
        assert_eq!(choice.parse("c").unwrap_err().to_string(), "expected \"a\" or \"b\"");
    }
}
