//! Where a test that `#[memcheck]` wrote enters the library.

use std::process::Termination;

use super::{Options, Workload};

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
    /// What the attribute says.
    pub options: Options,
}

/// Enters a test whose body is one iteration.
pub fn plain<R: Termination>(test: Test, body: impl FnMut() -> R) {
    workload(test, |workload| workload.iterate(body))
}

/// Enters a test that sets up and then calls [`Workload::iterate`].
pub fn workload<R: Termination>(test: Test, body: impl FnOnce(Workload) -> R) {
    let _ = (test, body);
}
