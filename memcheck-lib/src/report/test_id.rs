//! Which test a report is about.

use serde::{Deserialize, Serialize};

use super::source_location::SourceLocation;

/// Which test a report is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TestId {
    /// Path of the test as libtest spells it: `tests::bounded`.
    pub name: String,
    /// Binary as nextest spells it (`crate`, `crate::bin/name`, `crate::integration`); empty when
    /// the test is its own observer.
    #[serde(default)]
    pub binary: String,
    /// Source file, as cargo passed it to the compiler.
    pub file: String,
    /// Line of the attribute, from 1.
    pub line: u32,
    /// Column of the attribute, from 1.
    pub column: u32,
}

impl TestId {
    /// The line of the test.
    pub fn place(&self) -> SourceLocation {
        let known = |number: u32| Some(number).filter(|&number| number > 0);
        SourceLocation {
            function: self.name.clone(),
            file: Some(self.file.clone()).filter(|file| !file.is_empty()),
            line: known(self.line),
            column: known(self.column),
        }
    }
}
