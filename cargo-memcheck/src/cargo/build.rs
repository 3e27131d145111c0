//! `cargo test --no-run`, and which test binaries came of it.

use std::collections::BTreeSet;
use std::io::BufReader;
use std::path::PathBuf;
use std::process::Stdio;

use cargo_metadata::{Artifact, Message, PackageId, Target};

use super::Cargo;
use super::binary_id::{binary_id, package_name};
use crate::error::Error;
use crate::run::Interrupt;

/// A test binary that cargo built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TestBinary {
    /// As nextest spells it.
    pub(crate) id: String,
    /// The program.
    pub(crate) path: PathBuf,
    /// The package, as cargo's messages name it.
    pub(crate) package: PackageId,
    /// Its manifest.
    pub(crate) manifest: PathBuf,
    /// The target of the package that it is the test of.
    pub(crate) target: Target,
}

/// Builds the selected tests. cargo's own messages go to standard error as they come.
pub(crate) fn build(cargo: &Cargo<'_>, interrupt: &Interrupt) -> Result<Vec<TestBinary>, Error> {
    let mut line = cargo.test();
    line.arguments(["--no-run", "--message-format=json-render-diagnostics"]);
    line.arguments(cargo.selection.arguments());
    if let Some(color) = cargo.color {
        line.arguments(["--color", color.word()]);
    }
    if cargo.selection.compilation.cargo_quiet {
        line.argument("--quiet");
    }
    for _ in 0..cargo.selection.compilation.cargo_verbose {
        line.argument("--verbose");
    }

    let mut child = line
        .command()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|source| Error::CargoStart { command: line.to_string(), source })?;
    let unreadable = |source| Error::CargoOutput { command: line.to_string(), source };
    let mut binaries = Vec::new();
    let status = {
        let _watched = interrupt.watch(&child);
        if let Some(stdout) = child.stdout.take() {
            for message in Message::parse_stream(BufReader::new(stdout)) {
                if let Message::CompilerArtifact(artifact) = message.map_err(unreadable)? {
                    binaries.extend(test_binary(&artifact));
                }
            }
        }
        child.wait().map_err(unreadable)?
    };
    if let Some(signal) = interrupt.signal() {
        return Err(Error::Interrupted { signal });
    }
    if !status.success() {
        return Err(Error::Build { command: line.to_string(), status });
    }
    // With several crate types cargo may tell of one program more than once.
    let mut seen = BTreeSet::new();
    binaries.retain(|binary: &TestBinary| seen.insert(binary.path.clone()));
    binaries.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(binaries)
}

/// The test binary that an artifact is, if it is one.
fn test_binary(artifact: &Artifact) -> Option<TestBinary> {
    let path = artifact.executable.as_ref().filter(|_| artifact.profile.test)?;
    let package = package_name(&artifact.package_id);
    let target = &artifact.target;
    Some(TestBinary {
        id: binary_id(package, &target.kind, &target.name),
        path: path.clone().into_std_path_buf(),
        package: artifact.package_id.clone(),
        manifest: artifact.manifest_path.clone().into_std_path_buf(),
        target: target.clone(),
    })
}
