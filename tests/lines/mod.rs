//! The file and line at which a leak is reported.

mod debug_information;
mod dependencies;
mod ended_by_a_leak;
mod sites;
mod workspaces;
