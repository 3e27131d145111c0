//! Reads the command line.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};

use super::config::Config;
use super::inspect::Inspect;
use super::list::List;
use super::report::Report;
use super::run::Run;
use super::test_arguments::{self, Mode};

/// Finds memory leaks: builds the tests, runs each test annotated with #[memcheck] many times in its own
/// process, and fails when memory grows
#[derive(Debug, Parser)]
#[command(
    name = "cargo-memcheck",
    bin_name = "cargo memcheck",
    version,
    styles = clap_cargo::style::CLAP_STYLING,
    args_conflicts_with_subcommands = true,
    max_term_width = 100,
    after_help = "\
Exit codes:
    0  all tests passed
    1  memcheck itself failed
    2  wrong usage or configuration, or an unreadable report
    4  there was nothing to run, or no such process to inspect
  100  a test did not pass
  101  the build failed"
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
    /// Build and run the annotated tests (the default command)
    Run(Box<Run>),
    /// List the annotated tests without running them
    List(Box<List>),
    /// Show how much memory a running process or a command really uses
    Inspect(Box<Inspect>),
    /// Show all settings and their origin: default, file, environment or flag
    Config(Box<Config>),
    /// Merge the results of earlier runs, show them, and fail if a test failed
    Report(Box<Report>),
}

/// Reads the arguments of the process. cargo starts a subcommand as `cargo-memcheck memcheck …`; users
/// who start it directly omit `memcheck`.
pub(crate) fn parse(mut arguments: Vec<OsString>) -> Result<Command, clap::Error> {
    if arguments.get(1).is_some_and(|argument| argument == "memcheck") {
        arguments.remove(1);
    }
    let cli = Cli::try_parse_from(arguments)?;
    let mut run = match cli.command {
        None => Box::new(cli.run),
        Some(Command::Run(run)) => run,
        Some(other) => return Ok(other),
    };
    let mode = test_arguments::absorb(&mut run)
        .map_err(|message| Cli::command().error(ErrorKind::ValueValidation, message))?;
    Ok(match mode {
        Mode::Run => Command::Run(run),
        Mode::List => {
            let Run { filters, display, selection, .. } = *run;
            Command::List(Box::new(List { filters, display, selection }))
        }
    })
}

/// The command whose name is `word` or close to it.
pub(crate) fn similar_command(word: &str) -> Option<String> {
    let command = Cli::command();
    let names: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
    memcheck_options::suggest(word, &names).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::super::RecordSites;
    use super::*;

    fn run(arguments: &[&str]) -> Run {
        let all = [&["cargo-memcheck"], arguments].concat();
        match parse(all.into_iter().map(OsString::from).collect()) {
            Ok(Command::Run(run)) => *run,
            other => panic!("not a run: {other:?}"),
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn memcheck_and_run_can_be_omitted() {
        for start in [&["memcheck", "run"][..], &["memcheck"], &["run"], &[]] {
            let run = run(&[start, &["--release", "parse", "-j", "3"]].concat());
            assert_eq!(run.filters.names, ["parse"]);
            assert_eq!(run.running.jobs, NonZeroUsize::new(3));
        }
    }

    #[test]
    fn the_last_of_two_opposite_flags_wins() {
        assert!(run(&["--no-fail-fast", "--fail-fast"]).running.fail_fast);
        assert!(!run(&["--fail-fast", "--no-fail-fast"]).running.fail_fast);
    }

    #[test]
    fn the_sites_flag_may_have_a_value() {
        let sites = |arguments: &[&str]| run(arguments).running.sites;
        assert_eq!(sites(&[]), None);
        assert_eq!(sites(&["--sites"]), Some(RecordSites::Always));
        assert_eq!(sites(&["--sites=never"]), Some(RecordSites::Never));
        // The next argument is a filter, not a value.
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
    fn an_unknown_flag_is_a_usage_error() {
        let error = parse(["cargo-memcheck", "memcheck", "--hepa", "1"].map(Into::into).into())
            .unwrap_err();
        assert_eq!(error.exit_code(), i32::from(crate::exit::USAGE));
        assert!(error.to_string().contains("--heap"), "{error}");
    }

    #[test]
    fn similar_commands_are_found() {
        for (word, command) in [
            ("list", Some("list")),
            ("lst", Some("list")),
            ("runn", Some("run")),
            ("inspekt", Some("inspect")),
            ("parse", None),
        ] {
            assert_eq!(similar_command(word).as_deref(), command, "{word}");
        }
    }

    #[test]
    fn the_list_flag_of_libtest_is_the_list_command() {
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
