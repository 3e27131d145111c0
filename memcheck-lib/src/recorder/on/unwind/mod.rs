//! Walks the call stack of the calling thread.
//!
//! [`eh_frame`] works out from the unwind tables how to step from a frame to its caller,
//! [`rule_cache`] keeps these rules by return address, [`stack_bounds`] says which memory a walk
//! may read, and [`walk`] puts them together.

mod alternate_stack;
mod eh_frame;
mod rule_cache;
mod stack_bounds;
mod walk;

pub(super) use eh_frame::code_changes;
pub(super) use rule_cache::RuleCache;
pub(crate) use walk::MAX_FRAMES;
pub(super) use walk::{Registers, Stack, Walkers, prepare};
