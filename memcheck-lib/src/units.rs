//! Units as types: sizes in bytes, printed in binary units.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A size in bytes. Prints in binary units, parses what it prints.
///
/// ```
/// use memcheck::Bytes;
/// assert_eq!("256 KiB".parse::<Bytes>(), Ok(Bytes(256 * 1024)));
/// assert_eq!(Bytes(1536).to_string(), "1.5 KiB");
/// assert_eq!(Bytes(112).to_string(), "112 B");
/// ```
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Bytes(pub u64);

const UNITS: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&scaled(self.0 as f64))
    }
}

/// A signed or fractional number of bytes in binary units: `-1.5 KiB`, `0.01 B`.
///
/// ```
/// assert_eq!(memcheck::units::scaled(-1536.0), "-1.5 KiB");
/// ```
pub fn scaled(bytes: f64) -> String {
    let sign = if bytes < 0.0 { "-" } else { "" };
    let mut value = bytes.abs();
    let mut unit = 0;
    // From 1023.5 on it would print as "1,024"; go to the next unit before that shows.
    while value >= 1023.5 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{sign}{} {}", number(value), UNITS[unit])
}

/// A number with as many decimals as tell something: `12`, `1.5`, `0.01`, with thousands
/// separated by commas.
pub fn number(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude >= 1000.0 {
        return grouped(value.round() as i64);
    }
    let decimals = if magnitude == 0.0 || magnitude >= 100.0 {
        0
    } else if magnitude >= 1.0 {
        1
    } else if magnitude >= 0.01 {
        2
    } else {
        4
    };
    let text = format!("{value:.decimals$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// An integer with its thousands separated by commas: `1,024`.
pub fn grouped(value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if value < 0 {
        text.push('-');
    }
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 iteration`, `2,000 iterations`.
///
/// ```
/// assert_eq!(memcheck::units::iterations(1), "1 iteration");
/// assert_eq!(memcheck::units::iterations(2_000), "2,000 iterations");
/// ```
pub fn iterations(count: u64) -> String {
    match count {
        1 => "1 iteration".to_owned(),
        _ => format!("{} iterations", grouped(i64::try_from(count).unwrap_or(i64::MAX))),
    }
}

/// How often something comes: `every iteration`, `every 2.5 iterations`.
///
/// ```
/// assert_eq!(memcheck::units::every(1.0004), "every iteration");
/// assert_eq!(memcheck::units::every(2.5), "every 2.5 iterations");
/// ```
pub fn every(iterations: f64) -> String {
    match number(iterations) {
        one if one == "1" => "every iteration".to_owned(),
        number => format!("every {number} iterations"),
    }
}

/// Why a size could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseBytesError {
    text: String,
}

impl fmt::Display for ParseBytesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is not a size; write a number and a unit, for example \"256 KiB\", \"1.5 MiB\" or \"0\"",
            self.text
        )
    }
}

impl std::error::Error for ParseBytesError {}

impl FromStr for Bytes {
    type Err = ParseBytesError;

    /// Reads `"256 KiB"`, `"1.5MiB"`, `"64 kB"`, `"12"`. Decimal prefixes (`kB`, `MB`) mean powers
    /// of 1000, binary ones (`KiB`, and the bare letter `K`) powers of 1024.
    fn from_str(text: &str) -> Result<Self, ParseBytesError> {
        let error = || ParseBytesError { text: text.to_owned() };
        let trimmed = text.trim();
        let split = trimmed
            .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '_' | ',')))
            .unwrap_or(trimmed.len());
        let (digits, unit) = trimmed.split_at(split);
        let digits: String = digits.chars().filter(|c| !matches!(c, '_' | ',')).collect();
        let factor: f64 = match unit.trim().to_ascii_lowercase().as_str() {
            "" | "b" => 1.0,
            "k" | "kib" => 1024.0,
            "m" | "mib" => 1024.0 * 1024.0,
            "g" | "gib" => 1024.0 * 1024.0 * 1024.0,
            "t" | "tib" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
            "kb" => 1e3,
            "mb" => 1e6,
            "gb" => 1e9,
            "tb" => 1e12,
            _ => return Err(error()),
        };
        if let Ok(whole) = digits.parse::<u64>() {
            return whole.checked_mul(factor as u64).map(Bytes).ok_or_else(error);
        }
        let value: f64 = digits.parse().map_err(|_| error())?;
        let bytes = value * factor;
        if !bytes.is_finite() || bytes < 0.0 || bytes > u64::MAX as f64 || digits.starts_with('.') {
            return Err(error());
        }
        Ok(Bytes(bytes.round() as u64))
    }
}

/// Reads `"2s"`, `"500 ms"`, `"1m 30s"`, `"1.5 h"`: numbers, each with its unit, added up. `None` for
/// what is none.
///
/// ```
/// use std::time::Duration;
/// assert_eq!(memcheck::units::duration("1m 30s"), Some(Duration::from_secs(90)));
/// assert_eq!(memcheck::units::duration("2"), None);
/// ```
pub fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut total: u64 = 0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
        let (number, after) = rest.split_at(end);
        let after = after.trim_start();
        let end = after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        total = total.checked_add(nanoseconds(number, unit_in_nanoseconds(unit)?)?)?;
        rest = after.trim_start();
    }
    Some(Duration::from_nanos(total))
}

fn unit_in_nanoseconds(unit: &str) -> Option<u64> {
    Some(match unit {
        "ns" => 1,
        // The Greek letter and the sign look alike.
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" | "sec" | "secs" | "second" | "seconds" => 1_000_000_000,
        "m" | "min" | "mins" | "minute" | "minutes" => 60_000_000_000,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3_600_000_000_000,
        _ => return None,
    })
}

/// `number` may have decimals, which are taken exactly as far as a nanosecond goes.
fn nanoseconds(number: &str, unit: u64) -> Option<u64> {
    let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
    let mut total = whole.parse::<u64>().ok()?.checked_mul(unit)?;
    let mut place = unit;
    for decimal in decimals.chars() {
        place /= 10;
        total = total.checked_add(place * u64::from(decimal.to_digit(10)?))?;
    }
    (!decimals.is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_binary_units() {
        let texts = [
            (0, "0 B"),
            (1, "1 B"),
            (1023, "1,023 B"),
            (1024, "1 KiB"),
            ((1 << 20) - 300, "1 MiB"),
            (1536, "1.5 KiB"),
            (137_438_953_472, "128 GiB"),
            (148_219_363_328, "138 GiB"),
            (u64::MAX, "16 EiB"),
        ];
        for (bytes, text) in texts {
            assert_eq!(Bytes(bytes).to_string(), text);
        }
        assert_eq!(scaled(0.01), "0.01 B");
        assert_eq!(scaled(12.34), "12.3 B");
        assert_eq!(scaled(0.0078), "0.0078 B");
    }

    #[test]
    fn reads_what_people_write() {
        for (text, bytes) in [
            ("0", 0),
            ("12", 12),
            ("1 KiB", 1024),
            ("1.5MiB", 1_572_864),
            ("64 kB", 64_000),
            ("1_024 B", 1024),
            (" 2g ", 2 << 30),
        ] {
            assert_eq!(text.parse::<Bytes>(), Ok(Bytes(bytes)), "{text}");
        }
    }

    #[test]
    fn refuses_the_rest() {
        for text in [
            "",
            "KiB",
            "-1",
            "1 parsec",
            "1e3",
            ".5 KiB",
            "1..2",
            "99999999999999999999",
            "20000000 TiB",
        ] {
            assert!(text.parse::<Bytes>().is_err(), "{text}");
        }
    }
}
