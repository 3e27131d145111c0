//! Who has a say, one on top of the other: defaults < file < attribute < environment < flags.

use std::path::PathBuf;

use memcheck::Options;
use memcheck::tool::{OPTION_TABLE, Row};

use super::file::{DEFAULT, File, Override, Section};
use super::run_settings::{self, RUN_TABLE, RunSettings};
use crate::cli::Results;

/// Everybody who has a say, but the attribute, which only the worker knows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layers {
    /// The file, where there is one.
    pub(crate) file: Option<File>,
    /// The profile that was chosen.
    pub(crate) profile: String,
    /// What the environment says.
    pub(crate) environment: (Options, RunSettings),
    /// What the flags say.
    pub(crate) flags: (Options, RunSettings),
    /// The root of the workspace, which files named in the file are relative to.
    pub(crate) root: Option<PathBuf>,
}

/// A test, as patterns see it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TestName<'a> {
    /// Its path, as libtest spells it.
    pub(crate) test: &'a str,
    /// The id of its binary; `None` while that is not known.
    pub(crate) binary: Option<&'a str>,
}

/// A value in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Explained {
    /// Name of the option or setting.
    pub(crate) name: &'static str,
    /// The value, as one would write it.
    pub(crate) value: String,
    /// Who said it.
    pub(crate) source: Source,
}

/// Who said a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// Nobody: it is built in.
    Default,
    /// A table of the file.
    File {
        /// The file.
        path: PathBuf,
        /// Line of the key.
        line: usize,
        /// The table, and the patterns of an override.
        table: String,
    },
    /// An environment variable.
    Environment {
        /// Its name.
        variable: String,
    },
    /// A flag.
    Flag {
        /// As it is written.
        flag: String,
    },
}

impl Source {
    /// The place to look at when a value does not do: `--junit`, `MEMCHECK_JUNIT`,
    /// `.config/memcheck.toml:3`.
    fn place(&self) -> Option<String> {
        Some(match self {
            Source::Default => return None,
            Source::File { path, line, .. } => format!("{}:{line}", path.display()),
            Source::Environment { variable } => variable.clone(),
            Source::Flag { flag } => flag.clone(),
        })
    }
}

impl Layers {
    /// The options below the attribute of a test.
    pub(crate) fn below(&self, test: TestName<'_>) -> Options {
        let sections = self.sections(Some(test));
        sections.iter().fold(Options::new(), |over, section| over.over(section.options.clone()))
    }

    /// The options above the attribute.
    pub(crate) fn above(&self) -> Options {
        self.flags.0.clone().over(self.environment.0.clone())
    }

    /// The settings of the run.
    pub(crate) fn run(&self) -> RunSettings {
        let above = self.flags.1.clone().over(self.environment.1.clone());
        let root = self.root.clone().unwrap_or_default();
        let sections = self.sections(None);
        sections.iter().fold(above, |over, section| over.over(section.run.in_folder(&root)))
    }

    /// Where results go in the end, and who said so.
    pub(crate) fn results(&self, flags: &Results) -> Results {
        let sections = self.sections(None);
        let said_by = ["--report", "--junit", "--markdown"].into_iter().filter_map(|flag| {
            let name = flag.trim_start_matches('-');
            Some((flag, self.of_run(name, "", &sections).source.place()?))
        });
        Results { said_by: said_by.collect(), ..self.run().results(flags) }
    }

    /// Whether the file names another that is relative to the root of the workspace.
    pub(crate) fn has_relative_files(&self) -> bool {
        self.sections(None).iter().any(|section| section.run.has_relative_files())
    }

    /// The overrides of the profiles in force, the strongest first.
    pub(crate) fn overrides(&self) -> Vec<&Override> {
        self.profiles().flat_map(|profile| &profile.overrides).collect()
    }

    /// The overrides in force that fit none of these tests.
    pub(crate) fn unused_overrides<'t>(
        &self,
        tests: impl Iterator<Item = TestName<'t>> + Clone,
    ) -> impl Iterator<Item = &Override> {
        self.overrides().into_iter().filter(move |of| !tests.clone().any(|test| of.fits(test)))
    }

    /// Every value that holds for a test, or for all, and who said it.
    pub(crate) fn explain(&self, test: Option<TestName<'_>>) -> Vec<Explained> {
        let sections = self.sections(test);
        let general = OPTION_TABLE.iter().filter(|row| !row.per_test || test.is_some());
        let options = general.map(|row| self.of_option(row, &sections));
        let run = RUN_TABLE.iter().map(|(name, default)| self.of_run(name, default, &sections));
        options.chain(run).collect()
    }

    fn of_option(&self, row: &'static Row, sections: &[&Section]) -> Explained {
        let explained = |value: String, source| Explained { name: row.name, value, source };
        if let Some(value) = row.get(&self.flags.0) {
            let flag = format!("--{}", row.name);
            return explained(value.to_string(), Source::Flag { flag });
        }
        if let Some(value) = row.get(&self.environment.0) {
            let variable = row.variable();
            return explained(value.to_string(), Source::Environment { variable });
        }
        for section in sections {
            if let Some(value) = row.get(&section.options) {
                return explained(value.to_string(), self.in_file(section, row.name));
            }
        }
        let value = match row.name {
            // Follows from the time in force.
            "timeout" => {
                let below = sections.iter().map(|section| section.options.clone());
                let options = below.fold(self.above(), Options::over);
                format!("{:?}", options.effective_timeout())
            }
            _ => row.default.to_owned(),
        };
        explained(value, Source::Default)
    }

    fn of_run(
        &self,
        name: &'static str,
        default: &'static str,
        sections: &[&Section],
    ) -> Explained {
        let explained = |value: String, source| Explained { name, value, source };
        if let Some(value) = self.flags.1.get(name) {
            // The opposite of a flag that takes no value is a flag of its own.
            let flag = match (name, value.as_str()) {
                ("fail-fast", "false") => format!("--no-{name}"),
                _ => format!("--{name}"),
            };
            return explained(value, Source::Flag { flag });
        }
        if let Some(value) = self.environment.1.get(name) {
            let variable = run_settings::variable(name);
            return explained(value, Source::Environment { variable });
        }
        for section in sections {
            if let Some(value) = section.run.get(name) {
                return explained(value, self.in_file(section, name));
            }
        }
        explained(default.to_owned(), Source::Default)
    }

    fn in_file(&self, section: &Section, name: &str) -> Source {
        Source::File {
            path: self.file.as_ref().map(|file| file.path.clone()).unwrap_or_default(),
            line: section.lines.get(name).copied().unwrap_or_default(),
            table: section.title.clone(),
        }
    }

    /// The chosen profile and the one below it.
    fn profiles(&self) -> impl Iterator<Item = &super::file::Profile> {
        let names = match self.profile.as_str() {
            DEFAULT => [None, Some(DEFAULT)],
            chosen => [Some(chosen), Some(DEFAULT)],
        };
        names.into_iter().flatten().filter_map(|name| self.file.as_ref()?.profiles.get(name))
    }

    /// The tables that hold for a test, the strongest first: overrides outrank what holds for all,
    /// also those of the profile below; of several that fit, the first to say something counts.
    fn sections(&self, test: Option<TestName<'_>>) -> Vec<&Section> {
        let fitting = self
            .profiles()
            .flat_map(|profile| &profile.overrides)
            .filter(|of| test.is_some_and(|test| of.fits(test)));
        let fitting = fitting.map(|of| &of.values);
        fitting.chain(self.profiles().map(|profile| &profile.values)).collect()
    }
}

impl Override {
    /// Whether it may hold for a test of which the binary is not known.
    pub(crate) fn may_fit(&self, name: TestName<'_>) -> bool {
        let test = self.test.as_ref().is_none_or(|pattern| pattern.matches(name.test));
        test && name.binary.is_none() && self.binary.is_some()
    }

    /// Whether it holds for a test. One that asks for a binary does not while that is not known.
    pub(crate) fn fits(&self, name: TestName<'_>) -> bool {
        let test = self.test.as_ref().is_none_or(|pattern| pattern.matches(name.test));
        let binary = self
            .binary
            .as_ref()
            .is_none_or(|pattern| name.binary.is_some_and(|binary| pattern.matches(binary)));
        test && binary
    }
}

#[cfg(test)]
#[path = "layers_tests.rs"]
mod tests;
