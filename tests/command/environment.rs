//! A worker has the environment and the working directory that `cargo test` gives to the same binary.

use std::collections::BTreeMap;
use std::path::Path;

use crate::support::{Project, entry, root, run};

/// A test that writes its working directory and its environment to a file named after its crate.
/// `path` is that of the test, its crate included.
fn probe(path: &str) -> String {
    entry(&format!("memcheck-test|1|{path}|src/lib.rs|1|1|"))
        + r#"
#[test]
fn tell() {
    let mut all: Vec<_> = std::env::vars_os().map(|(n, v)| format!("{n:?}={v:?}\n")).collect();
    all.sort();
    all.push(format!("{:?}", std::env::current_dir().unwrap()));
    let to = std::env::var_os("PROBE_DIRECTORY").unwrap();
    let to = std::path::Path::new(&to).join(env!("CARGO_CRATE_NAME"));
    std::fs::write(to, all.concat()).unwrap();
}
"#
}

/// The same test as a unit test of a library.
fn library(crate_name: &str) -> String {
    format!("#[cfg(test)] mod probe {{ {} }}\n", probe(&format!("{crate_name}::probe::tell")))
}

fn project() -> Project {
    Project::new("surroundings")
        .without_library()
        .manifest_extra("\n[workspace]\nmembers = [\"inner\"]\n")
        .file(
            "build.rs",
            "fn main() {\n\
             let out = std::env::var(\"OUT_DIR\").unwrap();\n\
             println!(\"cargo::rustc-env=FROM_BUILD_SCRIPT=1 2\");\n\
             println!(\"cargo::rustc-link-search=native={out}/libraries\");\n\
             println!(\"cargo::rustc-link-search=native=/usr/lib/elsewhere\");\n\
             println!(\"cargo::rerun-if-changed=build.rs\");\n\
             }\n",
        )
        .file(
            ".cargo/config.toml",
            "[env]\nFROM_CONFIG = \"file\"\nFROM_SHELL = \"file\"\n\
             FORCED = { value = \"file\", force = true }\n\
             RELATIVE = { value = \"some/file\", relative = true }\n",
        )
        .file("src/lib.rs", library("surroundings"))
        .file("src/bin/tool.rs", "fn main() {}\n")
        .file("tests/outer.rs", probe("outer::tell"))
        .file(
            "inner/Cargo.toml",
            "[package]\nname = \"inner\"\nversion = \"1.2.3-rc.1\"\nedition = \"2024\"\n\
             description = \"with words\"\nauthors = [\"A <a@b>\", \"C\"]\n",
        )
        .file("inner/src/lib.rs", library("inner"))
        .env("FROM_SHELL", "shell")
        .env("FORCED", "shell")
}

/// What each crate wrote, without the variables that an observer sets.
fn written(directory: &Path) -> BTreeMap<String, String> {
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let lines = text.lines().filter(|line| !line.starts_with("\"MEMCHECK"));
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, lines.collect::<Vec<_>>().join("\n"))
    };
    std::fs::read_dir(directory).unwrap().map(read).collect()
}

#[test]
fn the_environment_of_a_test_is_that_of_cargo_test() {
    let directory = tempfile::tempdir().unwrap();
    let project = project().env("PROBE_DIRECTORY", directory.path());
    let arguments = ["--workspace", "--config", "env.FROM_FLAG=\"flag\"", "--lib", "--tests"];

    project.cargo_test(&arguments).code(0);
    let expected = written(directory.path());
    assert_eq!(expected.keys().collect::<Vec<_>>(), ["inner", "outer", "surroundings"]);
    for crate_name in expected.keys() {
        std::fs::remove_file(directory.path().join(crate_name)).unwrap();
    }

    // Once as an installed tool, once as `cargo run` starts it.
    let installed = project.memcheck_command(&arguments);
    let mut through_cargo = project.memcheck_command(&arguments);
    let own = Path::new(env!("CARGO_BIN_EXE_cargo-memcheck")).parent().unwrap();
    let libraries = ["deps", "."].map(|folder| own.join(folder)).to_vec();
    let libraries = [libraries, vec!["/toolchain/lib/rustlib/some-target/lib".into()]].concat();
    through_cargo
        .env("CARGO_PKG_NAME", "cargo-memcheck")
        .env("CARGO_PKG_VERSION", "9.9.9")
        .env("CARGO_MANIFEST_DIR", root())
        .env("CARGO_BIN_EXE_other", "/nowhere")
        .env("OUT_DIR", "/nowhere")
        .env("LD_LIBRARY_PATH", std::env::join_paths(libraries).unwrap());
    for mut command in [installed, through_cargo] {
        let output = run(&mut command);
        let found = written(directory.path());
        for (crate_name, expected) in &expected {
            let found = found.get(crate_name).unwrap_or_else(|| {
                panic!("{crate_name} did not run:\n{}{}", output.stdout, output.stderr)
            });
            pretty_assert(found, expected, crate_name);
            std::fs::remove_file(directory.path().join(crate_name)).unwrap();
        }
    }

    // The compared texts have the expected lines.
    let outer = &expected["outer"];
    for line in [
        "\"FROM_BUILD_SCRIPT\"=\"1 2\"",
        "\"FROM_CONFIG\"=\"file\"",
        "\"FROM_SHELL\"=\"shell\"",
        "\"FORCED\"=\"file\"",
        "\"FROM_FLAG\"=\"flag\"",
        "\"CARGO_PKG_NAME\"=\"surroundings\"",
    ] {
        assert!(outer.lines().any(|of| of == line), "{line} is missing in\n{outer}");
    }
    assert!(expected["inner"].contains("\"CARGO_PKG_VERSION_PRE\"=\"rc.1\""));
    assert!(expected["inner"].ends_with("inner\""));
}

/// Fails with the lines that differ instead of both texts.
#[track_caller]
fn pretty_assert(found: &str, expected: &str, what: &str) {
    let missing: Vec<&str> =
        expected.lines().filter(|line| !found.lines().any(|of| of == *line)).collect();
    let extra: Vec<&str> =
        found.lines().filter(|line| !expected.lines().any(|of| of == *line)).collect();
    assert!(missing.is_empty() && extra.is_empty(), "{what}: lacks {missing:#?}, has {extra:#?}");
}

#[test]
fn a_configured_runner_is_not_used() {
    let directory = tempfile::tempdir().unwrap();
    let host = host();
    for (name, runner) in
        [("runner-text", "\"false --text\""), ("runner-list", "[\"false\", \"--list\"]")]
    {
        let crate_name = name.replace('-', "_");
        let project = Project::new(name)
            .without_library()
            .file("src/lib.rs", library(&crate_name))
            .file(
                ".cargo/config.toml",
                format!(
                    "[target.'cfg(unix)']\nrunner = {runner}\n[target.{host}]\nrunner = {runner}\n"
                ),
            )
            .env("PROBE_DIRECTORY", directory.path());
        let output = project.memcheck(&[]);
        assert!(written(directory.path()).contains_key(&crate_name), "{}", output.stderr);
    }
}

#[test]
fn the_host_target_given_by_flag_or_configuration_runs() {
    let host = host();
    // By the flag, and by the configuration of cargo.
    let config = format!("[build]\ntarget = \"{host}\"\n");
    for (name, arguments, config) in
        [("target-flag", vec!["--target", &host], ""), ("target-config", vec![], config.as_str())]
    {
        let directory = tempfile::tempdir().unwrap();
        let crate_name = name.replace('-', "_");
        let project = Project::new(name)
            .without_library()
            .file("src/lib.rs", library(&crate_name))
            .file(".cargo/config.toml", config)
            .env("PROBE_DIRECTORY", directory.path());
        project.cargo_test(&arguments).code(0);
        let expected = written(directory.path());
        std::fs::remove_file(directory.path().join(&crate_name)).unwrap();
        let output = project.memcheck(&arguments);
        let found = written(directory.path());
        assert!(found.contains_key(&crate_name), "{}", output.stderr);
        pretty_assert(&found[&crate_name], &expected[&crate_name], name);
    }
}

fn host() -> String {
    let mut cargo = std::process::Command::new("cargo");
    let text = run(cargo.arg("-vV")).code(0).stdout;
    text.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned()
}
