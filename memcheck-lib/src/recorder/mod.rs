//! Remembers the call stack of everything that is acquired until it is released: what is left over
//! leads to the line that leaks.

mod kind;

pub use kind::SiteKind;
