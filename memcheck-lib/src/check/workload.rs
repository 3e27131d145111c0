//! The handle through which a test with set-up runs its iterations.

use std::process::Termination;

/// Set-up once, then [`iterate`](Workload::iterate).
#[derive(Debug)]
pub struct Workload {
    _private: (),
}

impl Workload {
    /// Runs `body` as often as the check asks for.
    pub fn iterate<R: Termination>(self, body: impl FnMut() -> R) {
        let _ = body;
    }
}
