//! Help for a body that fails when it is run again.

use crate::report::{Outcome, Report};

/// State that an iteration left behind makes the next one fail.
const STATE: &str = "state outlives the iteration: earlier iterations succeeded. Usual causes are a static counter, a file or port that is still there, and a logger that is initialised twice. Create it once in the set-up of a `Workload`, use a new name in each iteration, or set `skip = \"reason\"`";

/// Another process has the port or the file.
const SHARED: &str = "if other tests use the same port or file, they run at the same time: put them into one group with `serial = \"name\"`, or use unique names";

/// The messages of the standard library about a port or a file that is taken.
const TAKEN: [&str; 4] = ["Address already in use", "AddrInUse", "File exists", "AlreadyExists"];

/// Help for a failed iteration.
pub(super) fn advice(report: &Report) -> impl Iterator<Item = &'static str> {
    let failed = match &report.outcome {
        Outcome::Failed { message } if message.contains(" in iteration ") => Some(message),
        _ => None,
    };
    let again = failed.is_some() && report.failed_iteration.is_some_and(|iteration| iteration > 1);
    let taken = failed.is_some_and(|message| TAKEN.iter().any(|text| message.contains(text)));
    again.then_some(STATE).into_iter().chain(taken.then_some(SHARED))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::details;
    use crate::report::TestId;

    fn failed(iteration: Option<u64>, message: &str) -> Report {
        let outcome = Outcome::Failed { message: message.to_owned() };
        let mut report = Report::unobserved(TestId::default(), outcome);
        report.failed_iteration = iteration;
        report
    }

    #[test]
    fn a_body_that_fails_from_its_second_iteration_on_gets_help() {
        let help =
            |iteration, message| -> Vec<&str> { advice(&failed(iteration, message)).collect() };
        let panicked = "the test panicked in iteration 2: called twice";
        assert_eq!(help(Some(2), panicked), [STATE]);
        assert_eq!(help(Some(1), "the test panicked in iteration 1: wrong"), [""; 0]);
        assert_eq!(help(None, "the test panicked outside its iterations"), [""; 0]);
        assert_eq!(help(Some(64), "the memory profile differs from the snapshot"), [""; 0]);
        let details = details(&failed(Some(2), panicked));
        assert!(details.contains("= help: state outlives the iteration"), "{details}");
    }

    #[test]
    fn a_port_or_file_that_is_taken_gets_a_hint_at_serial() {
        let bind = "the test panicked in iteration 1: Os { code: 98, kind: AddrInUse }";
        assert_eq!(advice(&failed(Some(1), bind)).collect::<Vec<_>>(), [SHARED]);
        let file = "the test returned an error in iteration 2: File exists (os error 17)";
        assert_eq!(advice(&failed(Some(2), file)).count(), 2);
    }
}
