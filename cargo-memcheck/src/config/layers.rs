//! The layers of settings and their precedence: defaults < file < attribute < environment < flags.

use std::path::{Path, PathBuf};

use memcheck::Options;
use memcheck_options::{OptionSpec, check_options};

use super::file::{DEFAULT, File, Override, Section};
use super::settings::{RunSettings, Setting, settings};
use super::suppressions::Suppressions;
use crate::cli::OutputFiles;
use crate::export::{Destination, Destinations, FORMATS};

/// All layers except the attribute, which only the worker knows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layers {
    /// The file, if there is one.
    pub(crate) file: Option<File>,
    /// The selected profile.
    pub(crate) profile: String,
    /// The settings of the environment.
    pub(crate) environment: (Options, RunSettings),
    /// The settings of the flags.
    pub(crate) flags: (Options, RunSettings),
    /// The root of the workspace. Relative paths in the file are relative to it.
    pub(crate) root: Option<PathBuf>,
}

/// The names of a test that patterns match.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TestName<'a> {
    /// Its path, as libtest spells it.
    pub(crate) test: &'a str,
    /// The id of its binary; `None` if it is unknown.
    pub(crate) binary: Option<&'a str>,
}

/// A setting with the value that applies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SettingInForce {
    /// Name of the option or setting.
    pub(crate) name: &'static str,
    /// The value, in the syntax of the attribute or flag.
    pub(crate) value: String,
    /// Where the value comes from.
    pub(crate) origin: Origin,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// It is the default.
    Default,
    /// A table of the file.
    File {
        /// The file.
        path: PathBuf,
        /// Line of the key.
        line: usize,
        /// The table, with the patterns of an override.
        table: String,
    },
    /// An environment variable.
    Environment {
        /// Its name.
        variable: String,
    },
    /// A flag.
    Flag {
        /// The flag with its dashes.
        flag: String,
    },
}

impl Origin {
    /// The origin for messages: `--junit`, `MEMCHECK_JUNIT`, `.config/memcheck.toml:3`.
    fn in_words(&self) -> Option<String> {
        Some(match self {
            Origin::Default => return None,
            Origin::File { path, line, .. } => format!("{}:{line}", path.display()),
            Origin::Environment { variable } => variable.clone(),
            Origin::Flag { flag } => flag.clone(),
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

    /// The files that results are written to. `flags` also has files of formats that are not settings.
    pub(crate) fn destinations(&self, flags: &OutputFiles) -> Destinations {
        let sections = self.sections(None);
        let mut files = self.run().files;
        let destination = |format| {
            let setting = settings().find(|setting| setting.is_file(format));
            let (path, origin) = match setting {
                Some(setting) => (
                    files.remove(setting.name)?,
                    self.of_run(&setting, &sections).origin.in_words(),
                ),
                None => (flags.of(format)?.clone(), None),
            };
            Some(Destination { format, path, origin: origin.unwrap_or_else(|| format.flag()) })
        };
        Destinations(FORMATS.iter().filter_map(destination).collect())
    }

    /// The suppressions of the file.
    pub(crate) fn suppressions(&self) -> Suppressions<'_> {
        match &self.file {
            Some(file) => Suppressions::new(&file.suppressions, &file.path),
            None => Suppressions::new(&[], Path::new("")),
        }
    }

    /// Whether the file contains a path that is relative to the root of the workspace.
    pub(crate) fn has_relative_files(&self) -> bool {
        self.sections(None).iter().any(|section| section.run.has_relative_files())
    }

    /// The overrides of the profiles, in order of precedence.
    pub(crate) fn overrides(&self) -> Vec<&Override> {
        self.profiles().flat_map(|profile| &profile.overrides).collect()
    }

    /// The overrides that match none of these tests.
    pub(crate) fn unused_overrides<'t>(
        &self,
        tests: impl Iterator<Item = TestName<'t>> + Clone,
    ) -> impl Iterator<Item = &Override> {
        self.overrides().into_iter().filter(move |of| !tests.clone().any(|test| of.matches(test)))
    }

    /// All settings that apply to a test, or to all tests, with their origin.
    pub(crate) fn explain(&self, test: Option<TestName<'_>>) -> Vec<SettingInForce> {
        let sections = self.sections(test);
        let options = check_options().filter(|spec| spec.is_for_every_test() || test.is_some());
        let options = options.map(|spec| self.of_option(spec, &sections));
        let run = settings().map(|setting| self.of_run(&setting, &sections));
        options.chain(run).collect()
    }

    fn of_option(&self, spec: &'static OptionSpec, sections: &[&Section]) -> SettingInForce {
        let explained = |value: String, origin| SettingInForce { name: spec.name, value, origin };
        if let Some(value) = self.flags.0.get(spec) {
            let flag = spec.flag().unwrap_or_default();
            return explained(value.to_string(), Origin::Flag { flag });
        }
        if let Some(value) = self.environment.0.get(spec) {
            let variable = spec.variable().unwrap_or_default();
            return explained(value.to_string(), Origin::Environment { variable });
        }
        for section in sections {
            if let Some(value) = section.options.get(spec) {
                return explained(value.to_string(), self.in_file(section, spec.name));
            }
        }
        let value = match spec.name {
            // The default depends on `time`.
            "timeout" => {
                let below = sections.iter().map(|section| section.options.clone());
                let options = below.fold(self.above(), Options::over);
                memcheck_options::format_duration(options.effective_timeout())
            }
            _ => spec.default.to_owned(),
        };
        explained(value, Origin::Default)
    }

    fn of_run(&self, setting: &Setting, sections: &[&Section]) -> SettingInForce {
        let explained =
            |value: String, origin| SettingInForce { name: setting.name, value, origin };
        if let Some(value) = setting.get(&self.flags.1) {
            let flag = setting.flag(&value);
            return explained(value, Origin::Flag { flag });
        }
        if let Some(value) = setting.get(&self.environment.1) {
            return explained(value, Origin::Environment { variable: setting.variable() });
        }
        for section in sections {
            if let Some(value) = setting.get(&section.run) {
                return explained(value, self.in_file(section, setting.name));
            }
        }
        explained(setting.default.to_owned(), Origin::Default)
    }

    fn in_file(&self, section: &Section, name: &str) -> Origin {
        Origin::File {
            path: self.file.as_ref().map(|file| file.path.clone()).unwrap_or_default(),
            line: section.lines.get(name).copied().unwrap_or_default(),
            table: section.title.clone(),
        }
    }

    /// The selected profile and the default profile below it.
    fn profiles(&self) -> impl Iterator<Item = &super::file::Profile> {
        let names = match self.profile.as_str() {
            DEFAULT => [None, Some(DEFAULT)],
            selected => [Some(selected), Some(DEFAULT)],
        };
        names.into_iter().flatten().filter_map(|name| self.file.as_ref()?.profiles.get(name))
    }

    /// The tables that apply to a test, in order of precedence: overrides of both profiles come before the
    /// tables of the profiles; among matching overrides, the first one that sets a value wins.
    fn sections(&self, test: Option<TestName<'_>>) -> Vec<&Section> {
        let matching = self
            .profiles()
            .flat_map(|profile| &profile.overrides)
            .filter(|of| test.is_some_and(|test| of.matches(test)));
        let matching = matching.map(|of| &of.values);
        matching.chain(self.profiles().map(|profile| &profile.values)).collect()
    }
}

impl Override {
    /// Whether it may match a test whose binary is unknown.
    pub(crate) fn may_match(&self, name: TestName<'_>) -> bool {
        let test = self.test.as_ref().is_none_or(|pattern| pattern.matches(name.test));
        test && name.binary.is_none() && self.binary.is_some()
    }

    /// Whether it matches a test. An override with a binary does not match while the binary is unknown.
    pub(crate) fn matches(&self, name: TestName<'_>) -> bool {
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
