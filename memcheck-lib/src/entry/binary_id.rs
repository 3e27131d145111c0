//! The ID of the test binary that a test is in, as nextest spells it, derived inside the test.
//! <https://nexte.st/docs/glossary/#binary-id>

#![cfg_attr(
    not(target_os = "linux"),
    allow(
        dead_code,
        reason = "only an observer writes report files, and observers exist on Linux only"
    )
)]

use std::path::Path;

/// The cargo target that a test is in, from the variables that cargo sets for the compiler.
#[derive(Clone, Copy, Debug, Default)]
pub struct Target {
    /// `CARGO_PKG_NAME`; `None` if another build system called the compiler.
    pub package: Option<&'static str>,
    /// `CARGO_BIN_NAME`: set for programs and examples only.
    pub program: Option<&'static str>,
    /// Whether `CARGO_TARGET_TMPDIR` is set: for integration tests and benches only.
    pub integration: bool,
}

/// The ID of the binary. cargo does not pass it to a test, so it is derived from the cargo target, the
/// name of the crate (the first part of the test's module path), the source file of the test and the
/// folder of the executable.
pub(super) fn binary_id(target: Target, krate: &str, file: &str, executable: &Path) -> String {
    let Some(package) = target.package else { return krate.to_owned() };
    let folder = executable.parent().and_then(Path::file_name);
    match target.program {
        Some(name) if folder.is_some_and(|folder| folder == "examples") => {
            format!("{package}::example/{name}")
        }
        Some(name) => format!("{package}::bin/{name}"),
        None if target.integration => {
            let (kind, name) = in_file(file, krate).unwrap_or(("", krate));
            format!("{package}::{kind}{name}")
        }
        // All kinds of library share one binary of unit tests.
        None => package.to_owned(),
    }
}

/// The kind and name of an integration test or bench by its source file: `tests/NAME.rs`, or a file
/// below `tests/NAME/`. The name of the crate is NAME with `_` for each `-`.
fn in_file<'a>(file: &'a str, krate: &str) -> Option<(&'static str, &'a str)> {
    let mut parts = file.split(['/', '\\']).peekable();
    while let Some(part) = parts.next() {
        let kind = match part {
            "tests" => "",
            "benches" => "bench/",
            _ => continue,
        };
        if let Some(name) = parts.peek().map(|name| name.strip_suffix(".rs").unwrap_or(name))
            && name.replace('-', "_") == krate
        {
            return Some((kind, name));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEPS: &str = "/t/debug/deps/x-0123456789abcdef";

    fn target(program: Option<&'static str>, integration: bool) -> Target {
        Target { package: Some("my-crate"), program, integration }
    }

    #[test]
    fn ids_match_those_of_nextest() {
        let id = |target, krate, file, exe| binary_id(target, krate, file, Path::new(exe));
        let library = target(None, false);
        let integration = target(None, true);
        let program = target(Some("my-tool"), false);
        for (found, expected) in [
            (id(library, "my_crate", "src/lib.rs", DEPS), "my-crate"),
            (id(program, "my_tool", "src/main.rs", DEPS), "my-crate::bin/my-tool"),
            (id(program, "my_tool", "examples/e.rs", "/t/debug/examples/e-0"), {
                "my-crate::example/my-tool"
            }),
            (id(integration, "end_to_end", "a/tests/end-to-end.rs", DEPS), "my-crate::end-to-end"),
            (id(integration, "many", "tests/many/sub/one.rs", DEPS), "my-crate::many"),
            (id(integration, "fast", "benches/fast.rs", DEPS), "my-crate::bench/fast"),
            // An outer `tests` is another folder, and a target path of the user's own has none.
            (id(integration, "a", "tests/fixtures/p/tests/a.rs", DEPS), "my-crate::a"),
            (id(integration, "moved", "spec/moved.rs", DEPS), "my-crate::moved"),
            (id(Target::default(), "plain", "x.rs", "/bazel/x"), "plain"),
        ] {
            assert_eq!(found, expected);
        }
    }
}
