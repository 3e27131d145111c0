//! Other programs that tests use if they are installed.

use std::io::Write;
use std::process::{Command, Stdio};

/// Whether a command succeeds, which means that its program is installed. If not, prints what is
/// skipped, past the capture of libtest. In CI (`CI=true`) it panics instead: nothing may be skipped
/// there. `how` says how to install the program.
#[track_caller]
pub(crate) fn is_installed(command: &[&str], how: &str) -> bool {
    let mut check = Command::new(command[0]);
    check.args(&command[1..]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let there = check.status().is_ok_and(|status| status.success());
    if !there {
        let ci = std::env::var("CI").is_ok_and(|value| value == "true");
        assert!(!ci, "`{}` does not run, and CI is true: {how}", command.join(" "));
        let place = std::panic::Location::caller();
        let program = command[0];
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED: {program} is not installed, needed at {place}: {how}"
        );
    }
    there
}
