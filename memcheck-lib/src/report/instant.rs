//! Instants as RFC 3339 text, in UTC.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// An instant as RFC 3339 text in UTC: `2026-03-01T12:00:00.250Z`. Times before 1970 become 1970.
pub(super) fn written(instant: SystemTime) -> String {
    let since = instant.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, second) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let millis = since.subsec_millis();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

/// The date of a day counted from 1970-01-01. Years begin in March here, so that the leap day is the
/// last day of a year: <https://howardhinnant.github.io/date_algorithms.html#civil_from_days>.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + next, month, day)
}

/// Reads what [`written`] wrote, to the millisecond.
pub(super) fn read(text: &str) -> Option<SystemTime> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let (time, millis) = time.split_once('.').unwrap_or((time, "0"));
    let numbers = |text: &str, mark: char| -> Option<[u64; 3]> {
        let parts: Result<Vec<u64>, _> = text.split(mark).map(str::parse).collect();
        parts.ok()?.try_into().ok()
    };
    let [year, month, day] = numbers(date, '-')?;
    let [hour, minute, second] = numbers(time, ':')?;
    let in_range = (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60
        && millis.len() <= 3;
    if !in_range {
        return None;
    }
    let seconds = ((days(year, month, day)? * 24 + hour) * 60 + minute) * 60;
    let millis: u64 = format!("{millis:0<3}").parse().ok()?;
    UNIX_EPOCH.checked_add(Duration::from_millis((seconds + second) * 1000 + millis))
}

/// The days from 1970-01-01 to a date, the inverse of [`civil`].
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    let year = if month > 2 { year } else { year.checked_sub(1)? };
    let month = if month > 2 { month - 3 } else { month + 9 };
    let (era, year) = (year / 400, year % 400);
    let day = (153 * month + 2) / 5 + day.checked_sub(1)?;
    (era * 146_097 + year * 365 + year / 4 - year / 100 + day).checked_sub(719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_as_rfc_3339_and_read_back() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_827_696_007, "2000-02-29T12:34:56.007Z"),
            (1_772_366_399_999, "2026-03-01T11:59:59.999Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ] {
            let instant = UNIX_EPOCH + Duration::from_millis(millis);
            assert_eq!(written(instant), text);
            assert_eq!(read(text), Some(instant));
        }
        assert_eq!(read("1970-01-01T00:00:01Z"), Some(UNIX_EPOCH + Duration::from_secs(1)));
    }

    #[test]
    fn other_texts_are_none() {
        for text in
            ["", "Z", "T.Z", "2026-03-01T11:59:59+01:00", "2026-13-01T00:00:00Z", "1-1-1T0:0:0Z"]
        {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read("18446744073709551615-01-01T00:00:00.000Z"), None);
        assert_eq!(read("2026-03-01T11:59:59.18446744073709551615Z"), None);
    }
}
