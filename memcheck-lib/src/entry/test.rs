//! A test as the attribute describes it.

use super::binary_id::Target;
use crate::options::Options;
use crate::report::TestId;

/// What the attribute passes on about its test.
#[derive(Debug)]
pub struct Test {
    /// `module_path!()` and the name of the function: `crate::tests::bounded`.
    pub path: &'static str,
    /// `file!()` of the attribute.
    pub file: &'static str,
    /// `line!()` of the attribute.
    pub line: u32,
    /// `column!()` of the attribute.
    pub column: u32,
    /// What cargo told the compiler of the target.
    pub target: Target,
    /// Whether it was an ordinary test before: in an annotated module, or under `memcheck::test`. Under
    /// `cargo test` it runs once.
    pub bulk: bool,
    /// The options of the attribute.
    pub options: Options,
    /// Asserts the snapshot, if the test has one: `insta::assert_snapshot!` of the profile, in the
    /// function of the test.
    pub snapshot: Option<fn(&str)>,
}

impl Test {
    /// The path as libtest spells it: without the name of the crate.
    pub(crate) fn name(&self) -> &'static str {
        self.path.split_once("::").map_or(self.path, |(_, name)| name)
    }

    pub(crate) fn id(&self) -> TestId {
        TestId {
            name: self.name().to_owned(),
            binary: String::new(),
            file: self.file.to_owned(),
            line: self.line,
            column: self.column,
        }
    }
}
