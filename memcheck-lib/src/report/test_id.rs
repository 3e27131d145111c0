//! Which test a report is about.

use serde::{Deserialize, Serialize};

use super::source_location::SourceLocation;

/// Which test a report is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
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
    /// The test `name` of a binary, without a place.
    #[doc(hidden)]
    pub fn new(name: impl Into<String>, binary: impl Into<String>) -> Self {
        TestId { name: name.into(), binary: binary.into(), ..TestId::default() }
    }

    /// This test, at this place.
    #[doc(hidden)]
    #[must_use]
    pub fn at(mut self, file: impl Into<String>, line: u32, column: u32) -> Self {
        (self.file, self.line, self.column) = (file.into(), line, column);
        self
    }

    /// The line of the test.
    #[doc(hidden)]
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
