//! Throw-away projects for end-to-end tests with the real cargo.
//!
//! ```ignore
//! let project = Project::new("bounded").file("src/lib.rs", "…");
//! project.memcheck(&["--release"]).code(0).stdout;
//! ```
//!
//! Every project depends on `memcheck-lib` of this repository, with the versions of its Cargo.lock,
//! and all projects share one target directory. Projects and target directory are in the target
//! directory of the repository, under fixed names, so that a second run builds less and adds no
//! files.

pub(crate) mod insta;
pub(crate) mod processes;
pub(crate) mod session;
pub(crate) mod tools;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

/// The repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package is in a workspace")
}

/// The target directory of all projects.
pub(crate) fn target_directory() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("target")
}

/// A throw-away project.
#[derive(Debug)]
pub(crate) struct Project {
    name: String,
    directory: PathBuf,
    manifest_extra: String,
    own_manifest: bool,
    library: bool,
    library_features: &'static [&'static str],
    environment: Vec<(OsString, Option<OsString>)>,
}

impl Project {
    /// An empty library crate `name`. The name is that of its folder, so it must be unique.
    pub(crate) fn new(name: &str) -> Self {
        static TAKEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
        let fresh = TAKEN.lock().expect("no test panics here").insert(name.to_owned());
        assert!(fresh, "two projects are called {name}");

        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("projects").join(name);
        if directory.exists() {
            std::fs::remove_dir_all(&directory).expect("an old project can be removed");
        }
        std::fs::create_dir_all(&directory).expect("a project can be made");
        std::fs::copy(root().join("Cargo.lock"), directory.join("Cargo.lock"))
            .expect("the repository has a Cargo.lock");
        let project = Project {
            name: name.to_owned(),
            directory,
            manifest_extra: String::new(),
            own_manifest: false,
            library: true,
            library_features: &[],
            environment: Vec::new(),
        };
        project.write_manifest();
        project.file("src/lib.rs", "")
    }

    /// Writes a file. A `Cargo.toml` at the top replaces the generated one.
    pub(crate) fn file(mut self, path: &str, text: impl AsRef<[u8]>) -> Self {
        self.own_manifest |= path == "Cargo.toml";
        self.write(path, text);
        self
    }

    /// Adds sections (or, first, keys of `[dev-dependencies]`) to the manifest.
    pub(crate) fn manifest_extra(mut self, text: &str) -> Self {
        self.manifest_extra.push_str(text);
        self.write_manifest();
        self
    }

    /// Removes the dependency on the library, for tests that need only an [`entry`]: with another
    /// profile or target the library would be built again.
    pub(crate) fn without_library(mut self) -> Self {
        self.library = false;
        self.write_manifest();
        self
    }

    /// Adds features to the dependency on the library. With `tokio` the project depends on tokio, too.
    pub(crate) fn library_features(mut self, features: &'static [&'static str]) -> Self {
        self.library_features = features;
        self.write_manifest();
        self
    }

    /// Sets an environment variable for the commands.
    pub(crate) fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), Some(value.into())));
        self
    }

    /// Writes a file, also after the project has run.
    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.directory.join(path);
        std::fs::create_dir_all(path.parent().expect("a file is in a folder"))
            .and_then(|()| std::fs::write(&path, text))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }

    fn write_manifest(&self) {
        if self.own_manifest {
            return;
        }
        let (name, extra) = (&self.name, &self.manifest_extra);
        // Not a member of the repository's workspace, although it is inside its folder.
        let workspace = if extra.contains("[workspace") { "" } else { "[workspace]\n" };
        let mut library = match self.library {
            true => format!(
                "memcheck-lib = {{ path = {:?}, features = {:?} }}\n",
                root().join("memcheck-lib"),
                self.library_features
            ),
            false => String::new(),
        };
        if self.library_features.contains(&"tokio") {
            // The same features in all projects, so that they share one build of tokio.
            library.push_str(
                "tokio = { version = \"1.40\", features = [\"macros\", \"rt-multi-thread\", \"sync\", \"time\"] }\n",
            );
        }
        self.write(
            "Cargo.toml",
            format!(
                "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
                 {workspace}\n[dev-dependencies]\n{library}{extra}\n"
            ),
        );
    }

    /// The folder of the project.
    pub(crate) fn path(&self) -> &Path {
        &self.directory
    }

    /// Runs `cargo-memcheck memcheck ARGUMENTS`, as cargo would.
    pub(crate) fn memcheck(&self, arguments: &[&str]) -> Output {
        self.run(self.memcheck_command(arguments))
    }

    /// The command that [`memcheck`](Self::memcheck) runs.
    pub(crate) fn memcheck_command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-memcheck"));
        command.arg("memcheck").args(arguments);
        self.prepare(&mut command);
        command
    }

    /// Runs `cargo test ARGUMENTS`.
    pub(crate) fn cargo_test(&self, arguments: &[&str]) -> Output {
        self.run(self.cargo("test", arguments))
    }

    /// Runs `cargo nextest run ARGUMENTS`. If nextest is not installed, prints that and returns `None`.
    #[track_caller]
    pub(crate) fn nextest(&self, arguments: &[&str]) -> Option<Output> {
        let version = ["cargo-nextest", "nextest", "--version"];
        let installed = tools::is_installed(&version, "`cargo install cargo-nextest --locked`");
        installed.then(|| self.run(self.cargo("nextest", &[&["run"], arguments].concat())))
    }

    /// A command of cargo.
    pub(crate) fn cargo(&self, command: &str, arguments: &[&str]) -> Command {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
        cargo.arg(command).args(arguments);
        self.prepare(&mut cargo);
        cargo
    }

    fn prepare(&self, command: &mut Command) {
        clean(command);
        command.current_dir(&self.directory).env("CARGO_TARGET_DIR", target_directory());
        for (name, value) in &self.environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
    }

    fn run(&self, mut command: Command) -> Output {
        run(&mut command)
    }

    /// The executables in the shared target directory that belong to this project's target `name`.
    pub(crate) fn test_binaries(&self, name: &str) -> Vec<PathBuf> {
        let start = format!("{name}-");
        let deps = target_directory().join("debug/deps");
        let mut binaries: Vec<PathBuf> = std::fs::read_dir(deps)
            .expect("something was built")
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_none())
            .filter(|path| {
                path.file_name().is_some_and(|file| file.to_string_lossy().starts_with(&start))
            })
            .collect();
        // Earlier builds of the project are in the same folder: the newest comes last.
        binaries.sort_by_key(|path| path.metadata().and_then(|of| of.modified()).ok());
        binaries
    }
}

/// Removes the variables that cargo, nextest and the developer's shell set for the running test, so
/// that results are the same everywhere.
pub(crate) fn clean(command: &mut Command) {
    const EXACT: [&str; 6] =
        ["LD_LIBRARY_PATH", "OUT_DIR", "NO_COLOR", "RUST_BACKTRACE", "RUSTFLAGS", "MAKEFLAGS"];
    const STARTS: [&str; 10] = [
        "CARGO_PKG_",
        "CARGO_MANIFEST_",
        "CARGO_BIN_EXE_",
        "CARGO_TERM_",
        "CARGO_TARGET_",
        "CLICOLOR",
        "GITHUB_",
        "MEMCHECK",
        "NEXTEST",
        "RUST_TEST_",
    ];
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if EXACT.contains(&&*text) || STARTS.iter().any(|start| text.starts_with(start)) {
            command.env_remove(&name);
        }
    }
    processes::do_not_ignore_signals();
    command.env("CARGO_INCREMENTAL", "0").stdin(Stdio::null());
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    Output {
        command: format!("{command:?}"),
        status: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The result of a command.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    command: String,
    /// Exit code; `None` after a signal.
    pub(crate) status: Option<i32>,
    /// Standard output.
    pub(crate) stdout: String,
    /// Standard error.
    pub(crate) stderr: String,
}

impl Output {
    /// Checks the exit code. A failure shows everything that was printed.
    #[track_caller]
    pub(crate) fn code(self, expected: i32) -> Self {
        assert_eq!(
            self.status,
            Some(expected),
            "{}\n--- stdout\n{}\n--- stderr\n{}",
            self.command,
            self.stdout,
            self.stderr
        );
        self
    }

    /// Standard output, with placeholders for what varies.
    pub(crate) fn redacted(&self) -> String {
        redact(&self.stdout)
    }

    /// The error message: standard error from `error:` on, with placeholders for what varies.
    pub(crate) fn error(&self) -> String {
        let at = self.stderr.rfind("error: ").unwrap_or_default();
        redact(self.stderr[at..].trim_end())
    }
}

/// Replaces paths, hashes and times by placeholders. Those of times keep the width.
pub(crate) fn redact(text: &str) -> String {
    let mut text = text.to_owned();
    for (path, name) in [
        (target_directory(), "<target>"),
        (Path::new(env!("CARGO_TARGET_TMPDIR")).join("projects"), "<projects>"),
        (root().to_owned(), "<root>"),
    ] {
        text = text.replace(&*path.to_string_lossy(), name);
    }
    let version = concat!("cargo-memcheck ", env!("CARGO_PKG_VERSION"));
    times(&hashes(&text.replace(version, "cargo-memcheck <version>")))
}

/// `name-0123456789abcdef` → `name-<hash>`
fn hashes(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('-') {
        let (before, after) = rest.split_at(at + 1);
        out.push_str(before);
        let digits = after.bytes().take_while(u8::is_ascii_hexdigit).count();
        if digits == 16 {
            out.push_str("<hash>");
            rest = &after[digits..];
        } else {
            rest = after;
        }
    }
    out + rest
}

/// `[   1.23s]` → `[   T.TTs]`, also where it took more than 10 s
fn times(text: &str) -> String {
    let mut out = String::new();
    for part in text.split_inclusive(']') {
        match part.rfind('[') {
            Some(at) if part.ends_with("s]") => {
                out.push_str(&part[..at]);
                out.extend(part[at..].chars().map(|c| if c.is_ascii_digit() { 'T' } else { c }));
            }
            _ => out.push_str(part),
        }
    }
    out.replace("[ TTT.TTs]", "[   T.TTs]").replace("[  TT.TTs]", "[   T.TTs]")
}

/// Source of an entry in the link section, as `#[memcheck]` writes it, with the fields separated by
/// `|`: `memcheck-test|1|crate::path|src/lib.rs|1|1|`. For tests that do not need the library, and
/// for wrong entries.
pub(crate) fn entry(fields: &str) -> String {
    let record = fields.replace('|', "\\x1f") + "\\x1e";
    format!(
        "const _: () = {{ const RECORD: &str = \"{record}\";\n\
         #[used] #[unsafe(link_section = \"memcheck_tests\")]\n\
         static ENTRY: [u8; RECORD.len()] = {{ let mut a = [0; RECORD.len()]; let mut i = 0;\n\
         while i < a.len() {{ a[i] = RECORD.as_bytes()[i]; i += 1; }} a }}; }};\n"
    )
}
