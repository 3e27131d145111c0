//! The options of a check: what a test asks for. Their names, defaults and the grammar of their
//! values are in the crate `memcheck-options`, which the attribute and the tool read too.
//!
//! [`Options`] is one layer; `defaults` has the values that hold where no layer sets an option, and
//! `variables` reads a layer from the environment.

mod defaults;
mod layer;
pub(crate) mod variables;

pub use layer::Options;
pub(crate) use layer::with_each_option;
