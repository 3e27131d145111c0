//! What is asked of an observation: the layers of options and what is recorded.

use std::num::NonZeroUsize;

use crate::options::Options;
use crate::options::variables::{self, VariableError};
use crate::report::Warning;

/// Layers of options around those of the attribute.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Below the attribute.
    pub defaults: Options,
    /// Above the attribute: environment and flags.
    pub overrides: Options,
    /// Checks that run at the same time, among which the memory of the machine is divided. `None`:
    /// as many as there are cores, what libtest does.
    pub jobs: Option<NonZeroUsize>,
    /// Which tests are recorded after they were judged.
    pub sites: Record,
    /// Call nothing growing, whatever it shows: to test that [`prove`] finds it out.
    pub blind: bool,
}

/// Code of the warning of a variable that means nothing.
pub(crate) const UNKNOWN_VARIABLE: &str = "unknown-variable";

impl Settings {
    /// What holds where nobody but the environment says anything: in a test that is its own
    /// observer. Warnings tell the variables that mean nothing.
    ///
    /// # Errors
    ///
    /// A variable whose value does not fit.
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

/// Which tests run on after they were judged, with the call stacks of what they allocate recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Record {
    /// None: nobody can make lines of the addresses.
    #[default]
    Never,
    /// Those that grow.
    Growing,
    /// All.
    Always,
}

impl Record {
    /// Whether a test that was judged so is recorded.
    ///
    /// A known leak is not, unless all are: it does not fail, and its place was found already.
    #[cfg(target_os = "linux")]
    pub(crate) fn is_wanted(self, verdict: Option<crate::report::Verdict>, known: bool) -> bool {
        match self {
            Record::Never => false,
            Record::Growing => verdict == Some(crate::report::Verdict::Growing) && !known,
            Record::Always => true,
        }
    }
}
