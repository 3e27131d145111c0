//! Settings of the run as a whole, beside the options of its checks.

use std::num::NonZeroUsize;

use clap::ValueEnum;

use crate::cli::{Inconclusive, RecordSites, Running};

/// Settings of a run; what is `None` was not said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RunSettings {
    /// Tests at the same time.
    pub(crate) jobs: Option<NonZeroUsize>,
    /// Start nothing more once a test did not pass.
    pub(crate) fail_fast: Option<bool>,
    /// Whether an inconclusive test passes.
    pub(crate) inconclusive: Option<Inconclusive>,
    /// Which tests are recorded.
    pub(crate) sites: Option<RecordSites>,
}

/// A setting's name in the file, and what holds if nobody says anything.
pub(crate) const RUN_TABLE: [(&str, &str); 4] = [
    ("jobs", "number of cores"),
    ("fail-fast", "false"),
    ("inconclusive", "fail"),
    ("sites", "growing"),
];

impl RunSettings {
    /// What the flags say.
    pub(crate) fn of_flags(running: &Running) -> Self {
        RunSettings {
            jobs: running.jobs,
            fail_fast: match (running.fail_fast, running.no_fail_fast) {
                (true, _) => Some(true),
                (_, true) => Some(false),
                _ => None,
            },
            inconclusive: running.inconclusive,
            sites: running.sites,
        }
    }

    /// Takes a value that came as text; what is wrong with one that does not fit. `name` is one of
    /// [`RUN_TABLE`].
    pub(crate) fn parse(&mut self, name: &str, text: &str) -> Result<(), &'static str> {
        match name {
            "jobs" => self.jobs = Some(text.trim().parse().map_err(|_| JOBS)?),
            "fail-fast" => {
                self.fail_fast = Some(match text.trim() {
                    "true" | "1" => true,
                    "false" | "0" => false,
                    _ => return Err(FAIL_FAST),
                });
            }
            "sites" => {
                self.sites = Some(RecordSites::from_str(text.trim(), false).map_err(|_| SITES)?);
            }
            _ => {
                let value = Inconclusive::from_str(text.trim(), false).map_err(|_| INCONCLUSIVE)?;
                self.inconclusive = Some(value);
            }
        }
        Ok(())
    }

    /// What this says of the setting `name`, as one would write it.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        match name {
            "jobs" => self.jobs.map(|jobs| jobs.to_string()),
            "fail-fast" => self.fail_fast.map(|yes| yes.to_string()),
            "sites" => self.sites.map(|sites| sites.word().to_owned()),
            _ => self.inconclusive.map(|effect| effect.word().to_owned()),
        }
    }

    /// This layer on top of `below`.
    pub(crate) fn over(self, below: RunSettings) -> RunSettings {
        RunSettings {
            jobs: self.jobs.or(below.jobs),
            fail_fast: self.fail_fast.or(below.fail_fast),
            inconclusive: self.inconclusive.or(below.inconclusive),
            sites: self.sites.or(below.sites),
        }
    }
}

/// The variable that says a setting: `MEMCHECK_FAIL_FAST`.
pub(crate) fn variable(name: &str) -> String {
    format!("MEMCHECK_{}", name.to_uppercase().replace('-', "_"))
}

pub(crate) const JOBS: &str = "write a whole number from 1, for example 4";
pub(crate) const FAIL_FAST: &str = "write true or false";
pub(crate) const INCONCLUSIVE: &str = "write \"fail\" or \"warn\"";
pub(crate) const SITES: &str = "write \"growing\", \"always\" or \"never\"";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_read_and_printed() {
        let mut all = RunSettings::default();
        for ((name, _), text) in RUN_TABLE.iter().zip(["3", "true", "warn", "never"]) {
            assert_eq!(all.get(name), None);
            all.parse(name, text).unwrap();
            assert_eq!(all.get(name).as_deref(), Some(text));
        }
        let below = RunSettings { jobs: NonZeroUsize::new(1), ..RunSettings::default() };
        assert_eq!(all.over(below), all);
        assert_eq!(RunSettings::default().over(below), below);
    }

    #[test]
    fn values_that_do_not_fit_are_refused() {
        let mut all = RunSettings::default();
        assert_eq!(all.parse("jobs", "0"), Err(JOBS));
        assert_eq!(all.parse("fail-fast", "yes"), Err(FAIL_FAST));
        assert_eq!(all.parse("inconclusive", "Warn"), Err(INCONCLUSIVE));
        assert_eq!(all, RunSettings::default());
    }

    #[test]
    fn a_variable_is_the_name_in_capitals() {
        assert_eq!(variable("fail-fast"), "MEMCHECK_FAIL_FAST");
    }
}
