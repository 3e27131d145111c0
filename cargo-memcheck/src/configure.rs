//! Finds out what holds: for a run, and for those who ask.

use std::path::PathBuf;

use memcheck::Options;

use crate::cargo::{self, Cargo};
use crate::cli::{Config, Configuration, Run, Selection};
use crate::config::{self, Layers, RunSettings, TestName};
use crate::error::Error;
use crate::{exit, output};

/// What holds in a run.
pub(crate) fn run(run: &Run, cargo: &Cargo<'_>) -> Result<Layers, Error> {
    let settings = RunSettings::of_flags(&run.running, &run.lines, &run.results);
    let flags = (run.limits.options(), settings);
    layers(&run.configuration, cargo, flags)
}

/// `cargo memcheck config`.
pub(crate) fn explain(wanted: &Config) -> Result<u8, Error> {
    output::choose_colour(wanted.display.color);
    let settings = RunSettings::of_flags(&wanted.running, &wanted.lines, &wanted.results);
    let flags = (wanted.limits.options(), settings);
    let selection = Selection { manifest: wanted.manifest.clone(), ..Selection::default() };
    let cargo = Cargo::new(&selection, None);
    let layers = layers(&wanted.configuration, &cargo, flags)?;
    let test = wanted.test.as_deref();
    let test = test.map(|test| TestName { test, binary: wanted.binary.as_deref() });
    let mut out = anstream::stdout();
    output::written(output::config(&mut out, wanted.display.message_format, &layers, test))?;
    Ok(exit::SUCCESS)
}

/// What holds, from the configuration, the environment and the flags.
fn layers(
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
    let sources = config::Sources { profile, named, root, flags };
    let mut layers = config::load(sources, |name| std::env::var_os(name))?;
    if layers.root.is_none() && layers.has_relative_files() {
        layers.root = Some(workspace_root(cargo)?);
    }
    for unknown in config::warnings() {
        output::warning(&unknown.to_string());
    }
    Ok(layers)
}

/// The root of the workspace.
fn workspace_root(cargo: &Cargo<'_>) -> Result<PathBuf, Error> {
    cargo::check_manifest(cargo.selection.manifest.manifest_path.as_deref())?;
    Ok(cargo.metadata()?.workspace_root.clone().into_std_path_buf())
}
