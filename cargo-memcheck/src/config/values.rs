//! Values of the file: as in the attribute, sizes and durations are texts with a unit.

use memcheck::tool::{Kind, Row, Value, ValueError};
use toml::de::{DeInteger, DeValue};

use super::run_settings::{BACKTRACE, FAIL_FAST, FILE, INCONCLUSIVE, JOBS, RunSettings, SITES};

/// The value of an option; what to write if it does not fit.
pub(super) fn of_option(row: &Row, value: &DeValue<'_>) -> Result<Value, String> {
    let wanted = match row.kind {
        Kind::Count { .. } => ValueError::NotACount,
        Kind::Size { .. } => ValueError::NotASize,
        Kind::Duration => ValueError::NotADuration,
        Kind::Text | Kind::Group => ValueError::Empty,
    };
    let taken = match (row.kind, value) {
        (Kind::Count { .. } | Kind::Size { .. }, DeValue::Integer(number)) => {
            integer(number).ok_or(wanted).and_then(|number| row.count(number))
        }
        (Kind::Size { .. } | Kind::Duration | Kind::Text | Kind::Group, DeValue::String(text)) => {
            row.parse(text)
        }
        (_, other) => return Err(format!("{wanted}, not {}", a(other))),
    };
    taken.map_err(|error| error.to_string())
}

/// The value of a setting of the run.
pub(super) fn of_run(
    name: &str,
    value: &DeValue<'_>,
    into: &mut RunSettings,
) -> Result<(), &'static str> {
    match (name, value) {
        ("jobs", DeValue::Integer(number)) => {
            into.parse(name, &integer(number).ok_or(JOBS)?.to_string())
        }
        ("jobs", _) => Err(JOBS),
        ("fail-fast", DeValue::Boolean(yes)) => into.parse(name, &yes.to_string()),
        ("fail-fast", _) => Err(FAIL_FAST),
        (_, DeValue::String(text)) => into.parse(name, text),
        ("sites", _) => Err(SITES),
        ("backtrace", _) => Err(BACKTRACE),
        ("report" | "junit" | "markdown", _) => Err(FILE),
        _ => Err(INCONCLUSIVE),
    }
}

/// What a value is, with its article.
pub(super) fn a(value: &DeValue<'_>) -> String {
    let kind = value.type_str();
    let article = if kind.starts_with(['a', 'i']) { "an" } else { "a" };
    format!("{article} {kind}")
}

/// A whole number that is not negative.
fn integer(number: &DeInteger<'_>) -> Option<u64> {
    u64::from_str_radix(number.as_str().trim_start_matches('+'), number.radix()).ok()
}
