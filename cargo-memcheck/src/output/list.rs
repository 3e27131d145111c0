//! The list of annotated tests.

use std::io::{self, Write};

use serde::Serialize;

use super::style::BINARY;
use crate::cli::MessageFormat;
use crate::discover::Annotated;

/// Version of the list as JSON.
const LIST_VERSION: u32 = 1;

/// One test of the list.
#[derive(Debug, Serialize)]
struct Line<'a> {
    binary: &'a str,
    #[serde(flatten)]
    test: &'a Annotated,
}

/// The whole list.
#[derive(Debug, Serialize)]
struct Document<'a> {
    version: u32,
    tests: Vec<Line<'a>>,
}

/// Writes the tests of each binary.
pub(crate) fn list(
    out: &mut dyn Write,
    format: MessageFormat,
    binaries: &[(String, Vec<Annotated>)],
) -> io::Result<()> {
    let lines = || {
        binaries.iter().flat_map(|(binary, tests)| tests.iter().map(|test| Line { binary, test }))
    };
    match format {
        MessageFormat::Human => {
            for (binary, tests) in binaries.iter().filter(|(_, tests)| !tests.is_empty()) {
                writeln!(out, "{BINARY}{binary}{BINARY:#}:")?;
                for test in tests {
                    writeln!(out, "    {}{}", test.name, marks(test))?;
                }
            }
            Ok(())
        }
        MessageFormat::Short => lines().try_for_each(|Line { binary, test }| {
            let (place, column) = (test.place(), test.column);
            writeln!(out, "{place}:{column}: {binary} {}{}", test.name, marks(test))
        }),
        MessageFormat::Json => {
            let document = Document { version: LIST_VERSION, tests: lines().collect() };
            serde_json::to_writer(&mut *out, &document)?;
            writeln!(out)
        }
    }
}

fn marks(test: &Annotated) -> String {
    let ignored = if test.ignored { " (ignored)" } else { "" };
    match &test.serial {
        Some(group) => format!("{ignored} (serial: {group})"),
        None => ignored.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(format: MessageFormat) -> String {
        let test = |name: &str, line, ignored, serial: Option<&str>| Annotated {
            name: name.into(),
            file: "src/lib.rs".into(),
            line,
            column: 1,
            ignored,
            serial: serial.map(Into::into),
        };
        let binaries = [
            (
                "cache".to_owned(),
                vec![test("tests::a", 3, false, None), test("tests::b", 7, true, Some("port"))],
            ),
            ("cache::empty".to_owned(), vec![]),
            ("cache::it".to_owned(), vec![test("c", 1, false, None)]),
        ];
        let mut out = Vec::new();
        list(&mut out, format, &binaries).unwrap();
        anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string()
    }

    #[test]
    fn for_people() {
        insta::assert_snapshot!(text(MessageFormat::Human), @"
        cache:
            tests::a
            tests::b (ignored) (serial: port)
        cache::it:
            c
        ");
    }

    #[test]
    fn with_places() {
        insta::assert_snapshot!(text(MessageFormat::Short), @"
        src/lib.rs:3:1: cache tests::a
        src/lib.rs:7:1: cache tests::b (ignored) (serial: port)
        src/lib.rs:1:1: cache::it c
        ");
    }

    #[test]
    fn for_programs() {
        insta::assert_snapshot!(text(MessageFormat::Json), @r#"{"version":1,"tests":[{"binary":"cache","name":"tests::a","file":"src/lib.rs","line":3,"column":1,"ignored":false,"serial":null},{"binary":"cache","name":"tests::b","file":"src/lib.rs","line":7,"column":1,"ignored":true,"serial":"port"},{"binary":"cache::it","name":"c","file":"src/lib.rs","line":1,"column":1,"ignored":false,"serial":null}]}"#);
    }
}
