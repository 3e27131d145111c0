//! A check without the attribute: for programs, benches and test harnesses of one's own.

use std::panic::Location;
use std::process::Termination;

use super::test::{once, reason_to_run_once};
use crate::options::Options;
use crate::report::{Outcome, Report, TestId};
use crate::worker::Workload;

/// A check of a piece of a program, without libtest and without the attribute.
///
/// [`run`](Check::run) starts the same program again, with the same arguments, as a worker: it
/// comes by the same way to the same check and runs its iterations there, while this process
/// observes it. In the worker, the checks that come before are skipped (their reports say
/// [`Status::Skip`](crate::report::Status), a success), and the program ends with its check: what
/// `main` does before a check is done there too, what it does after is not.
///
/// For a program with `harness = false` (a custom test harness, a bench, a binary). In a function
/// under libtest's `#[test]` use the attribute: the worker could not find its way to one test.
///
/// ```no_run
/// use memcheck::{Bytes, Check};
///
/// fn main() {
///     let report = Check::new("parsing").iterations(500u64).resident(Bytes(1 << 20)).run(|| {
///         let _: Result<f64, _> = "1.5".parse();
///     });
///     print!("{report:#}");
///     std::process::exit(if report.is_success() { 0 } else { 1 });
/// }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a check does nothing before `run`"]
pub struct Check {
    name: String,
    pub(crate) options: Options,
    place: &'static Location<'static>,
}

impl Check {
    /// A check of this name. Names tell the checks of a program apart; the second check of one
    /// name is the second one that is made, in the worker as here.
    #[track_caller]
    pub fn new(name: impl Into<String>) -> Self {
        Check { name: name.into(), options: Options::new(), place: Location::caller() }
    }

    /// Takes all options from `options` that it says.
    pub fn options(mut self, options: Options) -> Self {
        self.options = options.over(self.options);
        self
    }

    /// Checks a body that is one iteration.
    ///
    /// Never panics for what the body does: a body that panics, exits or hangs does so in the
    /// worker, and the report says it.
    pub fn run<R: Termination>(self, body: impl FnMut() -> R) -> Report {
        self.run_workload(|workload| workload.iterate(body))
    }

    /// Checks a body that sets up and then calls [`Workload::iterate`].
    pub fn run_workload<R: Termination>(self, body: impl FnOnce(Workload) -> R) -> Report {
        let id = TestId {
            name: self.name.clone(),
            binary: String::new(),
            file: self.place.file().to_owned(),
            line: self.place.line(),
            column: self.place.column(),
        };
        if let Some(reason) = reason_to_run_once() {
            once(&self.name, body, reason);
            return Report::unobserved(id, Outcome::Skipped);
        }
        #[cfg(target_os = "linux")]
        {
            linux::run(id, self.options, body)
        }
        #[cfg(not(target_os = "linux"))]
        {
            once(&self.name, body, super::test::NOT_LINUX);
            Report::unobserved(id, Outcome::Skipped)
        }
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::BTreeMap;
    use std::process::Termination;
    use std::sync::{Mutex, PoisonError};

    use crate::observer::{Cancel, Launch, Settings, observe};
    use crate::options::Options;
    use crate::protocol::handshake;
    use crate::protocol::message::CHECK_VARIABLE;
    use crate::report::{Outcome, Report, TestId};
    use crate::worker::Workload;
    use crate::worker::connection::{self, Part};
    use crate::worker::serve::serve;

    pub(super) fn run<R: Termination>(
        id: TestId,
        options: Options,
        body: impl FnOnce(Workload) -> R,
    ) -> Report {
        let key = key(&id.name);
        if handshake::handshake().is_some()
            && let Ok(wanted) = std::env::var(CHECK_VARIABLE)
        {
            if wanted == key
                && let Part::Worker(connection) = connection::connect()
            {
                serve(&connection, id, options, None, body);
                // What the program does after its check is the observer's to do.
                std::process::exit(0);
            }
            return Report::unobserved(id, Outcome::Skipped);
        }
        let program = match std::env::current_exe() {
            Ok(program) => program,
            Err(error) => return Report::broken(id, format!("cannot find this program: {error}")),
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

    /// The name and how many checks of that name were made before.
    fn key(name: &str) -> String {
        static MADE: Mutex<BTreeMap<String, u64>> = Mutex::new(BTreeMap::new());
        let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        let before = made.entry(name.to_owned()).or_default();
        let key = format!("{name}#{before}");
        *before += 1;
        key
    }
}
