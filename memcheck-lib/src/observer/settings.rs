//! The settings of an observation: layers of options, and what is recorded.

use std::num::NonZeroUsize;

use crate::options::Options;
use crate::options::variables::{self, VariableError};
use crate::report::{Verdict, Warning};

/// Layers of options around those of the attribute.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Options that the attribute overrides.
    pub defaults: Options,
    /// Options that override the attribute: environment and flags.
    pub overrides: Options,
    /// Checks that run at the same time and share the memory of the machine. `None`: the number of
    /// cores, as in libtest.
    pub jobs: Option<NonZeroUsize>,
    /// Which tests are recorded after they were judged.
    pub sites: Record,
    /// Call no metric growing, whatever it shows. This tests that `--prove` finds it out.
    pub blind: bool,
}

/// Code of the warning about an unknown environment variable.
pub(crate) const UNKNOWN_VARIABLE: &str = "unknown-variable";

impl Settings {
    /// The settings of a test that observes its own worker: the environment's alone. The warnings name
    /// unknown variables.
    ///
    /// # Errors
    ///
    /// A variable with an invalid value.
    pub(crate) fn from_environment() -> Result<(Self, Vec<Warning>), VariableError> {
        let overrides = variables::options(|name| std::env::var_os(name))?;
        let names = std::env::vars_os().map(|(name, _)| name);
        let warnings = variables::unknown(names)
            .iter()
            .map(|unknown| Warning {
                code: UNKNOWN_VARIABLE.to_owned(),
                message: unknown.to_string(),
            })
            .collect();
        Ok((Settings { overrides, ..Settings::default() }, warnings))
    }
}

/// Which tests run on after they were judged, while the call stacks of their allocations are recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Record {
    /// None: nothing turns the addresses into lines.
    #[default]
    Never,
    /// Those that grow.
    Growing,
    /// All.
    Always,
}

impl Record {
    /// Whether a test with this verdict is recorded.
    ///
    /// A known leak is recorded only if all tests are: it does not fail, and its line is known.
    pub(super) fn is_wanted(self, verdict: Option<Verdict>, known: bool) -> bool {
        match self {
            Record::Never => false,
            Record::Growing => verdict == Some(Verdict::Growing) && !known,
            Record::Always => true,
        }
    }
}
