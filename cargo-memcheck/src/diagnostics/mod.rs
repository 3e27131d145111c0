//! Explains leaks: the lines that allocate what survives, the calls that lead there, and what to do. The
//! explanation is the same for people, in the style of compiler errors, and for programs, as cargo messages.

mod compiler_message;
mod context;
mod explanation;
mod help;
mod sentences;
mod snippet;
mod source;

pub(crate) use compiler_message::compiler_messages;
pub(crate) use context::Context;
pub(crate) use explanation::{diagnostics, explain};
pub(crate) use snippet::snippet;
