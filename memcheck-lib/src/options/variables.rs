//! A layer of options from environment variables, for every check that this process observes:
//! `MEMCHECK_TIME=5s`. It wins over the attribute.

use std::ffi::{OsStr, OsString};
use std::fmt;

use memcheck_options::{OPTIONS, OptionSpec, PREFIX, ValueError, suggest};

use super::layer::Options;

/// The variable that sets what all tests under `cargo test` do.
pub(crate) const MODE: &str = "MEMCHECK";
/// Its value with which tests run their bodies once, without judging them.
pub(crate) const ONCE: &str = "once";
/// Its value with which all tests are judged.
pub(crate) const JUDGE: &str = "judge";

/// Variables that configure a run of `cargo memcheck`. The library only knows their names, so that a
/// test under plain `cargo test` does not report them as unknown; the tool reads them.
pub const TOOL_VARIABLES: &[&str] = &[
    "MEMCHECK_BACKTRACE",
    "MEMCHECK_CONFIG_FILE",
    "MEMCHECK_FAIL_FAST",
    "MEMCHECK_INCONCLUSIVE",
    "MEMCHECK_JOBS",
    "MEMCHECK_JUNIT",
    "MEMCHECK_MARKDOWN",
    "MEMCHECK_PROFILE",
    "MEMCHECK_REPORT",
    "MEMCHECK_SITES",
];

/// Variables between an observer and its worker, and those that select what a test does with its
/// report.
const INTERNAL_VARIABLES: &[&str] = &[
    "MEMCHECK_CHECK",
    "MEMCHECK_INTERNAL_TEST_BLIND",
    "MEMCHECK_REPORT_DIR",
    "MEMCHECK_STARTED_BY",
    "MEMCHECK_WORKER",
];

/// A variable whose value cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariableError {
    /// Its name.
    pub name: String,
    /// Its value, with replacement characters where it is not UTF-8.
    pub value: String,
    /// What is wrong with the value.
    pub reason: Reason,
}

/// What is wrong with the value of a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It does not fit the option.
    Option(ValueError),
    /// It is not a value of the variable `MEMCHECK`.
    NotAMode,
}

impl fmt::Display for VariableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let VariableError { name, value, reason } = self;
        write!(f, "the environment variable {name}={value:?} is invalid: ")?;
        match reason {
            Reason::Option(error) => error.fmt(f),
            Reason::NotAMode => f.write_str(
                "expected \"once\", which runs each body once and does not judge it, or \"judge\", \
                 which judges every test",
            ),
        }
    }
}

impl std::error::Error for VariableError {}

/// A variable with the prefix of memcheck and an unknown name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownVariable {
    /// Its name.
    pub name: String,
    /// The variable that was probably meant.
    pub suggestion: Option<String>,
}

impl fmt::Display for UnknownVariable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown environment variable {} is ignored; ", self.name)?;
        match &self.suggestion {
            Some(suggestion) => write!(f, "did you mean {suggestion}?"),
            None => f.write_str("unset it, or correct its name"),
        }
    }
}

/// The options that variables set. An empty variable sets nothing, because CI systems set variables
/// to nothing for inputs that are not given.
///
/// # Errors
///
/// The first variable, in the order of the options, whose value cannot be used.
pub fn options(variable: impl Fn(&str) -> Option<OsString>) -> Result<Options, VariableError> {
    let text = |name: &str| {
        let value = variable(name).filter(|value| !value.is_empty())?;
        Some(value.to_string_lossy().into_owned())
    };
    if let Some(value) = text(MODE).filter(|value| ![ONCE, JUDGE].contains(&value.as_str())) {
        return Err(VariableError { name: MODE.to_owned(), value, reason: Reason::NotAMode });
    }
    let mut options = Options::new();
    for (name, spec) in option_variables() {
        let Some(value) = text(&name) else { continue };
        match spec.parse(&value) {
            Ok(parsed) => options.set(spec, parsed),
            Err(error) => return Err(VariableError { name, value, reason: Reason::Option(error) }),
        }
    }
    Ok(options)
}

/// Those of `names` that have the prefix of memcheck and are unknown, sorted.
pub fn unknown<N: AsRef<OsStr>>(names: impl IntoIterator<Item = N>) -> Vec<UnknownVariable> {
    let of_options: Vec<String> = option_variables().map(|(name, _)| name).collect();
    let known = of_options.iter().map(String::as_str);
    let known: Vec<&str> =
        known.chain(TOOL_VARIABLES.iter().chain(INTERNAL_VARIABLES).copied()).collect();
    let without_prefix: Vec<&str> =
        known.iter().filter_map(|known| known.strip_prefix(PREFIX)).collect();
    let mut unknown: Vec<UnknownVariable> = names
        .into_iter()
        .map(|name| name.as_ref().to_string_lossy().into_owned())
        .filter(|name| !known.contains(&name.as_str()))
        .filter_map(|name| {
            let suggestion = suggest(name.strip_prefix(PREFIX)?, &without_prefix)
                .map(|suggestion| format!("{PREFIX}{suggestion}"));
            Some(UnknownVariable { name, suggestion })
        })
        .collect();
    unknown.sort_by(|a, b| a.name.cmp(&b.name));
    unknown
}

/// The variable of each option that can be set for every test.
fn option_variables() -> impl Iterator<Item = (String, &'static OptionSpec)> {
    OPTIONS.iter().filter_map(|spec| Some((spec.variable()?, spec)))
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
    fn options_of_every_test_have_variables() {
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
    fn invalid_values_are_reported_with_their_variable() {
        let error = read(&[("MEMCHECK_TIME", "2")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the environment variable MEMCHECK_TIME=\"2\" is invalid: missing unit after 2; \
             write \"2s\" for seconds, or use ns, us, ms, m, h, d or w"
        );
    }

    #[test]
    fn the_mode_is_once_or_judge_or_unset() {
        assert_eq!(read(&[("MEMCHECK", "judge")]), Ok(Options::new()));
        assert_eq!(read(&[("MEMCHECK", "once")]), Ok(Options::new()));
        assert_eq!(read(&[("MEMCHECK", "")]), Ok(Options::new()));
        assert_eq!(
            read(&[("MEMCHECK", "twice")]).unwrap_err().to_string(),
            "the environment variable MEMCHECK=\"twice\" is invalid: expected \"once\", which \
             runs each body once and does not judge it, or \"judge\", which judges every test"
        );
    }

    #[cfg(unix)]
    #[test]
    fn values_that_are_not_utf8_are_invalid() {
        use std::os::unix::ffi::OsStringExt;
        let error = options(|name| (name != "MEMCHECK").then(|| OsString::from_vec(vec![0xff])))
            .unwrap_err();
        assert_eq!((error.name.as_str(), error.value.as_str()), ("MEMCHECK_WARMUP", "\u{fffd}"));
    }

    #[test]
    fn unknown_variables_are_reported_with_a_suggestion() {
        let reported: Vec<String> = unknown([
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
        .map(|unknown| format!("{} {}", unknown.name, unknown.suggestion.as_deref().unwrap_or("-")))
        .collect();
        assert_eq!(
            reported,
            [
                "MEMCHECK_CONFIG -",
                "MEMCHECK_KNOWN_LEAK -",
                "MEMCHECK_RSS MEMCHECK_RESIDENT",
                "MEMCHECK_TMIE MEMCHECK_TIME",
                "MEMCHECK_ZZZ -",
            ]
        );
        assert_eq!(
            unknown(["MEMCHECK_RSS"])[0].to_string(),
            "unknown environment variable MEMCHECK_RSS is ignored; did you mean MEMCHECK_RESIDENT?"
        );
        assert_eq!(
            unknown(["MEMCHECK_ZZZ"])[0].to_string(),
            "unknown environment variable MEMCHECK_ZZZ is ignored; unset it, or correct its name"
        );
    }
}
