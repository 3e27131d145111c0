//! What holds where no layer sets an option.

use std::time::Duration;

use super::layer::Options;

/// Iterations that run before anything is judged.
const DEFAULT_WARMUP: u64 = 16;
/// How long the judged part may take.
const DEFAULT_TIME: Duration = Duration::from_secs(2);
/// How long a reading waits for background threads.
const DEFAULT_SETTLE: Duration = Duration::from_millis(20);
/// When a test is killed.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

/// Longer durations are shortened to this, 136 years, so that sums and multiples do not overflow.
const LONGEST: Duration = Duration::from_secs(u32::MAX as u64);

impl Options {
    /// Warm-up iterations in force.
    #[doc(hidden)]
    pub fn effective_warmup(&self) -> u64 {
        self.warmup.unwrap_or(DEFAULT_WARMUP)
    }

    /// Time budget in force.
    #[doc(hidden)]
    pub fn effective_time(&self) -> Duration {
        self.time.unwrap_or(DEFAULT_TIME).min(LONGEST)
    }

    /// How long a reading waits for background threads.
    #[doc(hidden)]
    pub fn effective_settle(&self) -> Duration {
        self.settle.unwrap_or(DEFAULT_SETTLE).min(LONGEST)
    }

    /// Timeout in force: the one that is set, else 60 s or, for a longer `time`, enough for that
    /// budget and the warm-up before it.
    #[doc(hidden)]
    #[doc(hidden)]
    pub fn effective_timeout(&self) -> Duration {
        match self.timeout {
            Some(_) => self.first_timeout(),
            None => DEFAULT_TIMEOUT.max(self.effective_time() * 4),
        }
    }

    /// Timeout in force until the `time` of the attribute is known.
    pub(crate) fn first_timeout(&self) -> Duration {
        self.timeout.unwrap_or(DEFAULT_TIMEOUT).min(LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effective_durations_can_be_added_and_multiplied() {
        let never = Duration::MAX;
        for options in [Options::new().timeout(never), Options::new().time(never).settle(never)] {
            let longest = options.effective_timeout() + options.effective_settle();
            assert!(std::time::Instant::now().checked_add(longest * 4).is_some(), "{longest:?}");
        }
    }

    #[test]
    fn the_table_of_options_states_these_defaults() {
        let stated = |name: &str| memcheck_options::find(name).unwrap().default;
        assert_eq!(stated("warmup"), DEFAULT_WARMUP.to_string());
        assert_eq!(stated("time"), memcheck_options::format_duration(DEFAULT_TIME));
        assert_eq!(stated("settle"), memcheck_options::format_duration(DEFAULT_SETTLE));
        let timeout = memcheck_options::format_duration(DEFAULT_TIMEOUT);
        assert_eq!(stated("timeout"), format!("{timeout} or 4 × time"));
    }
}
