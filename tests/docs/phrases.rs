//! Phrases that readers stumble over are not used.

use std::process::Command;

use crate::support::{root, run};

#[test]
fn no_banned_phrase_is_used() {
    let script = root().join("scripts/banned-phrases.sh");
    let output = run(&mut Command::new(script)).code(0);
    assert_eq!((output.stdout, output.stderr), (String::new(), String::new()));
}

#[test]
fn banned_phrases_are_found_across_lines_and_as_whole_words() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("phrases");
    std::fs::create_dir_all(&folder).unwrap();
    // Each word is split here, so that this file has no hit.
    let text = format!(
        "//! Put it in the\n//! pl{}ace of the other.\n// Nobo{}dy is here.\nlet beside_it = 1;\n",
        "", ""
    );
    std::fs::write(folder.join("lib.rs"), text).unwrap();
    let mut command = Command::new(root().join("scripts/banned-phrases.sh"));
    let output = run(command.arg(&folder)).code(1);
    let found: Vec<&str> =
        output.stdout.lines().filter_map(|line| line.split(" => ").next()).collect();
    let file = folder.join("lib.rs");
    let at = |line: u32, phrase: &str| format!("{}:{line}: {phrase}", file.display());
    let place = format!("in the //! pl{}ace of", "");
    assert_eq!(found, [at(1, &place), at(3, &format!("Nobo{}dy", ""))]);
}
