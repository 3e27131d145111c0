//! A worker that ended well without having run its test: libtest did not know the name. Then the
//! annotated test is one that can never run, and saying only that the worker exited would send the
//! reader looking in the wrong place.

use std::io::Read;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use memcheck::report::{Outcome, Report};
use memcheck::tool::Launch;

/// How long a binary may take to list its tests. One with a harness of its own may do anything.
const PATIENCE: Duration = Duration::from_secs(10);

/// The report, with the reason where libtest does not know the test. The binary is asked only in
/// this case, so a good run pays nothing for it.
pub(crate) fn explain(launch: &Launch, report: Report) -> Report {
    if report.outcome != (Outcome::Exited { status: 0 }) || report.iterations > 0 {
        return report;
    }
    let message = match list(launch) {
        Some(names) if is_listed(&names, &launch.test) => return report,
        Some(_) => format!(
            "the test harness does not know `{}`, so it can never run: a test inside of a \
             function is out of its reach, move it out of the function; and a target with \
             `harness = false` in Cargo.toml has no harness that runs tests, move it to one that has",
            launch.test
        ),
        None => return report,
    };
    Report { outcome: Outcome::Failed { message }, ..report }
}

/// The tests that the binary lists, as `name: test` lines; `None` when it could not be asked.
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
            Ok(None) if begin.elapsed() < PATIENCE => thread::sleep(Duration::from_millis(5)),
            Ok(Some(_)) => return None,
            Ok(None) | Err(_) => {
                // Not waiting for its output: a grandchild may hold the pipe.
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
        explain(&launch, Report::unobserved(TestId::default(), outcome)).outcome
    }

    const EXITED: Outcome = Outcome::Exited { status: 0 };

    #[test]
    fn a_test_that_is_listed_keeps_its_outcome() {
        let name = "run::unlisted::tests::a_test_that_is_listed_keeps_its_outcome";
        assert_eq!(explained(name, EXITED), EXITED);
        assert_eq!(explained("none", Outcome::Lost), Outcome::Lost);
    }

    #[test]
    fn a_test_that_is_not_listed_is_named() {
        let Outcome::Failed { message } = explained("outer::inner", EXITED) else { panic!() };
        assert!(message.contains("`outer::inner`") && message.contains("inside of a function"));
    }

    #[test]
    fn only_whole_names_count() {
        assert!(is_listed("a::b: test\nc: test\n", "a::b"));
        assert!(!is_listed("a::b: test\nc: bench\n", "b") && !is_listed("c: bench", "c"));
    }
}
