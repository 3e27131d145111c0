//! From the raw frames of a worker to source lines: the function, file and line of an address, which
//! frames are the user's, and which line a report shows for a site.
//!
//! [`Resolver`] fills in `Frame::functions` and `Site::place` of a report, so that every output shows the
//! same lines. Files of the user are relative to the workspace; all other files are absolute paths. This
//! is how [`is_users`] tells them apart.

mod debug_file;
mod dependency_frames;
mod leak;
mod module;
mod names;
mod resolver;
mod symbols;
#[cfg(test)]
mod symbols_tests;
mod user_frame;
mod workspace;

pub(crate) use dependency_frames::{DependencyFrames, short_file};
pub(crate) use leak::{Leak, leaks};
pub(crate) use names::readable;
pub(crate) use resolver::Resolver;
pub(crate) use user_frame::is_users;
pub(crate) use workspace::{LazyWorkspace, Workspace, normal};
