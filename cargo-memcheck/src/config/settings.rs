//! The settings of a run, which are not options of a test. One table: [`settings`].

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::cli::{Backtrace, OutputFiles, RecordSites, Running};
use crate::export::{FORMATS, Format, is_stdout};
use crate::runner::Inconclusive;

/// The settings that one layer sets; `None` means not set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RunSettings {
    /// The number of tests that run at the same time.
    pub(crate) jobs: Option<NonZeroUsize>,
    /// Whether to start no further test after a failure.
    pub(crate) fail_fast: Option<bool>,
    /// What an inconclusive test does to the exit code.
    pub(crate) inconclusive: Option<Inconclusive>,
    /// Which tests are recorded.
    pub(crate) sites: Option<RecordSites>,
    /// How much of a call stack is shown.
    pub(crate) backtrace: Option<Backtrace>,
    /// The result files, by the name of their format.
    pub(crate) files: BTreeMap<&'static str, PathBuf>,
}

/// The type of a setting's value in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ValueType {
    Integer,
    Boolean,
    String,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    /// The key in the file. The flag and the variable follow from it.
    pub(crate) name: &'static str,
    /// The value if no layer sets it, in words.
    pub(crate) default: &'static str,
    /// The type of the value in the file.
    pub(crate) value_type: ValueType,
    /// What a wrong value should have been.
    pub(crate) expected: &'static str,
    field: Field,
}

/// The field of [`RunSettings`] that a setting is stored in.
#[derive(Clone, Copy, Debug)]
enum Field {
    Value {
        /// Sets it from text; `None` if the text does not fit.
        set: fn(&mut RunSettings, &str) -> Option<()>,
        get: fn(&RunSettings) -> Option<String>,
    },
    File(&'static Format),
}

/// The settings that are not files. To add one, add a field, a row, and a flag in `cli`.
static VALUES: [Setting; 5] = [
    Setting {
        name: "jobs",
        default: "number of cores",
        value_type: ValueType::Integer,
        expected: "expected a whole number of at least 1, for example 4",
        field: Field::Value {
            set: |settings, text| assign(&mut settings.jobs, text.parse().ok()),
            get: |settings| settings.jobs.map(|jobs| jobs.to_string()),
        },
    },
    Setting {
        name: "fail-fast",
        default: "false",
        value_type: ValueType::Boolean,
        expected: "expected true or false",
        field: Field::Value {
            set: |settings, text| assign(&mut settings.fail_fast, boolean(text)),
            get: |settings| settings.fail_fast.map(|yes| yes.to_string()),
        },
    },
    Setting {
        name: "inconclusive",
        default: "fail",
        value_type: ValueType::String,
        expected: "expected \"fail\" or \"warn\"",
        field: Field::Value {
            set: |settings, text| assign(&mut settings.inconclusive, named(text)),
            get: |settings| settings.inconclusive.map(|effect| effect.name().to_owned()),
        },
    },
    Setting {
        name: "sites",
        default: "growing",
        value_type: ValueType::String,
        expected: "expected \"growing\", \"always\" or \"never\"",
        field: Field::Value {
            set: |settings, text| assign(&mut settings.sites, named(text)),
            get: |settings| settings.sites.map(|sites| sites.name().to_owned()),
        },
    },
    Setting {
        name: "backtrace",
        default: "short",
        value_type: ValueType::String,
        expected: "expected \"short\" or \"full\"",
        field: Field::Value {
            set: |settings, text| assign(&mut settings.backtrace, named(text)),
            get: |settings| settings.backtrace.map(|length| length.name().to_owned()),
        },
    },
];

/// All settings: the values, then the files of the export formats.
pub(crate) fn settings() -> impl Iterator<Item = Setting> {
    let files = FORMATS.iter().filter(|format| format.is_setting).map(|format| Setting {
        name: format.name,
        default: "no file",
        value_type: ValueType::String,
        expected: "expected the path of a file, or \"-\" for standard output",
        field: Field::File(format),
    });
    VALUES.iter().copied().chain(files)
}

/// The setting with this name.
pub(crate) fn find(name: &str) -> Option<Setting> {
    settings().find(|setting| setting.name == name)
}

impl Setting {
    /// The environment variable: `MEMCHECK_FAIL_FAST`.
    pub(crate) fn variable(&self) -> String {
        format!("MEMCHECK_{}", self.name.to_uppercase().replace('-', "_"))
    }

    /// The flag that sets `value`: `--fail-fast`, `--no-fail-fast`.
    pub(crate) fn flag(&self, value: &str) -> String {
        match self.value_type {
            ValueType::Boolean if value == "false" => format!("--no-{}", self.name),
            ValueType::Boolean | ValueType::Integer | ValueType::String => {
                format!("--{}", self.name)
            }
        }
    }

    /// Whether it is the file of an export format.
    pub(crate) fn is_file(&self, format: &Format) -> bool {
        matches!(self.field, Field::File(of) if of.name == format.name)
    }

    /// Sets a value from text. The error says what was expected.
    pub(crate) fn set(&self, settings: &mut RunSettings, text: &str) -> Result<(), &'static str> {
        let set = match self.field {
            Field::Value { set, .. } => set(settings, text.trim()),
            Field::File(_) if text.trim().is_empty() => None,
            Field::File(format) => {
                settings.files.insert(format.name, text.into());
                Some(())
            }
        };
        set.ok_or(self.expected)
    }

    /// The value in `settings`, in the syntax of the flag.
    pub(crate) fn get(&self, settings: &RunSettings) -> Option<String> {
        match self.field {
            Field::Value { get, .. } => get(settings),
            Field::File(format) => {
                settings.files.get(format.name).map(|path| path.display().to_string())
            }
        }
    }
}

fn assign<T>(field: &mut Option<T>, value: Option<T>) -> Option<()> {
    *field = Some(value?);
    Some(())
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

fn named<T: ValueEnum>(text: &str) -> Option<T> {
    T::from_str(text, false).ok()
}

impl RunSettings {
    /// The settings of the flags.
    pub(crate) fn of_flags(
        running: &Running,
        backtrace: Option<Backtrace>,
        files: &OutputFiles,
    ) -> Self {
        let is_setting = |format: &&Format| format.is_setting;
        let file = |format: &'static Format| Some((format.name, files.of(format)?.clone()));
        RunSettings {
            jobs: running.jobs,
            fail_fast: match (running.fail_fast, running.no_fail_fast) {
                (true, _) => Some(true),
                (false, true) => Some(false),
                (false, false) => None,
            },
            inconclusive: running.inconclusive,
            sites: running.sites,
            backtrace,
            files: FORMATS.iter().filter(is_setting).filter_map(file).collect(),
        }
    }

    /// Whether it names a file by a relative path.
    pub(crate) fn has_relative_files(&self) -> bool {
        self.files.values().any(|path| path.is_relative() && !is_stdout(path))
    }

    /// The same settings, with relative paths of files made relative to `folder`.
    pub(crate) fn in_folder(&self, folder: &Path) -> RunSettings {
        let mut settings = self.clone();
        for path in settings.files.values_mut().filter(|path| !is_stdout(path)) {
            *path = folder.join(&*path);
        }
        settings
    }

    /// This layer on top of `below`.
    pub(crate) fn over(self, below: RunSettings) -> RunSettings {
        let mut files = below.files;
        files.extend(self.files);
        RunSettings {
            jobs: self.jobs.or(below.jobs),
            fail_fast: self.fail_fast.or(below.fail_fast),
            inconclusive: self.inconclusive.or(below.inconclusive),
            sites: self.sites.or(below.sites),
            backtrace: self.backtrace.or(below.backtrace),
            files,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(settings: &mut RunSettings, name: &str, text: &str) -> Result<(), &'static str> {
        find(name).unwrap().set(settings, text)
    }

    #[test]
    fn every_setting_can_be_set_and_read() {
        let mut all = RunSettings::default();
        let values = [
            ("jobs", "3"),
            ("fail-fast", "true"),
            ("inconclusive", "warn"),
            ("sites", "never"),
            ("backtrace", "full"),
        ];
        for setting in settings() {
            let value = values.iter().find(|(name, _)| *name == setting.name);
            let value = value.map_or("a.out", |(_, value)| value);
            assert_eq!(setting.get(&all), None);
            setting.set(&mut all, value).unwrap();
            assert_eq!(setting.get(&all).as_deref(), Some(value), "{}", setting.name);
        }
        let below = RunSettings { jobs: NonZeroUsize::new(1), ..RunSettings::default() };
        assert_eq!(all.clone().over(below.clone()), all);
        assert_eq!(RunSettings::default().over(below.clone()), below);
    }

    #[test]
    fn relative_files_are_relative_to_a_folder() {
        let mut settings = RunSettings::default();
        assert!(!settings.has_relative_files());
        set(&mut settings, "report", "a.json").unwrap();
        set(&mut settings, "markdown", "-").unwrap();
        assert!(settings.has_relative_files());
        let placed = settings.in_folder(Path::new("/top"));
        assert!(!placed.has_relative_files());
        let files: Vec<_> = placed.files.values().map(|path| path.to_str().unwrap()).collect();
        assert_eq!(files, ["-", "/top/a.json"]);
    }

    #[test]
    fn wrong_values_are_refused_with_the_expected_ones() {
        let mut all = RunSettings::default();
        for (name, text) in [
            ("jobs", "0"),
            ("fail-fast", "yes"),
            ("inconclusive", "Warn"),
            ("sites", "all"),
            ("backtrace", "long"),
            ("junit", " "),
        ] {
            assert_eq!(set(&mut all, name, text), Err(find(name).unwrap().expected), "{name}");
        }
        assert_eq!(all, RunSettings::default());
    }

    #[test]
    fn every_variable_is_known_to_the_library() {
        let variables: Vec<String> = settings().map(|setting| setting.variable()).collect();
        assert!(variables.contains(&"MEMCHECK_FAIL_FAST".to_owned()));
        let unknown = memcheck::tool::unknown_variables(&variables);
        assert!(unknown.is_empty(), "add them to the variables of the tool: {unknown:?}");
    }
}
