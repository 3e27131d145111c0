//! The exit codes of `cargo memcheck`: a contract with scripts and CI.

#![cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "only one of them can happen"))]

/// Every test that ran is PASS or KNOWN (or UNSURE with `--inconclusive warn`).
pub(crate) const SUCCESS: u8 = 0;
/// memcheck itself failed: a fault of the tool or of the machine, not of the tested code.
pub(crate) const TOOL_FAILED: u8 = 1;
/// Wrong usage or configuration, or a report that cannot be read. (clap ends with this code, too.)
pub(crate) const USAGE: u8 = 2;
/// There was nothing to run, or no such process to inspect.
pub(crate) const NOTHING_TO_RUN: u8 = 4;
/// At least one test did not pass, or was not proven (`--prove`).
pub(crate) const TESTS_FAILED: u8 = 100;
/// cargo could not build the tests.
pub(crate) const BUILD_FAILED: u8 = 101;
/// Ended by signal `n`: the code is this plus `n`, as shells do it (130 for Ctrl-C).
pub(crate) const SIGNAL: u8 = 128;

#[cfg(target_os = "linux")]
mod of {
    use memcheck::process::ProcessError;
    use memcheck::report::Status;

    use super::*;
    use crate::cli::Inconclusive;
    use crate::error::Error;
    use crate::run::Summary;

    /// The code for an error that ended the command.
    pub(crate) fn error(error: &Error) -> u8 {
        match error {
            Error::NoManifest { .. }
            | Error::CommandStart { .. }
            | Error::ManifestMissing { .. }
            | Error::Config(_)
            | Error::Runner { .. }
            | Error::BadEntry { .. }
            | Error::DuplicateTest { .. }
            | Error::NoFolder { .. }
            | Error::IsFolder { .. }
            | Error::SameFile { .. }
            | Error::ReportUnreadable { .. }
            | Error::ReportRefused { .. } => USAGE,
            Error::Build { .. } | Error::Workspace { .. } => BUILD_FAILED,
            Error::EndedEarly { .. } => NOTHING_TO_RUN,
            Error::Inspect(error) => inspect(error),
            Error::NoAnnotatedTests { .. }
            | Error::NoMatch { .. }
            | Error::AllIgnored { .. }
            | Error::NoReports { .. } => NOTHING_TO_RUN,
            Error::CargoStart { .. }
            | Error::CargoOutput { .. }
            | Error::BrokenBinary { .. }
            | Error::Environment { .. }
            | Error::EnvironmentMissing { .. }
            | Error::Signals { .. }
            | Error::Write { .. }
            | Error::WriteFile { .. } => TOOL_FAILED,
            Error::Interrupted { signal } => interrupted(*signal),
        }
    }

    /// The code of a run that came to its end.
    pub(crate) fn run(summary: &Summary, inconclusive: Inconclusive) -> u8 {
        if let Some(signal) = summary.interrupted {
            return interrupted(signal);
        }
        let failed = || summary.statuses().filter(|status| inconclusive.fails(*status));
        match failed().next() {
            None if summary.is_unproven() => TESTS_FAILED,
            None => SUCCESS,
            Some(_)
                if failed().all(|status| status == Status::Broken) && !summary.is_unproven() =>
            {
                TOOL_FAILED
            }
            Some(_) => TESTS_FAILED,
        }
    }

    /// The code of a command that would have `code`, but could not write all of its results. What
    /// stands on the terminal keeps its own; where that could not be written nothing stands.
    pub(crate) fn written(code: u8, failed: &[Error]) -> u8 {
        let unseen = failed.iter().any(|error| matches!(error, Error::Write { .. }));
        if unseen || (code == SUCCESS && !failed.is_empty()) { TOOL_FAILED } else { code }
    }

    /// A process that has no memory is nothing to look at.
    fn inspect(error: &ProcessError) -> u8 {
        match error {
            ProcessError::Gone { .. }
            | ProcessError::Zombie { .. }
            | ProcessError::KernelThread { .. }
            | ProcessError::Unsupported => NOTHING_TO_RUN,
            _ => TOOL_FAILED,
        }
    }

    fn interrupted(signal: i32) -> u8 {
        SIGNAL.saturating_add(u8::try_from(signal).unwrap_or(0))
    }
}
#[cfg(target_os = "linux")]
pub(crate) use of::{error, run, written};

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use memcheck::report::{Proofs, Status};

    use super::*;
    use crate::cli::Inconclusive;
    use crate::run::Summary;

    fn code(statuses: &[Status], inconclusive: Inconclusive) -> u8 {
        let mut summary = Summary::default();
        statuses.iter().for_each(|status| summary.count(*status));
        run(&summary, inconclusive)
    }

    #[test]
    fn a_run_succeeds_only_on_words_of_success() {
        let fail = Inconclusive::Fail;
        assert_eq!(code(&[Status::Pass, Status::Known, Status::Skip], fail), SUCCESS);
        for status in [
            Status::Unsure,
            Status::Limit,
            Status::Leak,
            Status::Fail,
            Status::Crash,
            Status::Exit,
            Status::Lost,
            Status::Timeout,
            Status::Ceiling,
        ] {
            assert_eq!(code(&[Status::Pass, status], fail), TESTS_FAILED, "{status:?}");
            assert_eq!(code(&[Status::Broken, status], fail), TESTS_FAILED, "{status:?}");
        }
        assert_eq!(code(&[Status::Pass, Status::Broken], fail), TOOL_FAILED);
    }

    #[test]
    fn an_unproven_test_fails_the_run() {
        let mut summary = Summary::default();
        summary.count(Status::Pass);
        let mut proofs = Proofs::default();
        proofs.proven = 1;
        summary.proofs = Some(proofs);
        assert_eq!(run(&summary, Inconclusive::Fail), SUCCESS);
        proofs.unproven = 1;
        summary.proofs = Some(proofs);
        assert_eq!(run(&summary, Inconclusive::Warn), TESTS_FAILED);
    }

    #[test]
    fn only_the_inconclusive_are_let_through_by_request() {
        assert_eq!(code(&[Status::Unsure], Inconclusive::Warn), SUCCESS);
        assert_eq!(code(&[Status::Unsure, Status::Leak], Inconclusive::Warn), TESTS_FAILED);
    }

    #[test]
    fn what_could_not_be_written_is_no_success() {
        use crate::error::Error;
        let full = || std::io::Error::from(std::io::ErrorKind::StorageFull);
        let file = Error::WriteFile { what: "--junit".into(), path: "x".into(), source: full() };
        assert_eq!(written(SUCCESS, &[]), SUCCESS);
        assert_eq!(written(SUCCESS, std::slice::from_ref(&file)), TOOL_FAILED);
        assert_eq!(written(TESTS_FAILED, std::slice::from_ref(&file)), TESTS_FAILED);
        assert_eq!(written(TESTS_FAILED, &[file, Error::Write { source: full() }]), TOOL_FAILED);
    }

    #[test]
    fn a_signal_outranks_the_words() {
        let summary = Summary { interrupted: Some(2), ..Summary::default() };
        assert_eq!(run(&summary, Inconclusive::Fail), 130);
        assert_eq!(error(&crate::error::Error::Interrupted { signal: 15 }), 143);
    }
}
