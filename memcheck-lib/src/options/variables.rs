//! Options from the environment, for every check that this process observes: `MEMCHECK_TIME=5s`.
//! They outrank the attribute.

use std::ffi::{OsStr, OsString};
use std::fmt;

use super::Options;
use super::edit_distance::nearest_of;
use super::table::{self, Row, ValueError};

/// What the names of all variables start with.
pub(super) const PREFIX: &str = "MEMCHECK_";

/// The variable that asks for bodies to be run once, unjudged, and its one value.
pub(crate) const MODE: (&str, &str) = ("MEMCHECK", "once");

/// Variables that are no options of a check: those of the tool, and those that an observer gives
/// its worker.
const OTHERS: [&str; 15] = [
    "MEMCHECK_BACKTRACE",
    "MEMCHECK_CHECK",
    "MEMCHECK_CONFIG_FILE",
    "MEMCHECK_FAIL_FAST",
    "MEMCHECK_INCONCLUSIVE",
    "MEMCHECK_INTERNAL_TEST_BLIND",
    "MEMCHECK_JOBS",
    "MEMCHECK_JUNIT",
    "MEMCHECK_MARKDOWN",
    "MEMCHECK_PROFILE",
    "MEMCHECK_REPORT",
    "MEMCHECK_REPORT_DIR",
    "MEMCHECK_SITES",
    "MEMCHECK_STARTED_BY",
    "MEMCHECK_WORKER",
];

/// A variable whose value does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariableError {
    /// Its name.
    pub name: String,
    /// Its value; what is no UTF-8 replaced.
    pub value: String,
    /// What is wrong with it.
    pub source: ValueError,
}

impl fmt::Display for VariableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let VariableError { name, value, source } = self;
        write!(f, "the environment variable {name}={value:?} cannot be used: {source}")
    }
}

impl std::error::Error for VariableError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // Stands in the sentence already.
        None
    }
}

/// A variable whose name starts like ours, but means nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownVariable {
    /// Its name.
    pub name: String,
    /// The one that was probably meant.
    pub nearest: Option<String>,
}

impl fmt::Display for UnknownVariable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the environment variable {} means nothing to memcheck", self.name)?;
        match &self.nearest {
            Some(nearest) => write!(f, "; did you mean {nearest}?"),
            None => Ok(()),
        }
    }
}

/// The options that `variables` say. An empty value says nothing: CI systems set variables to
/// nothing where an input was not given.
///
/// # Errors
///
/// The first variable, in the order of the options, whose value does not fit.
pub fn options(variable: impl Fn(&str) -> Option<OsString>) -> Result<Options, VariableError> {
    let (mode, once) = MODE;
    if let Some(value) = variable(mode).filter(|value| !value.is_empty() && value != once) {
        let value = value.to_string_lossy().into_owned();
        return Err(VariableError { name: mode.to_owned(), value, source: ValueError::NotOnce });
    }
    let mut options = Options::new();
    for row in rows() {
        let name = row.variable();
        let Some(value) = variable(&name).filter(|value| !value.is_empty()) else { continue };
        let parsed = row.parse(&value.to_string_lossy());
        match parsed {
            Ok(parsed) => row.set(&mut options, parsed),
            Err(source) => {
                let value = value.to_string_lossy().into_owned();
                return Err(VariableError { name, value, source });
            }
        }
    }
    Ok(options)
}

/// The names that start like ours, but mean nothing.
pub fn unknown<N: AsRef<OsStr>>(names: impl IntoIterator<Item = N>) -> Vec<UnknownVariable> {
    let own: Vec<String> = rows().map(Row::variable).collect();
    let known: Vec<&str> = own.iter().map(String::as_str).chain(OTHERS).collect();
    let mut unknown: Vec<UnknownVariable> = names
        .into_iter()
        .filter_map(|name| {
            let name = name.as_ref().to_string_lossy().into_owned();
            let rest = name.strip_prefix(PREFIX)?;
            if known.contains(&name.as_str()) {
                return None;
            }
            let short: Vec<&str> =
                known.iter().filter_map(|known| known.strip_prefix(PREFIX)).collect();
            let lower: Vec<String> = short.iter().map(|known| known.to_lowercase()).collect();
            let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
            let nearest = table::nearest(rest, &lower)
                .or_else(|| nearest_of(rest, &lower))
                .map(|nearest| format!("{PREFIX}{}", nearest.to_uppercase()));
            Some(UnknownVariable { name, nearest })
        })
        .collect();
    unknown.sort_by(|a, b| a.name.cmp(&b.name));
    unknown
}

/// The options that hold for every test, so that a variable can say them.
fn rows() -> impl Iterator<Item = &'static Row> {
    table::TABLE.iter().filter(|row| !row.per_test)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Bytes;
    use std::time::Duration;

    fn read(set: &[(&str, &str)]) -> Result<Options, VariableError> {
        options(|name| {
            set.iter().find(|(of, _)| *of == name).map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn each_option_has_its_variable() {
        assert_eq!(
            read(&[
                ("MEMCHECK_TIME", "1m 30s"),
                ("MEMCHECK_RESIDENT", "256 KiB"),
                ("MEMCHECK_WARMUP", "3"),
                ("MEMCHECK_FDS", ""),
                ("MEMCHECK_KNOWN_LEAK", "no"),
            ]),
            Ok(Options::new()
                .time(Duration::from_secs(90))
                .resident(Bytes(256 << 10))
                .warmup(3u64))
        );
        assert_eq!(read(&[]), Ok(Options::new()));
    }

    #[test]
    fn a_value_that_does_not_fit_is_an_error_with_its_variable() {
        let error = read(&[("MEMCHECK_TIME", "2")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the environment variable MEMCHECK_TIME=\"2\" cannot be used: write a number and a \
             unit, for example \"500ms\", \"2s\" or \"1m 30s\""
        );
    }

    #[test]
    fn a_body_is_run_once_or_judged() {
        assert_eq!(read(&[("MEMCHECK", "once")]), Ok(Options::new()));
        assert_eq!(read(&[("MEMCHECK", "")]), Ok(Options::new()));
        assert_eq!(
            read(&[("MEMCHECK", "twice")]).unwrap_err().to_string(),
            "the environment variable MEMCHECK=\"twice\" cannot be used: it can only be \"once\", \
             which runs bodies once, unjudged; unset it to have them judged"
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_value_that_is_no_text_is_an_error_too() {
        use std::os::unix::ffi::OsStringExt;
        let error = options(|name| (name != "MEMCHECK").then(|| OsString::from_vec(vec![0xff])))
            .unwrap_err();
        assert_eq!((error.name.as_str(), error.value.as_str()), ("MEMCHECK_WARMUP", "\u{fffd}"));
    }

    #[test]
    fn names_that_mean_nothing_are_told_with_the_nearest() {
        let told: Vec<String> = unknown([
            "MEMCHECK",
            "MEMCHECK_TIME",
            "MEMCHECK_WORKER",
            "MEMCHECK_REPORT",
            "MEMCHECK_REPORT_DIR",
            "PATH",
            "MEMCHECK_TMIE",
            "MEMCHECK_RSS",
            "MEMCHECK_KNOWN_LEAK",
            "MEMCHECK_CONFIG",
            "MEMCHECK_ZZZ",
        ])
        .iter()
        .map(|unknown| format!("{} {}", unknown.name, unknown.nearest.as_deref().unwrap_or("-")))
        .collect();
        assert_eq!(
            told,
            [
                "MEMCHECK_CONFIG -",
                "MEMCHECK_KNOWN_LEAK -",
                "MEMCHECK_RSS MEMCHECK_RESIDENT",
                "MEMCHECK_TMIE MEMCHECK_TIME",
                "MEMCHECK_ZZZ -",
            ]
        );
    }
}
