//! Where the workspace is.

use std::path::{Path, PathBuf};

use super::CommandLine;
use crate::error::Error;

/// The root of the workspace that the manifest belongs to, as cargo says.
pub(crate) fn root(manifest: Option<&Path>) -> Result<PathBuf, Error> {
    let mut command = CommandLine::new(super::program());
    command.arguments(["locate-project", "--workspace", "--message-format", "plain"]);
    if let Some(manifest) = manifest {
        command.argument("--manifest-path").argument(manifest);
    }
    for (name, value) in super::inherited::changes() {
        command.environment(name, value);
    }
    let output = command
        .command()
        .output()
        .map_err(|source| Error::CargoStart { command: command.to_string(), source })?;
    let manifest = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim_end());
    match manifest.parent() {
        Some(root) if output.status.success() => Ok(root.to_owned()),
        _ => Err(Error::Workspace {
            command: command.to_string(),
            status: output.status,
            output: String::from_utf8_lossy(&output.stderr).trim_end().to_owned(),
        }),
    }
}

/// Whether the workspace has one package only, so that a run without selection is all of it.
pub(crate) fn has_one_member(manifest: Option<&Path>) -> bool {
    let mut command = cargo_metadata::MetadataCommand::new();
    command.cargo_path(super::program()).no_deps();
    if let Some(manifest) = manifest {
        command.manifest_path(manifest);
    }
    // It was built just now; without an answer nothing is said to be missing.
    command.exec().is_ok_and(|metadata| metadata.workspace_members.len() == 1)
}
