//! What generated code calls. No part of the public interface: it changes with the macros crate,
//! which is pinned to this crate's exact version.

pub use crate::check::entry::{Test, plain, workload};

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
