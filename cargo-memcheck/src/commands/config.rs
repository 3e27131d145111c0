//! `cargo memcheck config`, and the configuration of a run.

use std::path::PathBuf;

use memcheck::Options;

use super::error::Error;
use crate::cargo::{self, Cargo};
use crate::cli::{Config, Configuration, Run, Selection};
use crate::config::{self, Inputs, Layers, RunSettings, TestName};
use crate::exit;
use crate::terminal::{self, WriteError};

/// `cargo memcheck config`.
pub(super) fn config(arguments: &Config) -> Result<u8, Error> {
    terminal::choose_colour(arguments.display.color);
    let files = &arguments.results.files;
    let settings = RunSettings::of_flags(&arguments.running, arguments.backtrace.backtrace, files);
    let flags = (arguments.limits.options(), settings);
    let selection = Selection { manifest: arguments.manifest.clone(), ..Selection::default() };
    let cargo = Cargo::new(&selection, None);
    let layers = load(&arguments.configuration, &cargo, flags)?;
    let test = arguments.test.as_deref();
    let test = test.map(|test| TestName { test, binary: arguments.binary.as_deref() });
    let mut out = anstream::stdout();
    let format = arguments.display.message_format;
    WriteError::of(terminal::config(&mut out, format, &layers, test))?;
    Ok(exit::SUCCESS)
}

/// The configuration of a run.
pub(super) fn of_run(run: &Run, cargo: &Cargo<'_>) -> Result<Layers, Error> {
    let settings = RunSettings::of_flags(&run.running, run.backtrace.backtrace, &run.results.files);
    load(&run.configuration, cargo, (run.limits.options(), settings))
}

fn load(
    configuration: &Configuration,
    cargo: &Cargo<'_>,
    flags: (Options, RunSettings),
) -> Result<Layers, Error> {
    let named = configuration.named();
    let root = match named {
        Some(_) => None,
        None => Some(workspace_root(cargo)?),
    };
    let profile = configuration.profile.as_deref();
    let inputs = Inputs { profile, named, root, flags };
    let mut layers = config::load(inputs, |name| std::env::var_os(name))?;
    if layers.root.is_none() && layers.has_relative_files() {
        layers.root = Some(workspace_root(cargo)?);
    }
    for unknown in config::unknown_variables() {
        terminal::warning(&unknown.to_string());
    }
    Ok(layers)
}

/// The root of the workspace.
fn workspace_root(cargo: &Cargo<'_>) -> Result<PathBuf, Error> {
    cargo::check_manifest(cargo.selection.manifest.manifest_path.as_deref())?;
    Ok(cargo.metadata()?.workspace_root.clone().into_std_path_buf())
}
