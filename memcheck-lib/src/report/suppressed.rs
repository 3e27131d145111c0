//! Sites that the configuration suppresses by name, because they cannot be fixed here.

use serde::{Deserialize, Serialize};

use super::sites::Amount;
use crate::metric::SiteKind;

/// Growing sites of one kind that one pattern suppressed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Suppressed {
    /// The pattern for function names.
    pub pattern: String,
    /// Why they cannot be fixed here: a link or a text.
    pub reason: String,
    /// The kind of the sites.
    pub kind: SiteKind,
    /// Number of sites.
    pub sites: u64,
    /// What survives of the recorded iterations.
    pub survived: Amount,
    /// The recorded iterations.
    pub iterations: u64,
}
