//! The options as a table, for those who get them as text or from a file: one row each, in the
//! order of the documentation.
//!
//! The attribute reads the same options from the tokens of a program; its table stands in
//! `memcheck-macros`, which cannot depend on this crate. A test holds the two against each other.

use std::fmt;
use std::time::Duration;

use super::Options;
use super::edit_distance::nearest_of;
use crate::units::{Bytes, duration};

/// How the value of an option is spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A whole number, not below `least`.
    Count {
        /// The lowest that makes sense.
        least: u64,
    },
    /// A size: `64 B`, or a whole number of bytes, not below `least`.
    Size {
        /// The lowest that makes sense, in bytes.
        least: u64,
    },
    /// A duration above zero: `2s`.
    Duration,
    /// A text that says something.
    Text,
    /// The name of a group: a text without commas.
    Group,
}

/// The value of an option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A number of things.
    Count(u64),
    /// A size.
    Size(Bytes),
    /// A duration.
    Duration(Duration),
    /// A text.
    Text(String),
}

/// As one would write it in the attribute, without the quotes.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Count(count) => count.fmt(f),
            Value::Size(size) => size.fmt(f),
            Value::Duration(duration) => write!(f, "{duration:?}"),
            Value::Text(text) => f.write_str(text),
        }
    }
}

/// Why a value does not fit its option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ValueError {
    /// A whole number is wanted.
    NotACount,
    /// The number is below the lowest that makes sense.
    TooSmall {
        /// That lowest one.
        least: u64,
    },
    /// A size is wanted.
    NotASize,
    /// A duration is wanted.
    NotADuration,
    /// A duration above zero is wanted.
    NoTime,
    /// A text that says something is wanted.
    Empty,
    /// Names of groups travel in lists.
    Separator,
    /// The variable `MEMCHECK` has one value only.
    NotOnce,
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ValueError::NotACount => "write a whole number, for example 16",
            ValueError::TooSmall { least } => return write!(f, "must be at least {least}"),
            ValueError::NotASize => {
                "write a number and a unit, for example \"256 KiB\", \"1.5 MiB\" or \"0\""
            }
            ValueError::NotADuration => {
                "write a number and a unit, for example \"500ms\", \"2s\" or \"1m 30s\""
            }
            ValueError::NoTime => "a time must be above zero",
            ValueError::Empty => "write a text that says something",
            ValueError::Separator => {
                "the name of a group has no commas, quotes or control characters"
            }
            ValueError::NotOnce => {
                "it can only be \"once\", which runs bodies once, unjudged; unset it to have them judged"
            }
        })
    }
}

impl std::error::Error for ValueError {}

/// One option.
#[derive(Debug)]
pub struct Row {
    /// Its name in the attribute and in the file.
    pub name: &'static str,
    /// How its value is spelled.
    pub kind: Kind,
    /// Whether it makes sense for single tests only: it has no flag and no variable.
    pub per_test: bool,
    /// What holds if nobody says anything, in words.
    pub default: &'static str,
    get: fn(&Options) -> Option<Value>,
    set: fn(&mut Options, Value),
}

impl Row {
    /// Reads a value that came as text.
    ///
    /// # Errors
    ///
    /// Says what to write.
    pub fn parse(&self, text: &str) -> Result<Value, ValueError> {
        let trimmed = text.trim();
        match self.kind {
            Kind::Count { .. } => self.count(trimmed.parse().map_err(|_| ValueError::NotACount)?),
            Kind::Size { .. } => {
                let Bytes(bytes) = text.parse().map_err(|_| ValueError::NotASize)?;
                self.count(bytes)
            }
            Kind::Duration => match duration(text) {
                Some(Duration::ZERO) => Err(ValueError::NoTime),
                Some(duration) => Ok(Value::Duration(duration)),
                None => Err(ValueError::NotADuration),
            },
            Kind::Text | Kind::Group if trimmed.is_empty() => Err(ValueError::Empty),
            Kind::Group if text.contains(|c: char| c.is_control() || matches!(c, ',' | '"')) => {
                Err(ValueError::Separator)
            }
            Kind::Text | Kind::Group => Ok(Value::Text(text.to_owned())),
        }
    }

    /// Takes a value that came as a whole number: a count, or a size in bytes.
    ///
    /// # Errors
    ///
    /// Says what to write.
    pub fn count(&self, count: u64) -> Result<Value, ValueError> {
        match self.kind {
            Kind::Count { least } | Kind::Size { least } if count < least => {
                Err(ValueError::TooSmall { least })
            }
            Kind::Count { .. } => Ok(Value::Count(count)),
            Kind::Size { .. } => Ok(Value::Size(Bytes(count))),
            Kind::Duration => Err(ValueError::NotADuration),
            Kind::Text | Kind::Group => Err(ValueError::Empty),
        }
    }

    /// What `options` say of it.
    pub fn get(&self, options: &Options) -> Option<Value> {
        (self.get)(options)
    }

    /// Makes `options` say it. A value that this row did not give is left out.
    pub fn set(&self, options: &mut Options, value: Value) {
        (self.set)(options, value);
    }

    /// The environment variable that says it for every test: `MEMCHECK_TIME`.
    pub fn variable(&self) -> String {
        format!("{}{}", super::variables::PREFIX, self.name.to_uppercase())
    }
}

macro_rules! table {
    ($($name:ident: $value:ident, $kind:expr, $per_test:literal, $default:expr;)*) => {
        /// Every option of a check.
        pub static TABLE: &[Row] = &[$(Row {
            name: stringify!($name),
            kind: $kind,
            per_test: $per_test,
            default: $default,
            get: |options| options.$name.clone().map(Value::$value),
            set: |options, value| {
                if let Value::$value(value) = value {
                    options.$name = Some(value);
                }
            },
        }),*];
    };
}

const ANY: Kind = Kind::Count { least: 0 };
const SIZE: Kind = Kind::Size { least: 0 };

/// No limit: what is made once and kept passes, what grows with the iterations does not.
const STEADY: &str = "none; steady growth is a leak";

table! {
    warmup: Count, ANY, false, "16";
    iterations: Count, Kind::Count { least: 1 }, false, "by time";
    time: Duration, Kind::Duration, false, "2s";
    settle: Duration, Kind::Duration, false, "20ms";
    timeout: Duration, Kind::Duration, false, "60s or 4 × time";
    heap: Size, SIZE, false, "0 B";
    resident: Size, SIZE, false, "none; steady growth above 256 KiB is a leak";
    threads: Count, ANY, false, STEADY;
    tasks: Count, ANY, false, STEADY;
    fds: Count, ANY, false, STEADY;
    mappings: Count, ANY, false, "none; steady growth above 8 is a leak";
    children: Count, ANY, false, STEADY;
    allocations: Count, ANY, false, "no limit";
    bytes: Size, SIZE, false, "no limit";
    peak: Size, SIZE, false, "no limit";
    ceiling: Size, Kind::Size { least: 1 }, false, "80 % of the free memory / jobs";
    known_leak: Text, Kind::Text, true, "none";
    serial: Text, Kind::Group, true, "none";
}

/// What people write, and the option that means it.
const OTHER_WORDS: &[(&str, &str)] = &[
    ("memory", "resident"),
    ("rss", "resident"),
    ("footprint", "resident"),
    ("growth", "heap"),
    ("leak", "known_leak"),
    ("leaks", "known_leak"),
    ("max_bytes", "bytes"),
    ("max_peak", "peak"),
    ("max_memory", "ceiling"),
    ("memory_limit", "ceiling"),
    ("allocs", "allocations"),
    ("blocks", "allocations"),
    ("duration", "time"),
    ("budget", "time"),
    ("max_time", "time"),
    ("files", "fds"),
    ("handles", "fds"),
    ("descriptors", "fds"),
    ("file_descriptors", "fds"),
    ("processes", "children"),
    ("maps", "mappings"),
    ("iters", "iterations"),
    ("runs", "iterations"),
    ("expected", "known_leak"),
    ("group", "serial"),
];

/// The option of this name.
pub fn find(name: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.name == name)
}

/// The name among `known` that was probably meant by one that is not there. Words that mean an
/// option lead to it, if it is there.
pub fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let lower = name.to_lowercase().replace('-', "_");
    let meant = OTHER_WORDS.iter().find(|(word, _)| *word == lower).map(|(_, option)| *option);
    known.iter().copied().find(|&known| Some(known) == meant).or_else(|| nearest_of(&lower, known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_reads_and_prints_its_own_field() {
        for row in TABLE {
            let text = match row.kind {
                Kind::Count { .. } => "7",
                Kind::Size { .. } => "64 B",
                Kind::Duration => "1.5s",
                Kind::Text | Kind::Group => "port",
            };
            let mut options = Options::new();
            row.set(&mut options, row.parse(text).unwrap());
            for other in TABLE {
                let said = other.get(&options).map(|value| value.to_string());
                assert_eq!(said.as_deref(), (other.name == row.name).then_some(text));
            }
        }
        // Nothing is missing: with every field said, serde sees as many.
        let mut all = Options::new();
        for row in TABLE {
            let value = match row.kind {
                Kind::Duration => row.parse("1s"),
                Kind::Text | Kind::Group => row.parse("x"),
                _ => row.count(1),
            };
            row.set(&mut all, value.unwrap());
        }
        let json = serde_json::to_value(&all).unwrap();
        assert_eq!(json.as_object().unwrap().len(), TABLE.len());
        assert!(!format!("{all:?}").contains("None"), "{all:?}");
    }

    #[test]
    fn values_that_do_not_fit_are_refused_with_what_to_write() {
        let error = |name: &str, text: &str| find(name).unwrap().parse(text).unwrap_err();
        assert_eq!(error("warmup", "-1"), ValueError::NotACount);
        assert_eq!(error("iterations", "0"), ValueError::TooSmall { least: 1 });
        assert_eq!(error("resident", "much"), ValueError::NotASize);
        assert_eq!(error("ceiling", "0"), ValueError::TooSmall { least: 1 });
        assert_eq!(error("time", "2"), ValueError::NotADuration);
        assert_eq!(error("time", "0s"), ValueError::NoTime);
        assert_eq!(error("known_leak", " "), ValueError::Empty);
        assert_eq!(error("serial", "a,b"), ValueError::Separator);
        assert_eq!(find("time").unwrap().count(2), Err(ValueError::NotADuration));
    }

    #[test]
    fn the_nearest_name_is_found() {
        let names: Vec<&str> = TABLE.iter().map(|row| row.name).collect();
        for (written, meant) in [
            ("resident_limit", "resident"),
            ("resident-limit", "resident"),
            ("max_fds", "fds"),
            ("rss", "resident"),
            ("Warmup", "warmup"),
            ("timout", "timeout"),
            ("known-leak", "known_leak"),
            ("leak", "known_leak"),
        ] {
            assert_eq!(nearest(written, &names), Some(meant), "{written}");
        }
        assert_eq!(nearest("colour", &names), None);
        assert_eq!(nearest("foo", &names), None);
        assert_eq!(nearest("rss", &["fds"]), None);
    }
}
