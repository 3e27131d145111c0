//! Sizes: `64 B`, `256 KiB`, `1.5 MiB`, `64 kB`, `12`.

use crate::error::ValueError;
use crate::number::{self, Number, NumberError};

/// Units of sizes for messages.
pub(crate) const UNITS: &str = "B, KiB, MiB, GiB, TiB or kB, MB, GB, TB";

/// The binary units, from the smallest.
const BINARY: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

/// Reads a size in bytes. Prefixes such as `Ki`, and the bare letters, are powers of 1024; `k`,
/// `M`, … before a `B` are powers of 1000.
///
/// # Errors
///
/// If the text does not follow the [grammar](crate#grammar-of-values), or the size does not fit
/// into 64 bits.
pub fn parse_size(text: &str) -> Result<u64, ValueError> {
    let (number, unit) = number::split(text.trim());
    let number = Number::parse(number).map_err(|error| match error {
        NumberError::Malformed => ValueError::NotASize,
        NumberError::TooLarge => ValueError::SizeTooLarge,
    })?;
    let unit = unit.trim();
    let bytes = number.times(
        unit_in_bytes(unit)
            .ok_or_else(|| ValueError::UnknownUnit { unit: unit.to_owned(), known: UNITS })?,
    );
    u64::try_from(bytes).map_err(|_| ValueError::SizeTooLarge)
}

fn unit_in_bytes(unit: &str) -> Option<u64> {
    Some(match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        "t" | "tib" => 1 << 40,
        "pib" => 1 << 50,
        "eib" => 1 << 60,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        "pb" => 1_000_000_000_000_000,
        "eb" => 1_000_000_000_000_000_000,
        _ => return None,
    })
}

/// Writes a size so that [`parse_size`] reads exactly the same: in the largest binary unit that
/// needs at most one decimal.
///
/// ```
/// assert_eq!(memcheck_options::format_size(256 * 1024), "256 KiB");
/// assert_eq!(memcheck_options::format_size(1536), "1.5 KiB");
/// assert_eq!(memcheck_options::format_size(1500), "1,500 B");
/// ```
pub fn format_size(bytes: u64) -> String {
    for (power, unit) in BINARY.iter().enumerate().skip(1).rev() {
        let one = 1_u64 << (10 * power);
        let (whole, rest) = (bytes / one, u128::from(bytes % one) * 10);
        if whole == 0 || rest % u128::from(one) != 0 {
            continue;
        }
        return match rest / u128::from(one) {
            0 => format!("{} {unit}", with_commas(whole)),
            tenths => format!("{}.{tenths} {unit}", with_commas(whole)),
        };
    }
    format!("{} B", with_commas(bytes))
}

fn with_commas(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_binary_and_decimal_units() {
        for (text, bytes) in [
            ("0", 0),
            ("12", 12),
            ("64 B", 64),
            ("1 KiB", 1024),
            ("1.5MiB", 1_572_864),
            ("64 kB", 64_000),
            ("64 KB", 64_000),
            ("1_024 B", 1024),
            ("1,024 B", 1024),
            (" 2g ", 2 << 30),
            ("0.1 KiB", 102),
            ("1 PiB", 1 << 50),
            ("2 PB", 2_000_000_000_000_000),
            ("15.5 EiB", 15 * (1 << 60) + (1 << 59)),
            ("1 EB", 1_000_000_000_000_000_000),
        ] {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused_with_the_reason() {
        let unknown = |unit: &str| ValueError::UnknownUnit { unit: unit.to_owned(), known: UNITS };
        for (text, error) in [
            ("", ValueError::NotASize),
            ("KiB", ValueError::NotASize),
            ("much", ValueError::NotASize),
            ("-1", ValueError::NotASize),
            (".5 KiB", ValueError::NotASize),
            ("1. KiB", ValueError::NotASize),
            ("1..2", ValueError::NotASize),
            ("1,5 KiB", ValueError::NotASize),
            ("1 parsec", unknown("parsec")),
            ("1e3", unknown("e3")),
            ("1 KiB 2 B", unknown("KiB 2 B")),
            ("256 KiBi", unknown("KiBi")),
            ("99999999999999999999", ValueError::SizeTooLarge),
            ("20000000 TiB", ValueError::SizeTooLarge),
            ("16 EiB", ValueError::SizeTooLarge),
        ] {
            assert_eq!(parse_size(text), Err(error), "{text}");
        }
    }

    #[test]
    fn sizes_are_written_in_the_largest_exact_unit() {
        for (bytes, text) in [
            (0, "0 B"),
            (64, "64 B"),
            (1023, "1,023 B"),
            (1024, "1 KiB"),
            (1500, "1,500 B"),
            (1536, "1.5 KiB"),
            (1 << 20, "1 MiB"),
            ((1 << 20) - 1024, "1,023 KiB"),
            (u64::MAX, "18,446,744,073,709,551,615 B"),
        ] {
            assert_eq!(format_size(bytes), text);
            assert_eq!(parse_size(text), Ok(bytes));
        }
    }
}
