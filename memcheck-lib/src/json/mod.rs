//! JSON, from and to types with serde's traits.
//!
//! `serde_json` implements `PartialEq<Value>` for `u32`, `str` and other types that every crate uses.
//! These implementations hold in every crate that is compiled with it, so `assert_eq!(slice, &[])`
//! no longer compiles in the user's crate (E0283). This module adds none. Its text is that of
//! `serde_json::to_string`, byte for byte; tests compare the two.

mod error;
mod reader;
mod writer;

pub use error::JsonError;
pub(crate) use reader::from_slice;
pub(crate) use writer::to_string;

#[cfg(test)]
mod tests;
