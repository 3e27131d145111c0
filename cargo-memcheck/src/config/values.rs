//! Values of the file. As in the attribute, sizes and durations are strings with a unit.

use memcheck_options::{Grammar, OptionSpec, OptionValue};
use toml::de::{DeInteger, DeValue};

use super::settings::{RunSettings, Setting, ValueType};

/// The value of an option. The error says what was expected.
pub(super) fn of_option(spec: &OptionSpec, value: &DeValue<'_>) -> Result<OptionValue, String> {
    let grammar = spec.grammar;
    let read = match (grammar, value) {
        (
            Grammar::Count { .. } | Grammar::Size { .. } | Grammar::Duration,
            DeValue::Integer(number),
        ) => match integer(number) {
            Some(number) => grammar.number(number),
            None => Err(grammar.out_of_range(number.as_str().starts_with('-'))),
        },
        // A number in quotes is a string, as in the attribute.
        (_, DeValue::String(text)) if !matches!(grammar, Grammar::Count { .. }) => spec.parse(text),
        (_, other) => return Err(format!("{}, not {}", grammar.mismatch(), a(other))),
    };
    read.map_err(|error| error.to_string())
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
