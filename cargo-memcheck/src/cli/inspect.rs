//! The arguments of `cargo memcheck inspect`.

use std::ffi::OsString;
use std::time::Duration;

use clap::Args;

use super::display::Color;

/// How long a command runs before it is inspected, by default.
const DEFAULT_AFTER: Duration = Duration::from_secs(2);

/// `cargo memcheck inspect`.
#[derive(Debug, Args)]
#[command(override_usage = "\
cargo memcheck inspect [OPTIONS] <PID>
       cargo memcheck inspect [OPTIONS] -- <COMMAND>...")]
#[command(after_help = "\
Example: cargo memcheck inspect -- sleep 100

Sizes: a process uses its live footprint: private memory, its share of shared memory, swap, huge pages and \
page tables. Reserved and untouched address space does not count.

Exit codes:
  0  success
  1  no permission
  2  wrong usage
  4  the process does not exist or has no memory (a zombie or a kernel thread), or the command ended too early")]
pub(crate) struct Inspect {
    /// Process ID of the process to inspect
    #[arg(value_name = "PID", value_parser = pid, required_unless_present = "command")]
    #[arg(conflicts_with = "command")]
    pub(crate) pid: Option<i32>,
    /// How long COMMAND runs before it is inspected [default: 2s]
    #[arg(long, value_name = "TIME", value_parser = memcheck_options::parse_duration, conflicts_with = "pid")]
    after: Option<Duration>,
    /// Include the descendants; memory that they share is counted once
    #[arg(long)]
    pub(crate) tree: bool,
    /// Print everything as one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    /// When to use colours [default: CARGO_TERM_COLOR, else auto]
    #[arg(long, value_enum, value_name = "WHEN")]
    pub(crate) color: Option<Color>,
    /// Command to run, inspect and end. Its output goes to standard error
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

impl Inspect {
    /// How long the command runs before it is inspected.
    pub(crate) fn after(&self) -> Duration {
        self.after.unwrap_or(DEFAULT_AFTER)
    }
}

/// Reads a process ID.
fn pid(text: &str) -> Result<i32, String> {
    text.parse().ok().filter(|&pid| pid > 0).ok_or_else(|| {
        format!(
            "expected a process ID, which `pgrep NAME` shows; to run a command, write it after `--`: \
             `cargo memcheck inspect -- {text} …`"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Command, parse};
    use super::*;

    fn inspect(arguments: &[&str]) -> Result<Inspect, clap::Error> {
        let all = [&["cargo-memcheck", "memcheck", "inspect"], arguments].concat();
        match parse(all.into_iter().map(OsString::from).collect())? {
            Command::Inspect(inspect) => Ok(*inspect),
            other => panic!("not an inspect: {other:?}"),
        }
    }

    #[test]
    fn a_process_or_a_command_is_inspected() {
        let process = inspect(&["42", "--tree", "--json"]).unwrap();
        assert_eq!((process.pid, process.tree, process.json), (Some(42), true, true));
        let command = inspect(&["--after", "500ms", "--", "python3", "-c", "1"]).unwrap();
        assert_eq!(command.command, ["python3", "-c", "1"]);
        assert_eq!((command.pid, command.after()), (None, Duration::from_millis(500)));
        assert_eq!(inspect(&["--", "x"]).unwrap().after(), DEFAULT_AFTER);
        assert_eq!(inspect(&["--after", "0s", "--", "x"]).unwrap().after(), Duration::ZERO);
    }

    #[test]
    fn wrong_arguments_are_refused() {
        for arguments in [
            &[][..],
            &["0"],
            &["-1"],
            &["firefox"],
            &["42", "43"],
            &["42", "--", "sleep"],
            &["42", "--after", "1s"],
            &["--after", "1", "--", "sleep"],
            &["--"],
        ] {
            assert!(inspect(arguments).is_err(), "{arguments:?}");
        }
    }
}
