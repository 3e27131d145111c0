//! A command that is run to be looked at: it is started in a process group of its own and, once
//! looked at, ended with everything it started.

use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::os::unix::process::CommandExt;
use std::process::{Child, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use memcheck::process::{Inspection, ProcessError, inspect};
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use crate::cargo::CommandLine;
use crate::error::Error;
use crate::interrupt::{self, Interrupt};

/// Looks at a running process.
pub(crate) fn process(pid: i32, tree: bool) -> Result<Inspection, Error> {
    inspect(pid, tree).map_err(Error::Inspect)
}

/// Runs a command and looks at it `after` a while.
pub(crate) fn command(
    words: &[OsString],
    after: Duration,
    tree: bool,
    interrupt: &Interrupt,
) -> Result<Inspection, Error> {
    let mut running = Running::start(words)?;
    if !running.lives_on(after, interrupt)? {
        return Err(running.ended_early());
    }
    match inspect(running.pid(), tree) {
        Ok(inspection) => Ok(inspection),
        // It ended just now: as nobody has waited for it yet, it is no other process.
        Err(ProcessError::Zombie { .. } | ProcessError::Gone { .. }) => Err(running.ended_early()),
        Err(error) => Err(Error::Inspect(error)),
    }
}

/// A command that was started, and is ended with its kin when this is dropped.
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
        line.environment(crate::cargo::changes_of_cargo_run());
        // Everything it starts inherits this, and can be found by it.
        line.environment([(interrupt::MARK.into(), Some(interrupt::mark().into()))]);
        let mut command = line.command();
        command
            .process_group(0)
            .stdin(match io::stdin().is_terminal() {
                // A process in the background is stopped when it reads from the terminal. This way
                // one that waits for input waits.
                true => Stdio::piped(),
                false => Stdio::inherit(),
            })
            // Standard output is for the result.
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

    /// Waits; whether the command still runs then.
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
            if left.is_zero() {
                return Ok(true);
            }
            thread::sleep(left.min(Duration::from_millis(10)));
        }
    }

    /// Whether it has ended. It is not waited for: until then its number, and that of its group,
    /// are its own.
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

    /// Ends what is left of it. Doing so again does nothing.
    fn end(&mut self) -> io::Result<ExitStatus> {
        if let Some(status) = self.status {
            return Ok(status);
        }
        // One that has ended keeps its status.
        self.child.kill()?;
        interrupt::kill_tree(self.child.id());
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
