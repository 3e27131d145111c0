//! A worker that exits successfully without running its test: libtest does not know the test, so it can
//! never run. The report says so, because "the process exited" would lead the user to the wrong place.

use std::io::Read;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use memcheck::tool::Launch;
use memcheck::tool::report::{Outcome, Report};

/// How long a binary may take to list its tests. A custom harness may do anything.
const LIST_TIMEOUT: Duration = Duration::from_secs(10);

/// The report, with a reason if libtest does not know the test. Only a worker that exits early costs
/// the time of listing the tests.
pub(crate) fn explain_unlisted(launch: &Launch, mut report: Report) -> Report {
    if report.outcome != (Outcome::Exited { status: 0 }) || report.iterations > 0 {
        return report;
    }
    let message = match list(launch) {
        Some(names) if is_listed(&names, &launch.test) => return report,
        Some(_) => format!(
            "the test harness does not know `{}`, so the test never runs: if it is inside a function, \
             move it out of the function; if its target sets `harness = false` in Cargo.toml, move it \
             to a target with the standard harness",
            launch.test
        ),
        None => return report,
    };
    report.outcome = Outcome::Failed { message };
    report
}

/// The output of `--list`, lines like `name: test`; `None` if the binary does not answer.
fn list(launch: &Launch) -> Option<String> {
    let mut command = Command::new(&launch.program);
    launch.set_environment(&mut command);
    command
        .args(["--list", "--format", "terse"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = command.spawn().ok()?;
    let mut stdout = child.stdout.take()?;
    let reader = thread::spawn(move || {
        let mut text = Vec::new();
        stdout.read_to_end(&mut text).map(|_| String::from_utf8_lossy(&text).into_owned())
    });
    let begin = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return reader.join().ok()?.ok(),
            Ok(None) if begin.elapsed() < LIST_TIMEOUT => thread::sleep(Duration::from_millis(5)),
            Ok(Some(_)) => return None,
            Ok(None) | Err(_) => {
                // Do not wait for the output: a grandchild may hold the pipe.
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
        }
    }
}

fn is_listed(list: &str, test: &str) -> bool {
    list.lines().any(|line| line.strip_suffix(": test") == Some(test))
}

#[cfg(test)]
mod tests {
    use super::*;
    use memcheck::report::TestId;

    fn explained(test: &str, outcome: Outcome) -> Outcome {
        let launch = Launch {
            program: std::env::current_exe().unwrap(),
            directory: std::env::current_dir().unwrap(),
            test: test.into(),
            ..Launch::default()
        };
        explain_unlisted(&launch, Report::unobserved(TestId::default(), outcome)).outcome
    }

    const EXITED: Outcome = Outcome::Exited { status: 0 };

    #[test]
    fn a_listed_test_keeps_its_outcome() {
        let name = "runner::unlisted::tests::a_listed_test_keeps_its_outcome";
        assert_eq!(explained(name, EXITED), EXITED);
        assert_eq!(explained("none", Outcome::Lost), Outcome::Lost);
    }

    #[test]
    fn the_reason_names_an_unlisted_test() {
        let Outcome::Failed { message } = explained("outer::inner", EXITED) else { panic!() };
        assert!(message.contains("`outer::inner`") && message.contains("inside a function"));
    }

    #[test]
    fn only_whole_names_count() {
        assert!(is_listed("a::b: test\nc: test\n", "a::b"));
        assert!(!is_listed("a::b: test\nc: bench\n", "b") && !is_listed("c: bench", "c"));
    }
}
