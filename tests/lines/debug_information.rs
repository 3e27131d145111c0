//! Lines and functions come from every form of debug information, in programs and shared libraries;
//! where there is none, or not that of the program that ran, it is said and no line is guessed.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use crate::support::{Output, Project, target_directory, tools};
use serde_json::Value;

const BUILD: &str = include_str!("../fixtures/symbols/build.rs");
const LIBRARIES: &str = include_str!("../fixtures/symbols/libraries.rs");
const FORGETS: &str = include_str!("../fixtures/symbols/forgets.rs");
const REPLACED: &str = include_str!("../fixtures/symbols/replaced.rs");

/// The line, from 1, that has `mark` in it.
fn line(text: &str, mark: &str) -> u64 {
    text.lines().position(|line| line.contains(mark)).expect("it is marked") as u64 + 1
}

/// A library in C that keeps what it takes, the line marked; with `lines` more in front of it, and
/// frames that are the larger.
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

/// What is known of the leak of a test.
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

/// A project with one leak in Rust. Only the crate itself has the form of `profile`, so that its
/// dependencies are not built anew.
fn project(name: &str, profile: &str) -> Project {
    Project::new(name)
        .library_features(&["tokio"])
        .manifest_extra(&format!("\n[profile.dev.package.{name}]\n{profile}\n"))
        .file("src/lib.rs", FORGETS)
}

/// The same, of which the crate itself is compiled with more `flags`.
fn with_flags(project: Project, flags: &str) -> Project {
    let project = project.file("rustc.sh", format!("#!/bin/sh\nexec \"$@\" {flags}\n"));
    let script = project.path().join("rustc.sh");
    let runs = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&script, runs).expect("it was written");
    project.env("RUSTC_WORKSPACE_WRAPPER", script)
}

#[track_caller]
fn line_is_true(project: &Project) -> Leak {
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
    for (test, truths, functions) in [
        ("linked", vec![&linked], "linked_"),
        ("loaded", vec![&plugin], "plugin_"),
        ("loaded_without_debug_information", vec![&calls], "bare_"),
        ("unloaded", vec![&plugin], "plugin_"),
        // The second stands where the first stood, mostly: then which it was cannot be told.
        ("in_turn", vec![&calls, &plugin, &other], ""),
    ] {
        let leak = &leaks[test];
        let place = (leak.place.0.clone(), leak.place.1);
        assert!(truths.contains(&&place), "{test}: {leak:?}");
        for function in ["take", "keep"].map(|last| format!("{functions}{last}")) {
            let known = leak.functions.contains(&function);
            assert!(known || functions.is_empty(), "{test}: {leak:?}");
        }
        // The whole stack was walked, whatever code stood there before.
        assert!(leak.functions.contains(&format!("libraries::{test}")), "{test}: {leak:?}");
    }
}

#[test]
fn split_debug_information_is_found() {
    // Beside the program, and beside the object files.
    for (name, form) in [("packed", "packed"), ("unpacked", "unpacked")] {
        let project = project(name, &format!("split-debuginfo = \"{form}\""));
        line_is_true(&project);
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
fn compressed_tables_of_lines_are_enough() {
    // Compressed by the linker; zlib is what every linker has.
    let build =
        "fn main() { println!(\"cargo::rustc-link-arg=-Wl,--compress-debug-sections=zlib\"); }";
    let project = project("compressed", "debug = \"line-tables-only\"").file("build.rs", build);
    line_is_true(&project);
}

#[test]
fn files_that_were_given_other_names_are_known() {
    let project = project("renamed", "debug = 1");
    let flags = format!("--remap-path-prefix={}=/elsewhere", project.path().display());
    line_is_true(&with_flags(project, &flags));
}

#[test]
fn shared_std_and_fixed_addresses_have_lines() {
    line_is_true(&with_flags(project("shared_std", "debug = 2"), "-C prefer-dynamic"));
    line_is_true(&with_flags(project("fixed", "debug = 1"), "-C relocation-model=static"));
}

#[test]
fn debug_information_in_a_file_of_its_own_is_found() {
    let objcopy =
        |arguments: &[&str]| Command::new("objcopy").args(arguments).stdout(Stdio::null()).status();
    if !tools::are_there(&["objcopy", "--version"], "it is in the package binutils") {
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
    line_is_true(&project);
}

#[test]
fn no_line_is_taken_from_a_program_that_did_not_run() {
    let project = project("replaced", "debug = 1").file("src/lib.rs", REPLACED);
    let leaks = leaks(&project);
    let leak = &leaks["replaces_itself"];
    assert!(leak.notes.contains("was replaced or removed while it ran"), "{leak:?}");
    assert!(!leak.notes.contains("debug information"), "{leak:?}");
    assert_eq!(leak.place.0, "", "{leak:?}");
}

#[test]
fn without_debug_information_it_is_said_and_the_test_is_pointed_at() {
    for (name, profile, known) in [
        ("no_lines", "debug = 0", true),
        ("no_lines_left", "strip = \"debuginfo\"", true),
        ("no_names", "strip = true", false),
    ] {
        let project = project(name, profile);
        let Output { stdout, .. } = project.memcheck(&[]).code(100);
        let place = format!("--> src/lib.rs:{}:1\n", line(FORGETS, "fn leaks()") - 1);
        for part in [place.as_str(), "no debug information in", "build with `debug = 1`"] {
            assert!(stdout.contains(part), "{name}: {part}\n{stdout}");
        }
        assert_eq!(stdout.contains("allocated in `forgets`"), known, "{name}: {stdout}");
        assert_eq!(stdout.contains("without `strip`"), !known, "{name}: {stdout}");
    }
}
