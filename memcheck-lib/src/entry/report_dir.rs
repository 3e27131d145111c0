//! The report file that a test under `cargo test` or nextest writes into the folder
//! `MEMCHECK_REPORT_DIR`, for `cargo memcheck report`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use std::{env, fmt, fs, io};

use super::binary_id::binary_id;
use super::once::DIRECTORY;
use super::test::Test;
use crate::render::test_result;
use crate::report::atomic_file::replace;
use crate::report::{Outcome, Report, RunReport, TestId};

/// Bytes of the readable part of a file name. Linux allows 255 (NAME_MAX), and a fingerprint of 16
/// digits and the extension follow.
const READABLE: usize = 180;

/// The report file of a test that runs.
#[derive(Debug)]
pub(super) struct ReportFile {
    path: PathBuf,
    test: TestId,
    started: SystemTime,
}

/// A report file could not be written.
#[derive(Debug)]
pub(super) struct WriteError {
    path: PathBuf,
    source: io::Error,
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "cannot write the report file `{}`: {}. Free disk space, or set `{DIRECTORY}` to a writable folder",
            self.path.display(),
            self.source
        )
    }
}

impl ReportFile {
    /// Creates the report file of a test, if `MEMCHECK_REPORT_DIR` is set. Until the result is known the
    /// file contains a report without result, so that a test whose process is killed is not missing.
    pub(super) fn create(test: &Test) -> Result<Option<ReportFile>, WriteError> {
        let directory = env::var_os(DIRECTORY).filter(|directory| !directory.is_empty());
        let Some(directory) = directory.map(PathBuf::from) else { return Ok(None) };
        let executable = env::current_exe().unwrap_or_default();
        let mut id = test.id();
        let (krate, _) = test.path.split_once("::").unwrap_or((test.path, ""));
        id.binary = of_nextest(env::var_os("NEXTEST"), env::var("NEXTEST_BINARY_ID").ok())
            .unwrap_or_else(|| binary_id(test.target, krate, test.file, &executable));
        let path = directory.join(file_name(&id));
        let file = ReportFile { path, test: id, started: SystemTime::now() };
        fs::create_dir_all(&directory)
            .map_err(|source| WriteError { path: directory.clone(), source })?;
        let message = "the process of the test ended before the test was judged. Check whether a timeout or the kernel (out of memory) killed it";
        let outcome = Outcome::Broken { message: message.to_owned() };
        file.write(Report::unobserved(file.test.clone(), outcome))?;
        Ok(Some(file))
    }

    /// Writes the result.
    pub(super) fn finish(&self, report: &Report) -> Result<(), WriteError> {
        let mut report = report.clone();
        report.test.binary.clone_from(&self.test.binary);
        self.write(report)
    }

    fn write(&self, report: Report) -> Result<(), WriteError> {
        let elapsed = self.started.elapsed().unwrap_or(Duration::ZERO);
        // cargo and nextest set this for a test.
        let package = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let workspace = package.and_then(|folder| workspace(&folder, Path::new(&report.test.file)));
        let mut run = RunReport::new(self.started, elapsed, vec![test_result(report)]);
        run.workspace = workspace.map(|folder| folder.to_string_lossy().into_owned());
        run.to_json()
            .map_err(io::Error::other)
            .and_then(|json| replace(&self.path, json.as_bytes()))
            .map_err(|source| WriteError { path: self.path.clone(), source })
    }
}

/// The root folder of the workspace of a package: the folder to which `file`, the source file of one of
/// its tests, is relative.
fn workspace(package: &Path, file: &Path) -> Option<PathBuf> {
    let mut above = package.ancestors().filter(|_| package.is_absolute() && file.is_relative());
    above.find(|folder| folder.join(file).is_file()).map(Path::to_owned)
}

/// The ID that nextest sets, if nextest runs this test: the variable alone may come from elsewhere.
fn of_nextest(nextest: Option<OsString>, id: Option<String>) -> Option<String> {
    id.filter(|id| nextest.is_some() && !id.is_empty())
}

/// The name of a test's report file: readable, the same in every run, and different for every test.
fn file_name(test: &TestId) -> String {
    let readable = |text: &str| -> String {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        text.replace("::", ".").chars().map(|c| if plain(c) { c } else { '-' }).collect()
    };
    let mut name = format!("{}.{}", readable(&test.binary), readable(&test.name));
    name.truncate(READABLE);
    // A name that starts with a dot is hidden.
    let name = name.trim_start_matches('.');
    format!("{name}.{:016x}.json", fingerprint(&[&test.binary, &test.name]))
}

/// FNV-1a of the parts, <http://www.isthe.com/chongo/tech/comp/fnv/>: the standard library's hash
/// may change with the compiler.
fn fingerprint(parts: &[&str]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(binary: &str, test: &str) -> String {
        let id = TestId { name: test.into(), binary: binary.into(), ..TestId::default() };
        file_name(&id)
    }

    #[test]
    fn every_test_has_its_own_file() {
        let one = name("my-crate::bin/tool", "tests::a");
        assert!(one.starts_with("my-crate.bin-tool.tests.a.") && one.ends_with(".json"), "{one}");
        assert_eq!(one, name("my-crate::bin/tool", "tests::a"));
        assert_ne!(name("a", "b::c"), name("a::b", "c"));
        assert_ne!(name("a", "é"), name("a", "è"));
    }

    #[test]
    fn file_names_are_short_and_have_no_separators() {
        for test in ["x".repeat(10_000).as_str(), "ß".repeat(300).as_str(), "../../etc/x", ""] {
            let name = name("crate", test);
            assert!(name.len() < 255 && !name.contains('/') && !name.starts_with('.'), "{name}");
        }
    }

    #[test]
    fn the_workspace_is_the_folder_to_which_the_test_file_is_relative() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("crates/a/src")).unwrap();
        fs::create_dir_all(root.join("src")).unwrap();
        for file in ["src/lib.rs", "crates/a/src/lib.rs"] {
            fs::write(root.join(file), "").unwrap();
        }
        let found = |package: &str, file: &str| workspace(&root.join(package), file.as_ref());
        assert_eq!(found("crates/a", "crates/a/src/lib.rs").as_deref(), Some(root));
        assert_eq!(found("", "src/lib.rs"), Some(root.join("")));
        assert_eq!(found("crates/a", "nowhere.rs"), None);
        assert_eq!(workspace("crates/a".as_ref(), "src/lib.rs".as_ref()), None);
    }

    #[test]
    fn the_nextest_id_counts_only_under_nextest() {
        let id = || Some("a::b".to_owned());
        assert_eq!(of_nextest(Some("1".into()), id()), id());
        assert_eq!(of_nextest(None, id()), None);
        assert_eq!(of_nextest(Some("1".into()), Some(String::new())), None);
    }
}
