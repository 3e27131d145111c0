//! Sizes and durations as the options' texts spell them: text in, number out.
//!
//! The grammar of sizes is that of `memcheck::Bytes`; this crate cannot depend on `memcheck-lib`, so
//! the parser stands here once more and a test of `memcheck-lib` holds the two against each other.

use std::time::Duration;

/// Reads `"256 KiB"`, `"1.5MiB"`, `"64 kB"`, `"12"`: decimal prefixes mean powers of 1000, binary
/// ones and bare letters powers of 1024.
pub(crate) fn size(text: &str) -> Option<u64> {
    let trimmed = text.trim();
    let split = trimmed
        .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '_' | ',')))
        .unwrap_or(trimmed.len());
    let (digits, unit) = trimmed.split_at(split);
    let digits: String = digits.chars().filter(|c| !matches!(c, '_' | ',')).collect();
    let factor: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        "t" | "tib" => 1 << 40,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        _ => return None,
    };
    if let Ok(whole) = digits.parse::<u64>() {
        return whole.checked_mul(factor);
    }
    if digits.starts_with('.') {
        return None;
    }
    let bytes = digits.parse::<f64>().ok()? * factor as f64;
    (bytes.is_finite() && bytes >= 0.0 && bytes <= u64::MAX as f64).then(|| bytes.round() as u64)
}

/// Reads `"2s"`, `"500 ms"`, `"1m 30s"`, `"1.5 h"`: numbers, each with its unit, added up.
pub(crate) fn duration(text: &str) -> Option<Duration> {
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
    fn sizes() {
        for (text, bytes) in [
            ("0", 0),
            ("12", 12),
            ("64 B", 64),
            ("1 KiB", 1024),
            ("1.5MiB", 1_572_864),
            ("64 kB", 64_000),
            ("1_024 B", 1024),
            (" 2g ", 2 << 30),
        ] {
            assert_eq!(size(text), Some(bytes), "{text}");
        }
        for text in ["", "KiB", "-1", "1 parsec", "1e3", ".5 KiB", "1..2", "20000000 TiB"] {
            assert_eq!(size(text), None, "{text}");
        }
    }

    #[test]
    fn durations() {
        for (text, milliseconds) in [
            ("2s", 2_000),
            ("500ms", 500),
            ("1m 30s", 90_000),
            ("1m30s", 90_000),
            (" 1.5 s ", 1_500),
            ("2 minutes", 120_000),
            ("1h", 3_600_000),
            ("0s", 0),
            ("1000 us", 1),
            ("1000 µs", 1),
            ("1.25 h", 4_500_000),
        ] {
            assert_eq!(duration(text), Some(Duration::from_millis(milliseconds)), "{text}");
        }
        assert_eq!(duration("1ns"), Some(Duration::from_nanos(1)));
        assert_eq!(duration("0.0000000019s"), Some(Duration::from_nanos(1)));
        for text in ["", "2", "s", "2 parsecs", "-1s", "1..2s", "1.s", ".5s", "1s 2", "999999999h"]
        {
            assert_eq!(duration(text), None, "{text}");
        }
    }
}
