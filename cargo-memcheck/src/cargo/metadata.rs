//! `cargo metadata`: where the workspace is, and what is in it.

use std::collections::BTreeSet;
use std::process::Stdio;

use cargo_metadata::{Metadata, MetadataCommand, PackageId};

use super::{Cargo, TestBinary};
use crate::error::Error;

impl Cargo<'_> {
    /// The workspace and its members, asked for once. Nothing is resolved, so no network is needed.
    pub(crate) fn metadata(&self) -> Result<&Metadata, Error> {
        match self.metadata.get() {
            Some(metadata) => Ok(metadata),
            None => {
                let metadata = self.ask()?;
                Ok(self.metadata.get_or_init(|| metadata))
            }
        }
    }

    fn ask(&self) -> Result<Metadata, Error> {
        let mut line = self.command("metadata");
        line.arguments(["--no-deps", "--format-version=1"]);
        line.arguments(self.selection.metadata_arguments());
        let output = line
            .command()
            .stdin(Stdio::null())
            .output()
            .map_err(|source| Error::CargoStart { command: line.to_string(), source })?;
        if !output.status.success() {
            return Err(Error::Workspace {
                command: line.to_string(),
                status: output.status,
                output: String::from_utf8_lossy(&output.stderr).trim_end().to_owned(),
            });
        }
        MetadataCommand::parse(String::from_utf8_lossy(&output.stdout)).map_err(|error| {
            let source = std::io::Error::other(error);
            Error::CargoOutput { command: line.to_string(), source }
        })
    }
}

/// Whether the tests of every member of the workspace were built, but for members that have none.
pub(crate) fn are_of_all_members<'a>(
    metadata: &Metadata,
    binaries: impl Iterator<Item = &'a TestBinary>,
) -> bool {
    let built: BTreeSet<&PackageId> = binaries.map(|binary| &binary.package).collect();
    let members = metadata.workspace_packages();
    let mut tested =
        members.iter().filter(|package| package.targets.iter().any(|target| target.test));
    tested.all(|package| built.contains(&package.id))
}
