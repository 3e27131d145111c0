//! Numbers in sizes, durations and counts.

/// More decimals than any unit can show, and few enough for the arithmetic in `u128`.
const MAX_DECIMALS: usize = 18;

/// A number of the grammar that is not negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Number {
    whole: u64,
    /// The digits after the point, as a number, and how many they are.
    decimals: (u64, u32),
}

/// Why a text is not a [`Number`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NumberError {
    /// It does not follow the grammar.
    Malformed,
    /// It does not fit into 64 bits.
    TooLarge,
}

/// The number at the start of `text`, unchecked, and what follows it.
pub(crate) fn split(text: &str) -> (&str, &str) {
    let is_part = |c: char| c.is_ascii_digit() || matches!(c, '.' | '_' | ',');
    text.split_at(text.find(|c| !is_part(c)).unwrap_or(text.len()))
}

/// Reads a whole number.
pub(crate) fn parse_whole(text: &str) -> Result<u64, NumberError> {
    let has_digit_first = text.starts_with(|c: char| c.is_ascii_digit());
    let well_formed = match text.contains(',') {
        true => is_grouped(text),
        false => text.chars().all(|c| c.is_ascii_digit() || c == '_'),
    };
    if !has_digit_first || !well_formed {
        return Err(NumberError::Malformed);
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    digits.parse().map_err(|_| NumberError::TooLarge)
}

/// Whether commas separate thousands. Everything else is refused, because `1,5` is one and a half
/// for many people.
fn is_grouped(text: &str) -> bool {
    let mut groups = text.split(',');
    let is_digits = |group: &str| group.chars().all(|c| c.is_ascii_digit());
    groups.next().is_some_and(|first| is_digits(first) && (1..=3).contains(&first.len()))
        && groups.all(|group| is_digits(group) && group.len() == 3)
}

impl Number {
    pub(crate) fn parse(text: &str) -> Result<Self, NumberError> {
        let (whole, decimals) = match text.split_once('.') {
            None => (text, "0"),
            Some((_, decimals)) if !is_all_digits(decimals) => return Err(NumberError::Malformed),
            Some(parts) => parts,
        };
        let decimals = &decimals[..decimals.len().min(MAX_DECIMALS)];
        let value = decimals.parse().map_err(|_| NumberError::Malformed)?;
        Ok(Number { whole: parse_whole(whole)?, decimals: (value, decimals.len() as u32) })
    }

    /// This many times `unit`, rounded to a whole number, a half upwards.
    pub(crate) fn times(self, unit: u64) -> u128 {
        let unit = u128::from(unit);
        let (decimals, count) = self.decimals;
        let one = 10_u128.pow(count);
        u128::from(self.whole) * unit + (u128::from(decimals) * unit + one / 2) / one
    }
}

fn is_all_digits(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_may_be_grouped_by_underscores_or_thousands() {
        for (text, number) in
            [("0", 0), ("16", 16), ("1_000", 1000), ("1__0_", 10), ("1,000", 1000), ("007", 7)]
        {
            assert_eq!(parse_whole(text), Ok(number), "{text}");
        }
        for text in ["", "_1", ",1", "1,5", "1,0000", "1000,000", "1,_00", "+1", "-1", "1.0", "١"]
        {
            assert_eq!(parse_whole(text), Err(NumberError::Malformed), "{text}");
        }
        assert_eq!(parse_whole("18446744073709551615"), Ok(u64::MAX));
        assert_eq!(parse_whole("18446744073709551616"), Err(NumberError::TooLarge));
    }

    #[test]
    fn decimals_are_exact_and_rounded_half_up() {
        let times = |text: &str, unit| Number::parse(text).unwrap().times(unit);
        assert_eq!(times("1.5", 1024), 1536);
        assert_eq!(times("0.1", 1024), 102);
        assert_eq!(times("0.5", 1), 1);
        assert_eq!(times("0.49", 1), 0);
        assert_eq!(times("0.0009765625", 1024), 1);
        assert_eq!(times("0.99999999999999999999999999", 1), 1);
        assert_eq!(times("18446744073709551615.999999999", 1_000_000_000), {
            u128::from(u64::MAX) * 1_000_000_000 + 999_999_999
        });
        for text in ["", ".", "1.", ".5", "1..2", "1.2.3", "1.0_0", "1.0,000", "NaN", "inf", "1e3"]
        {
            assert_eq!(Number::parse(text), Err(NumberError::Malformed), "{text}");
        }
    }
}
