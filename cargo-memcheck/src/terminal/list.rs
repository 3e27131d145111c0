//! The list of annotated tests.

use std::io::{self, Write};

use serde::Serialize;

use super::style::BINARY;
use crate::cli::MessageFormat;
use crate::discover::AnnotatedTest;

/// The version of the JSON document.
const LIST_VERSION: u32 = 1;

/// A test of the list.
#[derive(Debug, Serialize)]
pub(crate) struct ListedTest<'a> {
    pub(crate) binary: &'a str,
    #[serde(flatten)]
    pub(crate) test: &'a AnnotatedTest,
}

/// The document.
#[derive(Debug, Serialize)]
struct Document<'a> {
    version: u32,
    tests: &'a [ListedTest<'a>],
}

/// Writes the tests, which are sorted by binary.
pub(crate) fn list(
    out: &mut dyn Write,
    format: MessageFormat,
    tests: &[ListedTest<'_>],
) -> io::Result<()> {
    match format {
        MessageFormat::Human => {
            let mut last = None;
            for ListedTest { binary, test } in tests {
                if last != Some(binary) {
                    writeln!(out, "{BINARY}{binary}{BINARY:#}:")?;
                }
                last = Some(binary);
                writeln!(out, "    {}{}", test.name, marks(test))?;
            }
            Ok(())
        }
        MessageFormat::Short => tests.iter().try_for_each(|ListedTest { binary, test }| {
            let (place, column) = (test.place(), test.column);
            writeln!(out, "{place}:{column}: {binary} {}{}", test.name, marks(test))
        }),
        MessageFormat::Json => {
            serde_json::to_writer(&mut *out, &Document { version: LIST_VERSION, tests })?;
            writeln!(out)
        }
    }
}

fn marks(test: &AnnotatedTest) -> String {
    let mut marks = String::new();
    match (test.ignored, &test.ignored_reason) {
        (true, Some(reason)) => marks.push_str(&format!(" (ignored: {reason})")),
        (true, None) => marks.push_str(" (ignored)"),
        (false, _) => {}
    }
    if let Some(reason) = &test.skip {
        marks.push_str(&format!(" (skipped: {reason})"));
    }
    if let Some(group) = &test.serial {
        marks.push_str(&format!(" (serial: {group})"));
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(format: MessageFormat) -> String {
        let test = |name: &str, line, ignored, serial: Option<&str>| AnnotatedTest {
            name: name.into(),
            file: "src/lib.rs".into(),
            line,
            column: 1,
            ignored,
            serial: serial.map(Into::into),
            ..AnnotatedTest::default()
        };
        let tests = [
            ("cache", test("tests::a", 3, false, None)),
            ("cache", test("tests::b", 7, true, Some("port"))),
            ("cache::it", test("c", 1, false, None)),
        ];
        let tests: Vec<ListedTest<'_>> =
            tests.iter().map(|(binary, test)| ListedTest { binary, test }).collect();
        let mut out = Vec::new();
        list(&mut out, format, &tests).unwrap();
        anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string()
    }

    #[test]
    fn human_format() {
        insta::assert_snapshot!(text(MessageFormat::Human), @"
        cache:
            tests::a
            tests::b (ignored) (serial: port)
        cache::it:
            c
        ");
    }

    #[test]
    fn short_format() {
        insta::assert_snapshot!(text(MessageFormat::Short), @"
        src/lib.rs:3:1: cache tests::a
        src/lib.rs:7:1: cache tests::b (ignored) (serial: port)
        src/lib.rs:1:1: cache::it c
        ");
    }

    #[test]
    fn json_format() {
        insta::assert_snapshot!(text(MessageFormat::Json), @r#"{"version":1,"tests":[{"binary":"cache","name":"tests::a","file":"src/lib.rs","line":3,"column":1,"ignored":false,"serial":null},{"binary":"cache","name":"tests::b","file":"src/lib.rs","line":7,"column":1,"ignored":true,"serial":"port"},{"binary":"cache::it","name":"c","file":"src/lib.rs","line":1,"column":1,"ignored":false,"serial":null}]}"#);
    }
}
