//! Every example does what its README says.
//!
//! A README shows commands and what they print:
//!
//! ````text
//! ```console
//! $ cargo memcheck --manifest-path examples/registry/Cargo.toml
//! …
//! $ echo $?
//! 100
//! ```
//! ````
//!
//! Each is run and held against what is printed, without what varies. `BLESS=1 cargo test --test
//! examples` writes what is printed into the READMEs.

mod support;

use std::path::PathBuf;
use std::process::Command;

use support::{clean, root, run, target_directory};

#[test]
fn quickstart() {
    check("quickstart");
}

#[test]
fn registry() {
    check("registry");
}

#[test]
fn every_example_is_tested_and_stands_alone() {
    let source = include_str!("examples.rs");
    let mut folders = 0;
    for entry in std::fs::read_dir(root().join("examples")).unwrap() {
        let path = entry.unwrap().path();
        if !path.is_dir() {
            continue;
        }
        folders += 1;
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(source.contains(&format!("check(\"{name}\")")), "{name} has no test here");
        let manifest = std::fs::read_to_string(path.join("Cargo.toml")).unwrap();
        assert!(manifest.contains("\n[workspace]\n"), "{name} does not stand alone");
        assert!(path.join("Cargo.lock").exists(), "{name} has no Cargo.lock");
    }
    assert!(folders > 0);
}

/// Runs every command of an example's README.
fn check(example: &str) {
    let path = root().join("examples").join(example).join("README.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut out = String::new();
    let mut rest = text.as_str();
    let mut sessions = 0;
    const OPEN: &str = "```console\n";
    while let Some((before, after)) = rest.split_once(OPEN) {
        let (session, after) = after.split_once("```").expect("the block is closed");
        let printed = session_of(Session::read(session));
        if std::env::var_os("BLESS").is_none() {
            let (expected, seen) = (comparable(session), comparable(&printed));
            assert_eq!(seen, expected, "{}: printed was\n{printed}", path.display());
        }
        out.extend([before, OPEN, &printed, "```"]);
        rest = after;
        sessions += 1;
    }
    assert!(sessions > 0, "{} shows no command", path.display());
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, out + rest).unwrap();
    }
}

/// What a block of a README asks for.
struct Session {
    arguments: Vec<String>,
}

impl Session {
    fn read(text: &str) -> Self {
        let line = text.lines().next().unwrap_or_default();
        let command = line.strip_prefix("$ cargo memcheck ").expect("a command of the tool");
        Session { arguments: command.split(' ').map(str::to_owned).collect() }
    }
}

/// The same block with what is really printed.
fn session_of(session: Session) -> String {
    let output = run(&mut command(&session.arguments));
    let status = output.status.expect("the command is not killed");
    assert!(matches!(status, 0 | 100), "{}\n{}", output.stdout, output.stderr);
    let arguments = session.arguments.join(" ");
    format!("$ cargo memcheck {arguments}\n{}$ echo $?\n{status}\n", output.stdout)
}

fn command(arguments: &[String]) -> Command {
    let mut command = Command::new(PathBuf::from(env!("CARGO_BIN_EXE_cargo-memcheck")));
    // The lock file of an example is part of it.
    command.arg("memcheck").args(arguments).arg("--locked");
    clean(&mut command);
    command.current_dir(root()).env("CARGO_TARGET_DIR", target_directory());
    command
}

/// A block without what varies from run to run: lines of tests in the order of their names, numbers
/// by `N`, and of a list of readings only that there is one. Kept are that a heap does not grow, the
/// blocks that survive, and every word.
fn comparable(session: &str) -> String {
    let mut tests = Vec::new();
    let mut others = Vec::new();
    for line in session.lines() {
        let line = line.trim_end().trim_end_matches(|c| "▁▂▃▄▅▆▇█".contains(c)).trim_end();
        match line.split_once("s] ") {
            Some((word, rest)) if !line.contains("Summary") => {
                let word = word.split_once('[').map_or(word, |(word, _)| word);
                tests.push(format!("{word}[time] {}", measured(rest)));
            }
            _ => others.push(other(line)),
        }
    }
    tests.sort();
    tests.extend(others);
    tests.join("\n")
}

/// `crate tests::name  heap +0 B/iter · resident +12 KiB · …`
fn measured(text: &str) -> String {
    let part = |part: &str| match part.contains("heap +0 B/iter") {
        true => part.to_owned(),
        // What an iteration allocates differs between versions of the standard library.
        false if part.starts_with("allocates ") => "allocates …".to_owned(),
        false => numbers(part),
    };
    text.split(" · ").map(part).collect::<Vec<_>>().join(" · ")
}

fn other(line: &str) -> String {
    for start in ["from window to window:", "= note: over ", "= note: an iteration allocates "] {
        if let Some(at) = line.find(start) {
            return line[..at + start.len()].to_owned();
        }
    }
    if let Some((_, counts)) = line.split_once("s] ") {
        return format!("Summary {counts}");
    }
    // Places and exit codes are exact.
    match line.starts_with("  --> ") || line.starts_with("$ ") || line.parse::<u8>().is_ok() {
        true => line.to_owned(),
        false => numbers(line),
    }
}

/// Replaces `1,024`, `12.5 KiB` and `0.5` by `N`; counts of blocks stay.
fn numbers(text: &str) -> String {
    let mut out: Vec<String> = Vec::new();
    let words: Vec<&str> = text.split(' ').collect();
    for (at, word) in words.iter().enumerate() {
        let bare =
            word.trim_start_matches(['+', '-']).trim_end_matches(|c: char| ",;:)".contains(c));
        let number =
            bare.starts_with(|c: char| c.is_ascii_digit()) && !bare.contains(char::is_alphabetic);
        let of_blocks = words.get(at + 1).is_some_and(|next| next.starts_with("block"));
        let unit = ["B", "KiB", "MiB", "GiB"].iter().any(|unit| {
            word.split('/').next() == Some(unit) && out.last().is_some_and(|w| w == "N")
        });
        match (number && !of_blocks, unit) {
            (true, _) => out.push("N".to_owned()),
            (false, true) => {
                out.push(
                    word.split_once('/').map_or("B".to_owned(), |(_, per)| format!("B/{per}")),
                );
            }
            _ => out.push((*word).to_owned()),
        }
    }
    out.join(" ")
}

#[test]
fn what_varies_is_left_out() {
    let one = "        PASS [   0.49s] a b  heap +0 B/iter · resident +0 B · 4,080 iterations\n\
               \x20       LEAK [   2.35s] a c  heap +128 B/iter in 2 blocks · resident +24.6 MiB · 9 iterations  ▁▁▂█\n";
    let other = "        LEAK [   1.00s] a c  heap +131 B/iter in 2 blocks · resident +900 KiB · 10 iterations  ▁▂█\n\
                 \x20       PASS [   0.40s] a b  heap +0 B/iter · resident -4.1 KiB · 4,099 iterations\n";
    assert_eq!(comparable(one), comparable(other));
    for different in [
        one.replace("+0 B/iter", "+1 B/iter"),
        one.replace("2 blocks", "3 blocks"),
        one.replace("LEAK", "LIMIT"),
        one.replace("128 B", "0 B"),
    ] {
        assert_ne!(comparable(one), comparable(&different), "{different}");
    }
}
