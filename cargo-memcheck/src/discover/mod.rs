//! Finds the annotated tests of a test binary without running it: `#[memcheck]` writes an entry into the
//! link section `memcheck_tests`.

mod annotated;
mod elf;
mod entry;
mod error;

pub(crate) use annotated::annotated;
pub(crate) use entry::AnnotatedTest;
pub(crate) use error::DiscoverError;
