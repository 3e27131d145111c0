//! `cargo test --no-run` and the test binaries that it builds.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use cargo_metadata::{Artifact, Message, PackageId, Target};

use super::binary_id::{binary_id, package_name};
use super::error::CargoError;
use super::invocation::Cargo;
use crate::subprocess::Interrupt;

/// A test binary that cargo built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TestBinary {
    /// The id, as nextest spells it.
    pub(crate) id: String,
    /// The program.
    pub(crate) path: PathBuf,
    /// The package, as cargo's messages name it.
    pub(crate) package: PackageId,
    /// Its manifest.
    pub(crate) manifest: PathBuf,
    /// The cargo target that it tests.
    pub(crate) target: Target,
}

impl TestBinary {
    /// The source that it tests, as cargo prints it: `unittests src/lib.rs`, `tests/it.rs`.
    pub(crate) fn title(&self) -> String {
        let source = self.target.src_path.as_std_path();
        let package = self.manifest.parent().unwrap_or(Path::new(""));
        let source = source.strip_prefix(package).unwrap_or(source).display();
        match self.target.is_test() {
            true => source.to_string(),
            false => format!("unittests {source}"),
        }
    }
}

/// Where the messages of the compiler go.
pub(crate) enum CompilerMessages<'a> {
    /// cargo prints them on standard error.
    Terminal,
    /// This function gets each line of cargo's JSON.
    Json(&'a mut dyn FnMut(&str)),
}

/// Builds the selected tests. cargo prints its progress on standard error.
pub(crate) fn build(
    cargo: &Cargo<'_>,
    interrupt: &Interrupt,
    mut messages: CompilerMessages<'_>,
) -> Result<Vec<TestBinary>, CargoError> {
    let mut line = cargo.test();
    line.argument("--no-run");
    line.argument(match messages {
        CompilerMessages::Terminal => "--message-format=json-render-diagnostics",
        CompilerMessages::Json(_) => "--message-format=json",
    });
    line.arguments(cargo.selection.arguments());
    if let Some(color) = cargo.color {
        line.arguments(["--color", color.name()]);
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
        .map_err(|source| CargoError::Start { command: line.to_string(), source })?;
    let unreadable = |source| CargoError::Output { command: line.to_string(), source };
    let mut binaries = Vec::new();
    let status = {
        let _watched = interrupt.watch(&child);
        if let Some(stdout) = child.stdout.take() {
            for line in BufReader::new(stdout).lines() {
                let line = line.map_err(unreadable)?;
                if let CompilerMessages::Json(pass_on) = &mut messages {
                    pass_on(&line);
                }
                // Other lines are not from cargo: procedural macros can print.
                if let Ok(Message::CompilerArtifact(artifact)) = serde_json::from_str(&line) {
                    binaries.extend(test_binary(&artifact));
                }
            }
        }
        child.wait().map_err(unreadable)?
    };
    if let Some(signal) = interrupt.signal() {
        return Err(CargoError::Interrupted { signal });
    }
    if !status.success() {
        return Err(CargoError::Build { command: line.to_string(), status });
    }
    // With several crate types, cargo may report one program more than once.
    let mut seen = BTreeSet::new();
    binaries.retain(|binary: &TestBinary| seen.insert(binary.path.clone()));
    make_ids_unique(&mut binaries);
    binaries.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(binaries)
}

/// Adds the target triple to an id that several binaries share: with several `--target` flags, each test
/// is built for each target.
fn make_ids_unique(binaries: &mut [TestBinary]) {
    let mut seen = BTreeSet::new();
    let ids = binaries.iter().map(|binary| &binary.id);
    let twice: BTreeSet<String> = ids.filter(|id| !seen.insert(*id)).cloned().collect();
    for binary in binaries.iter_mut().filter(|binary| twice.contains(&binary.id)) {
        if let Some(triple) = triple(&binary.path) {
            binary.id = format!("{}@{triple}", binary.id);
        }
    }
}

/// The target triple in the path of a binary:
/// `target/<triple>/<profile>/deps/<binary>`.
pub(super) fn triple(binary: &Path) -> Option<String> {
    let name = binary.ancestors().nth(3)?.file_name()?.to_str()?;
    (name.split('-').count() >= 3).then(|| name.to_owned())
}

/// The test binary of an artifact, if it is one.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_built_for_two_targets_has_two_ids() {
        let target = r#"{"name":"a","kind":["lib"],"src_path":"/a.rs"}"#;
        let binary = |id: &str, path: &str| TestBinary {
            id: id.into(),
            path: path.into(),
            package: PackageId { repr: id.into() },
            manifest: "/Cargo.toml".into(),
            target: serde_json::from_str(target).unwrap(),
        };
        let mut binaries = [
            binary("a", "/t/x86_64-unknown-linux-gnu/debug/deps/a-1"),
            binary("a", "/t/x86_64-unknown-linux-musl/debug/deps/a-2"),
            binary("b", "/t/x86_64-unknown-linux-gnu/debug/deps/b-1"),
        ];
        make_ids_unique(&mut binaries);
        let ids = binaries.map(|binary| binary.id);
        assert_eq!(ids, ["a@x86_64-unknown-linux-gnu", "a@x86_64-unknown-linux-musl", "b"]);
        assert_eq!(triple("/p/target/debug/deps/a-1".as_ref()), None);
    }
}
