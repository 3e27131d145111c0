//! The metrics that are judged: one row of a table for each.
//!
//! Code that needs to know something about a metric reads its row, so that a new metric is a new
//! row. Where the code itself must differ, it matches on [`Metric`] without a catch-all arm, so that
//! the compiler names the place.

mod code;
mod plant_kind;
mod row;
mod site_kind;
mod table;

pub use code::Metric;
pub use plant_kind::PlantKind;
pub(crate) use row::{Cause, Evidence, GrowthPhrase, Heap, Limit, SiteRelation};
pub use site_kind::SiteKind;
