//! A worker whose test grows runs on while it records call stacks: what survives, by site.

mod batches;
mod ledger;
mod modules;
mod record;
pub(super) mod recordable;
mod site_growth;
mod site_list;
mod unexplained;

pub(in crate::observer) use record::record;
