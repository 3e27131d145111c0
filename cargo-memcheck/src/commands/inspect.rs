//! `cargo memcheck inspect`: the memory of a process, or of a command. A command runs in its own process
//! group and ends with its descendants after the inspection.

use std::ffi::OsString;
use std::fs;
use std::io::{self, IsTerminal};
use std::os::unix::process::CommandExt;
use std::process::{Child, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use memcheck::tool::process::{self, Inspection, ProcessError};
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use super::error::Error;
use crate::cli::Inspect;
use crate::exit;
use crate::subprocess::{self, CommandLine, Interrupt, changes_of_cargo_run};
use crate::terminal;

/// How long to wait for the kernel to load the program of a command. A program that removes its own command
/// line never shows one.
const BEGIN: Duration = Duration::from_secs(1);

/// `cargo memcheck inspect`.
pub(super) fn inspect(arguments: &Inspect) -> Result<u8, Error> {
    terminal::choose_colour(arguments.color);
    let inspection = match arguments.pid {
        Some(pid) => process::inspect(pid, arguments.tree)?,
        None => {
            let interrupt = Interrupt::install().map_err(|source| Error::Signals { source })?;
            command(&arguments.command, arguments.after(), arguments.tree, &interrupt)?
        }
    };
    terminal::inspection(&inspection, arguments.json)?;
    Ok(exit::SUCCESS)
}

/// Runs a command and inspects it after a while.
fn command(
    words: &[OsString],
    after: Duration,
    tree: bool,
    interrupt: &Interrupt,
) -> Result<Inspection, Error> {
    let mut running = Running::start(words)?;
    if !running.lives_on(after, interrupt)? {
        return Err(running.ended_early());
    }
    match process::inspect(running.pid(), tree) {
        Ok(inspection) => Ok(inspection),
        // It has just ended. Its process ID cannot belong to another process, because it is not reaped yet.
        Err(ProcessError::Zombie { .. } | ProcessError::Gone { .. }) => Err(running.ended_early()),
        Err(error) => Err(Error::Inspect(error)),
    }
}

/// A started command. Dropping it ends the command and its descendants.
struct Running {
    child: Child,
    command: String,
    started: Instant,
    status: Option<ExitStatus>,
}

impl Running {
    fn start(words: &[OsString]) -> Result<Running, Error> {
        let mut words = words.iter();
        let mut line = CommandLine::new(words.next().cloned().unwrap_or_default());
        line.arguments(words.cloned());
        line.environment(changes_of_cargo_run());
        // The descendants inherit the mark and are found by it.
        line.environment([(subprocess::MARK.into(), Some(subprocess::mark().into()))]);
        let mut command = line.command();
        command
            .process_group(0)
            .stdin(match io::stdin().is_terminal() {
                // The kernel stops a background process that reads from the terminal. With a pipe, it
                // waits for input instead.
                true => Stdio::piped(),
                false => Stdio::inherit(),
            })
            // Standard output is for the inspection.
            .stdout(io::stderr());
        match command.spawn() {
            Ok(child) => Ok(Running {
                child,
                command: line.to_string(),
                started: Instant::now(),
                status: None,
            }),
            Err(source) => Err(Error::CommandStart { command: line.to_string(), source }),
        }
    }

    fn pid(&self) -> i32 {
        self.child.id().cast_signed()
    }

    /// Waits for `after`. Returns whether the command is still running.
    fn lives_on(&self, after: Duration, interrupt: &Interrupt) -> Result<bool, Error> {
        let until = self.started + after;
        loop {
            if let Some(signal) = interrupt.signal() {
                return Err(Error::Interrupted { signal });
            }
            if self.has_ended() {
                return Ok(false);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() && (self.has_begun() || self.started.elapsed() > after + BEGIN) {
                return Ok(true);
            }
            thread::sleep(left.clamp(Duration::from_millis(1), Duration::from_millis(10)));
        }
    }

    /// Whether the kernel has loaded its program: during `execve`, the command line is empty.
    fn has_begun(&self) -> bool {
        fs::read(format!("/proc/{}/cmdline", self.pid())).is_ok_and(|line| !line.is_empty())
    }

    /// Whether it has ended. This does not reap it, so its process ID and group stay reserved.
    fn has_ended(&self) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        matches!(waitid(WaitId::Pid(Pid::from_child(&self.child)), options), Ok(Some(_)) | Err(_))
    }

    fn ended_early(&mut self) -> Error {
        let after = self.started.elapsed();
        let command = self.command.clone();
        match self.end() {
            Ok(status) => Error::EndedEarly { command, status, after },
            Err(source) => Error::CommandStart { command, source },
        }
    }

    /// Ends the command and its descendants. A second call does nothing.
    fn end(&mut self) -> io::Result<ExitStatus> {
        if let Some(status) = self.status {
            return Ok(status);
        }
        // A command that has already ended keeps its status.
        self.child.kill()?;
        subprocess::kill_tree(self.child.id());
        let status = self.child.wait()?;
        self.status = Some(status);
        Ok(status)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.end();
    }
}
