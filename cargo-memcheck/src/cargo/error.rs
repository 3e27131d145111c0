//! What can go wrong with cargo.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

/// Why cargo did not do its part.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CargoError {
    #[error("there is no Cargo.toml in `{}` or a folder above it", directory.display())]
    NoManifest { directory: PathBuf },
    #[error("cannot read the manifest `{}` (--manifest-path)", path.display())]
    ManifestMissing { path: PathBuf, source: io::Error },
    #[error("cannot start cargo: `{command}`")]
    Start { command: String, source: io::Error },
    #[error("cannot read the output of `{command}`")]
    Output { command: String, source: io::Error },
    #[error("cargo cannot describe the workspace: `{command}` failed with {status}\n{output}")]
    Workspace { command: String, status: ExitStatus, output: String },
    #[error("cargo could not build the tests: `{command}` failed with {status}")]
    Build { command: String, status: ExitStatus },
    #[error(
        "cannot get the environment of the tests from cargo: `{command}` failed with {status}\n{output}"
    )]
    Environment { command: String, status: ExitStatus, output: String },
    #[error("cannot get the environment of `{}` from cargo: `{command}`", binary.display())]
    EnvironmentMissing { command: String, binary: PathBuf },
    #[error(
        "`--config {config}` sets a runner, and cargo would start it instead of cargo memcheck"
    )]
    Runner { config: String },
    #[error("interrupted by signal {signal}")]
    Interrupted { signal: i32 },
}

impl CargoError {
    /// What the user can do.
    pub(crate) fn help(&self) -> Option<&'static str> {
        match self {
            CargoError::NoManifest { .. } => {
                Some("run the command inside a cargo project, or set --manifest-path")
            }
            CargoError::ManifestMissing { .. } => {
                Some("set --manifest-path to the path of an existing Cargo.toml")
            }
            CargoError::Start { .. } => {
                Some("install Rust with rustup, or set the variable CARGO to the path of cargo")
            }
            CargoError::Output { .. }
            | CargoError::Environment { .. }
            | CargoError::EnvironmentMissing { .. } => {
                Some("run the command above by hand to see its output")
            }
            CargoError::Workspace { .. } => Some("fix the cargo error above"),
            CargoError::Build { .. } => Some("fix the build errors above, then run again"),
            CargoError::Runner { .. } => {
                Some("remove the runner from --config: cargo memcheck must start the tests itself")
            }
            CargoError::Interrupted { .. } => None,
        }
    }
}
