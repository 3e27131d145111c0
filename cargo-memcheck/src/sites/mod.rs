//! From the raw frames of a worker to lines of the user's own code: which function, file and line an
//! address belongs to, which of the frames are the user's, and which line is to be looked at.
//!
//! [`Resolver`] fills in `Frame::functions` and `Site::place` of a report, so that every output sees
//! the same. Files of the user's own are named relative to the workspace, all others by their
//! absolute path: that is how everyone tells them apart, [`is_users`].

mod culprit;
mod debug_file;
mod leak;
mod maker;
mod module;
mod names;
mod resolver;
mod symbols;
#[cfg(test)]
mod symbols_tests;
mod workspace;

pub(crate) use culprit::is_users;
pub(crate) use leak::{Leak, leaks};
pub(crate) use maker::{Maker, short_file};
pub(crate) use names::readable;
pub(crate) use resolver::Resolver;
pub(crate) use workspace::{LaterWorkspace, Workspace, normal};
