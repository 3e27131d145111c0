//! All settings and their origins.

use std::io::{self, Write};

use serde::Serialize;

use super::style::HEADING;
use crate::cli::MessageFormat;
use crate::config::{Layers, Origin, SettingInForce, TestName};

/// The version of the JSON document.
const CONFIG_VERSION: u32 = 1;

/// What `cargo memcheck config` cannot show.
const ATTRIBUTE: &str = "The options of a test's attribute are not shown. They override the file; \
                         the environment and the flags override them.";

/// The document.
#[derive(Debug, Serialize)]
struct Document<'a> {
    version: u32,
    file: Option<String>,
    profile: &'a str,
    test: Option<&'a str>,
    binary: Option<&'a str>,
    settings: Vec<Setting<'a>>,
    /// The overrides of the profile. For a test, matching overrides are in its settings, and these are the
    /// overrides that may match, depending on its binary.
    overrides: Vec<Override>,
    suppressions: Vec<Suppression<'a>>,
}

#[derive(Debug, Serialize)]
struct Setting<'a> {
    name: &'a str,
    value: &'a str,
    source: OriginInJson<'a>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum OriginInJson<'a> {
    Default,
    File { path: String, line: usize, table: &'a str },
    Environment { variable: &'a str },
    Flag { flag: &'a str },
}

#[derive(Debug, Serialize)]
struct Override {
    test: Option<String>,
    binary: Option<String>,
    settings: Vec<OverrideValue>,
}

#[derive(Debug, Serialize)]
struct OverrideValue {
    name: &'static str,
    value: String,
    line: usize,
}

#[derive(Debug, Serialize)]
struct Suppression<'a> {
    function: String,
    reason: &'a str,
    line: usize,
}

/// Writes the settings of a test, or of all tests.
pub(crate) fn config(
    out: &mut dyn Write,
    format: MessageFormat,
    layers: &Layers,
    test: Option<TestName<'_>>,
) -> io::Result<()> {
    let explained = layers.explain(test);
    let document = document(layers, test, &explained);
    match format {
        MessageFormat::Human => human(out, &document),
        MessageFormat::Short => document.settings.iter().try_for_each(|setting| {
            writeln!(out, "{} = {} ({})", setting.name, setting.value, setting.source.in_words())
        }),
        MessageFormat::Json => {
            serde_json::to_writer(&mut *out, &document)?;
            writeln!(out)
        }
    }
}

fn document<'a>(
    layers: &'a Layers,
    test: Option<TestName<'a>>,
    explained: &'a [SettingInForce],
) -> Document<'a> {
    let file = layers.file.as_ref();
    let mut overrides = layers.overrides();
    overrides.retain(|of| test.is_none_or(|test| of.may_match(test)));
    Document {
        version: CONFIG_VERSION,
        file: file.map(|file| file.path.display().to_string()),
        profile: &layers.profile,
        test: test.map(|name| name.test),
        binary: test.and_then(|name| name.binary),
        settings: explained
            .iter()
            .map(|of| Setting {
                name: of.name,
                value: &of.value,
                source: OriginInJson::of(&of.origin),
            })
            .collect(),
        overrides: overrides
            .into_iter()
            .map(|of| Override {
                test: of.test.as_ref().map(ToString::to_string),
                binary: of.binary.as_ref().map(ToString::to_string),
                settings: memcheck_options::check_options()
                    .filter_map(|spec| {
                        let value = of.values.options.get(spec)?.to_string();
                        let line = of.values.lines.get(spec.name).copied().unwrap_or_default();
                        Some(OverrideValue { name: spec.name, value, line })
                    })
                    .collect(),
            })
            .collect(),
        suppressions: file
            .iter()
            .flat_map(|file| &file.suppressions)
            .map(|of| Suppression {
                function: of.function.to_string(),
                reason: &of.reason,
                line: of.line,
            })
            .collect(),
    }
}

fn human(out: &mut dyn Write, document: &Document<'_>) -> io::Result<()> {
    let file = document.file.as_deref().unwrap_or("no configuration file");
    writeln!(out, "{HEADING}{file}, profile `{}`{HEADING:#}", document.profile)?;
    if let Some(test) = document.test {
        let binary = document.binary.map(|id| format!(" of {id}")).unwrap_or_default();
        writeln!(out, "for {test}{binary}")?;
    }
    let width = |text: fn(&Setting<'_>) -> usize| document.settings.iter().map(text).max();
    let names = width(|of| of.name.len()).unwrap_or_default();
    let values = width(|of| of.value.chars().count()).unwrap_or_default();
    for Setting { name, value, source } in &document.settings {
        writeln!(out, "    {name:names$}  {value:values$}  {}", source.in_words())?;
    }
    if document.test.is_some() && !document.overrides.is_empty() {
        writeln!(
            out,
            "the overrides below may apply, depending on the binary: set --binary to see"
        )?;
    }
    for of in &document.overrides {
        let patterns = [("test", &of.test), ("binary", &of.binary)];
        let patterns: Vec<String> = patterns
            .iter()
            .filter_map(|(key, pattern)| Some(format!("{key} = \"{}\"", pattern.as_ref()?)))
            .collect();
        writeln!(out, "{HEADING}override{HEADING:#} {}", patterns.join(", "))?;
        for OverrideValue { name, value, line } in &of.settings {
            writeln!(out, "    {name:names$}  {value:values$}  {file}:{line}")?;
        }
    }
    for Suppression { function, reason, line } in &document.suppressions {
        writeln!(out, "{HEADING}suppress{HEADING:#} {function}  {file}:{line}")?;
        writeln!(out, "    {reason}")?;
    }
    writeln!(out, "{ATTRIBUTE}")
}

impl<'a> OriginInJson<'a> {
    fn of(origin: &'a Origin) -> Self {
        match origin {
            Origin::Default => OriginInJson::Default,
            Origin::File { path, line, table } => {
                OriginInJson::File { path: path.display().to_string(), line: *line, table }
            }
            Origin::Environment { variable } => OriginInJson::Environment { variable },
            Origin::Flag { flag } => OriginInJson::Flag { flag },
        }
    }

    fn in_words(&self) -> String {
        match self {
            OriginInJson::Default => "default".to_owned(),
            OriginInJson::File { path, line, table } => format!("{path}:{line} {table}"),
            OriginInJson::Environment { variable } => format!("environment {variable}"),
            OriginInJson::Flag { flag } => format!("flag {flag}"),
        }
    }
}
