//! The options of one check. Every layer (defaults, file, attribute, environment, flags) is one
//! `Options` in which only what the layer says is set; layers are put on top of each other with
//! [`Options::over`].

pub(crate) mod edit_distance;
pub(crate) mod table;
pub(crate) mod variables;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::units::Bytes;

/// Iterations that run before anything is judged.
pub const DEFAULT_WARMUP: u64 = 16;
/// How long the judged part may take.
pub const DEFAULT_TIME: Duration = Duration::from_secs(2);
/// How long a reading waits for background threads.
pub const DEFAULT_SETTLE: Duration = Duration::from_millis(20);
/// When a test is killed.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

/// What a longer time is taken for, 136 years: there is room to add to it and to multiply it.
const LONGEST: Duration = Duration::from_secs(u32::MAX as u64);

/// Options of one check; what is `None` was not said and takes its default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// Iterations before anything is judged. Default 16.
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
    /// How long a reading waits for the other threads to come to rest. Default 20 ms; all waiting
    /// together takes at most a fifth of the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settle: Option<Duration>,
    /// Bytes per iteration by which the live heap may grow. Default 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heap: Option<Bytes>,
    /// Growth of the live footprint over the judged part that may not be passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resident: Option<Bytes>,
    /// Growth of the number of threads that may not be passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threads: Option<u64>,
    /// Growth of the number of tasks, of those of the runtime of an `async` test, that may not be
    /// passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tasks: Option<u64>,
    /// Growth of the number of file descriptors that may not be passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fds: Option<u64>,
    /// Growth of the number of mappings that may not be passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mappings: Option<u64>,
    /// Growth of the number of child processes that may not be passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub children: Option<u64>,
    /// Allocations per iteration that may not be passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allocations: Option<u64>,
    /// Bytes allocated per iteration that may not be passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<Bytes>,
    /// Highest live heap above the start of an iteration that may not be passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peak: Option<Bytes>,
    /// Live footprint at which the worker is stopped. Default: 80 % of the memory that is available
    /// to the observer (its cgroup's limit included), divided by the tests that run at a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ceiling: Option<Bytes>,
    /// Why a leak of this test is known and let through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known_leak: Option<String>,
    /// Tests of one group never run at the same time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
}

/// Writes, for each field, a setter of the same name and the layering.
macro_rules! layered {
    ($($field:ident: $type:ty),* $(,)?) => {
        /// Each option of a check, as in the attribute.
        impl crate::Check {
            $(
                /// Says this option; see [`Options`].
                pub fn $field(mut self, value: impl Into<$type>) -> Self {
                    self.options.$field = Some(value.into());
                    self
                }
            )*
        }

        impl Options {
            /// Nothing said.
            pub fn new() -> Self {
                Self::default()
            }

            $(
                /// Says this option.
                #[must_use]
                pub fn $field(mut self, value: impl Into<$type>) -> Self {
                    self.$field = Some(value.into());
                    self
                }
            )*

            /// This layer on top of `below`: what this one says counts, the rest comes from below.
            #[must_use]
            pub fn over(self, below: Options) -> Options {
                Options { $($field: self.$field.or(below.$field)),* }
            }
        }
    };
}

layered! {
    warmup: u64, iterations: u64, time: Duration, timeout: Duration, settle: Duration, heap: Bytes, resident: Bytes,
    threads: u64, tasks: u64, fds: u64, mappings: u64, children: u64, allocations: u64, bytes: Bytes,
    peak: Bytes, ceiling: Bytes, known_leak: String, serial: String,
}

impl Options {
    /// Warm-up iterations in force.
    pub fn effective_warmup(&self) -> u64 {
        self.warmup.unwrap_or(DEFAULT_WARMUP)
    }

    /// Time budget in force.
    pub fn effective_time(&self) -> Duration {
        self.time.unwrap_or(DEFAULT_TIME).min(LONGEST)
    }

    /// How long a reading waits for background threads.
    pub fn effective_settle(&self) -> Duration {
        self.settle.unwrap_or(DEFAULT_SETTLE).min(LONGEST)
    }

    /// Timeout in force: what was said, else 60 s or, when a longer `time` was asked for, enough
    /// for that budget and the warm-up before it.
    pub fn effective_timeout(&self) -> Duration {
        match self.timeout {
            Some(_) => self.first_timeout(),
            None => DEFAULT_TIMEOUT.max(self.effective_time() * 4),
        }
    }

    /// Timeout in force before it is known what `time` the attribute asks for.
    pub(crate) fn first_timeout(&self) -> Duration {
        self.timeout.unwrap_or(DEFAULT_TIMEOUT).min(LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_upper_layer_wins_where_it_speaks() {
        let below = Options::new().warmup(3u64).fds(1u64);
        let above = Options::new().fds(2u64);
        let both = above.over(below);
        assert_eq!((both.warmup, both.fds, both.time), (Some(3), Some(2), None));
    }

    #[test]
    fn every_time_can_be_reckoned_with() {
        let never = Duration::MAX;
        for options in [Options::new().timeout(never), Options::new().time(never).settle(never)] {
            let longest = options.effective_timeout() + options.effective_settle();
            assert!(std::time::Instant::now().checked_add(longest * 4).is_some(), "{longest:?}");
        }
    }

    #[test]
    fn travels_as_json() {
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
