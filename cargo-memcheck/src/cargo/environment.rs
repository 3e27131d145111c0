//! The working directory and the environment that `cargo test` gives to a test binary.
//!
//! They depend on the manifest, build scripts, `[env]`, `--config`, native libraries, and the version of
//! cargo (1.94 started to set `CARGO_BIN_EXE_*` at run time). Instead of computing them again, the tool
//! asks cargo. The setting `target.<triple>.runner` names a program that runs the built binaries. The tool
//! sets itself as the runner, so cargo starts it once for each binary, in the environment that the binary
//! would have. This rebuilds nothing and runs no test.
//!
//! A runner that the user has configured is therefore not used: the observer must start its worker.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde::{Deserialize, Serialize};

use super::build::{TestBinary, triple};
use super::error::CargoError;
use super::invocation::{Cargo, program};
use crate::subprocess::{self, Interrupt};

/// The first argument of the tool when cargo starts it as a runner.
pub(crate) const RUNNER_ARGUMENT: &str = "__print-environment";

/// The environment and the working directory of a test binary.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "memcheck")]
pub(crate) struct TestEnvironment {
    // `OsString`, because serde refuses paths that are not Unicode.
    executable: OsString,
    directory: OsString,
    environment: Vec<(OsString, OsString)>,
}

/// Prints the environment of the tool as one line of JSON, when cargo starts the tool as a runner.
/// `arguments` follow [`RUNNER_ARGUMENT`]: the test binary and its arguments.
pub(crate) fn print(arguments: &[OsString]) -> Result<(), Box<dyn std::error::Error>> {
    let environment = TestEnvironment {
        executable: arguments.first().ok_or("no program to run")?.clone(),
        directory: std::env::current_dir()?.into(),
        environment: std::env::vars_os().collect(),
    };
    let mut line = serde_json::to_vec(&environment)?;
    line.push(b'\n');
    Ok(std::io::stdout().write_all(&line)?)
}

/// Asks cargo for the environment of each of `binaries`, in the same order.
pub(crate) fn environments(
    cargo: &Cargo<'_>,
    binaries: &[&TestBinary],
    interrupt: &Interrupt,
) -> Result<Vec<TestEnvironment>, CargoError> {
    let mut line = cargo.test();
    line.arguments(["--quiet", "--no-fail-fast"]);
    line.arguments(cargo.selection.arguments());
    if cargo.selection.targets.is_default() {
        // The default selection without examples, which cargo builds but does not run, and without
        // doctests, which cargo would compile.
        line.argument("--tests");
    }
    // The variable overrides configuration files and is not merged with them. cargo splits its value at
    // spaces; this path of the running tool has none.
    let runner = format!("/proc/{}/exe {RUNNER_ARGUMENT}", std::process::id());
    let variables: BTreeSet<String> = host()
        .into_iter()
        .chain(cargo.selection.compilation.target.iter().cloned())
        .chain(binaries.iter().filter_map(|binary| triple(&binary.path)))
        .map(|triple| runner_variable(&triple))
        .collect();
    line.environment(
        variables.iter().map(|variable| (variable.into(), Some(runner.as_str().into()))),
    );
    let mut ours = variables;
    ours.insert(subprocess::MARK.to_owned());

    let start = |source| CargoError::Start { command: line.to_string(), source };
    let child = line
        .command()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(start)?;
    let output = {
        let _watched = interrupt.watch(&child);
        child
            .wait_with_output()
            .map_err(|source| CargoError::Output { command: line.to_string(), source })?
    };
    if let Some(signal) = interrupt.signal() {
        return Err(CargoError::Interrupted { signal });
    }
    if !output.status.success() {
        return Err(CargoError::Environment {
            command: line.to_string(),
            status: output.status,
            output: String::from_utf8_lossy(&output.stderr).trim_end().to_owned(),
        });
    }
    let mut printed = read(&output.stdout, &ours, |name| std::env::var_os(name));
    let missing = |binary: &TestBinary| CargoError::EnvironmentMissing {
        command: line.to_string(),
        binary: binary.path.clone(),
    };
    binaries
        .iter()
        .map(|binary| printed.remove(&binary.path).ok_or_else(|| missing(binary)))
        .collect()
}

/// Reads what the runners printed, and restores the variables that were set for them.
fn read(
    output: &[u8],
    variables: &BTreeSet<String>,
    own: impl Fn(&str) -> Option<OsString>,
) -> BTreeMap<PathBuf, TestEnvironment> {
    let lines = output.split(|&byte| byte == b'\n');
    let printed = lines.filter_map(|line| serde_json::from_slice::<TestEnvironment>(line).ok());
    printed
        .map(|mut environment| {
            let pairs = &mut environment.environment;
            pairs.retain(|(name, _)| !variables.iter().any(|variable| name == &**variable));
            pairs.extend(variables.iter().filter_map(|name| Some((name.into(), own(name)?))));
            (environment.executable.clone().into(), environment)
        })
        .collect()
}

impl TestEnvironment {
    /// The working directory.
    pub(crate) fn directory(&self) -> &Path {
        Path::new(&self.directory)
    }

    /// The changes that turn the environment of this process into this one.
    pub(crate) fn changes(&self) -> Vec<(OsString, Option<OsString>)> {
        self.changes_from(&std::env::vars_os().collect())
    }

    fn changes_from(
        &self,
        own: &BTreeMap<OsString, OsString>,
    ) -> Vec<(OsString, Option<OsString>)> {
        let wanted: BTreeMap<&OsString, &OsString> =
            self.environment.iter().map(|(name, value)| (name, value)).collect();
        let gone = own.keys().filter(|name| !wanted.contains_key(name));
        let set = wanted.iter().filter(|(name, value)| own.get(**name) != Some(**value));
        gone.map(|name| (name.clone(), None))
            .chain(set.map(|(&name, &value)| (name.clone(), Some(value.clone()))))
            .collect()
    }
}

/// The host triple.
fn host() -> Option<String> {
    let output = std::process::Command::new(program()).arg("-vV").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.lines().find_map(|line| line.strip_prefix("host: ")).map(str::to_owned)
}

/// The variable that sets the runner for a target. A target may be the path of a JSON file.
fn runner_variable(target: &str) -> String {
    let name = Path::new(target).file_name().and_then(OsStr::to_str).unwrap_or(target);
    let name = name.strip_suffix(".json").unwrap_or(name);
    let name = name.to_ascii_uppercase().replace(['-', '.'], "_");
    format!("CARGO_TARGET_{name}_RUNNER")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(pairs: &[(&str, &str)]) -> TestEnvironment {
        TestEnvironment {
            executable: "/t/debug/deps/a-1".into(),
            directory: "/a".into(),
            environment: map(pairs).into_iter().collect(),
        }
    }

    fn map(variables: &[(&str, &str)]) -> BTreeMap<OsString, OsString> {
        variables.iter().map(|&(name, value)| (name.into(), value.into())).collect()
    }

    #[test]
    fn the_output_of_the_runner_is_read_among_other_lines() {
        let environment = printed(&[("A", "1"), ("CARGO_TARGET_X_RUNNER", "tool")]);
        let mut output = b"hello\n{\"reason\":\"other\"}\n".to_vec();
        output.extend(serde_json::to_vec(&environment).unwrap());
        let variables = BTreeSet::from(["CARGO_TARGET_X_RUNNER".to_owned()]);

        let read_back = |own: Option<&str>| {
            let all = read(&output, &variables, |_| own.map(Into::into));
            all.into_values().next().unwrap().environment.into_iter().collect::<BTreeMap<_, _>>()
        };
        assert_eq!(read_back(None), map(&[("A", "1")]));
        assert_eq!(read_back(Some("sudo")), map(&[("A", "1"), ("CARGO_TARGET_X_RUNNER", "sudo")]));
    }

    #[test]
    fn values_need_not_be_unicode() {
        use std::os::unix::ffi::OsStringExt;
        let mut environment = printed(&[]);
        environment.environment.push(("A".into(), OsString::from_vec(vec![0xff, b'\n'])));
        let line = serde_json::to_vec(&environment).unwrap();
        assert_eq!(read(&line, &BTreeSet::new(), |_| None).into_values().next(), Some(environment));
    }

    #[test]
    fn only_differences_become_changes() {
        let changes = printed(&[("SAME", "1"), ("OTHER", "2"), ("NEW", "3")])
            .changes_from(&map(&[("SAME", "1"), ("OTHER", "1"), ("GONE", "1")]));
        let expected: [(OsString, Option<OsString>); 3] = [
            ("GONE".into(), None),
            ("NEW".into(), Some("3".into())),
            ("OTHER".into(), Some("2".into())),
        ];
        assert_eq!(changes, expected);
    }

    #[test]
    fn the_runner_variable_contains_the_target() {
        let linux = "CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_RUNNER";
        assert_eq!(runner_variable("x86_64-unknown-linux-musl"), linux);
        assert_eq!(runner_variable("targets/my-os.v1.json"), "CARGO_TARGET_MY_OS_V1_RUNNER");
    }
}
