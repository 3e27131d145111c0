//! The worker's end of the connection with its observer.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustix::process::{Pid, getppid};

use super::parent_death;
use crate::protocol::handshake::{self, Gone, Link};
use crate::protocol::message::{Command, Failure, encode_failed};
use crate::protocol::progress_page::Page;
#[cfg(memcheck_sites)]
use crate::{heap, recorder};

/// The connection, shared between the test's wrapper and its iterations.
#[derive(Debug)]
pub(crate) struct Connection {
    link: Link,
    pub(crate) page: Option<Page>,
    observer: Option<Pid>,
    /// [`Command::Finish`] was heard.
    pub(crate) finished: AtomicBool,
    /// The observer was told of a failure.
    failed: AtomicBool,
    /// What the observer says the profile is, for the snapshot.
    pub(crate) profile: OnceLock<String>,
}

/// What this process is to a test that asks.
#[derive(Debug)]
pub(crate) enum Part {
    /// The worker of this test.
    Worker(Arc<Connection>),
    /// The worker of a test that asked before. Must not start a worker of its own: a test that
    /// the harness runs twice would start workers without end.
    Taken,
    /// Nobody's worker.
    None,
}

/// Ends a worker whose connection was taken from it before its test began. It must not start a
/// worker of its own, which would come to the same, and so on without end.
#[expect(clippy::print_stderr, reason = "the observer shows what the worker printed")]
fn end_cut_off() -> ! {
    eprintln!(
        "memcheck: the descriptors that connect this test with its observer were closed before it began: does something that runs before `main` close all descriptors (`close_range`)? Let it close those that it opened"
    );
    std::process::exit(101)
}

/// Finds out whether this process was started as a worker.
pub(crate) fn connect() -> Part {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    if TAKEN.load(Ordering::Relaxed) {
        return Part::Taken;
    }
    let Some(handshake) = handshake::handshake() else { return Part::None };
    let Some((link, page)) = handshake::accept(&handshake) else { end_cut_off() };
    if TAKEN.swap(true, Ordering::Relaxed) {
        return Part::Taken;
    }
    parent_death::arm();
    let observer = getppid();
    let (finished, failed) = (AtomicBool::new(false), AtomicBool::new(false));
    let profile = OnceLock::new();
    Part::Worker(Arc::new(Connection { link, page, observer, finished, failed, profile }))
}

impl Connection {
    /// Says a packet. When nobody can hear any more the worker stays where it is: its observer
    /// sees the closed socket and ends it, and a body that went on unseen would be no measurement.
    pub(crate) fn say(&self, packet: &[u8]) {
        parent_death::end_if_forked();
        if let Err(Gone) = self.link.say(packet) {
            self.wait_for_the_end();
        }
    }

    pub(crate) fn hear(&self) -> Command {
        self.link.hear().unwrap_or_else(|Gone| self.wait_for_the_end())
    }

    pub(crate) fn hear_text(&self, length: usize) -> String {
        self.link.hear_text(length).unwrap_or_else(|Gone| self.wait_for_the_end())
    }

    fn wait_for_the_end(&self) -> ! {
        loop {
            // The signal that tells of the observer's death does not arrive where the body blocks
            // it.
            if getppid() != self.observer {
                parent_death::end_with_all();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Records from now on, where that can be done: the observer sees whether it is.
    pub(crate) fn record(&self) {
        #[cfg(memcheck_sites)]
        if let Some(page) = &self.page {
            heap::record_allocations();
            recorder::start(page.address());
        }
    }

    /// Says the last packet, and waits until the observer has taken what was printed so far: what
    /// comes next is the harness's own.
    pub(crate) fn say_last(&self, packet: &[u8]) {
        // A forked child has a copy of what is not written yet.
        parent_death::end_if_forked();
        let _ = std::io::stdout().flush();
        self.say(packet);
        let _ = self.hear();
    }

    pub(crate) fn fail(&self, failure: Failure, text: &str) {
        if !self.failed.swap(true, Ordering::Relaxed) {
            self.say_last(&encode_failed(failure, text));
        }
    }
}
