//! cargo as a tool: how it is called, what it builds, and the environment in which it would run the
//! test binaries.

mod binary_id;
mod build;
mod environment;
mod error;
mod invocation;
mod manifest;
mod metadata;
mod runner;

pub(crate) use build::{CompilerMessages, TestBinary, build};
pub(crate) use environment::{
    RUNNER_ARGUMENT, TestEnvironment, environments, print as print_environment,
};
pub(crate) use error::CargoError;
pub(crate) use invocation::Cargo;
pub(crate) use manifest::check as check_manifest;
pub(crate) use metadata::all_members_built;
pub(crate) use runner::check as check_runner;
