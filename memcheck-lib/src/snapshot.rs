//! Heap and process at one instant, and the difference of two such snapshots.

use serde::{Deserialize, Serialize};

/// Heap and process at one instant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Snapshot {}

/// What changed between two snapshots.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Growth {}
