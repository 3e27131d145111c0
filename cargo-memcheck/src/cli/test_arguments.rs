//! Arguments after `--`. Under `cargo test` they go to libtest, and people's fingers know that:
//! those that say which tests run, and how they are shown, mean here what they mean there. A worker
//! is started with such arguments of its own, and libtest refuses to be told twice, so they must
//! not reach it. Everything else does.

use std::ffi::OsString;

use clap::CommandFactory;
use clap::error::ErrorKind;

use super::{Cli, Run, RunIgnored};

/// What the arguments ask of the tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// To be run.
    ToRun,
    /// To be listed: a worker that listed them instead would be one that ended too soon.
    ToList,
}

/// Takes the arguments that mean something here out of `run.test_arguments`.
pub(super) fn absorb(run: &mut Run) -> Result<Asked, clap::Error> {
    let mut asked = Asked::ToRun;
    let mut arguments = std::mem::take(&mut run.test_arguments).into_iter();
    while let Some(argument) = arguments.next() {
        let Some(text) = argument.to_str() else {
            run.test_arguments.push(argument);
            continue;
        };
        let (name, value) = match text.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (name, Some(value.to_owned())),
            _ => (text, None),
        };
        let mut value = || value.clone().or_else(|| arguments.next()?.into_string().ok());
        match name {
            "--list" => asked = Asked::ToList,
            "--exact" => run.filters.exact = true,
            "--ignored" => run.filters.run_ignored = RunIgnored::Only,
            "--include-ignored" => run.filters.run_ignored = RunIgnored::All,
            "--nocapture" | "--no-capture" => run.running.no_capture = true,
            "--skip" => match value() {
                Some(part) => run.filters.skip.push(part),
                None => return Err(refused("`--skip` needs a part of a name")),
            },
            "--test-threads" => {
                let value = value();
                run.running.jobs = match value.as_deref().map(str::parse) {
                    Some(Ok(jobs)) => Some(jobs),
                    _ => {
                        return Err(refused(&format!(
                            "`--test-threads` needs a number from 1 on, not `{}`",
                            value.unwrap_or_default()
                        )));
                    }
                };
            }
            // Options of libtest whose value is an argument of its own.
            "--color" | "--format" | "--logfile" | "--shuffle-seed" | "-Z" if name == text => {
                run.test_arguments.push(argument.clone());
                run.test_arguments.extend(value().map(OsString::from));
            }
            _ if text.starts_with('-') => run.test_arguments.push(argument),
            _ => run.filters.names.push(text.to_owned()),
        }
    }
    Ok(asked)
}

fn refused(problem: &str) -> clap::Error {
    Cli::command().error(ErrorKind::ValueValidation, format!("after `--`: {problem}"))
}

#[cfg(test)]
mod tests {
    use super::super::{Command, Run, RunIgnored, parse};

    fn run(after: &str) -> Run {
        let all = "cargo-memcheck memcheck first -- ".to_owned() + after;
        match parse(all.split_whitespace().map(Into::into).collect()) {
            Ok(Command::Run(run)) => *run,
            other => panic!("not a run: {other:?}"),
        }
    }

    #[test]
    fn what_selects_tests_is_understood() {
        let run = run("second --exact --skip slow --skip=slower --include-ignored");
        assert_eq!(run.filters.names, ["first", "second"]);
        assert_eq!(run.filters.skip, ["slow", "slower"]);
        assert!(run.filters.exact);
        assert_eq!(run.filters.run_ignored, RunIgnored::All);
        assert!(run.test_arguments.is_empty());
    }

    #[test]
    fn what_a_worker_is_told_anyway_does_not_reach_it_twice() {
        let run = run("--nocapture --test-threads=3");
        assert!(run.running.no_capture && run.test_arguments.is_empty());
        assert_eq!(run.running.jobs.map(|jobs| jobs.get()), Some(3));
    }

    #[test]
    fn a_value_that_is_missing_or_wrong_is_an_error_of_usage() {
        for (after, said) in [
            ("--test-threads=abc", "a number from 1 on, not `abc`"),
            ("--test-threads 0", "not `0`"),
            ("--test-threads", "not ``"),
            ("--skip", "`--skip` needs a part of a name"),
        ] {
            let all = "cargo-memcheck memcheck -- ".to_owned() + after;
            let error = parse(all.split_whitespace().map(Into::into).collect()).unwrap_err();
            assert_eq!(error.exit_code(), i32::from(crate::exit::USAGE));
            assert!(error.to_string().contains(said), "{error}");
        }
    }

    #[test]
    fn the_rest_reaches_the_worker_with_its_values() {
        let run = run("--color never -Z unstable-options --quiet --format=pretty name");
        assert_eq!(
            run.test_arguments,
            ["--color", "never", "-Z", "unstable-options", "--quiet", "--format=pretty"]
        );
        assert_eq!(run.filters.names, ["first", "name"]);
    }
}
