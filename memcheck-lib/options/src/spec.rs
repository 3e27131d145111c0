//! One option.

use crate::error::ValueError;
use crate::grammar::{Grammar, OptionValue};

/// What the names of all environment variables start with.
pub const PREFIX: &str = "MEMCHECK_";

/// What an option configures, and with that where it can be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// A check. Set in the attribute, in the file, in a variable and as a flag.
    EveryTest,
    /// A check, but of single tests only: set in the attribute and in overrides of the file.
    SingleTest,
    /// The runtime of an `async fn`. Set in the attribute.
    Runtime,
    /// The code that the attribute generates. Set in the attribute.
    Expansion,
}

/// One option.
#[derive(Debug, PartialEq, Eq)]
pub struct OptionSpec {
    /// Its name in the attribute, in the file and, after `--`, as a flag.
    pub name: &'static str,
    /// How its value is written.
    pub grammar: Grammar,
    /// Where it can be set.
    pub scope: Scope,
    /// The value that holds if nothing sets the option, in words.
    pub default: &'static str,
    /// A value as the attribute has it, with its quotes.
    pub example: &'static str,
    /// What it does, as `--help` says it.
    pub help: &'static str,
}

impl OptionSpec {
    /// Reads a value that is a text.
    ///
    /// # Errors
    ///
    /// If the text does not follow the grammar of the option.
    pub fn parse(&self, text: &str) -> Result<OptionValue, ValueError> {
        self.grammar.parse(text)
    }

    /// Whether it configures a check, so that it is a field of `memcheck::Options`.
    pub fn is_check_option(&self) -> bool {
        matches!(self.scope, Scope::EveryTest | Scope::SingleTest)
    }

    /// Whether one value can be set for all tests, by a flag, a variable or a profile of the file.
    pub fn is_for_every_test(&self) -> bool {
        self.scope == Scope::EveryTest
    }

    /// The flag that sets it for every test: `--time`.
    pub fn flag(&self) -> Option<String> {
        self.is_for_every_test().then(|| format!("--{}", self.name))
    }

    /// The environment variable that sets it for every test: `MEMCHECK_TIME`.
    pub fn variable(&self) -> Option<String> {
        self.is_for_every_test().then(|| format!("{PREFIX}{}", self.name.to_uppercase()))
    }
}
