//! How the tests run.

use std::num::NonZeroUsize;

use clap::{Args, ValueEnum};
use memcheck::tool::Record;

use crate::runner::Inconclusive;

/// How the tests run.
#[derive(Debug, Args)]
#[command(next_help_heading = "Running")]
pub(crate) struct Running {
    /// Number of tests that run at the same time [default: number of cores]
    #[arg(short = 'j', long = "test-threads", visible_alias = "jobs", value_name = "N")]
    #[arg(value_parser = at_least_one)]
    pub(crate) jobs: Option<NonZeroUsize>,
    /// Start no further test after a test fails
    #[arg(long, overrides_with = "no_fail_fast")]
    pub(crate) fail_fast: bool,
    /// Run all tests even if some fail (default)
    #[arg(long, overrides_with = "fail_fast")]
    pub(crate) no_fail_fast: bool,
    /// Build the tests, but do not run them
    #[arg(long)]
    pub(crate) no_run: bool,
    /// Show the output of tests while they run, one test at a time
    #[arg(long, visible_alias = "nocapture")]
    pub(crate) no_capture: bool,
    /// Prove that the tests can fail: run each passing test again with planted leaks, one kind at a time
    /// and as small as the smallest leak that the test can find. Each planted leak must be reported
    #[arg(long)]
    pub(crate) prove: bool,
    /// What an UNSURE test does to the exit code [default: fail]
    #[arg(long, value_enum, value_name = "EFFECT")]
    pub(crate) inconclusive: Option<Inconclusive>,
    /// Which tests to record after they are judged, to find the lines that allocate surviving memory
    /// [default: growing]
    #[arg(
        long,
        value_enum,
        default_missing_value = "always",
        num_args = 0..=1,
        require_equals = true,
        value_name = "WHICH"
    )]
    pub(crate) sites: Option<RecordSites>,
}

fn at_least_one(text: &str) -> Result<NonZeroUsize, &'static str> {
    text.parse().map_err(|_| "expected a whole number of at least 1, for example 4")
}

/// Which tests are recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum RecordSites {
    /// Growing tests, except known leaks
    #[default]
    Growing,
    /// All tests; `--sites` alone means this
    Always,
    /// No test
    Never,
}

impl RecordSites {
    /// The value of the flag.
    pub(crate) fn name(self) -> &'static str {
        match self {
            RecordSites::Growing => "growing",
            RecordSites::Always => "always",
            RecordSites::Never => "never",
        }
    }
}

impl From<RecordSites> for Record {
    fn from(sites: RecordSites) -> Self {
        match sites {
            RecordSites::Growing => Record::Growing,
            RecordSites::Always => Record::Always,
            RecordSites::Never => Record::Never,
        }
    }
}
