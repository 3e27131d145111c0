//! A registry of sessions that never removes its users.
//!
//! `Registry` keeps its sessions by number, and in a second map the numbers of each user's sessions.
//! `close` removes the session from the first map and not from the second. No pointer is lost: the
//! map reaches every entry, and dropping the registry frees all of it. So a lost-pointer detector
//! (LeakSanitizer, valgrind at exit) has nothing to report, and an ordinary test, which opens one
//! session and ends, passes. In a server, the map grows with every visitor until the machine is out
//! of memory.
//!
//! `#[memcheck]` repeats the visit and finds that every visit leaves something behind.
//! `Registry::close_and_forget` is the correct version.

use std::collections::HashMap;

/// Who is here.
#[derive(Debug, Default)]
pub struct Registry {
    next: u64,
    /// The user of each session.
    sessions: HashMap<u64, String>,
    /// The sessions of each user.
    by_user: HashMap<String, Vec<u64>>,
}

impl Registry {
    /// Opens a session and returns its number.
    pub fn open(&mut self, user: &str) -> u64 {
        self.next += 1;
        self.sessions.insert(self.next, user.to_owned());
        self.by_user.entry(user.to_owned()).or_default().push(self.next);
        self.next
    }

    /// Closes a session. The leak: nothing is removed from `by_user`.
    pub fn close(&mut self, session: u64) {
        self.sessions.remove(&session);
    }

    /// Closes a session, and removes its user with the user's last session.
    pub fn close_and_forget(&mut self, session: u64) {
        let Some(user) = self.sessions.remove(&session) else { return };
        if let Some(open) = self.by_user.get_mut(&user) {
            open.retain(|&other| other != session);
            if open.is_empty() {
                self.by_user.remove(&user);
            }
        }
    }

    /// How many sessions are open.
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Whether no session is open.
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use memcheck::{Workload, memcheck};

    /// An ordinary test. It passes.
    #[test]
    fn a_closed_session_is_gone() {
        let mut registry = Registry::default();
        let session = registry.open("ada");
        registry.close(session);
        assert!(registry.is_empty());
    }

    /// The same as a leak test: every visitor is a new one. It fails.
    #[memcheck]
    fn a_visit_leaves_nothing_behind(workload: Workload) {
        let mut registry = Registry::default();
        let mut visitor = 0;
        workload.iterate(|| {
            visitor += 1;
            let session = registry.open(&format!("visitor {visitor:010}"));
            registry.close(session);
            assert!(registry.is_empty());
        });
    }

    /// The correct version. It passes.
    #[memcheck]
    fn a_visit_that_is_forgotten_leaves_nothing_behind(workload: Workload) {
        let mut registry = Registry::default();
        let mut visitor = 0;
        workload.iterate(|| {
            visitor += 1;
            let session = registry.open(&format!("visitor {visitor:010}"));
            registry.close_and_forget(session);
        });
    }
}
