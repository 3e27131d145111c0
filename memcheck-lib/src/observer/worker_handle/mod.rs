//! A worker as the measuring code sees it: small traits, which a worker process implements and in tests
//! a script, and what is built on them alone.

pub(super) mod capabilities;
pub(super) mod interruption;
pub(super) mod readings;
pub(super) mod settle;
