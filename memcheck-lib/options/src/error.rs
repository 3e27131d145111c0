//! What is wrong with the value of an option.

use std::fmt;

/// Why a value does not fit its option. The text says what is wrong and what to write; who shows it
/// names the option first: ``invalid value for `time`: …``.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ValueError {
    /// The text is not a whole number.
    NotACount,
    /// The text is not a size.
    NotASize,
    /// The text is not a duration.
    NotADuration,
    /// The value is not a text.
    NotAText,
    /// A number in a duration has no unit.
    NoUnit {
        /// The number.
        number: String,
    },
    /// A unit does not exist.
    UnknownUnit {
        /// The unit.
        unit: String,
        /// The common units, for the message.
        known: &'static str,
    },
    /// The number is below the minimum of the option.
    TooSmall {
        /// That minimum.
        min: u64,
    },
    /// The count does not fit into 64 bits.
    CountTooLarge,
    /// The size does not fit into 64 bits.
    SizeTooLarge,
    /// The duration is longer than `Duration::MAX`.
    DurationTooLong,
    /// The duration is zero.
    ZeroDuration,
    /// The text is empty.
    Empty,
    /// A character that would break a list of groups.
    GroupName,
    /// A character that would break a file name.
    SnapshotName,
    /// The text is not one of the allowed ones.
    NotAChoice {
        /// The allowed ones.
        choices: &'static [&'static str],
    },
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ValueError::NotACount => "expected a whole number, for example 16",
            ValueError::NotASize => {
                "expected a size: a number and a unit, for example \"64 B\", \"256 KiB\" or \"1.5 MiB\""
            }
            ValueError::NotADuration => {
                "expected a duration: a number and a unit, for example \"500ms\", \"2s\" or \"1m 30s\""
            }
            ValueError::NotAText => "expected a text in quotes",
            ValueError::NoUnit { number } => {
                return write!(
                    f,
                    "missing unit after {number}; write \"{number}s\" for seconds, or use ns, us, \
                     ms, m, h, d or w"
                );
            }
            ValueError::UnknownUnit { unit, known } => {
                return write!(f, "unknown unit {unit:?}; use {known}");
            }
            ValueError::TooSmall { min: 0 } => "must not be negative",
            ValueError::TooSmall { min } => return write!(f, "must be at least {min}"),
            ValueError::CountTooLarge => "the number is too large; the maximum is 18446744073709551615",
            ValueError::SizeTooLarge => "the size is too large; it must be below 16 EiB",
            ValueError::DurationTooLong => "the duration is too long; write a shorter one",
            ValueError::ZeroDuration => "must be longer than zero, for example \"2s\"",
            ValueError::Empty => "must not be empty",
            ValueError::GroupName => {
                "a group name cannot contain commas, quotes or control characters"
            }
            ValueError::SnapshotName => {
                "a snapshot name becomes a file name and cannot contain slashes or control characters"
            }
            ValueError::NotAChoice { choices } => {
                let choices: Vec<String> =
                    choices.iter().map(|choice| format!("{choice:?}")).collect();
                return write!(f, "expected {}", choices.join(" or "));
            }
        })
    }
}

impl std::error::Error for ValueError {}
