//! Units as types: sizes in bytes, printed in binary units.

use std::fmt;
use std::str::FromStr;

use memcheck_options::ValueError;
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
/// assert_eq!(memcheck::tool::units::scaled(-1536.0), "-1.5 KiB");
/// ```
pub fn scaled(bytes: f64) -> String {
    let sign = if bytes < 0.0 { "-" } else { "" };
    let mut value = bytes.abs();
    let mut unit = 0;
    // 1023.5 would be printed as "1,024", so the next unit is used from there on.
    while value >= 1023.5 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{sign}{} {}", number(value), UNITS[unit])
}

/// A number with as many decimals as are significant: `12`, `1.5`, `0.01`. Commas separate thousands.
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
/// assert_eq!(memcheck::tool::units::iterations(1), "1 iteration");
/// assert_eq!(memcheck::tool::units::iterations(2_000), "2,000 iterations");
/// ```
pub fn iterations(count: u64) -> String {
    match count {
        1 => "1 iteration".to_owned(),
        _ => format!("{} iterations", grouped(i64::try_from(count).unwrap_or(i64::MAX))),
    }
}

/// How often something happens: `every iteration`, `every 2.5 iterations`.
///
/// ```
/// assert_eq!(memcheck::tool::units::every(1.0004), "every iteration");
/// assert_eq!(memcheck::tool::units::every(2.5), "every 2.5 iterations");
/// ```
pub fn every(iterations: f64) -> String {
    match number(iterations) {
        one if one == "1" => "every iteration".to_owned(),
        number => format!("every {number} iterations"),
    }
}

/// Why a size cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseBytesError {
    text: String,
    reason: ValueError,
}

impl fmt::Display for ParseBytesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invalid size {:?}: {}", self.text, self.reason)
    }
}

impl std::error::Error for ParseBytesError {}

impl FromStr for Bytes {
    type Err = ParseBytesError;

    /// Reads `"256 KiB"`, `"1.5MiB"`, `"64 kB"`, `"12"`. Decimal prefixes (`kB`, `MB`) mean powers
    /// of 1000, binary ones (`KiB`, and the bare letter `K`) powers of 1024.
    fn from_str(text: &str) -> Result<Self, ParseBytesError> {
        let error = |reason| ParseBytesError { text: text.to_owned(), reason };
        memcheck_options::parse_size(text).map(Bytes).map_err(error)
    }
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
    fn sizes_are_read_with_their_units() {
        assert_eq!("1.5MiB".parse::<Bytes>(), Ok(Bytes(1_572_864)));
        assert_eq!(
            "much".parse::<Bytes>().unwrap_err().to_string(),
            "invalid size \"much\": expected a size: a number and a unit, for example \"64 B\", \
             \"256 KiB\" or \"1.5 MiB\""
        );
        // What it prints, up to rounding.
        for bytes in [0, 1, 1023, 1024, 1536, 1 << 40, 1 << 52, 5 << 60] {
            assert_eq!(Bytes(bytes).to_string().parse(), Ok(Bytes(bytes)));
        }
    }
}
