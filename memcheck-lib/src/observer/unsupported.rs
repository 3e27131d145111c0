//! The observer on systems where nothing can be measured.

use super::cancel::{Cancel, Progress};
use super::launch::Launch;
use super::settings::Settings;
use crate::report::{Proof, Report, TestId};

/// Returns a report that says that nothing can be measured.
pub fn observe(
    launch: &Launch,
    _settings: &Settings,
    _cancel: &Cancel,
    _progress: &mut dyn FnMut(Progress),
) -> Report {
    let test = TestId { name: launch.test.clone(), ..TestId::default() };
    Report::broken(test, "memcheck measures on Linux only".to_owned())
}

/// Proves nothing.
pub fn prove(
    _launch: &Launch,
    _settings: &Settings,
    _report: &Report,
    _cancel: &Cancel,
    _progress: &mut dyn FnMut(Progress),
) -> Proof {
    Proof::default()
}
