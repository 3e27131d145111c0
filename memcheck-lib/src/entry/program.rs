//! A check without the attribute: for programs, benches and custom test harnesses.

use std::panic::Location;
use std::process::Termination;

use super::once::{reason_to_run_once, run_body, run_once};
use crate::options::Options;
use crate::report::{Outcome, Report, TestId};
use crate::worker::{IterationResult, Workload};

/// A check of a piece of a program, without libtest and without the attribute.
///
/// [`run`](Check::run) starts the same program again, with the same arguments, as a worker. The worker
/// reaches the same check and runs its iterations there, while this process observes it. In the worker,
/// earlier checks are skipped (their reports say [`Status::Skip`](crate::Status), a success), and
/// the program ends after its check: the worker also does what `main` does before the check, but not what
/// `main` does after it.
///
/// For a program with `harness = false` (a custom test harness, a bench, a binary). In a function under
/// libtest's `#[test]` use the attribute instead: the worker could not select a single test.
///
/// ```no_run
/// use memcheck::{Bytes, Check};
///
/// fn main() {
///     let report = Check::new("parsing").iterations(500u64).resident(Bytes(1 << 20)).run(|| {
///         let _: Result<f64, _> = "1.5".parse();
///     });
///     print!("{report}");
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
    /// A check of this name. The name identifies the check within its program; checks of one name are
    /// numbered in the order of their creation, in the worker as here.
    #[track_caller]
    pub fn new(name: impl Into<String>) -> Self {
        Check { name: name.into(), options: Options::new(), place: Location::caller() }
    }

    /// Sets all options that are set in `options`.
    pub fn options(mut self, options: Options) -> Self {
        self.options = options.over(self.options);
        self
    }

    /// Checks a body that is one iteration.
    ///
    /// Does not panic whatever the body does: a body that panics, exits or hangs does so in the worker,
    /// and the report says so.
    pub fn run<R: IterationResult>(self, body: impl FnMut() -> R) -> Report {
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
            run_once(&self.name, body, reason);
            return Report::unobserved(id, Outcome::Skipped { reason: Some(reason.to_owned()) });
        }
        if let Some(reason) = self.options.skip {
            run_body(body);
            return Report::unobserved(id, Outcome::Skipped { reason: Some(reason) });
        }
        #[cfg(target_os = "linux")]
        {
            super::observed_program::run(id, self.options, body)
        }
        #[cfg(not(target_os = "linux"))]
        {
            run_once(&self.name, body, super::once::NOT_LINUX);
            let reason = Some(super::once::NOT_LINUX.to_owned());
            Report::unobserved(id, Outcome::Skipped { reason })
        }
    }
}
