//! Values of the file. As in the attribute, sizes and durations are strings with a unit.

use memcheck::tool::{Kind, Row, Value, ValueError};
use toml::de::{DeInteger, DeValue};

use super::settings::{RunSettings, Setting, ValueType};

/// The value of an option. The error says what was expected.
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

/// Sets a setting of the run. The error says what was expected.
pub(super) fn set_run(
    setting: &Setting,
    value: &DeValue<'_>,
    into: &mut RunSettings,
) -> Result<(), &'static str> {
    match (setting.value_type, value) {
        (ValueType::Integer, DeValue::Integer(number)) => {
            setting.set(into, &integer(number).ok_or(setting.expected)?.to_string())
        }
        (ValueType::Boolean, DeValue::Boolean(yes)) => setting.set(into, &yes.to_string()),
        (ValueType::String, DeValue::String(text)) => setting.set(into, text),
        (ValueType::Integer | ValueType::Boolean | ValueType::String, _) => Err(setting.expected),
    }
}

/// The type of a value with its article, for messages.
pub(super) fn a(value: &DeValue<'_>) -> String {
    let kind = value.type_str();
    let article = if kind.starts_with(['a', 'i']) { "an" } else { "a" };
    format!("{article} {kind}")
}

/// A whole number of at least 0.
fn integer(number: &DeInteger<'_>) -> Option<u64> {
    u64::from_str_radix(number.as_str().trim_start_matches('+'), number.radix()).ok()
}
