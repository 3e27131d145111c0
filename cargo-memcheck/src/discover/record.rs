//! The entries of annotated tests, as the attribute writes them:
//!
//! ```text
//! memcheck-test ␟ 1 ␟ crate::module::name ␟ src/lib.rs ␟ 12 ␟ 1 ␟ ignored,serial=port ␞
//! ```
//!
//! one after the other, with NUL bytes of the linker's padding between them. The second field is
//! the version; it stands there so that any version of the tool can read it.

use serde::Serialize;

/// The version this tool reads.
const VERSION: &str = "1";

const MARK: &str = "memcheck-test";
const FIELD: char = '\x1f';
const END: u8 = 0x1e;

/// An annotated test.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Annotated {
    /// The path as libtest spells it, without the crate.
    pub(crate) name: String,
    /// Source file as the compiler was given it.
    pub(crate) file: String,
    /// Line of the attribute, from 1.
    pub(crate) line: u32,
    /// Column of the attribute, from 1.
    pub(crate) column: u32,
    /// Whether it is `#[ignore]`d.
    pub(crate) ignored: bool,
    /// Tests of one group never run at the same time.
    pub(crate) serial: Option<String>,
}

impl Annotated {
    /// Where the test is, for messages.
    pub(crate) fn place(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }
}

/// Why an entry cannot be understood.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RecordError {
    #[error(
        "its entry has version {version}, and this cargo-memcheck {} reads version {VERSION}",
        env!("CARGO_PKG_VERSION")
    )]
    Version { version: String },
    #[error("its entry is cut off or damaged: {text:?}")]
    Damaged { text: String },
}

impl RecordError {
    /// What the reader can do about it.
    pub(crate) fn help(&self) -> String {
        match self {
            RecordError::Version { version } => match version.parse::<u32>() {
                Ok(version) if version > 1 => "the library is newer than the tool: update it with \
                     `cargo install cargo-memcheck`"
                    .into(),
                _ => "the library is older than the tool: update it with \
                     `cargo update -p memcheck-lib`, or to the tool's version in Cargo.toml"
                    .into(),
            },
            RecordError::Damaged { .. } => "only #[memcheck] may write to the link section \
                 `memcheck_tests`; if nothing else does, `cargo clean` and build again"
                .into(),
        }
    }
}

/// Reads the entries of a section.
pub(super) fn parse(section: &[u8]) -> Result<Vec<Annotated>, RecordError> {
    let mut tests = Vec::new();
    let mut rest = section;
    loop {
        let padding = rest.iter().take_while(|&&byte| byte == 0).count();
        rest = &rest[padding..];
        if rest.is_empty() {
            return Ok(tests);
        }
        let Some(end) = rest.iter().position(|&byte| byte == END) else {
            return Err(damaged(rest));
        };
        tests.push(entry(&rest[..end])?);
        rest = &rest[end + 1..];
    }
}

fn entry(bytes: &[u8]) -> Result<Annotated, RecordError> {
    let damaged = || damaged(bytes);
    let text = std::str::from_utf8(bytes).map_err(|_| damaged())?;
    let mut fields = text.split(FIELD);
    if fields.next() != Some(MARK) {
        return Err(damaged());
    }
    let version = fields.next().ok_or_else(damaged)?;
    if version != VERSION {
        return match version.chars().all(|c| c.is_ascii_digit()) && !version.is_empty() {
            true => Err(RecordError::Version { version: version.to_owned() }),
            false => Err(damaged()),
        };
    }
    let [path, file, line, column, flags] =
        fields.collect::<Vec<_>>().try_into().map_err(|_| damaged())?;
    let (_crate, name) = path.split_once("::").ok_or_else(damaged)?;
    let mut test = Annotated {
        name: name.to_owned(),
        file: file.to_owned(),
        line: line.parse().map_err(|_| damaged())?,
        column: column.parse().map_err(|_| damaged())?,
        ..Annotated::default()
    };
    for flag in flags.split(',').filter(|flag| !flag.is_empty()) {
        match flag.split_once('=') {
            None if flag == "ignored" => test.ignored = true,
            Some(("serial", group)) => test.serial = Some(group.to_owned()),
            // A flag that is not understood might say that the test must not run.
            _ => return Err(damaged()),
        }
    }
    Ok(test)
}

fn damaged(bytes: &[u8]) -> RecordError {
    let start = &bytes[..bytes.len().min(80)];
    RecordError::Damaged { text: String::from_utf8_lossy(start).into_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(version: &str, rest: &str) -> Vec<u8> {
        format!("memcheck-test|{version}|{rest}~").replace('|', "\x1f").replace('~', "\x1e").into()
    }

    #[test]
    fn reads_entries_and_skips_padding() {
        let mut section = vec![0; 3];
        section.extend(record("1", "krate::tests::a|src/lib.rs|12|5|"));
        section.extend([0; 16]);
        section.extend(record("1", "krate::b|src/b.rs|1|1|ignored,serial=port 80"));
        assert_eq!(
            parse(&section).unwrap(),
            [
                Annotated {
                    name: "tests::a".into(),
                    file: "src/lib.rs".into(),
                    line: 12,
                    column: 5,
                    ..Annotated::default()
                },
                Annotated {
                    name: "b".into(),
                    file: "src/b.rs".into(),
                    line: 1,
                    column: 1,
                    ignored: true,
                    serial: Some("port 80".into()),
                },
            ]
        );
        assert_eq!(parse(&[]), Ok(vec![]));
        assert_eq!(parse(&[0; 8]), Ok(vec![]));
    }

    #[test]
    fn another_version_is_named_with_the_side_to_update() {
        for (version, side) in [("2", "cargo install cargo-memcheck"), ("0", "memcheck-lib")] {
            let error = parse(&record(version, "of|some|other|form")).unwrap_err();
            assert_eq!(error, RecordError::Version { version: version.into() });
            assert!(error.help().contains(side), "{}", error.help());
            assert!(
                error.to_string().contains(version)
                    && error.to_string().contains("reads version 1")
            );
        }
    }

    #[test]
    fn what_is_cut_off_is_an_error_at_every_length() {
        let whole = record("1", "krate::a|src/lib.rs|12|5|ignored");
        for length in 1..whole.len() {
            assert!(
                matches!(parse(&whole[..length]), Err(RecordError::Damaged { .. })),
                "{length}"
            );
        }
    }

    #[test]
    fn nothing_foreign_is_taken_for_a_test() {
        for bytes in [
            record("1", "krate::a|src/lib.rs|12|5"),
            record("1", "krate::a|src/lib.rs|12|5||"),
            record("1", "krate::a|src/lib.rs|x|5|"),
            record("1", "no-path|src/lib.rs|12|5|"),
            record("1", "krate::a|src/lib.rs|12|5|unknown"),
            record("one", "krate::a|src/lib.rs|12|5|"),
            b"\xff\x1e".to_vec(),
            b"other\x1f1\x1e".to_vec(),
        ] {
            assert!(matches!(parse(&bytes), Err(RecordError::Damaged { .. })), "{bytes:?}");
        }
    }
}
