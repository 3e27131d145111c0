//! Why a command failed.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use memcheck::ProcessError;
use memcheck::tool::report::ReadError;

use crate::cargo::CargoError;
use crate::causes::with_causes;
use crate::config::ConfigError;
use crate::discover::DiscoverError;
use crate::export::ExportError;
use crate::terminal::WriteError;

/// Why a command failed before it had a result.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error(transparent)]
    Cargo(#[from] CargoError),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Discover(#[from] DiscoverError),
    #[error(transparent)]
    Export(#[from] ExportError),
    #[error(transparent)]
    Write(#[from] WriteError),
    #[error(transparent)]
    Inspect(#[from] ProcessError),
    #[error("there is no test with #[memcheck]")]
    NoAnnotatedTests { binaries: usize, has_library: bool },
    #[error("no test {required} ({annotated} annotated)")]
    NoMatch { annotated: usize, required: String, suggestion: Suggestion },
    #[error("all selected tests are ignored ({ignored})")]
    AllIgnored { ignored: usize },
    #[error("cannot start `{command}`")]
    CommandStart { command: String, source: io::Error },
    #[error(
        "`{command}` ended with {status} after {:.2} s, before it was inspected",
        after.as_secs_f64()
    )]
    EndedEarly { command: String, status: ExitStatus, after: Duration },
    #[error("cannot install the handlers of Ctrl-C and SIGTERM")]
    Signals { source: io::Error },
    #[error("cannot read the report `{}`", path.display())]
    ReportUnreadable { path: PathBuf, source: io::Error },
    #[error("cannot use the report `{}`", path.display())]
    ReportRefused { path: PathBuf, source: ReadError },
    #[error("there are no test results in {}", in_words(paths))]
    NoReports { paths: Vec<PathBuf> },
    #[error("interrupted by signal {signal}")]
    Interrupted { signal: i32 },
}

/// What a filter that matched nothing probably means.
#[derive(Debug)]
pub(super) enum Suggestion {
    /// A name.
    Name,
    /// This command.
    Command(String),
    /// A pattern with this part that can be in a name.
    Pattern { written: String, part: String },
}

impl Error {
    /// What the user can do.
    pub(super) fn help(&self) -> Option<String> {
        let help = match self {
            Error::Cargo(error) => return error.help().map(str::to_owned),
            Error::Config(error) => return error.help(),
            Error::Discover(error) => return Some(error.help()),
            Error::Export(error) => error.help(),
            Error::NoAnnotatedTests { binaries, has_library } => {
                return Some(first_test(*binaries, *has_library));
            }
            Error::NoMatch { suggestion, .. } => return Some(suggestion.help()),
            Error::AllIgnored { .. } => "run ignored tests too with `--run-ignored all`",
            Error::CommandStart { .. } => {
                "check that the program exists and is executable; start a shell command with `-- sh -c \
                 \"…\"`"
            }
            Error::EndedEarly { .. } => {
                "inspect it earlier with `--after TIME`, or give it more work"
            }
            Error::ReportUnreadable { .. } => {
                "name files that `cargo memcheck --report FILE` or MEMCHECK_REPORT_DIR wrote, or folders \
                 with such files"
            }
            Error::ReportRefused { source: ReadError::Foreign { .. }, .. } => {
                "read it with cargo-memcheck of that version, or write it again with this one"
            }
            Error::ReportRefused { source: ReadError::Broken { tool: Some(_), .. }, .. } => {
                "read it with the cargo-memcheck that wrote it, or write it again"
            }
            Error::ReportRefused { .. } => {
                "write it again; if it is not a report, remove it from the folder"
            }
            Error::NoReports { .. } => {
                "set MEMCHECK_REPORT_DIR to an absolute path for `cargo test`: tests run in the folder of \
                 their package"
            }
            // The message of the library has its own help.
            Error::Inspect(_) => return None,
            Error::Signals { .. } | Error::Write(_) | Error::Interrupted { .. } => return None,
        };
        Some(help.to_owned())
    }

    /// The message with its causes.
    pub(super) fn sentence(&self) -> String {
        with_causes(self)
    }
}

impl Suggestion {
    fn help(&self) -> String {
        match self {
            Suggestion::Command(command) => format!(
                "write the command first: `cargo memcheck {command} …`; `cargo memcheck list` shows the \
                 test names"
            ),
            Suggestion::Pattern { written, part } => format!(
                "a filter is a part of a name, not a pattern: write `{part}` instead of `{written}`; \
                 `cargo memcheck list` shows the test names"
            ),
            Suggestion::Name => "`cargo memcheck list` shows the test names".into(),
        }
    }
}

/// A list of paths for messages.
fn in_words(paths: &[PathBuf]) -> String {
    let paths: Vec<String> = paths.iter().map(|path| format!("`{}`", path.display())).collect();
    paths.join(" or ")
}

/// How to write the first annotated test.
fn first_test(binaries: usize, has_library: bool) -> String {
    let searched = match binaries {
        0 => "cargo built no test binary".to_owned(),
        1 => "cargo memcheck searched 1 test binary".to_owned(),
        more => format!("cargo memcheck searched {more} test binaries"),
    };
    // Until the library is on crates.io; then with its version.
    let library = match has_library {
        true => "",
        false => {
            " add the library to Cargo.toml, with the path of a clone of its repository:

    [dev-dependencies]
    memcheck-lib = { path = \"CLONE/memcheck-lib\" }

  Then"
        }
    };
    format!(
        "{searched};{library} annotate a test. Its body is one iteration of the work that must not leak:

    use memcheck::memcheck;

    #[memcheck]
    fn parsing_does_not_leak() {{
        my_crate::parse(\"input\");
    }}

  Then run `cargo memcheck` again"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_has_the_causes() {
        let error = Error::from(CargoError::ManifestMissing {
            path: "x/Cargo.toml".into(),
            source: io::Error::other("gone"),
        });
        assert_eq!(
            error.sentence(),
            "cannot read the manifest `x/Cargo.toml` (--manifest-path): gone"
        );
    }

    #[test]
    fn users_of_the_library_are_not_asked_to_add_it() {
        assert!(first_test(1, false).contains("memcheck-lib ="));
        let with_library = first_test(1, true);
        assert!(!with_library.contains("Cargo.toml"), "{with_library}");
        assert!(
            with_library.starts_with("cargo memcheck searched 1 test binary; annotate a test"),
            "{with_library}"
        );
    }
}
