//! Arguments after `--`. `cargo test` passes them to libtest, and users are used to that: arguments that
//! select or show tests mean the same here. They are not passed on, because a worker already gets such
//! arguments and libtest refuses duplicates. All other arguments are passed on.

use std::ffi::OsString;

use super::filters::RunIgnored;
use super::run::Run;

/// What to do with the tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Run them.
    Run,
    /// List them. A worker with `--list` would not run its test.
    List,
}

/// Moves the arguments that cargo memcheck handles out of `run.test_arguments`. An error is a message.
pub(super) fn absorb(run: &mut Run) -> Result<Mode, String> {
    let mut mode = Mode::Run;
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
            "--list" => mode = Mode::List,
            "--exact" => run.filters.exact = true,
            "--ignored" => run.filters.run_ignored = RunIgnored::Only,
            "--include-ignored" => run.filters.run_ignored = RunIgnored::All,
            "--nocapture" | "--no-capture" => run.running.no_capture = true,
            "--skip" => match value() {
                Some(part) => run.filters.skip.push(part),
                None => return Err("after `--`: `--skip` needs a part of a test name".to_owned()),
            },
            "--test-threads" => {
                let value = value();
                run.running.jobs = match value.as_deref().map(str::parse) {
                    Some(Ok(jobs)) => Some(jobs),
                    _ => {
                        return Err(format!(
                            "after `--`: `--test-threads` needs a whole number of at least 1, not `{}`",
                            value.unwrap_or_default()
                        ));
                    }
                };
            }
            // libtest options whose value is the next argument.
            "--color" | "--format" | "--logfile" | "--shuffle-seed" | "-Z" if name == text => {
                run.test_arguments.push(argument.clone());
                run.test_arguments.extend(value().map(OsString::from));
            }
            _ if text.starts_with('-') => run.test_arguments.push(argument),
            _ => run.filters.names.push(text.to_owned()),
        }
    }
    Ok(mode)
}

#[cfg(test)]
mod tests {
    use super::super::filters::RunIgnored;
    use super::super::{Command, Run, parse};

    fn run(after: &str) -> Run {
        let all = "cargo-memcheck memcheck first -- ".to_owned() + after;
        match parse(all.split_whitespace().map(Into::into).collect()) {
            Ok(Command::Run(run)) => *run,
            other => panic!("not a run: {other:?}"),
        }
    }

    #[test]
    fn arguments_that_select_tests_are_handled() {
        let run = run("second --exact --skip slow --skip=slower --include-ignored");
        assert_eq!(run.filters.names, ["first", "second"]);
        assert_eq!(run.filters.skip, ["slow", "slower"]);
        assert!(run.filters.exact);
        assert_eq!(run.filters.run_ignored, RunIgnored::All);
        assert!(run.test_arguments.is_empty());
    }

    #[test]
    fn arguments_that_a_worker_already_gets_are_not_passed_on() {
        let run = run("--nocapture --test-threads=3");
        assert!(run.running.no_capture && run.test_arguments.is_empty());
        assert_eq!(run.running.jobs.map(|jobs| jobs.get()), Some(3));
    }

    #[test]
    fn a_missing_or_wrong_value_is_a_usage_error() {
        for (after, message) in [
            ("--test-threads=abc", "a whole number of at least 1, not `abc`"),
            ("--test-threads 0", "not `0`"),
            ("--test-threads", "not ``"),
            ("--skip", "`--skip` needs a part of a test name"),
        ] {
            let all = "cargo-memcheck memcheck -- ".to_owned() + after;
            let error = parse(all.split_whitespace().map(Into::into).collect()).unwrap_err();
            assert_eq!(error.exit_code(), i32::from(crate::exit::USAGE));
            assert!(error.to_string().contains(message), "{error}");
        }
    }

    #[test]
    fn other_arguments_are_passed_on_with_their_values() {
        let run = run("--color never -Z unstable-options --quiet --format=pretty name");
        assert_eq!(
            run.test_arguments,
            ["--color", "never", "-Z", "unstable-options", "--quiet", "--format=pretty"]
        );
        assert_eq!(run.filters.names, ["first", "name"]);
    }
}
