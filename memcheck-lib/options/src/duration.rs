//! Durations: `500ms`, `2s`, `1m 30s`, `1.5 h`, `2days`.

use std::time::Duration;

use crate::error::ValueError;
use crate::number::{self, Number, NumberError};

/// Units of time for messages.
pub(crate) const UNITS: &str = "ns, us, ms, s, m, h, d or w";

const NANOSECONDS_PER_SECOND: u64 = 1_000_000_000;

/// Reads a duration: numbers, each with its unit, added up. A duration may be zero.
///
/// # Errors
///
/// If the text does not follow the [grammar](crate#grammar-of-values), or the duration is longer
/// than `Duration::MAX`.
pub fn parse_duration(text: &str) -> Result<Duration, ValueError> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(ValueError::NotADuration);
    }
    let mut nanoseconds: u128 = 0;
    while !rest.is_empty() {
        let (number_text, after) = number::split(rest);
        let number = Number::parse(number_text).map_err(|error| match error {
            NumberError::Malformed => ValueError::NotADuration,
            NumberError::TooLarge => ValueError::DurationTooLong,
        })?;
        let after = after.trim_start();
        let (unit, after) =
            after.split_at(after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len()));
        let unit = match (unit, after.chars().next()) {
            ("", None) => return Err(ValueError::NoUnit { number: number_text.to_owned() }),
            ("", Some(_)) => return Err(ValueError::NotADuration),
            (unit, _) => unit_in_nanoseconds(unit)
                .ok_or_else(|| ValueError::UnknownUnit { unit: unit.to_owned(), known: UNITS })?,
        };
        nanoseconds = nanoseconds.saturating_add(number.times(unit));
        rest = after.trim_start();
    }
    let seconds = u64::try_from(nanoseconds / u128::from(NANOSECONDS_PER_SECOND))
        .map_err(|_| ValueError::DurationTooLong)?;
    // Below 1,000,000,000.
    let below = (nanoseconds % u128::from(NANOSECONDS_PER_SECOND)) as u32;
    Ok(Duration::new(seconds, below))
}

/// The units of humantime, which cargo-nextest and others read, up to weeks.
fn unit_in_nanoseconds(unit: &str) -> Option<u64> {
    Some(match unit {
        "ns" | "nsec" | "nanos" => 1,
        // The micro sign and the Greek letter look alike.
        "us" | "µs" | "μs" | "usec" | "micros" => 1_000,
        "ms" | "msec" | "millis" => 1_000_000,
        "s" | "sec" | "secs" | "second" | "seconds" => NANOSECONDS_PER_SECOND,
        "m" | "min" | "mins" | "minute" | "minutes" => 60 * NANOSECONDS_PER_SECOND,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3_600 * NANOSECONDS_PER_SECOND,
        "d" | "day" | "days" => 86_400 * NANOSECONDS_PER_SECOND,
        "w" | "wk" | "wks" | "week" | "weeks" => 604_800 * NANOSECONDS_PER_SECOND,
        _ => return None,
    })
}

/// Writes a duration in one unit so that [`parse_duration`] reads exactly the same.
///
/// ```
/// use std::time::Duration;
/// assert_eq!(memcheck_options::format_duration(Duration::from_millis(1500)), "1.5s");
/// ```
pub fn format_duration(duration: Duration) -> String {
    format!("{duration:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_sums_of_numbers_with_units() {
        for (text, milliseconds) in [
            ("2s", 2_000),
            ("500ms", 500),
            ("1m 30s", 90_000),
            ("1m30s", 90_000),
            ("30s 1m", 90_000),
            (" 1.5 s ", 1_500),
            ("2 minutes", 120_000),
            ("1h", 3_600_000),
            ("2days", 172_800_000),
            ("1 week 1 d", 691_200_000),
            ("0s", 0),
            ("1000 us", 1),
            ("1_000 µs", 1),
            ("1,000 μs", 1),
            ("1.25 h", 4_500_000),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        assert_eq!(parse_duration("1ns"), Ok(Duration::from_nanos(1)));
        assert_eq!(parse_duration("0.0000000014s"), Ok(Duration::from_nanos(1)));
        assert_eq!(parse_duration("18446744073709551615.999999999s"), Ok(Duration::MAX));
    }

    #[test]
    fn other_texts_are_refused_with_the_reason() {
        let unknown = |unit: &str| ValueError::UnknownUnit { unit: unit.to_owned(), known: UNITS };
        let no_unit = |number: &str| ValueError::NoUnit { number: number.to_owned() };
        for (text, error) in [
            ("", ValueError::NotADuration),
            ("s", ValueError::NotADuration),
            ("soon", ValueError::NotADuration),
            ("-1s", ValueError::NotADuration),
            ("+1s", ValueError::NotADuration),
            ("1..2s", ValueError::NotADuration),
            ("1.s", ValueError::NotADuration),
            (".5s", ValueError::NotADuration),
            ("1,5s", ValueError::NotADuration),
            ("1 + 2s", ValueError::NotADuration),
            ("1s, 2s", ValueError::NotADuration),
            ("2", no_unit("2")),
            ("1.5", no_unit("1.5")),
            ("1s 2", no_unit("2")),
            ("2 parsecs", unknown("parsecs")),
            ("2S", unknown("S")),
            ("1 M", unknown("M")),
            ("1 month", unknown("month")),
            ("1 year", unknown("year")),
            ("99999999999999999999s", ValueError::DurationTooLong),
            ("18446744073709551615w", ValueError::DurationTooLong),
            ("18446744073709551615s 1s", ValueError::DurationTooLong),
        ] {
            assert_eq!(parse_duration(text), Err(error), "{text}");
        }
    }
}
