//! A check of a program whose worker is the program itself, started again.

use std::collections::BTreeMap;
use std::process::Termination;
use std::sync::{Mutex, PoisonError};

use crate::observer::{Cancel, Launch, Settings, observe};
use crate::options::Options;
use crate::protocol::handshake::{CHECK_VARIABLE, Handshake};
use crate::report::{Outcome, Report, TestId};
use crate::worker::Workload;
use crate::worker::serve::serve;
use crate::worker::session::connection::{Role, connect};

pub(super) fn run<R: Termination>(
    id: TestId,
    options: Options,
    body: impl FnOnce(Workload) -> R,
) -> Report {
    let key = key(&id.name);
    if Handshake::received().is_some()
        && let Ok(wanted) = std::env::var(CHECK_VARIABLE)
    {
        if wanted == key
            && let Role::Worker(connection) = connect()
        {
            serve(&connection, id, options, None, body);
            // The rest of the program runs in the observer only.
            std::process::exit(0);
        }
        return Report::unobserved(id, Outcome::Skipped { reason: None });
    }
    let program = match std::env::current_exe() {
        Ok(program) => program,
        Err(error) => {
            let message = format!(
                "cannot find the path of this program: {error}. Check that `/proc` is mounted"
            );
            return Report::broken(id, message);
        }
    };
    let launch = Launch {
        program,
        test: id.name.clone(),
        arguments: std::env::args_os().skip(1).collect(),
        check: Some(key),
        ..Launch::default()
    };
    let (settings, warnings) = match Settings::from_environment() {
        Ok(settings) => settings,
        Err(error) => return Report::broken(id, error.to_string()),
    };
    let mut report = observe(&launch, &settings, &Cancel::never(), &mut |_| {});
    report.warnings.extend(warnings);
    report
}

/// The name and the number of earlier checks of that name.
fn key(name: &str) -> String {
    static MADE: Mutex<BTreeMap<String, u64>> = Mutex::new(BTreeMap::new());
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    let before = made.entry(name.to_owned()).or_default();
    let key = format!("{name}#{before}");
    *before += 1;
    key
}
