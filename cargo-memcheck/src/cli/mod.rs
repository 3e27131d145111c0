//! What the user asks for: the command line as data. Nothing here runs or prints.

mod config;
mod filters;
mod inspect;
mod limits;
mod lines;
mod reports;
mod results;
mod selection;
mod test_arguments;

use std::ffi::OsString;
use std::num::NonZeroUsize;

use clap::{Args, Parser, Subcommand, ValueEnum};
use memcheck::report::Status;
use memcheck::tool::Record;

pub(crate) use config::{Config, Configuration};
pub(crate) use filters::{Fate, Filters, RunIgnored};
pub(crate) use inspect::Inspect;
pub(crate) use limits::Limits;
pub(crate) use lines::{Backtrace, Lines};
pub(crate) use reports::Reports;
pub(crate) use results::{Results, is_stdout};
pub(crate) use selection::Selection;
use test_arguments::Asked;

/// Finds memory leaks: builds the tests, runs each one annotated with #[memcheck] in a process of
/// its own, again and again, and fails when memory grows
#[derive(Debug, Parser)]
#[command(
    name = "cargo-memcheck",
    bin_name = "cargo memcheck",
    version,
    styles = clap_cargo::style::CLAP_STYLING,
    args_conflicts_with_subcommands = true,
    max_term_width = 100,
    after_help = "\
Exit codes: 0 every test passed; 100 at least one did not; 4 nothing to run, or no such process to inspect; 101 the build failed; \
2 wrong usage or configuration, or a report that cannot be read; 1 memcheck itself failed."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: Run,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Build and judge the annotated tests (what is done without a command)
    Run(Box<Run>),
    /// List the annotated tests without running anything
    List(Box<List>),
    /// Say what memory a running process, or a command, really uses
    Inspect(Box<Inspect>),
    /// Show every setting in force and who said it: default, file, environment or flag
    Config(Box<Config>),
    /// Put together the results of earlier runs, show them and gate on them
    Report(Box<Reports>),
}

/// `cargo memcheck run`.
#[derive(Debug, Args)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) filters: Filters,
    #[command(flatten)]
    pub(crate) running: Running,
    #[command(flatten)]
    pub(crate) limits: Limits,
    #[command(flatten)]
    pub(crate) configuration: Configuration,
    #[command(flatten)]
    pub(crate) display: Display,
    #[command(flatten)]
    pub(crate) results: Results,
    #[command(flatten)]
    pub(crate) lines: Lines,
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Arguments for the test binaries. Those that select or show tests (names, --exact, --skip,
    /// --ignored, --include-ignored, --nocapture, --test-threads) mean the same as before the `--`
    #[arg(last = true, value_name = "ARGS")]
    pub(crate) test_arguments: Vec<OsString>,
}

/// `cargo memcheck list`.
#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    pub(crate) filters: Filters,
    #[command(flatten)]
    pub(crate) display: Display,
    #[command(flatten)]
    pub(crate) selection: Selection,
}

/// How the tests are run.
#[derive(Debug, Args)]
#[command(next_help_heading = "Running")]
pub(crate) struct Running {
    /// Tests that run at the same time [default: the number of cores]
    #[arg(short = 'j', long = "test-threads", visible_alias = "jobs", value_name = "N")]
    #[arg(value_parser = at_least_one)]
    pub(crate) jobs: Option<NonZeroUsize>,
    /// Start no further test once one did not pass
    #[arg(long, overrides_with = "no_fail_fast")]
    pub(crate) fail_fast: bool,
    /// Run every test, whatever becomes of the others (this is the default)
    #[arg(long, overrides_with = "fail_fast")]
    pub(crate) no_fail_fast: bool,
    /// Build, but run nothing
    #[arg(long)]
    pub(crate) no_run: bool,
    /// Show what the tests print while they run, one test at a time
    #[arg(long, visible_alias = "nocapture")]
    pub(crate) no_capture: bool,
    /// Prove that the tests can fail: run each that passed again with leaks planted beside its body, as
    /// small as the run says it would have seen, one kind at a time. Each must be called growing
    #[arg(long)]
    pub(crate) prove: bool,
    /// What a test that stays UNSURE does to the exit code [default: fail]
    #[arg(long, value_enum, value_name = "EFFECT")]
    pub(crate) inconclusive: Option<Inconclusive>,
    /// Which tests run on, after they were judged, to record where what survives was allocated
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
    text.parse().map_err(|_| "write a whole number from 1, for example 4")
}

/// Which tests are recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum RecordSites {
    /// Those that grow, but for known leaks
    #[default]
    Growing,
    /// All; meant by `--sites` alone
    Always,
    /// None
    Never,
}

impl RecordSites {
    /// The word, as the flag takes it.
    pub(crate) fn word(self) -> &'static str {
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

/// What an inconclusive test does to the exit code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Inconclusive {
    /// It fails the run: what could not be measured has not passed
    #[default]
    Fail,
    /// It is shown and let through
    Warn,
}

impl Inconclusive {
    /// The word, as the flag takes it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Inconclusive::Fail => "fail",
            Inconclusive::Warn => "warn",
        }
    }

    /// Whether a test with this word fails the run.
    pub(crate) fn fails(self, status: Status) -> bool {
        match status {
            Status::Unsure => self == Inconclusive::Fail,
            status => !status.is_success(),
        }
    }
}

/// How results are shown.
#[derive(Debug, Args)]
#[command(next_help_heading = "Display")]
pub(crate) struct Display {
    /// ShapeAnalysis of the results on standard output
    #[arg(long, value_enum, default_value_t, value_name = "FORM")]
    pub(crate) message_format: MessageFormat,
    /// Say more: how small a leak each test would have seen
    #[arg(short, long)]
    pub(crate) verbose: bool,
    /// Colour of the output [default: CARGO_TERM_COLOR, else auto]
    #[arg(long, value_enum, value_name = "WHEN")]
    pub(crate) color: Option<Color>,
}

/// ShapeAnalysis of the results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum MessageFormat {
    /// For people: a line for each test, failures in full, a summary
    #[default]
    Human,
    /// One line for each test, with its place in front
    Short,
    /// For programs: JSON, one object to a line
    Json,
}

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On terminals, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Color {
    /// The word, as cargo takes it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Color::Auto => "auto",
            Color::Always => "always",
            Color::Never => "never",
        }
    }
}

/// Reads the arguments of the process. cargo starts a subcommand as `cargo-memcheck memcheck …`;
/// by hand one leaves the word out.
pub(crate) fn parse(mut arguments: Vec<OsString>) -> Result<Command, clap::Error> {
    if arguments.get(1).is_some_and(|word| word == "memcheck") {
        arguments.remove(1);
    }
    let cli = Cli::try_parse_from(arguments)?;
    let mut run = match cli.command {
        None => Box::new(cli.run),
        Some(Command::Run(run)) => run,
        Some(other) => return Ok(other),
    };
    Ok(match test_arguments::absorb(&mut run)? {
        Asked::ToRun => Command::Run(run),
        Asked::ToList => {
            let Run { filters, display, selection, .. } = *run;
            Command::List(Box::new(List { filters, display, selection }))
        }
    })
}

/// The command that `word` is, or that it is one slip away from.
pub(crate) fn meant_command(word: &str) -> Option<String> {
    use clap::CommandFactory;
    let command = Cli::command();
    let names: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
    memcheck::tool::nearest(word, &names).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(arguments: &[&str]) -> Run {
        let all = [&["cargo-memcheck"], arguments].concat();
        match parse(all.into_iter().map(OsString::from).collect()) {
            Ok(Command::Run(run)) => *run,
            other => panic!("not a run: {other:?}"),
        }
    }

    #[test]
    fn the_definition_is_sound() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn the_word_memcheck_and_the_word_run_may_be_left_out() {
        for start in [&["memcheck", "run"][..], &["memcheck"], &["run"], &[]] {
            let run = run(&[start, &["--release", "parse", "-j", "3"]].concat());
            assert_eq!(run.filters.names, ["parse"]);
            assert_eq!(run.running.jobs, NonZeroUsize::new(3));
        }
    }

    #[test]
    fn the_last_of_two_opposites_counts() {
        assert!(run(&["--no-fail-fast", "--fail-fast"]).running.fail_fast);
        assert!(!run(&["--fail-fast", "--no-fail-fast"]).running.fail_fast);
    }

    #[test]
    fn sites_are_recorded_of_what_grows_unless_it_is_said() {
        let sites = |arguments: &[&str]| run(arguments).running.sites;
        assert_eq!(sites(&[]), None);
        assert_eq!(sites(&["--sites"]), Some(RecordSites::Always));
        assert_eq!(sites(&["--sites=never"]), Some(RecordSites::Never));
        // What follows is a filter, not a value.
        let run = run(&["--sites", "parse"]);
        assert_eq!(
            (run.running.sites, run.filters.names),
            (Some(RecordSites::Always), vec!["parse".into()])
        );
    }

    #[test]
    fn help_is_a_command() {
        for (words, kind) in [
            (&["help"][..], clap::error::ErrorKind::DisplayHelp),
            (&["help", "list"], clap::error::ErrorKind::DisplayHelp),
            (&["-j", "0"], clap::error::ErrorKind::ValueValidation),
        ] {
            let all = [&["cargo-memcheck", "memcheck"], words].concat();
            let error = parse(all.into_iter().map(OsString::from).collect()).unwrap_err();
            assert_eq!(error.kind(), kind, "{words:?}: {error}");
        }
    }

    #[test]
    fn an_unknown_flag_is_an_error_of_usage() {
        let error = parse(["cargo-memcheck", "memcheck", "--hepa", "1"].map(Into::into).into())
            .unwrap_err();
        assert_eq!(error.exit_code(), i32::from(crate::exit::USAGE));
        assert!(error.to_string().contains("--heap"), "{error}");
    }

    #[test]
    fn commands_are_known_by_name_and_near_it() {
        for (word, command) in [
            ("list", Some("list")),
            ("lst", Some("list")),
            ("runn", Some("run")),
            ("inspekt", Some("inspect")),
            ("parse", None),
        ] {
            assert_eq!(meant_command(word).as_deref(), command, "{word}");
        }
    }

    #[test]
    fn libtest_s_list_is_the_command() {
        for after in [&["--list"][..], &["--list", "parse"], &["parse", "--list", "--format=terse"]]
        {
            let all = [&["cargo-memcheck", "memcheck", "--lib", "--"], after].concat();
            let Ok(Command::List(list)) = parse(all.into_iter().map(OsString::from).collect())
            else {
                panic!("{after:?} runs tests");
            };
            assert_eq!(list.filters.names.len(), after.iter().filter(|w| **w == "parse").count());
        }
    }
}
