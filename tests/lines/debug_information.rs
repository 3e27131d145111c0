//! Lines and functions come from every form of debug information, in programs and shared libraries.
//! If there is none, or it belongs to another program, the report says so and guesses no line.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use crate::support::{Output, Project, target_directory, tools};
use serde_json::Value;

const BUILD: &str = include_str!("../fixtures/symbols/build.rs");
const LIBRARIES: &str = include_str!("../fixtures/symbols/libraries.rs");
const FORGETS: &str = include_str!("../fixtures/symbols/forgets.rs");
const REPLACED: &str = include_str!("../fixtures/symbols/replaced.rs");

/// The number, from 1, of the line that contains `mark`.
fn line(text: &str, mark: &str) -> u64 {
    text.lines().position(|line| line.contains(mark)).expect("it is marked") as u64 + 1
}

/// A C library that leaks in the marked line. `lines` moves that line down and makes the frames
/// larger.
fn library(name: &str, lines: usize) -> String {
    format!(
        "#include <stdlib.h>\n#include <string.h>\n{}\
         static __attribute__((noinline)) void *{name}_take(size_t bytes) {{\n\
         \tvolatile char room[{}] = {{0}};\n\
         \tvoid *block = malloc(bytes + room[1]); /* LEAKS */\n\
         \treturn memset(block, 1, bytes);\n}}\n\
         void *{name}_keep(size_t bytes) {{\n\
         \tchar *block = {name}_take(bytes);\n\tblock[0] = 2;\n\treturn block;\n}}\n",
        "\n".repeat(lines),
        64 * (lines + 1),
    )
}

/// What the report says about the leak of a test.
#[derive(Debug)]
struct Leak {
    /// File, line and function of the place to look at.
    place: (String, u64, String),
    /// Every function of its stack, innermost first.
    functions: Vec<String>,
    notes: String,
}

/// The leaks of a run, by test.
fn leaks(project: &Project) -> BTreeMap<String, Leak> {
    let output = project.memcheck(&["--message-format=json"]).code(100);
    let mut leaks = BTreeMap::new();
    for line in output.stdout.lines() {
        let line: Value = serde_json::from_str(line).expect("each line is a message");
        let report = &line["report"];
        let sites = report["sites"]["sites"].as_array().map(Vec::as_slice).unwrap_or_default();
        let Some(site) = sites.iter().find(|site| site["grows"] == true) else { continue };
        let text = |of: &Value| of.as_str().unwrap_or_default().to_owned();
        let place = &site["place"];
        let frames = site["stack"].as_array().into_iter().flatten();
        let functions = frames.flat_map(|frame| frame["functions"].as_array()).flatten();
        leaks.insert(
            text(&report["test"]["name"]),
            Leak {
                place: (
                    text(&place["file"]),
                    place["line"].as_u64().unwrap_or_default(),
                    text(&place["function"]),
                ),
                functions: functions.map(|function| text(&function["function"])).collect(),
                notes: report["sites"]["notes"].to_string(),
            },
        );
    }
    leaks
}

/// A project with one leak in Rust. `profile` applies to the crate only, so that its dependencies are
/// not built again.
fn project(name: &str, profile: &str) -> Project {
    Project::new(name)
        .library_features(&["tokio"])
        .manifest_extra(&format!("\n[profile.dev.package.{name}]\n{profile}\n"))
        .file("src/lib.rs", FORGETS)
}

/// The same project, with more compiler `flags` for the crate.
fn with_flags(project: Project, flags: &str) -> Project {
    let project = project.file("rustc.sh", format!("#!/bin/sh\nexec \"$@\" {flags}\n"));
    let script = project.path().join("rustc.sh");
    let runs = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&script, runs).expect("it was written");
    project.env("RUSTC_WORKSPACE_WRAPPER", script)
}

#[track_caller]
fn assert_marked_line_is_reported(project: &Project) -> Leak {
    let mut leaks = leaks(project);
    let leak = leaks.remove("leaks").unwrap_or_else(|| panic!("{leaks:?}"));
    let (file, number, _) = &leak.place;
    assert_eq!((file.as_str(), *number), ("src/lib.rs", line(FORGETS, "// LEAKS")), "{leak:?}");
    assert_eq!(leak.notes, "[]");
    for function in ["takes", "forgets", "leaks"] {
        let is = |of: &String| of.rsplit("::").next() == Some(function);
        assert!(leak.functions.iter().any(is), "{function}: {leak:?}");
    }
    assert!(leaks.is_empty(), "{leaks:?}");
    leak
}

#[test]
fn a_leak_in_a_shared_library_has_its_line() {
    let project = Project::new("libraries")
        .library_features(&["tokio"])
        .manifest_extra("libc = \"0.2.160\"\n")
        .file("build.rs", BUILD)
        .file("c/linked.c", library("linked", 0))
        .file("c/plugin.c", library("plugin", 3))
        .file("c/other.c", library("other", 7))
        .file("c/bare.c", library("bare", 0))
        .file("src/lib.rs", LIBRARIES);
    let leaks = leaks(&project);
    let [linked, plugin, other] = [("linked", 0), ("plugin", 3), ("other", 7)]
        .map(|(name, lines)| (format!("c/{name}.c"), line(&library(name, lines), "LEAKS")));
    let calls = ("src/lib.rs".to_owned(), line(LIBRARIES, "// CALLS"));
    for (test, expected, functions) in [
        ("linked", vec![&linked], "linked_"),
        ("loaded", vec![&plugin], "plugin_"),
        ("loaded_without_debug_information", vec![&calls], "bare_"),
        ("unloaded", vec![&plugin], "plugin_"),
        // The second library is usually mapped where the first was, so either may be named.
        ("in_turn", vec![&calls, &plugin, &other], ""),
    ] {
        let leak = &leaks[test];
        let place = (leak.place.0.clone(), leak.place.1);
        assert!(expected.contains(&&place), "{test}: {leak:?}");
        for function in ["take", "keep"].map(|last| format!("{functions}{last}")) {
            let known = leak.functions.contains(&function);
            assert!(known || functions.is_empty(), "{test}: {leak:?}");
        }
        // The whole stack was walked, although other code was mapped there before.
        assert!(leak.functions.contains(&format!("libraries::{test}")), "{test}: {leak:?}");
    }
}

#[test]
fn split_debug_information_is_found() {
    // Next to the program (.dwp), and next to the object files (.dwo).
    for (name, form) in [("packed", "packed"), ("unpacked", "unpacked")] {
        let project = project(name, &format!("split-debuginfo = \"{form}\""));
        assert_marked_line_is_reported(&project);
        let split = |extension| {
            let mut files = std::fs::read_dir(target_directory().join("debug/deps"))
                .expect("something was built");
            files.any(|file| {
                let path = file.expect("it can be listed").path();
                let file = path.file_name().unwrap_or_default().to_string_lossy();
                file.starts_with(&format!("{name}-")) && file.ends_with(extension)
            })
        };
        assert!(split(if form == "packed" { ".dwp" } else { ".dwo" }), "it was not split");
    }
}

#[test]
fn compressed_line_tables_give_lines() {
    // Compressed by the linker; every linker supports zlib.
    let build =
        "fn main() { println!(\"cargo::rustc-link-arg=-Wl,--compress-debug-sections=zlib\"); }";
    let project = project("compressed", "debug = \"line-tables-only\"").file("build.rs", build);
    assert_marked_line_is_reported(&project);
}

#[test]
fn remapped_paths_give_the_file_of_the_workspace() {
    let project = project("renamed", "debug = 1");
    let flags = format!("--remap-path-prefix={}=/elsewhere", project.path().display());
    assert_marked_line_is_reported(&with_flags(project, &flags));
}

#[test]
fn shared_std_and_fixed_addresses_give_lines() {
    assert_marked_line_is_reported(&with_flags(
        project("shared_std", "debug = 2"),
        "-C prefer-dynamic",
    ));
    assert_marked_line_is_reported(&with_flags(
        project("fixed", "debug = 1"),
        "-C relocation-model=static",
    ));
}

#[test]
fn separate_debug_files_are_found() {
    let objcopy =
        |arguments: &[&str]| Command::new("objcopy").args(arguments).stdout(Stdio::null()).status();
    if !tools::is_installed(&["objcopy", "--version"], "it is in the package binutils") {
        return;
    }
    let project = project("apart", "debug = 1");
    project.memcheck(&["--no-run"]).code(0);
    for program in project.test_binaries("apart") {
        let program = program.to_str().expect("the folder has a plain name");
        let apart = format!("{program}.debug");
        let link = format!("--add-gnu-debuglink={apart}");
        for arguments in
            [&["--only-keep-debug", program, &apart][..], &["--strip-debug", &link, program]]
        {
            assert!(objcopy(arguments).is_ok_and(|status| status.success()), "{arguments:?}");
        }
    }
    assert_marked_line_is_reported(&project);
}

#[test]
fn no_line_is_read_from_a_replaced_program() {
    let project = project("replaced", "debug = 1").file("src/lib.rs", REPLACED);
    let leaks = leaks(&project);
    let leak = &leaks["replaces_itself"];
    assert!(leak.notes.contains("was replaced or removed during the run"), "{leak:?}");
    assert!(!leak.notes.contains("debug information"), "{leak:?}");
    assert_eq!(leak.place.0, "", "{leak:?}");
}

#[test]
fn without_debug_information_the_report_points_at_the_test() {
    for (name, profile, known) in [
        ("no_lines", "debug = 0", true),
        ("no_lines_left", "strip = \"debuginfo\"", true),
        ("no_names", "strip = true", false),
    ] {
        let project = project(name, profile);
        let Output { stdout, .. } = project.memcheck(&[]).code(100);
        let place = format!("--> src/lib.rs:{}:1\n", line(FORGETS, "fn leaks()") - 1);
        let program = format!("= note: `{name}-");
        let missing = "has no debug information, so the report points at the test: set `debug = 1`";
        for part in [place.as_str(), program.as_str(), missing] {
            assert!(stdout.contains(part), "{name}: {part}\n{stdout}");
        }
        let function = "48 B in 1 block per iteration, allocated in `forgets`";
        assert_eq!(stdout.contains(function), known, "{name}: {stdout}");
        assert_eq!(stdout.contains("without `strip`"), !known, "{name}: {stdout}");
    }
}
