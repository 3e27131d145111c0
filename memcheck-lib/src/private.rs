//! What generated code calls. It is private: it changes with the macros crate,
//! which is pinned to this crate's exact version.

#[cfg(feature = "tokio")]
pub use crate::entry::tokio::{Runtime, plain_async, workload_async};
pub use crate::entry::{Target, Test, plain, workload};
use crate::worker::Workload;
/// insta, as the expansion of `#[memcheck(snapshot)]` names it.
#[cfg(feature = "insta")]
pub use insta;

/// The bytes of a text of known length, as a constant. For the entry of a test in the link section
/// `memcheck_tests`.
pub const fn bytes<const LENGTH: usize>(text: &str) -> [u8; LENGTH] {
    let bytes = text.as_bytes();
    let mut array = [0; LENGTH];
    let mut at = 0;
    while at < LENGTH {
        array[at] = bytes[at];
        at += 1;
    }
    array
}

/// What an annotated function may take: the [`Workload`], by value.
#[diagnostic::on_unimplemented(
    message = "a `#[memcheck]` function takes nothing, or one `memcheck::Workload`, not a `{Self}`",
    label = "write `workload: memcheck::Workload` here, or build this value in the body",
    note = "`#[memcheck] fn f() {{ … }}` runs its body once per iteration",
    note = "`#[memcheck] fn f(workload: memcheck::Workload) {{ … workload.iterate(|| …) }}` sets up first"
)]
pub trait Argument {
    /// The argument out of the workload.
    fn from_workload(workload: Workload) -> Self;
}

impl Argument for Workload {
    fn from_workload(workload: Workload) -> Self {
        workload
    }
}

/// Gives an annotated function its argument.
pub fn argument<T: Argument>(workload: Workload) -> T {
    T::from_workload(workload)
}
