//! `cargo metadata`: where the workspace is, and what is in it.

use std::process::Stdio;

use cargo_metadata::{Metadata, MetadataCommand};

use super::Cargo;

/// Why the workspace is not known.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MetadataError {
    #[error("`{command}` could not be started")]
    Start { command: String, source: std::io::Error },
    #[error("`{command}` ended with {status}: {output}")]
    Failed { command: String, status: std::process::ExitStatus, output: String },
    #[error("what `{command}` said cannot be understood")]
    Unreadable { command: String, source: cargo_metadata::Error },
}

/// Asks cargo for the workspace and its members. Nothing is resolved, so no network is needed.
pub(crate) fn metadata(cargo: &Cargo<'_>) -> Result<Metadata, MetadataError> {
    let mut line = cargo.command("metadata");
    line.arguments(["--no-deps", "--format-version=1"]);
    line.arguments(cargo.selection.metadata_arguments());
    let output = line
        .command()
        .stdin(Stdio::null())
        .output()
        .map_err(|source| MetadataError::Start { command: line.to_string(), source })?;
    if !output.status.success() {
        return Err(MetadataError::Failed {
            command: line.to_string(),
            status: output.status,
            output: String::from_utf8_lossy(&output.stderr).trim_end().to_owned(),
        });
    }
    MetadataCommand::parse(String::from_utf8_lossy(&output.stdout))
        .map_err(|source| MetadataError::Unreadable { command: line.to_string(), source })
}
