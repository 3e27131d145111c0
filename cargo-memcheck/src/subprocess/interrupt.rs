//! Ctrl-C, SIGTERM and SIGHUP: the first signal ends the running tests and cargo, and the tool still
//! prints the results that it has. A second signal ends the tool at once. A signal that was ignored
//! at start (`nohup` ignores SIGHUP) stays ignored.

use std::io;
use std::process::Child;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use memcheck::tool::{Cancel, kill_process_tree};
use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::exit;

/// Environment variable of a child process whose descendants end with it. A process group is not
/// enough: descendants can leave it, and cargo in a group of its own could not ask for a passphrase.
pub(crate) const MARK: &str = "MEMCHECK_STARTED_BY";

/// The value of [`MARK`].
pub(crate) fn mark() -> String {
    std::process::id().to_string()
}

/// Kills the descendants of a child that has the [`MARK`]. Call it after killing the child and before
/// waiting for it.
pub(crate) fn kill_tree(child: u32) {
    kill_process_tree(child, &format!("{MARK}={}", mark()));
}

/// Whether a signal has arrived, and what to end when one arrives.
#[derive(Clone, Debug)]
pub(crate) struct Interrupt {
    shared: Arc<Shared>,
    cancel: Cancel,
}

#[derive(Debug, Default)]
struct Shared {
    /// The signal; 0 before one arrives.
    signal: AtomicI32,
    child: Mutex<Option<Pid>>,
}

impl Interrupt {
    /// Installs the handlers, for the rest of the process.
    pub(crate) fn install() -> io::Result<Self> {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let handled = [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|of| !is_ignored(&status, *of));
        let mut signals = Signals::new(handled)?;
        let interrupt = Interrupt::new()?;
        let handler = interrupt.clone();
        thread::Builder::new().name("signals".into()).spawn(move || {
            for signal in signals.forever() {
                if handler.signal().is_some() {
                    std::process::exit(i32::from(exit::SIGNAL).saturating_add(signal));
                }
                handler.arrived(signal);
            }
        })?;
        Ok(interrupt)
    }

    /// Without signal handlers.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Interrupt { shared: Arc::default(), cancel: Cancel::new()? })
    }

    /// The signal that has arrived, if any.
    pub(crate) fn signal(&self) -> Option<i32> {
        Some(self.shared.signal.load(Ordering::SeqCst)).filter(|&signal| signal != 0)
    }

    /// The handle that cancels running tests.
    pub(crate) fn cancel(&self) -> &Cancel {
        &self.cancel
    }

    /// Until the guard is dropped, a signal ends `child`, which has the [`MARK`], and its descendants. A
    /// terminal sends Ctrl-C to all of them; `kill` does not.
    pub(crate) fn watch(&self, child: &Child) -> Watched<'_> {
        let pid = Pid::from_child(child);
        *self.child() = Some(pid);
        if self.signal().is_some() {
            terminate(pid);
        }
        Watched(self)
    }

    fn arrived(&self, signal: i32) {
        self.shared.signal.store(signal, Ordering::SeqCst);
        if let Some(pid) = *self.child() {
            terminate(pid);
        }
        self.cancel.cancel();
    }

    fn child(&self) -> std::sync::MutexGuard<'_, Option<Pid>> {
        self.shared.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// While it lives, the child ends with the tool.
#[derive(Debug)]
pub(crate) struct Watched<'a>(&'a Interrupt);

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        *self.0.child() = None;
    }
}

fn terminate(pid: Pid) {
    // An error means that it has just ended by itself.
    let _ = kill_process(pid, Signal::TERM);
    // cargo does not end its compilers and build scripts on SIGTERM.
    kill_tree(pid.as_raw_nonzero().get().cast_unsigned());
}

/// Whether a process with this `/proc/PID/status` ignores the signal.
fn is_ignored(status: &str, signal: i32) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;
    use std::process::Command;

    #[test]
    fn a_watched_child_ends_with_the_signal() {
        for before in [true, false] {
            let interrupt = Interrupt::new().unwrap();
            if before {
                interrupt.arrived(SIGINT);
            }
            let mut child = Command::new("sleep").arg("60").env(MARK, mark()).spawn().unwrap();
            let _watched = interrupt.watch(&child);
            if !before {
                interrupt.arrived(SIGINT);
            }
            assert_eq!(child.wait().unwrap().signal(), Some(SIGTERM));
            assert_eq!(interrupt.signal(), Some(SIGINT));
        }
    }

    #[test]
    fn an_ignored_signal_is_read_from_the_mask() {
        let status = "SigBlk:\t0000000000000004\nSigIgn:\t0000000000001001\n";
        assert!(is_ignored(status, SIGHUP) && !is_ignored(status, SIGINT));
        assert!(!is_ignored("", SIGHUP));
    }

    #[test]
    fn a_signal_does_not_end_a_child_that_is_no_longer_watched() {
        let interrupt = Interrupt::new().unwrap();
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        drop(interrupt.watch(&child));
        interrupt.arrived(SIGTERM);
        assert!(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
