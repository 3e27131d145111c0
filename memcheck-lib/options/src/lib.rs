//! The options of a memcheck test: one table with their names, defaults and help, and one grammar
//! for their values. The attribute `#[memcheck]`, the library and `cargo memcheck` read it, so an
//! option means the same in the attribute, in a flag, in the file and in an environment variable.
//!
//! This crate is a part of [`memcheck-lib`](https://docs.rs/memcheck-lib) and has no stable
//! interface of its own.
//!
//! # Grammar of values
//!
//! White space around a value, and between a number and its unit, has no meaning.
//!
//! ```text
//! count    = whole
//! size     = number [ size-unit ]              a number without a unit counts bytes
//! duration = number time-unit { number time-unit }     the sum of its parts
//!
//! number   = whole [ "." digit { digit } ]
//! whole    = digit { digit | "_" }             1000, 1_000
//!          | one to three digits { "," three digits }     1,000
//!
//! size-unit = "B"
//!           | "KiB" | "MiB" | "GiB" | "TiB" | "PiB" | "EiB" | "K" | "M" | "G" | "T"  powers of 1024
//!           | "kB" | "MB" | "GB" | "TB" | "PB" | "EB"                                powers of 1000
//! time-unit = "ns" | "nsec" | "nanos"  | "us" | "µs" | "usec" | "micros"
//!           | "ms" | "msec" | "millis"
//!           | "s" | "sec" | "secs" | "second" | "seconds"
//!           | "m" | "min" | "mins" | "minute" | "minutes"
//!           | "h" | "hr" | "hrs" | "hour" | "hours"
//!           | "d" | "day" | "days" | "w" | "wk" | "wks" | "week" | "weeks"
//! ```
//!
//! - The case of letters matters in units of time and not in units of size.
//! - Sizes are rounded to whole bytes and durations to whole nanoseconds, a half upwards. Digits
//!   after the 18th decimal are ignored.
//! - Sizes go up to `u64::MAX` bytes (16 EiB less one byte), durations up to `Duration::MAX`.
//! - Months and years are not units, because their lengths vary.
//! - The attribute and the file have numbers of their own: there a count is a number without
//!   quotes, as Rust and TOML write it (`0x10`), and a size may be one.
//!
//! ```
//! use std::time::Duration;
//! use memcheck_options::{parse_duration, parse_size};
//!
//! assert_eq!(parse_size("1.5 MiB"), Ok(1_572_864));
//! assert_eq!(parse_size("64 kB"), Ok(64_000));
//! assert_eq!(parse_duration("1m 30s"), Ok(Duration::from_secs(90)));
//! assert_eq!(parse_duration("2days"), Ok(Duration::from_secs(2 * 86_400)));
//! assert_eq!(
//!     parse_duration("2").unwrap_err().to_string(),
//!     "missing unit after 2; write \"2s\" for seconds, or use ns, us, ms, m, h, d or w"
//! );
//! ```

#![forbid(unsafe_code)]

mod duration;
mod error;
mod grammar;
mod number;
mod size;
mod spec;
mod suggest;
mod table;

pub use duration::{format_duration, parse_duration};
pub use error::ValueError;
pub use grammar::{Grammar, OptionValue};
pub use size::{format_size, parse_size};
pub use spec::{OptionSpec, PREFIX, Scope};
pub use suggest::suggest;
pub use table::{OPTIONS, check_options, find};
