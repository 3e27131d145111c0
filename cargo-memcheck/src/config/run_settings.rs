//! Settings of the run as a whole, beside the options of its checks.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::cli::{Backtrace, Inconclusive, Lines, RecordSites, Results, Running, is_stdout};

/// Settings of a run; what is `None` was not said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RunSettings {
    /// Tests at the same time.
    pub(crate) jobs: Option<NonZeroUsize>,
    /// Start nothing more once a test did not pass.
    pub(crate) fail_fast: Option<bool>,
    /// Whether an inconclusive test passes.
    pub(crate) inconclusive: Option<Inconclusive>,
    /// Which tests are recorded.
    pub(crate) sites: Option<RecordSites>,
    /// How much of a call stack is shown.
    pub(crate) backtrace: Option<Backtrace>,
    /// Where the document of the run goes.
    pub(crate) report: Option<PathBuf>,
    /// Where the JUnit XML goes.
    pub(crate) junit: Option<PathBuf>,
    /// Where the Markdown goes.
    pub(crate) markdown: Option<PathBuf>,
}

/// A setting's name in the file, and what holds if nobody says anything.
pub(crate) const RUN_TABLE: [(&str, &str); 8] = [
    ("jobs", "number of cores"),
    ("fail-fast", "false"),
    ("inconclusive", "fail"),
    ("sites", "growing"),
    ("backtrace", "short"),
    ("report", "no file"),
    ("junit", "no file"),
    ("markdown", "no file"),
];

impl RunSettings {
    /// What the flags say.
    pub(crate) fn of_flags(running: &Running, lines: &Lines, results: &Results) -> Self {
        RunSettings {
            jobs: running.jobs,
            fail_fast: match (running.fail_fast, running.no_fail_fast) {
                (true, _) => Some(true),
                (_, true) => Some(false),
                _ => None,
            },
            inconclusive: running.inconclusive,
            sites: running.sites,
            backtrace: lines.backtrace,
            report: results.report.clone(),
            junit: results.junit.clone(),
            markdown: results.markdown.clone(),
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
            "backtrace" => {
                let value = Backtrace::from_str(text.trim(), false).map_err(|_| BACKTRACE)?;
                self.backtrace = Some(value);
            }
            "report" | "junit" | "markdown" if text.trim().is_empty() => return Err(FILE),
            "report" => self.report = Some(text.into()),
            "junit" => self.junit = Some(text.into()),
            "markdown" => self.markdown = Some(text.into()),
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
            "backtrace" => self.backtrace.map(|length| length.word().to_owned()),
            "report" => self.report.as_deref().map(in_words),
            "junit" => self.junit.as_deref().map(in_words),
            "markdown" => self.markdown.as_deref().map(in_words),
            _ => self.inconclusive.map(|effect| effect.word().to_owned()),
        }
    }

    /// Whether it names a file relative to where it stands itself.
    pub(crate) fn has_relative_files(&self) -> bool {
        let files = [&self.report, &self.junit, &self.markdown].into_iter().flatten();
        files.into_iter().any(|path| path.is_relative() && !is_stdout(path))
    }

    /// The same, with the files that it names in or below `folder`.
    pub(crate) fn in_folder(&self, folder: &Path) -> RunSettings {
        let placed = |path: &Option<PathBuf>| {
            path.as_ref().map(|path| if is_stdout(path) { path.clone() } else { folder.join(path) })
        };
        RunSettings {
            report: placed(&self.report),
            junit: placed(&self.junit),
            markdown: placed(&self.markdown),
            ..self.clone()
        }
    }

    /// What was asked for of the results, with the files that are in force.
    pub(crate) fn results(&self, flags: &Results) -> Results {
        Results {
            report: self.report.clone(),
            junit: self.junit.clone(),
            markdown: self.markdown.clone(),
            ..flags.clone()
        }
    }

    /// This layer on top of `below`.
    pub(crate) fn over(self, below: RunSettings) -> RunSettings {
        RunSettings {
            jobs: self.jobs.or(below.jobs),
            fail_fast: self.fail_fast.or(below.fail_fast),
            inconclusive: self.inconclusive.or(below.inconclusive),
            sites: self.sites.or(below.sites),
            backtrace: self.backtrace.or(below.backtrace),
            report: self.report.or(below.report),
            junit: self.junit.or(below.junit),
            markdown: self.markdown.or(below.markdown),
        }
    }
}

fn in_words(path: &Path) -> String {
    path.display().to_string()
}

/// The variable that says a setting: `MEMCHECK_FAIL_FAST`.
pub(crate) fn variable(name: &str) -> String {
    format!("MEMCHECK_{}", name.to_uppercase().replace('-', "_"))
}

pub(crate) const JOBS: &str = "write a whole number from 1, for example 4";
pub(crate) const FAIL_FAST: &str = "write true or false";
pub(crate) const INCONCLUSIVE: &str = "write \"fail\" or \"warn\"";
pub(crate) const SITES: &str = "write \"growing\", \"always\" or \"never\"";
pub(crate) const BACKTRACE: &str = "write \"short\" or \"full\"";
pub(crate) const FILE: &str = "write the path of a file, or \"-\" for standard output";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_read_and_printed() {
        let mut all = RunSettings::default();
        let texts = ["3", "true", "warn", "never", "full", "a.json", "b.xml", "-"];
        for ((name, _), text) in RUN_TABLE.iter().zip(texts) {
            assert_eq!(all.get(name), None);
            all.parse(name, text).unwrap();
            assert_eq!(all.get(name).as_deref(), Some(text));
        }
        let below = RunSettings { jobs: NonZeroUsize::new(1), ..RunSettings::default() };
        assert_eq!(all.clone().over(below.clone()), all);
        assert_eq!(RunSettings::default().over(below.clone()), below);
        assert!(all.has_relative_files() && !below.has_relative_files());
        let placed = all.in_folder(Path::new("/top"));
        let files = ["report", "junit", "markdown"].map(|name| placed.get(name).unwrap());
        assert_eq!(files, ["/top/a.json", "/top/b.xml", "-"]);
        assert!(!placed.has_relative_files());
    }

    #[test]
    fn values_that_do_not_fit_are_refused() {
        let mut all = RunSettings::default();
        assert_eq!(all.parse("jobs", "0"), Err(JOBS));
        assert_eq!(all.parse("fail-fast", "yes"), Err(FAIL_FAST));
        assert_eq!(all.parse("inconclusive", "Warn"), Err(INCONCLUSIVE));
        assert_eq!(all.parse("backtrace", "long"), Err(BACKTRACE));
        assert_eq!(all.parse("junit", " "), Err(FILE));
        assert_eq!(all, RunSettings::default());
    }

    #[test]
    fn a_variable_is_the_name_in_capitals() {
        assert_eq!(variable("fail-fast"), "MEMCHECK_FAIL_FAST");
    }
}
