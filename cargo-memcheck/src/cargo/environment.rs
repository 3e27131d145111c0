//! The working directory and the environment that `cargo test` gives to a test binary.
//!
//! They depend on the manifest, build scripts, `[env]` and `--config`, native libraries, and the
//! version of cargo (1.94 began to set `CARGO_BIN_EXE_*` at run time). So they are not worked out
//! here a second time but asked for: cargo has a setting for a program that runs the binaries it
//! built, `target.<triple>.runner`. This tool names itself, and cargo starts it once for each
//! binary, in the very surroundings the binary would have. Nothing is built anew, and no test runs.
//!
//! So a runner that a user has configured is not used: a worker must be started by its observer.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde::{Deserialize, Serialize};

use super::build::triple;
use super::{Cargo, TestBinary};
use crate::error::Error;
use crate::interrupt::{self, Interrupt};

/// The first argument by which the tool knows that it is called as a runner.
pub(crate) const RUNNER_WORD: &str = "__tell-environment";

/// Where a test binary runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "memcheck")]
pub(crate) struct Surroundings {
    // As `OsString`: a path is refused by serde when it is not Unicode.
    executable: OsString,
    directory: OsString,
    environment: Vec<(OsString, OsString)>,
}

/// What the tool does as a runner: it tells its surroundings as one line of JSON. Such a runner is
/// called with the program and its arguments; `arguments` are those after [`RUNNER_WORD`].
pub(crate) fn tell(arguments: &[OsString]) -> Result<(), Box<dyn std::error::Error>> {
    let surroundings = Surroundings {
        executable: arguments.first().ok_or("no program to run")?.clone(),
        directory: std::env::current_dir()?.into(),
        environment: std::env::vars_os().collect(),
    };
    let mut line = serde_json::to_vec(&surroundings)?;
    line.push(b'\n');
    Ok(std::io::stdout().write_all(&line)?)
}

/// Asks cargo for the surroundings of each of `binaries`, and gives them in the same order.
pub(crate) fn environments(
    cargo: &Cargo<'_>,
    binaries: &[&TestBinary],
    interrupt: &Interrupt,
) -> Result<Vec<Surroundings>, Error> {
    let mut line = cargo.test();
    line.arguments(["--quiet", "--no-fail-fast"]);
    line.arguments(cargo.selection.arguments());
    if cargo.selection.targets.is_default() {
        // The default selection without examples, which are built but not run, and without
        // documentation tests, which would be compiled.
        line.argument("--tests");
    }
    // The environment outranks configuration files and cannot be merged with them; its value is
    // split at spaces, of which this path to the running tool has none.
    let runner = format!("/proc/{}/exe {RUNNER_WORD}", std::process::id());
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
    ours.insert(interrupt::MARK.to_owned());

    let start = |source| Error::CargoStart { command: line.to_string(), source };
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
            .map_err(|source| Error::CargoOutput { command: line.to_string(), source })?
    };
    if let Some(signal) = interrupt.signal() {
        return Err(Error::Interrupted { signal });
    }
    if !output.status.success() {
        return Err(Error::Environment {
            command: line.to_string(),
            status: output.status,
            output: String::from_utf8_lossy(&output.stderr).trim_end().to_owned(),
        });
    }
    let mut told = read(&output.stdout, &ours, |name| std::env::var_os(name));
    let missing = |binary: &TestBinary| Error::EnvironmentMissing {
        command: line.to_string(),
        binary: binary.path.clone(),
    };
    binaries.iter().map(|binary| told.remove(&binary.path).ok_or_else(|| missing(binary))).collect()
}

/// Reads what the runners told, and puts back the variables that were set for that.
fn read(
    output: &[u8],
    variables: &BTreeSet<String>,
    own: impl Fn(&str) -> Option<OsString>,
) -> BTreeMap<PathBuf, Surroundings> {
    let lines = output.split(|&byte| byte == b'\n');
    let told = lines.filter_map(|line| serde_json::from_slice::<Surroundings>(line).ok());
    told.map(|mut surroundings| {
        let environment = &mut surroundings.environment;
        environment.retain(|(name, _)| !variables.iter().any(|variable| name == &**variable));
        environment.extend(variables.iter().filter_map(|name| Some((name.into(), own(name)?))));
        (surroundings.executable.clone().into(), surroundings)
    })
    .collect()
}

impl Surroundings {
    /// The working directory.
    pub(crate) fn directory(&self) -> &Path {
        Path::new(&self.directory)
    }

    /// The changes that turn this process's environment into the one told.
    pub(crate) fn changes(&self) -> Vec<(OsString, Option<OsString>)> {
        self.changes_from(&std::env::vars_os().collect())
    }

    fn changes_from(
        &self,
        own: &BTreeMap<OsString, OsString>,
    ) -> Vec<(OsString, Option<OsString>)> {
        let told: BTreeMap<&OsString, &OsString> =
            self.environment.iter().map(|(name, value)| (name, value)).collect();
        let gone = own.keys().filter(|name| !told.contains_key(name));
        let set = told.iter().filter(|(name, value)| own.get(**name) != Some(**value));
        gone.map(|name| (name.clone(), None))
            .chain(set.map(|(&name, &value)| (name.clone(), Some(value.clone()))))
            .collect()
    }
}

/// The host as cargo names it.
fn host() -> Option<String> {
    let output = std::process::Command::new(super::program()).arg("-vV").output().ok()?;
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

    fn told(environment: &[(&str, &str)]) -> Surroundings {
        Surroundings {
            executable: "/t/debug/deps/a-1".into(),
            directory: "/a".into(),
            environment: map(environment).into_iter().collect(),
        }
    }

    fn map(variables: &[(&str, &str)]) -> BTreeMap<OsString, OsString> {
        variables.iter().map(|&(name, value)| (name.into(), value.into())).collect()
    }

    #[test]
    fn what_the_runner_tells_is_read_among_other_lines() {
        let surroundings = told(&[("A", "1"), ("CARGO_TARGET_X_RUNNER", "tool")]);
        let mut output = b"hello\n{\"reason\":\"other\"}\n".to_vec();
        output.extend(serde_json::to_vec(&surroundings).unwrap());
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
        let mut surroundings = told(&[]);
        surroundings.environment.push(("A".into(), OsString::from_vec(vec![0xff, b'\n'])));
        let line = serde_json::to_vec(&surroundings).unwrap();
        assert_eq!(
            read(&line, &BTreeSet::new(), |_| None).into_values().next(),
            Some(surroundings)
        );
    }

    #[test]
    fn only_what_differs_is_changed() {
        let changes = told(&[("SAME", "1"), ("OTHER", "2"), ("NEW", "3")]).changes_from(&map(&[
            ("SAME", "1"),
            ("OTHER", "1"),
            ("GONE", "1"),
        ]));
        let expected: [(OsString, Option<OsString>); 3] = [
            ("GONE".into(), None),
            ("NEW".into(), Some("3".into())),
            ("OTHER".into(), Some("2".into())),
        ];
        assert_eq!(changes, expected);
    }

    #[test]
    fn a_runner_is_set_for_the_target() {
        let linux = "CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_RUNNER";
        assert_eq!(runner_variable("x86_64-unknown-linux-musl"), linux);
        assert_eq!(runner_variable("targets/my-os.v1.json"), "CARGO_TARGET_MY_OS_V1_RUNNER");
    }
}
