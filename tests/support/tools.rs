//! Programs of others that tests use where they are installed.

use std::io::Write;
use std::process::{Command, Stdio};

/// Whether a command succeeds, so that its program is there. What is skipped without it is said, past
/// the capture of libtest; in CI (`CI=true`) nothing may be skipped. `how` says how to install it.
#[track_caller]
pub(crate) fn are_there(command: &[&str], how: &str) -> bool {
    let mut check = Command::new(command[0]);
    check.args(&command[1..]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let there = check.status().is_ok_and(|status| status.success());
    if !there {
        let ci = std::env::var("CI").is_ok_and(|value| value == "true");
        assert!(!ci, "`{}` does not run, and CI is true: {how}", command.join(" "));
        let place = std::panic::Location::caller();
        let program = command[0];
        let _ = writeln!(std::io::stderr(), "SKIPPED what needs {program} at {place}: {how}");
    }
    there
}
