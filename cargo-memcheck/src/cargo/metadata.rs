//! `cargo metadata`: the workspace and its members.

use std::collections::BTreeSet;
use std::process::Stdio;

use cargo_metadata::{Metadata, MetadataCommand, PackageId};

use super::build::TestBinary;
use super::error::CargoError;
use super::invocation::Cargo;

impl Cargo<'_> {
    /// The workspace and its members. The result is cached. It needs no network, because it resolves no
    /// dependencies.
    pub(crate) fn metadata(&self) -> Result<&Metadata, CargoError> {
        match self.metadata.get() {
            Some(metadata) => Ok(metadata),
            None => {
                let metadata = self.load()?;
                Ok(self.metadata.get_or_init(|| metadata))
            }
        }
    }

    fn load(&self) -> Result<Metadata, CargoError> {
        let mut line = self.command("metadata");
        line.arguments(["--no-deps", "--format-version=1"]);
        line.arguments(self.selection.metadata_arguments());
        let output = line
            .command()
            .stdin(Stdio::null())
            .output()
            .map_err(|source| CargoError::Start { command: line.to_string(), source })?;
        if !output.status.success() {
            return Err(CargoError::Workspace {
                command: line.to_string(),
                status: output.status,
                output: String::from_utf8_lossy(&output.stderr).trim_end().to_owned(),
            });
        }
        MetadataCommand::parse(String::from_utf8_lossy(&output.stdout)).map_err(|error| {
            let source = std::io::Error::other(error);
            CargoError::Output { command: line.to_string(), source }
        })
    }
}

/// Whether the tests of all workspace members were built, except members without tests.
pub(crate) fn all_members_built<'a>(
    metadata: &Metadata,
    binaries: impl Iterator<Item = &'a TestBinary>,
) -> bool {
    let built: BTreeSet<&PackageId> = binaries.map(|binary| &binary.package).collect();
    let members = metadata.workspace_packages();
    let mut tested =
        members.iter().filter(|package| package.targets.iter().any(|target| target.test));
    tested.all(|package| built.contains(&package.id))
}
