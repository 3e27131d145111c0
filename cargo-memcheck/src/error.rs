//! What ends the command, each as what failed, on what, why, and what to do.

use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use memcheck::process::ProcessError;
use memcheck::report::ReadError;

use crate::config::ConfigError;
use crate::discover::{ElfError, RecordError};

/// What ended the command before every test was judged.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("there is no Cargo.toml in `{}` or in any folder above it", directory.display())]
    NoManifest { directory: PathBuf },
    #[error("the manifest `{}` given with --manifest-path cannot be read", path.display())]
    ManifestMissing { path: PathBuf, source: io::Error },
    #[error("the workspace cannot be found: `{command}` ended with {status}\n{output}")]
    Workspace { command: String, status: ExitStatus, output: String },
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("cargo could not be started as `{command}`")]
    CargoStart { command: String, source: io::Error },
    #[error("the messages of cargo could not be read; the command was `{command}`")]
    CargoOutput { command: String, source: io::Error },
    #[error("the tests could not be built: `{command}` ended with {status}")]
    Build { command: String, status: ExitStatus },
    #[error(
        "cargo did not tell the environment of the tests: `{command}` ended with {status}\n{output}"
    )]
    Environment { command: String, status: ExitStatus, output: String },
    #[error(
        "cargo did not tell the environment of `{}`; the command was `{command}`",
        binary.display()
    )]
    EnvironmentMissing { command: String, binary: PathBuf },
    #[error(
        "`--config {config}` names a runner, and cargo would start it on the tests in the place of cargo memcheck"
    )]
    Runner { config: String },
    #[error("the annotated tests in `{}` cannot be found", path.display())]
    BrokenBinary { path: PathBuf, source: ElfError },
    #[error("an annotated test in `{}` cannot be understood", path.display())]
    BadEntry { path: PathBuf, source: RecordError },
    #[error("two annotated tests of `{binary}` have the name `{name}`: {first} and {second}")]
    DuplicateTest { binary: String, name: String, first: String, second: String },
    #[error("no test is annotated with #[memcheck]")]
    NoAnnotatedTests { binaries: usize, has_library: bool },
    #[error("none of the {annotated} annotated tests {wanted}")]
    NoMatch { annotated: usize, wanted: String, meant: Meant },
    #[error("every annotated test that was asked for is ignored ({ignored} of them)")]
    AllIgnored { ignored: usize },
    #[error(transparent)]
    Inspect(ProcessError),
    #[error("`{command}` could not be started")]
    CommandStart { command: String, source: io::Error },
    #[error(
        "`{command}` ended after {:.2} s with {status}, before it was looked at",
        after.as_secs_f64()
    )]
    EndedEarly { command: String, status: ExitStatus, after: Duration },
    #[error("the handlers of Ctrl-C and SIGTERM could not be installed")]
    Signals { source: io::Error },
    #[error("the results could not be written to standard output")]
    Write { source: io::Error },
    #[error("the results could not be written to `{}` ({what})", path.display())]
    WriteFile { what: String, path: PathBuf, source: io::Error },
    #[error("`{}` ({said_by}) cannot be written: `{}` is no folder", path.display(), above.display())]
    NoFolder { said_by: String, path: PathBuf, above: PathBuf },
    #[error("`{}` ({said_by}) is a folder", path.display())]
    IsFolder { said_by: String, path: PathBuf },
    #[error("{} and {} both go to `{}`", said_by[0], said_by[1], path.display())]
    SameFile { path: PathBuf, said_by: [String; 2] },
    #[error("the report `{}` cannot be read", path.display())]
    ReportUnreadable { path: PathBuf, source: io::Error },
    #[error("the report `{}` is refused", path.display())]
    ReportRefused { path: PathBuf, source: ReadError },
    #[error("there is no result of a test in {}", in_words(paths))]
    NoReports { paths: Vec<PathBuf> },
    #[error("interrupted by signal {signal}")]
    Interrupted { signal: i32 },
}

/// What a filter that matched nothing was probably meant as.
#[derive(Debug)]
pub(crate) enum Meant {
    /// A name.
    Name,
    /// This command.
    Command(String),
    /// A pattern; a part of it that a name may have.
    Pattern { written: String, part: String },
}

impl Error {
    /// What the reader can do about it.
    pub(crate) fn help(&self) -> Option<String> {
        let help = match self {
            Error::NoManifest { .. } => {
                "run the command inside a cargo project, or name one with --manifest-path".into()
            }
            Error::ManifestMissing { .. } => {
                "give --manifest-path the path of an existing Cargo.toml".into()
            }
            Error::CargoStart { .. } => {
                "install Rust with rustup, or set CARGO to the path of cargo".into()
            }
            Error::CargoOutput { .. }
            | Error::Environment { .. }
            | Error::EnvironmentMissing { .. } => {
                "run the command above by hand to see more".into()
            }
            Error::Workspace { .. } => "mend what cargo says above".into(),
            Error::Config(error) => return error.help(),
            Error::Build { .. } => {
                "what cargo and the compiler say stands above; mend that and run again".into()
            }
            Error::Runner { .. } => "leave it out: a worker must be started by its observer".into(),
            Error::BrokenBinary { path, source } => source.help(path),
            Error::BadEntry { source, .. } => source.help(),
            Error::DuplicateTest { .. } => "libtest can reach only one of them: a test inside of \
                 a function is called like one beside it; rename it, or move it out of the function"
                .into(),
            Error::NoAnnotatedTests { binaries, has_library } => {
                return Some(how_to_begin(*binaries, *has_library));
            }
            Error::NoMatch { meant, .. } => match meant {
                Meant::Command(command) => format!(
                    "a command stands first: `cargo memcheck {command} …`; \
                     `cargo memcheck list` shows the names"
                ),
                Meant::Pattern { written, part } => format!(
                    "a filter is a part of a name, not a pattern: `{part}` in the place of \
                     `{written}`; `cargo memcheck list` shows the names"
                ),
                Meant::Name => "`cargo memcheck list` shows the names".into(),
            },
            Error::AllIgnored { .. } => "`--run-ignored all` runs them, too".into(),
            Error::CommandStart { .. } => "check its name and that it is executable; what a shell \
                 understands runs as `-- sh -c \"…\"`"
                .into(),
            Error::EndedEarly { .. } => "look at it earlier with `--after TIME`, or give it more \
                 to do"
                .into(),
            Error::WriteFile { .. } => {
                "the results above stand; make room, or name a file that can be written".into()
            }
            Error::NoFolder { .. } => {
                "name a file in a folder; one that is not there is made".into()
            }
            Error::IsFolder { .. } => "name a file in it".into(),
            Error::SameFile { .. } => "give each a file of its own".into(),
            Error::ReportUnreadable { .. } => "name files that `cargo memcheck --report FILE` or \
                 MEMCHECK_REPORT_DIR made, or folders of such files"
                .into(),
            Error::ReportRefused { source: ReadError::Foreign { .. }, .. } => {
                "read it with the cargo-memcheck of that version, or make it again with this one"
                    .into()
            }
            Error::ReportRefused { source: ReadError::Broken { tool: Some(_), .. }, .. } => {
                "read it with the cargo-memcheck that wrote it, or make it again".into()
            }
            Error::ReportRefused { .. } => "make it again, or, if it is something else, take it \
                 out of the folder"
                .into(),
            Error::NoReports { .. } => "was MEMCHECK_REPORT_DIR set for `cargo test`, to an \
                 absolute path? Tests run in the folder of their package"
                .into(),
            // It says so itself.
            Error::Inspect(_) => return None,
            Error::Signals { .. } | Error::Write { .. } | Error::Interrupted { .. } => return None,
        };
        Some(help)
    }

    /// What failed, followed by its causes.
    pub(crate) fn sentence(&self) -> String {
        with_causes(self)
    }
}

/// Paths as one says them.
fn in_words(paths: &[PathBuf]) -> String {
    let paths: Vec<String> = paths.iter().map(|path| format!("`{}`", path.display())).collect();
    paths.join(" or ")
}

/// An error, followed by its causes.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    text
}

/// What someone who has no annotated test yet needs to read.
fn how_to_begin(binaries: usize, has_library: bool) -> String {
    let looked = match binaries {
        0 => "no test binary was built".to_owned(),
        1 => "1 test binary was looked at".to_owned(),
        more => format!("{more} test binaries were looked at"),
    };
    // Until it is on crates.io: then with its version.
    let library = match has_library {
        true => "",
        false => {
            " add the library to Cargo.toml, by the path of a clone of its repository

    [dev-dependencies]
    memcheck-lib = { path = \"CLONE/memcheck-lib\" }

  and"
        }
    };
    format!(
        "{looked};{library} annotate a test: its body is one iteration of the work that must not leak

    use memcheck::memcheck;

    #[memcheck]
    fn parsing_does_not_leak() {{
        my_crate::parse(\"input\");
    }}

  then run `cargo memcheck` again"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_carries_its_causes() {
        let error = Error::ManifestMissing {
            path: "x/Cargo.toml".into(),
            source: io::Error::other("gone"),
        };
        assert_eq!(
            error.sentence(),
            "the manifest `x/Cargo.toml` given with --manifest-path cannot be read: gone"
        );
    }

    #[test]
    fn who_has_the_library_is_not_told_to_add_it() {
        assert!(how_to_begin(1, false).contains("memcheck-lib ="));
        let begun = how_to_begin(1, true);
        assert!(!begun.contains("Cargo.toml"), "{begun}");
        assert!(begun.starts_with("1 test binary was looked at; annotate a test"), "{begun}");
    }
}
