//! Commands in a README, with their output.

use std::path::Path;
use std::process::Command;

use super::{clean, root, run, target_directory};

/// Whether to update the READMEs instead of checking them.
pub(crate) fn bless() -> bool {
    std::env::var_os("BLESS").is_some()
}

/// Runs the commands in the `console` blocks of a README and compares their output with the blocks.
pub(crate) fn check_readme(path: &Path) {
    let text = std::fs::read_to_string(path).unwrap();
    let mut out = String::new();
    let mut rest = text.as_str();
    let mut sessions = 0;
    const OPEN: &str = "```console\n";
    while let Some((before, after)) = rest.split_once(OPEN) {
        let (session, after) = after.split_once("```").expect("the block is closed");
        let printed = printed_by(&arguments(session));
        let (expected, seen) = (comparable(session), comparable(&printed));
        // A block that differs only in what varies is not changed, except by `BLESS=all`: notes and
        // help may have another wording then.
        let all = std::env::var_os("BLESS").is_some_and(|value| value == "all");
        let kept = if all || (bless() && seen != expected) { printed.as_str() } else { session };
        if !bless() {
            assert_eq!(seen, expected, "{}: printed was\n{printed}", path.display());
        }
        out.extend([before, OPEN, kept, "```"]);
        rest = after;
        sessions += 1;
    }
    assert!(sessions > 0, "{} shows no command", path.display());
    if bless() {
        std::fs::write(path, out + rest).unwrap();
    }
}

/// The words after `cargo` of the command in a block.
fn arguments(session: &str) -> Vec<String> {
    let line = session.lines().next().unwrap_or_default();
    let command = line.strip_prefix("$ cargo ").expect("a command of cargo");
    command.split(' ').map(str::to_owned).collect()
}

/// The block with the real output of the command.
fn printed_by(arguments: &[String]) -> String {
    let output = run(&mut command(arguments));
    let status = output.status.expect("the command is not killed");
    assert!(
        matches!(status, 0 | 1 | 100),
        "{}\n{}\n(does scripts/lock-examples.sh help?)",
        output.stdout,
        output.stderr
    );
    let arguments = arguments.join(" ");
    format!("$ cargo {arguments}\n{}$ echo $?\n{status}\n", output.stdout)
}

/// A command of a README: `memcheck …` runs the tool, any other runs cargo.
pub(crate) fn command(arguments: &[String]) -> Command {
    let program = match arguments.first().is_some_and(|word| word == "memcheck") {
        true => env!("CARGO_BIN_EXE_cargo-memcheck").into(),
        false => std::env::var_os("CARGO").unwrap_or("cargo".into()),
    };
    let mut command = Command::new(program);
    // The lock file of an example is part of the example.
    command.args(arguments).arg("--locked");
    clean(&mut command);
    command.current_dir(root()).env("CARGO_TARGET_DIR", target_directory());
    command
}

/// A block without what varies from run to run: lines of tests sorted by name, numbers replaced by
/// `N`, no notes and no advice. It keeps that a heap does not grow, the surviving blocks in the line
/// of a test, the headlines and their locations, and the summary.
pub(crate) fn comparable(session: &str) -> String {
    let mut tests = Vec::new();
    let mut others = Vec::new();
    for line in session.lines() {
        let line = line.trim_end().trim_end_matches(|c| "▁▂▃▄▅▆▇█".contains(c)).trim_end();
        match line.split_once("s] ") {
            Some((word, rest)) if !line.contains("Summary") => {
                let word = word.split_once('[').map_or(word, |(word, _)| word);
                tests.push(format!("{word}[time] {}", measured(rest)));
            }
            // Notes, advice and labels below a line of code vary: a map may or may not double while
            // it is recorded.
            _ if line.starts_with("   = ") || line.starts_with("   |") => {}
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
        // How much an iteration allocates differs between versions of the standard library.
        false if part.starts_with("allocates ") => "allocates …".to_owned(),
        false => numbers(part),
    };
    text.split(" · ").map(part).collect::<Vec<_>>().join(" · ")
}

fn other(line: &str) -> String {
    // Whether bytes are shown next to the surviving blocks depends on whether a map doubles.
    if line.starts_with("error[heap-growth]") {
        return "error[heap-growth]".to_owned();
    }
    if let Some((_, counts)) = line.split_once("s] ") {
        return format!("Summary {counts}");
    }
    // The smallest leak that a run would have seen varies; the planted kinds do not.
    if line.trim_start().starts_with("would have seen") {
        return "would have seen …".to_owned();
    }
    if let Some((_, kinds)) = line.split_once(" proven: ") {
        let without_size = |kind: &str| {
            let words =
                kind.split(' ').take_while(|word| !word.starts_with(|c: char| c.is_ascii_digit()));
            words.collect::<Vec<_>>().join(" ")
        };
        return format!(
            "proven: {}",
            kinds.split(" · ").map(without_size).collect::<Vec<_>>().join(" · ")
        );
    }
    // The column is that of the heaviest of several calls in a line, so it varies.
    if line.starts_with("  --> ") {
        return line.rsplit_once(':').map_or(line, |(place, _column)| place).to_owned();
    }
    // Lines of code and exit codes do not vary.
    let code = line.split_once(" |").is_some_and(|(number, _)| number.parse::<u32>().is_ok());
    match code || line.starts_with("$ ") || line.parse::<u8>().is_ok() {
        true => line.to_owned(),
        false => numbers(line),
    }
}

/// Replaces `1,024`, `12.5 KiB` and `0.5` by `N`, but keeps counts of blocks.
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
