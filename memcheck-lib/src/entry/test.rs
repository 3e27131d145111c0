//! Where a test that `#[memcheck]` wrote enters the library, and which part it plays: worker,
//! observer of a worker of its own, or a plain run of the body that nobody judges.

use std::panic::resume_unwind;
use std::process::{ExitCode, Termination};

use super::binary_id::Target;
use crate::options::Options;
use crate::report::TestId;
#[cfg(target_os = "linux")]
use crate::worker::connection::Part;
use crate::worker::{Steps, Workload};

/// What the attribute knows of its test.
#[derive(Debug)]
pub struct Test {
    /// `module_path!()` and the name of the function: `crate::tests::bounded`.
    pub path: &'static str,
    /// `file!()` of the attribute.
    pub file: &'static str,
    /// `line!()` of the attribute.
    pub line: u32,
    /// `column!()` of the attribute.
    pub column: u32,
    /// What cargo told the compiler of the target.
    pub target: Target,
    /// What the attribute says.
    pub options: Options,
    /// Asserts the snapshot, where the test asks for one: `insta::assert_snapshot!` of the profile,
    /// in the function of the test.
    pub snapshot: Option<fn(&str)>,
}

impl Test {
    /// The path as libtest spells it: without the name of the crate.
    pub(crate) fn name(&self) -> &'static str {
        self.path.split_once("::").map_or(self.path, |(_, name)| name)
    }

    pub(crate) fn id(&self) -> TestId {
        TestId {
            name: self.name().to_owned(),
            binary: String::new(),
            file: self.file.to_owned(),
            line: self.line,
            column: self.column,
        }
    }
}

/// Enters a test whose body is one iteration.
pub fn plain<R: Termination>(test: Test, body: impl FnMut() -> R) {
    workload(test, |workload| workload.iterate(body));
}

/// Enters a test that sets up and then calls [`Workload::iterate`].
///
/// Returns for a test that passed, unwinds for one that did not.
pub fn workload<R: Termination>(test: Test, body: impl FnOnce(Workload) -> R) {
    #[cfg(target_os = "linux")]
    match crate::worker::connection::connect() {
        Part::Worker(connection) => {
            return crate::worker::serve::serve(
                &connection,
                test.id(),
                test.options,
                test.snapshot,
                body,
            );
        }
        Part::Taken => twice(&test),
        Part::None => {}
    }
    match reason_to_run_once() {
        Some(reason) => once(test.name(), body, reason),
        #[cfg(target_os = "linux")]
        None => super::self_observed::run(&test),
        #[cfg(not(target_os = "linux"))]
        None => once(test.name(), body, NOT_LINUX),
    }
}

/// The harness runs a test a second time in its worker: two of one name, or one under both
/// `#[test]` and `#[memcheck]`.
#[cfg(target_os = "linux")]
#[expect(clippy::print_stderr, reason = "the observer shows what the worker printed")]
fn twice(test: &Test) -> ! {
    eprintln!(
        "memcheck: `{}` runs twice in one process: is `#[test]` above `#[memcheck]`, or are there two tests of this name? Remove one",
        test.name()
    );
    resume_unwind(Box::new("memcheck"))
}

/// Says what must be seen even if the test passes. libtest captures what the print macros write, and
/// shows it of failed tests only.
pub(super) fn aloud(what: &str) {
    use std::io::Write;
    // Whoever closed standard error does not want to know.
    let _ = std::io::stderr().write_all(format!("memcheck: {what}\n").as_bytes());
}

/// Why nothing is measured on other systems.
#[cfg(not(target_os = "linux"))]
pub(super) const NOT_LINUX: &str = "memcheck measures on Linux only";

/// Why the body is only run, if that is so.
pub(super) fn reason_to_run_once() -> Option<&'static str> {
    if cfg!(miri) {
        return Some("Miri has no process to measure");
    }
    let (mode, once) = crate::options::variables::MODE;
    (std::env::var_os(mode)? == once).then_some("MEMCHECK=once")
}

pub(super) fn once<R: Termination>(name: &str, body: impl FnOnce(Workload) -> R, reason: &str) {
    aloud(&format!("{name} NOT CHECKED, its body runs once ({reason})"));
    let code = body(Workload::new(Steps::Once { done: false })).report();
    if code != ExitCode::SUCCESS {
        resume_unwind(Box::new("the test returned an error"));
    }
}
