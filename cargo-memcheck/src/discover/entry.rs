//! The entries of annotated tests, as the attribute writes them:
//!
//! ```text
//! memcheck-test ␟ 1 ␟ crate::module::name ␟ src/lib.rs ␟ 12 ␟ 1 ␟ ignored=slow%2c,serial=port ␞
//! ```
//!
//! They follow each other, with NUL bytes from the linker between them. The version is always the second
//! field, so that every version of the tool can read it.

use serde::Serialize;

/// The version that this tool reads.
const VERSION: &str = "1";

const MARK: &str = "memcheck-test";
const FIELD: char = '\x1f';
const END: u8 = 0x1e;

/// An annotated test.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct AnnotatedTest {
    /// The path as libtest spells it, without the crate.
    pub(crate) name: String,
    /// Source file, with the name that the compiler got.
    pub(crate) file: String,
    /// Line of the attribute, from 1.
    pub(crate) line: u32,
    /// Column of the attribute, from 1.
    pub(crate) column: u32,
    /// Whether it is `#[ignore]`d.
    pub(crate) ignored: bool,
    /// The reason of `#[ignore = "reason"]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ignored_reason: Option<String>,
    /// The serial group. Tests of one group never run at the same time.
    pub(crate) serial: Option<String>,
    /// The reason of `skip = "reason"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) skip: Option<String>,
}

impl AnnotatedTest {
    /// File and line of the test, for messages.
    pub(crate) fn place(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }
}

/// Why an entry cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EntryError {
    #[error(
        "its entry has version {version}, but cargo-memcheck {} reads version {VERSION}",
        env!("CARGO_PKG_VERSION")
    )]
    Version { version: String },
    #[error("its entry is damaged: {text:?}")]
    Damaged { text: String },
}

impl EntryError {
    /// What the user can do.
    pub(crate) fn help(&self) -> String {
        match self {
            EntryError::Version { version } => match version.parse::<u32>() {
                Ok(version) if version > 1 => {
                    "the library is newer than the tool: update the tool with \
                     `cargo install cargo-memcheck`"
                        .into()
                }
                _ => "the library is older than the tool: update the library with \
                     `cargo update -p memcheck-lib`, or set the tool's version in Cargo.toml"
                    .into(),
            },
            EntryError::Damaged { .. } => {
                "run `cargo clean` and build again; if that does not help, check that only \
                 #[memcheck] writes to the link section `memcheck_tests`"
                    .into()
            }
        }
    }
}

/// Reads the entries of a section.
pub(super) fn parse(section: &[u8]) -> Result<Vec<AnnotatedTest>, EntryError> {
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

fn entry(bytes: &[u8]) -> Result<AnnotatedTest, EntryError> {
    let damaged = || damaged(bytes);
    let text = std::str::from_utf8(bytes).map_err(|_| damaged())?;
    let mut fields = text.split(FIELD);
    if fields.next() != Some(MARK) {
        return Err(damaged());
    }
    let version = fields.next().ok_or_else(damaged)?;
    if version != VERSION {
        return match version.chars().all(|c| c.is_ascii_digit()) && !version.is_empty() {
            true => Err(EntryError::Version { version: version.to_owned() }),
            false => Err(damaged()),
        };
    }
    let [path, file, line, column, flags] =
        fields.collect::<Vec<_>>().try_into().map_err(|_| damaged())?;
    let (_crate, name) = path.split_once("::").ok_or_else(damaged)?;
    let mut test = AnnotatedTest {
        name: name.to_owned(),
        file: file.to_owned(),
        line: line.parse().map_err(|_| damaged())?,
        column: column.parse().map_err(|_| damaged())?,
        ..AnnotatedTest::default()
    };
    for flag in flags.split(',').filter(|flag| !flag.is_empty()) {
        match flag.split_once('=') {
            None if flag == "ignored" => test.ignored = true,
            Some(("ignored", reason)) => {
                test.ignored = true;
                test.ignored_reason = Some(unescaped(reason).ok_or_else(damaged)?);
            }
            Some(("skip", reason)) => test.skip = Some(unescaped(reason).ok_or_else(damaged)?),
            Some(("serial", group)) => test.serial = Some(group.to_owned()),
            // An unknown flag may mean that the test must not run.
            _ => return Err(damaged()),
        }
    }
    Ok(test)
}

/// A text in which `%` and two hexadecimal digits are a character.
fn unescaped(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut unescaped = parts.next()?.to_owned();
    for part in parts {
        let code = part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok())?;
        unescaped.push(char::from(code));
        unescaped.push_str(&part[2..]);
    }
    Some(unescaped)
}

fn damaged(bytes: &[u8]) -> EntryError {
    let start = &bytes[..bytes.len().min(80)];
    EntryError::Damaged { text: String::from_utf8_lossy(start).into_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry_bytes(version: &str, rest: &str) -> Vec<u8> {
        format!("memcheck-test|{version}|{rest}~").replace('|', "\x1f").replace('~', "\x1e").into()
    }

    #[test]
    fn reads_entries_and_skips_padding() {
        let mut section = vec![0; 3];
        section.extend(entry_bytes("1", "krate::tests::a|src/lib.rs|12|5|"));
        section.extend([0; 16]);
        section.extend(entry_bytes(
            "1",
            "krate::b|src/b.rs|1|1|ignored=slow%2c %0a%25,serial=port 80,skip=é",
        ));
        assert_eq!(
            parse(&section).unwrap(),
            [
                AnnotatedTest {
                    name: "tests::a".into(),
                    file: "src/lib.rs".into(),
                    line: 12,
                    column: 5,
                    ..AnnotatedTest::default()
                },
                AnnotatedTest {
                    name: "b".into(),
                    file: "src/b.rs".into(),
                    line: 1,
                    column: 1,
                    ignored: true,
                    ignored_reason: Some("slow, \n%".into()),
                    serial: Some("port 80".into()),
                    skip: Some("é".into()),
                },
            ]
        );
        assert_eq!(parse(&[]), Ok(vec![]));
        assert_eq!(parse(&[0; 8]), Ok(vec![]));
    }

    #[test]
    fn the_error_for_another_version_says_what_to_update() {
        for (version, side) in [("2", "cargo install cargo-memcheck"), ("0", "memcheck-lib")] {
            let error = parse(&entry_bytes(version, "of|some|other|form")).unwrap_err();
            assert_eq!(error, EntryError::Version { version: version.into() });
            assert!(error.help().contains(side), "{}", error.help());
            assert!(
                error.to_string().contains(version)
                    && error.to_string().contains("reads version 1")
            );
        }
    }

    #[test]
    fn a_truncated_entry_is_an_error_at_every_length() {
        let whole = entry_bytes("1", "krate::a|src/lib.rs|12|5|ignored");
        for length in 1..whole.len() {
            assert!(matches!(parse(&whole[..length]), Err(EntryError::Damaged { .. })), "{length}");
        }
    }

    #[test]
    fn other_bytes_are_not_read_as_a_test() {
        for bytes in [
            entry_bytes("1", "krate::a|src/lib.rs|12|5"),
            entry_bytes("1", "krate::a|src/lib.rs|12|5||"),
            entry_bytes("1", "krate::a|src/lib.rs|x|5|"),
            entry_bytes("1", "no-path|src/lib.rs|12|5|"),
            entry_bytes("1", "krate::a|src/lib.rs|12|5|unknown"),
            entry_bytes("one", "krate::a|src/lib.rs|12|5|"),
            b"\xff\x1e".to_vec(),
            b"other\x1f1\x1e".to_vec(),
        ] {
            assert!(matches!(parse(&bytes), Err(EntryError::Damaged { .. })), "{bytes:?}");
        }
    }
}
