//! One layer of options. Defaults, file, attribute, environment and flags are one layer each, in
//! which only what the layer sets is `Some`; [`Options::over`] puts one on top of another.

use std::convert::identity;
use std::time::Duration;

use memcheck_options::{OptionSpec, OptionValue};
use serde::{Deserialize, Serialize};

use crate::units::Bytes;

/// Options of one check. An option that is `None` is not set and has its default.
///
/// Each option has a setter of the same name. [The attribute](macro@crate::memcheck#options) has the
/// same options.
///
/// ```
/// use std::time::Duration;
/// use memcheck::{Bytes, Options};
///
/// let options = Options::new().time(Duration::from_secs(5)).resident(Bytes(1 << 20));
/// assert_eq!(options.resident, Some(Bytes(1 << 20)));
/// assert_eq!(options.fds, None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// Iterations that run before anything is judged. Default 16.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warmup: Option<u64>,
    /// Judge exactly this many iterations (rounded up to whole windows), without the clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iterations: Option<u64>,
    /// Time budget of the judged part. Default 2 s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<Duration>,
    /// The worker is killed after this long. Default 60 s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
    /// How long a reading waits for the other threads to settle. Default 20 ms; all waiting together
    /// takes at most a fifth of the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settle: Option<Duration>,
    /// Bytes per iteration by which the live heap may grow. Default 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heap: Option<Bytes>,
    /// Allowed growth of the live footprint over the judged part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resident: Option<Bytes>,
    /// Allowed growth of the number of threads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threads: Option<u64>,
    /// Allowed growth of the number of tasks in the runtime of an `async` test.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tasks: Option<u64>,
    /// Allowed growth of the number of file descriptors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fds: Option<u64>,
    /// Allowed growth of the number of mappings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mappings: Option<u64>,
    /// Allowed growth of the number of child processes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub children: Option<u64>,
    /// Allowed allocations in one iteration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allocations: Option<u64>,
    /// Bytes that one iteration may allocate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<Bytes>,
    /// Allowed live heap above the start of an iteration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peak: Option<Bytes>,
    /// Live footprint at which the worker is stopped. Default: 80 % of the memory available to the
    /// observer (within the limit of its cgroup), divided by the tests that run at a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ceiling: Option<Bytes>,
    /// Why this test leaks. A known leak does not fail the test.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known_leak: Option<String>,
    /// Tests of one group never run at the same time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// Why this test is not judged. `cargo memcheck` skips it, and `cargo test` runs it once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skip: Option<String>,
}

/// Calls a macro with the name and the type of each option of a check.
macro_rules! with_each_option {
    ($then:ident) => {
        $then! {
            warmup: u64, iterations: u64, time: Duration, timeout: Duration, settle: Duration,
            heap: Bytes, resident: Bytes, threads: u64, tasks: u64, fds: u64, mappings: u64,
            children: u64, allocations: u64, bytes: Bytes, peak: Bytes, ceiling: Bytes,
            known_leak: String, serial: String, skip: String
        }
    };
}
pub(crate) use with_each_option;

/// Writes a setter for each field, and what treats all fields alike.
macro_rules! layer {
    ($($field:ident: $type:ty),*) => {
        impl Options {
            /// Sets no option.
            pub fn new() -> Self {
                Self::default()
            }

            $(
                #[doc = concat!("Sets [`", stringify!($field), "`](Options#structfield.", stringify!($field), ").")]
                #[must_use]
                pub fn $field(mut self, value: impl Into<$type>) -> Self {
                    self.$field = Some(value.into());
                    self
                }
            )*

            /// This layer on top of `below`: options that this layer does not set come from below.
            #[doc(hidden)]
            #[must_use]
            pub fn over(self, below: Options) -> Options {
                Options { $($field: self.$field.or(below.$field)),* }
            }

            /// The value that this layer has for an option of the table.
            #[doc(hidden)]
            pub fn get(&self, spec: &OptionSpec) -> Option<OptionValue> {
                match spec.name {
                    $(stringify!($field) => self.$field.clone().map(Field::into_value),)*
                    _ => None,
                }
            }

            /// Sets an option of the table to a value that `spec` read. Options that do not
            /// configure a check are left out.
            #[doc(hidden)]
            pub fn set(&mut self, spec: &OptionSpec, value: OptionValue) {
                match spec.name {
                    $(stringify!($field) => self.$field = Field::from_value(value),)*
                    _ => {}
                }
            }
        }
    };
}

with_each_option!(layer);

/// The type of a field of [`Options`].
trait Field: Sized {
    fn into_value(self) -> OptionValue;
    /// `None` for a value of another type, which the grammar of the option does not give.
    fn from_value(value: OptionValue) -> Option<Self>;
}

macro_rules! fields {
    ($($type:ty: $variant:ident, $into:expr, $from:expr;)*) => {
        $(impl Field for $type {
            fn into_value(self) -> OptionValue {
                OptionValue::$variant($into(self))
            }

            fn from_value(value: OptionValue) -> Option<Self> {
                match value {
                    OptionValue::$variant(value) => Some($from(value)),
                    _ => None,
                }
            }
        })*
    };
}

fields! {
    u64: Count, identity, identity;
    Duration: Duration, identity, identity;
    String: Text, identity, identity;
    Bytes: Size, |size: Bytes| size.0, Bytes;
}

#[cfg(test)]
mod tests {
    use memcheck_options::{Grammar, OPTIONS, check_options};

    use super::*;

    #[test]
    fn the_upper_layer_wins_where_it_sets_an_option() {
        let below = Options::new().warmup(3u64).fds(1u64);
        let above = Options::new().fds(2u64);
        let both = above.over(below);
        assert_eq!((both.warmup, both.fds, both.time), (Some(3), Some(2), None));
    }

    #[test]
    fn every_option_of_the_table_has_its_own_field() {
        let mut all = Options::new();
        for spec in check_options() {
            let text = match spec.grammar {
                Grammar::Count { .. } => "7",
                Grammar::Size { .. } => "64 B",
                Grammar::Duration => "1.5s",
                _ => "port",
            };
            let value = spec.parse(text).unwrap();
            let mut options = Options::new();
            options.set(spec, value.clone());
            for other in OPTIONS {
                let shown = other.name == spec.name;
                assert_eq!(options.get(other).map(|v| v.to_string()), shown.then(|| text.into()));
            }
            all.set(spec, value);
        }
        let json = serde_json::to_value(&all).unwrap();
        assert_eq!(json.as_object().unwrap().len(), check_options().count());
        assert!(!format!("{all:?}").contains("None"), "{all:?}");
    }

    #[test]
    fn options_of_the_attribute_alone_have_no_field() {
        let mut options = Options::new();
        for spec in OPTIONS.iter().filter(|spec| !spec.is_check_option()) {
            options.set(spec, OptionValue::Text("x".into()));
            assert_eq!(options.get(spec), None, "{}", spec.name);
        }
        assert_eq!(options, Options::new());
    }

    #[test]
    fn a_layer_is_read_from_json_as_it_was_written() {
        let options = Options::new()
            .resident(Bytes(1024))
            .time(Duration::from_millis(1500))
            .known_leak("issue 7");
        let json = serde_json::to_string(&options).unwrap();
        assert_eq!(
            json,
            r#"{"time":{"secs":1,"nanos":500000000},"resident":1024,"known-leak":"issue 7"}"#
        );
        assert_eq!(serde_json::from_str::<Options>(&json).unwrap(), options);
    }
}
