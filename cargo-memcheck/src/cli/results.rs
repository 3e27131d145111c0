//! Results for other tools.

use clap::Args;

use super::output_files::{HEADING, OutputFiles};

/// Results for other tools.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = HEADING)]
pub(crate) struct Results {
    #[command(flatten)]
    pub(crate) files: OutputFiles,
    /// Write GitHub annotations for leaking lines, and a table to the step summary [default: if
    /// GITHUB_ACTIONS is `true`]
    #[arg(long, overrides_with = "no_github")]
    github: bool,
    /// Write nothing for GitHub
    #[arg(long, overrides_with = "github")]
    no_github: bool,
}

impl Results {
    /// Whether to write annotations for GitHub; `actions` is the value of `GITHUB_ACTIONS`.
    pub(crate) fn github(&self, actions: Option<&str>) -> bool {
        self.github || (actions == Some("true") && !self.no_github)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn github_output_is_on_in_github_actions_or_by_flag() {
        let results = |github, no_github| Results { github, no_github, ..Results::default() };
        for (results, actions, expected) in [
            (results(false, false), Some("true"), true),
            (results(false, false), Some("false"), false),
            (results(false, false), None, false),
            (results(true, false), None, true),
            (results(false, true), Some("true"), false),
        ] {
            assert_eq!(results.github(actions), expected, "{results:?} {actions:?}");
        }
    }
}
