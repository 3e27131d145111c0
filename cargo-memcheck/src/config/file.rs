//! Parses the configuration file. All errors are reported at once, each with its line and column.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use memcheck::Options;
use memcheck_options::{OptionSpec, check_options, suggest};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{ConfigError, Problem};
use super::pattern::Pattern;
use super::settings::{self, RunSettings};
use super::suppressions::Suppression;
use super::values;

/// The name of the profile below all others.
pub(crate) const DEFAULT: &str = "default";

/// The content of a configuration file.
#[derive(Clone, Debug, Default)]
pub(crate) struct File {
    /// The path, as messages show it.
    pub(crate) path: PathBuf,
    /// The profiles by name.
    pub(crate) profiles: BTreeMap<String, Profile>,
    /// The suppressions, in the order of the file.
    pub(crate) suppressions: Vec<Suppression>,
}

/// A profile.
#[derive(Clone, Debug, Default)]
pub(crate) struct Profile {
    /// Settings for all tests and for the run.
    pub(crate) values: Section,
    /// Settings for some tests, in the order of the file.
    pub(crate) overrides: Vec<Override>,
}

/// Options for the tests that match.
#[derive(Clone, Debug, Default)]
pub(crate) struct Override {
    /// Matches names of tests.
    pub(crate) test: Option<Pattern>,
    /// Matches ids of binaries.
    pub(crate) binary: Option<Pattern>,
    /// The options.
    pub(crate) values: Section,
    /// Its line in the file.
    pub(crate) line: usize,
}

impl Override {
    /// The warning about an override that matches nothing in the workspace.
    pub(crate) fn unused(&self, path: &Path) -> String {
        format!(
            "{}:{}: no annotated test matches {}: fix the pattern, or remove the override",
            path.display(),
            self.line,
            self.values.title
        )
    }
}

/// The options and settings of one table.
#[derive(Clone, Debug, Default)]
pub(crate) struct Section {
    /// The table, as messages show it: `[profile.ci]`.
    pub(crate) title: String,
    /// The options.
    pub(crate) options: Options,
    /// The settings of the run.
    pub(crate) run: RunSettings,
    /// The line of each key.
    pub(crate) lines: BTreeMap<&'static str, usize>,
}

/// Parses the `text` of the file at `path`.
pub(crate) fn parse(path: &Path, text: &str) -> Result<File, ConfigError> {
    let mut reader = Reader { text, problems: Vec::new() };
    let file = reader.file(path);
    match reader.problems.is_empty() {
        true => Ok(file),
        false => {
            let mut problems = reader.problems;
            problems.sort_by_key(|problem| (problem.line, problem.column));
            Err(ConfigError::Problems { path: path.to_owned(), problems })
        }
    }
}

/// Whether a key belongs in a profile.
fn is_of_profile(key: &str) -> bool {
    key == "overrides" || option(key).is_some() || settings::find(key).is_some()
}

/// The option of a test with this name.
fn option(name: &str) -> Option<&'static OptionSpec> {
    memcheck_options::find(name).filter(|spec| spec.is_check_option())
}

struct Reader<'a> {
    text: &'a str,
    problems: Vec<Problem>,
}

/// A value and its position.
type Value<'a> = Spanned<DeValue<'a>>;

impl<'a> Reader<'a> {
    fn file(&mut self, path: &Path) -> File {
        let mut file = File { path: path.to_owned(), ..File::default() };
        let document = match DeTable::parse(self.text) {
            Ok(document) => document,
            Err(error) => {
                let at = error.span().map_or(0, |span| span.start);
                self.problem(at, error.message().to_owned());
                return file;
            }
        };
        for (key, value) in document.get_ref() {
            match key.get_ref().as_ref() {
                "profile" => self.each_table(value, "profile", |reader, name, table| {
                    let profile = reader.profile(&name, table);
                    file.profiles.insert(name, profile);
                }),
                "suppress" => {
                    for table in self.tables(value, "[[suppress]]") {
                        file.suppressions.extend(self.suppression(table));
                    }
                }
                option if is_of_profile(option) => {
                    let message =
                        format!("`{option}` must be in a profile: move it below [profile.default]");
                    self.problem(key.span().start, message);
                }
                other => {
                    self.unknown(other, key.span().start, "the file", &["profile", "suppress"])
                }
            }
        }
        file.profiles.entry(DEFAULT.to_owned()).or_default();
        file
    }

    fn profile(&mut self, name: &str, table: &Value<'a>) -> Profile {
        let mut profile = Profile::default();
        profile.values.title = format!("[profile.{name}]");
        let place = profile.values.title.clone();
        let Some(keys) = self.table(table, &place) else { return profile };
        for (key, value) in keys {
            if key.get_ref() == "overrides" {
                let title = format!("[[profile.{name}.overrides]]");
                for table in self.tables(value, &title) {
                    profile.overrides.extend(self.one_override(table, &title));
                }
                continue;
            }
            let at = key.span().start;
            if let Some(spec) = option(key.get_ref()) {
                if !spec.is_for_every_test() {
                    let advice = format!("move it to [[profile.{name}.overrides]]");
                    self.problem(
                        at,
                        format!("`{}` is an option of single tests: {advice}", spec.name),
                    );
                } else {
                    self.option(spec, at, value, &mut profile.values);
                }
            } else if let Some(setting) = settings::find(key.get_ref()) {
                let name = setting.name;
                match values::set_run(&setting, value.get_ref(), &mut profile.values.run) {
                    Ok(()) => drop(profile.values.lines.insert(name, self.position(at).0)),
                    Err(what) => self.problem(value.span().start, format!("`{name}`: {what}")),
                }
            } else {
                let general = check_options().filter(|spec| spec.is_for_every_test());
                let of_run = settings::settings().map(|setting| setting.name);
                let known: Vec<&str> =
                    general.map(|spec| spec.name).chain(of_run).chain(["overrides"]).collect();
                self.unknown(key.get_ref(), at, &place, &known);
            }
        }
        profile
    }

    fn one_override(&mut self, table: &Value<'a>, place: &str) -> Option<Override> {
        let mut found = Override::default();
        let keys = self.table(table, place)?;
        for (key, value) in keys {
            let at = key.span().start;
            let name = key.get_ref().as_ref();
            if name == "test" || name == "binary" {
                let pattern = self.pattern(name, value);
                *(if name == "test" { &mut found.test } else { &mut found.binary }) = pattern;
            } else if let Some(spec) = option(name) {
                self.option(spec, at, value, &mut found.values);
            } else if settings::find(name).is_some() {
                let message = "is a setting of the whole run: move it to the table of the profile";
                self.problem(at, format!("`{name}` {message}"));
            } else {
                let known: Vec<&str> =
                    check_options().map(|spec| spec.name).chain(["test", "binary"]).collect();
                self.unknown(name, at, place, &known);
            }
        }
        let named = |key: &str| keys.keys().any(|of| of.get_ref() == key);
        if !named("test") && !named("binary") {
            let message = "selects no tests: add `test = \"tests::slow*\"`, or `binary`";
            self.problem(table.span().start, format!("{place} {message}"));
        }
        if keys.keys().all(|of| matches!(of.get_ref().as_ref(), "test" | "binary")) {
            let message = "has no options: add one, for example `time = \"20s\"`";
            self.problem(table.span().start, format!("{place} {message}"));
        }
        found.line = self.position(table.span().start).0;
        let patterns = [("test", &found.test), ("binary", &found.binary)];
        let shown: Vec<String> = patterns
            .iter()
            .filter_map(|(key, pattern)| Some(format!("{key} = \"{}\"", pattern.as_ref()?)))
            .collect();
        found.values.title = format!("{place} {}", shown.join(", "));
        Some(found)
    }

    fn suppression(&mut self, table: &Value<'a>) -> Option<Suppression> {
        let start = table.span().start;
        let (mut function, mut reason) = (None, None);
        let (mut has_function, mut has_reason) = (false, false);
        for (key, value) in self.table(table, "[[suppress]]")? {
            let at = value.span().start;
            match key.get_ref().as_ref() {
                "function" => {
                    has_function = true;
                    function = self.pattern("function", value);
                    if function.as_ref().is_some_and(Pattern::is_only_wildcards) {
                        function = None;
                        self.problem(
                            at,
                            "`function` matches every function, so it would hide every leak".into(),
                        );
                    }
                }
                "reason" => {
                    has_reason = true;
                    reason = value.get_ref().as_str().map(str::trim).map(str::to_owned);
                    if reason.as_ref().is_none_or(String::is_empty) {
                        reason = None;
                        self.problem(
                            at,
                            "`reason` is empty: write why, as a link or a text".into(),
                        );
                    }
                }
                other => {
                    self.unknown(other, key.span().start, "[[suppress]]", &["function", "reason"])
                }
            }
        }
        if !has_function {
            let advice = "add `function = \"…\"`, a pattern that matches function names";
            self.problem(start, format!("[[suppress]] has no `function`: {advice}"));
        }
        if !has_reason {
            let advice = "add `reason = \"…\"`, a link or a text";
            self.problem(start, format!("[[suppress]] has no `reason`: {advice}"));
        }
        Some(Suppression { function: function?, reason: reason?, line: self.position(start).0 })
    }

    fn option(
        &mut self,
        spec: &'static OptionSpec,
        at: usize,
        value: &Value<'a>,
        into: &mut Section,
    ) {
        match values::of_option(spec, value.get_ref()) {
            Ok(value) => {
                into.options.set(spec, value);
                into.lines.insert(spec.name, self.position(at).0);
            }
            Err(what) => self.problem(value.span().start, format!("`{}`: {what}", spec.name)),
        }
    }

    fn pattern(&mut self, name: &str, value: &Value<'a>) -> Option<Pattern> {
        match value.get_ref().as_str().filter(|text| !text.trim().is_empty()) {
            Some(text) => Some(Pattern::new(text)),
            None => {
                let what = "expected a pattern that matches names, for example \"tests::slow*\"";
                self.problem(value.span().start, format!("`{name}`: {what}"));
                None
            }
        }
    }

    fn each_table(
        &mut self,
        value: &Value<'a>,
        place: &str,
        mut take: impl FnMut(&mut Self, String, &Value<'a>),
    ) {
        let Some(keys) = self.table(value, place) else { return };
        for (key, table) in keys {
            take(self, key.get_ref().to_string(), table);
        }
    }

    fn table<'v>(&mut self, value: &'v Value<'a>, place: &str) -> Option<&'v DeTable<'a>> {
        match value.get_ref() {
            DeValue::Table(table) => Some(table),
            other => {
                let found = values::a(other);
                self.problem(value.span().start, format!("{place} must be a table, not {found}"));
                None
            }
        }
    }

    fn tables<'v>(&mut self, value: &'v Value<'a>, place: &str) -> Vec<&'v Value<'a>> {
        match value.get_ref() {
            DeValue::Array(tables) => tables.iter().collect(),
            _ => {
                self.problem(value.span().start, format!("write {place} with double brackets"));
                Vec::new()
            }
        }
    }

    fn unknown(&mut self, name: &str, at: usize, place: &str, known: &[&str]) {
        let hint = match suggest(name, known) {
            Some(suggestion) => format!("; did you mean `{suggestion}`?"),
            None => String::new(),
        };
        let (line, column) = self.position(at);
        let message = format!("unknown key `{name}` in {place}{hint}");
        self.problems.push(Problem { line, column, message, unknown_key: true });
    }

    fn problem(&mut self, at: usize, message: String) {
        let (line, column) = self.position(at);
        self.problems.push(Problem { line, column, message, unknown_key: false });
    }

    fn position(&self, at: usize) -> (usize, usize) {
        let before = self.text.get(..at).unwrap_or(self.text);
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (before.matches('\n').count() + 1, before[start..].chars().count() + 1)
    }
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
