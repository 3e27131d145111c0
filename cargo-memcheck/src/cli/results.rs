//! Where results go besides standard output.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;

/// Where results go besides standard output.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Results for other tools")]
pub(crate) struct Results {
    /// Write all that is known of every test as one JSON document; `-` is standard output, and what
    /// is for people then goes to standard error
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Write JUnit XML, or `-`: a leak is a failure, what memcheck could not measure an error
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Write Markdown for a comment on a pull request, or `-`: short, the worst first
    #[arg(long, value_name = "FILE")]
    pub(crate) markdown: Option<PathBuf>,
    /// Mark the lines that leak for GitHub, and add a table to the summary of the step [default:
    /// when GITHUB_ACTIONS is true]
    #[arg(long, overrides_with = "no_github")]
    pub(crate) github: bool,
    /// Tell GitHub nothing
    #[arg(long, overrides_with = "github")]
    pub(crate) no_github: bool,
    /// Who named a file, where that was not its flag.
    #[arg(skip)]
    pub(crate) said_by: BTreeMap<&'static str, String>,
}

impl Results {
    /// The files that were asked for, with the flags that did.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&'static str, &Path)> {
        let all =
            [("--report", &self.report), ("--junit", &self.junit), ("--markdown", &self.markdown)];
        all.into_iter().filter_map(|(flag, path)| Some((flag, path.as_deref()?)))
    }

    /// Who asked for the file of this flag: the flag, or what stands in its place.
    pub(crate) fn said_by(&self, flag: &str) -> String {
        self.said_by.get(flag).cloned().unwrap_or_else(|| flag.to_owned())
    }

    /// Whether one of them is standard output, which then is for that alone.
    pub(crate) fn take_stdout(&self) -> bool {
        self.files().any(|(_, path)| is_stdout(path))
    }

    /// Whether GitHub is told, where `GITHUB_ACTIONS` has this value.
    pub(crate) fn tell_github(&self, actions: Option<&str>) -> bool {
        self.github || (actions == Some("true") && !self.no_github)
    }
}

/// Whether a path stands for standard output.
pub(crate) fn is_stdout(path: &Path) -> bool {
    path == Path::new("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn github_is_told_where_it_runs_or_by_request() {
        let results = |github, no_github| Results { github, no_github, ..Results::default() };
        for (results, actions, told) in [
            (results(false, false), Some("true"), true),
            (results(false, false), Some("false"), false),
            (results(false, false), None, false),
            (results(true, false), None, true),
            (results(false, true), Some("true"), false),
        ] {
            assert_eq!(results.tell_github(actions), told, "{results:?} {actions:?}");
        }
    }

    #[test]
    fn one_of_the_files_may_be_standard_output() {
        let of = |path: &str| Results { junit: Some(path.into()), ..Results::default() };
        assert!(of("-").take_stdout() && !of("./-").take_stdout());
    }
}
