//! The outcome of a test, from how its worker ended. Pure.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use crate::observer::worker_handle::interruption::{OverCeiling, Stop};
use crate::protocol::message::{Failure, MessageError, PROTOCOL};
use crate::report::Outcome;

/// The message about a check that the worker reported as failed, in this iteration.
pub(in crate::observer) fn failure_message(
    failure: Failure,
    text: &str,
    iteration: Option<u64>,
) -> String {
    let place = match iteration {
        Some(iteration) => format!(" in iteration {iteration}"),
        None => " outside its iterations".to_owned(),
    };
    match failure {
        Failure::Panicked if text.is_empty() => format!("the test panicked{place}"),
        Failure::Panicked => format!("the test panicked{place}: {text}"),
        Failure::Snapshot => format!(
            "the memory profile differs from the snapshot: {text}. If the change is intended, accept it with `cargo insta review`"
        ),
        Failure::ReturnedError if text.is_empty() => format!("the test returned an error{place}"),
        Failure::ReturnedError => format!("the test returned an error{place}: {text}"),
        Failure::CannotPlant => format!(
            "cannot plant a leak{place}: {text}. Check the limits of the process (`ulimit -a`)"
        ),
        Failure::NeverIterated => {
            "the test ended without calling `Workload::iterate`, so nothing was measured. Call it once, with the code to measure"
                .to_owned()
        }
    }
}

/// The outcome of a test whose session ended like this; `timeout` is the time that it had.
pub(in crate::observer) fn outcome_of(stop: Stop, timeout: Duration) -> Outcome {
    let broken = |message: String| Outcome::Broken { message };
    match stop {
        Stop::Died(status) => outcome_of_end(status),
        Stop::Closed => Outcome::Lost,
        Stop::Deadline => Outcome::TimedOut { timeout },
        Stop::OverCeiling(OverCeiling { footprint, ceiling, per_iteration, per_second }) => {
            Outcome::OverCeiling { footprint, ceiling, per_iteration, per_second }
        }
        Stop::Cancelled => broken("the run was cancelled before the test ended".to_owned()),
        Stop::Message(MessageError::Version { theirs, library }) => {
            let library = library.unwrap_or_else(|| "of an unknown version".to_owned());
            let ours = env!("CARGO_PKG_VERSION");
            let advice = if theirs < PROTOCOL {
                "Update the dev-dependency `memcheck-lib`"
            } else {
                "Update cargo-memcheck"
            };
            broken(format!(
                "the test was built with memcheck-lib {library} (protocol {theirs}), but this is cargo-memcheck {ours} (protocol {PROTOCOL}). {advice}"
            ))
        }
        Stop::Message(MessageError::Malformed) => broken(
            "the worker sent data that is not a memcheck message. Check whether the test writes to file descriptors that it did not open".to_owned(),
        ),
        Stop::Unexpected(reply) => broken(format!(
            "the worker sent an unexpected message ({reply:?}). Another process may have answered for it: check whether the body uses file descriptors that it did not open, or forks with a raw system call (`clone`, `SYS_fork`) and continues in the child. If it does neither, please report this as a bug"
        )),
        Stop::System(what, error) => broken(format!(
            "cannot {what}: {error}. If this happens again, please report it as a bug"
        )),
    }
}

fn outcome_of_end(status: ExitStatus) -> Outcome {
    if let Some(signal) = status.signal() {
        return Outcome::Crashed { signal: signal_name(signal) };
    }
    Outcome::Exited { status: status.code().unwrap_or(-1) }
}

fn signal_name(signal: i32) -> String {
    let names = [
        (libc::SIGHUP, "SIGHUP"),
        (libc::SIGINT, "SIGINT"),
        (libc::SIGQUIT, "SIGQUIT"),
        (libc::SIGILL, "SIGILL"),
        (libc::SIGTRAP, "SIGTRAP"),
        (libc::SIGABRT, "SIGABRT"),
        (libc::SIGBUS, "SIGBUS"),
        (libc::SIGFPE, "SIGFPE"),
        (libc::SIGKILL, "SIGKILL"),
        (libc::SIGUSR1, "SIGUSR1"),
        (libc::SIGSEGV, "SIGSEGV"),
        (libc::SIGUSR2, "SIGUSR2"),
        (libc::SIGPIPE, "SIGPIPE"),
        (libc::SIGALRM, "SIGALRM"),
        (libc::SIGTERM, "SIGTERM"),
        (libc::SIGXCPU, "SIGXCPU"),
        (libc::SIGXFSZ, "SIGXFSZ"),
        (libc::SIGSYS, "SIGSYS"),
    ];
    names
        .iter()
        .find(|(number, _)| *number == signal)
        .map_or_else(|| format!("signal {signal}"), |(_, name)| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::message::Reply;

    const TIMEOUT: Duration = Duration::from_secs(60);

    #[test]
    fn a_worker_that_ended_crashed_or_exited() {
        let end = |wait_status| outcome_of(Stop::Died(ExitStatus::from_raw(wait_status)), TIMEOUT);
        assert_eq!(end(libc::SIGSEGV), Outcome::Crashed { signal: "SIGSEGV".to_owned() });
        assert_eq!(end(40), Outcome::Crashed { signal: "signal 40".to_owned() });
        assert_eq!(end(3 << 8), Outcome::Exited { status: 3 });
    }

    #[test]
    fn a_worker_that_runs_is_lost_or_timed_out() {
        assert_eq!(outcome_of(Stop::Closed, TIMEOUT), Outcome::Lost);
        assert_eq!(outcome_of(Stop::Deadline, TIMEOUT), Outcome::TimedOut { timeout: TIMEOUT });
    }

    fn message(stop: Stop) -> String {
        match outcome_of(stop, TIMEOUT) {
            Outcome::Broken { message } => message,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn another_version_says_what_to_update() {
        let version = |theirs| {
            let library = Some("9.1.0".to_owned());
            message(Stop::Message(MessageError::Version { theirs, library }))
        };
        let newer = version(PROTOCOL + 1);
        assert!(newer.contains("memcheck-lib 9.1.0 (protocol"), "{newer}");
        assert!(newer.ends_with("Update cargo-memcheck"), "{newer}");
        let older = version(PROTOCOL - 1);
        assert!(older.ends_with("Update the dev-dependency `memcheck-lib`"), "{older}");
    }

    #[test]
    fn a_broken_session_says_what_to_check() {
        let unexpected = message(Stop::Unexpected(Box::new(Reply::Ended)));
        assert!(unexpected.contains("(Ended)") && unexpected.contains("`clone`"), "{unexpected}");
        let malformed = message(Stop::Message(MessageError::Malformed));
        assert!(malformed.contains("did not open"), "{malformed}");
        let error = std::io::Error::other("no buffer");
        let system = message(Stop::System("poll the worker", error));
        assert!(system.starts_with("cannot poll the worker: no buffer"), "{system}");
    }

    #[test]
    fn failures_name_the_iteration() {
        let panicked = |text, iteration| failure_message(Failure::Panicked, text, iteration);
        assert_eq!(panicked("at 3", Some(7)), "the test panicked in iteration 7: at 3");
        assert_eq!(panicked("", None), "the test panicked outside its iterations");
    }
}
