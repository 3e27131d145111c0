//! The exit code of a command.

use memcheck::ProcessError;
use memcheck::Status;

use super::error::Error;
use crate::cargo::CargoError;
use crate::discover::DiscoverError;
use crate::exit::{
    BUILD_FAILED, NOTHING_TO_RUN, SIGNAL, SUCCESS, TESTS_FAILED, TOOL_FAILED, USAGE,
};
use crate::export::ExportError;
use crate::runner::{Inconclusive, Summary};

/// The code of an error that ended the command.
pub(super) fn of_error(error: &Error) -> u8 {
    match error {
        Error::Cargo(error) => match error {
            CargoError::NoManifest { .. }
            | CargoError::ManifestMissing { .. }
            | CargoError::Runner { .. } => USAGE,
            CargoError::Build { .. } | CargoError::Workspace { .. } => BUILD_FAILED,
            CargoError::Start { .. }
            | CargoError::Output { .. }
            | CargoError::Environment { .. }
            | CargoError::EnvironmentMissing { .. } => TOOL_FAILED,
            CargoError::Interrupted { signal } => interrupted(*signal),
        },
        Error::Config(_) => USAGE,
        Error::Discover(error) => match error {
            DiscoverError::BadEntry { .. } | DiscoverError::DuplicateTest { .. } => USAGE,
            DiscoverError::BrokenBinary { .. } => TOOL_FAILED,
        },
        Error::Export(error) => match error {
            ExportError::NoFolder { .. }
            | ExportError::IsFolder { .. }
            | ExportError::SameFile { .. } => USAGE,
            ExportError::Write { .. } => TOOL_FAILED,
        },
        Error::CommandStart { .. }
        | Error::ReportUnreadable { .. }
        | Error::ReportRefused { .. } => USAGE,
        Error::Inspect(error) => of_inspect(error),
        Error::NoAnnotatedTests { .. }
        | Error::NoMatch { .. }
        | Error::AllIgnored { .. }
        | Error::EndedEarly { .. }
        | Error::NoReports { .. } => NOTHING_TO_RUN,
        Error::Signals { .. } | Error::Write(_) => TOOL_FAILED,
        Error::Interrupted { signal } => interrupted(*signal),
    }
}

/// The code of a run that has ended.
pub(super) fn of_run(summary: &Summary, inconclusive: Inconclusive) -> u8 {
    if let Some(signal) = summary.interrupted {
        return interrupted(signal);
    }
    let failed = || summary.statuses().filter(|status| inconclusive.fails(*status));
    match (failed().count(), summary.is_unproven()) {
        (_, true) => TESTS_FAILED,
        (0, false) => SUCCESS,
        _ if failed().all(|status| status == Status::Broken) => TOOL_FAILED,
        _ => TESTS_FAILED,
    }
}

/// The code of a command that would return `code`, but could not write all results. If only a file is
/// missing, the terminal still shows the failures, so their code stays.
pub(super) fn with_write_errors(code: u8, failed: &[Error]) -> u8 {
    let unseen = failed.iter().any(|error| matches!(error, Error::Write(_)));
    if unseen || (code == SUCCESS && !failed.is_empty()) { TOOL_FAILED } else { code }
}

/// A process without memory is like a process that does not exist.
fn of_inspect(error: &ProcessError) -> u8 {
    match error.is_without_memory() {
        true => NOTHING_TO_RUN,
        false => TOOL_FAILED,
    }
}

fn interrupted(signal: i32) -> u8 {
    SIGNAL.saturating_add(u8::try_from(signal).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use std::io;

    use memcheck::tool::report::Proofs;

    use super::*;
    use crate::terminal::WriteError;

    fn code(statuses: &[Status], inconclusive: Inconclusive) -> u8 {
        let mut summary = Summary::default();
        statuses.iter().for_each(|status| summary.count(*status));
        of_run(&summary, inconclusive)
    }

    #[test]
    fn a_run_succeeds_only_if_all_statuses_are_successes() {
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
        assert_eq!(of_run(&summary, Inconclusive::Fail), SUCCESS);
        proofs.unproven = 1;
        summary.proofs = Some(proofs);
        assert_eq!(of_run(&summary, Inconclusive::Warn), TESTS_FAILED);
        summary.count(Status::Broken);
        assert_eq!(of_run(&summary, Inconclusive::Warn), TESTS_FAILED);
    }

    #[test]
    fn inconclusive_warn_only_ignores_unsure_tests() {
        assert_eq!(code(&[Status::Unsure], Inconclusive::Warn), SUCCESS);
        assert_eq!(code(&[Status::Unsure, Status::Leak], Inconclusive::Warn), TESTS_FAILED);
    }

    #[test]
    fn a_command_that_cannot_write_its_results_does_not_succeed() {
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        let file = || {
            let (origin, path) = ("--junit".to_owned(), "x".into());
            Error::from(ExportError::Write { origin, path, source: full() })
        };
        let stdout = Error::from(WriteError::of(Err(full())).unwrap_err());
        assert_eq!(with_write_errors(SUCCESS, &[]), SUCCESS);
        assert_eq!(with_write_errors(SUCCESS, &[file()]), TOOL_FAILED);
        assert_eq!(with_write_errors(TESTS_FAILED, &[file()]), TESTS_FAILED);
        assert_eq!(with_write_errors(TESTS_FAILED, &[file(), stdout]), TOOL_FAILED);
    }

    #[test]
    fn a_signal_wins_over_the_statuses() {
        let summary = Summary { interrupted: Some(2), ..Summary::default() };
        assert_eq!(of_run(&summary, Inconclusive::Fail), 130);
        assert_eq!(of_error(&Error::Interrupted { signal: 15 }), 143);
    }
}
