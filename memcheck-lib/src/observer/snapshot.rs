//! What a test that asserts a snapshot is told of itself.

use super::worker_handle::Interruption;
use crate::protocol::message::Hello;
use crate::render;
use crate::report::Report;

/// Whether the profile would be one: without the counters of the Rust heap it would only be another
/// text, which somebody would accept.
pub(super) fn usable(hello: Option<&Hello>) -> Result<(), Interruption> {
    match hello {
        Some(Hello { snapshot: true, heap_counted: false, own_allocator, .. }) => {
            Err(Interruption::Unusable(format!(
                "there is nothing to compare with the snapshot: {}",
                crate::heap::why_not_counted(*own_allocator)
            )))
        }
        _ => Ok(()),
    }
}

/// The text to assert. Nothing for a test that does not pass: a leak is no profile to be accepted,
/// and what is inconclusive may read otherwise next time.
pub(super) fn text(report: &Report) -> Option<String> {
    report.is_success().then(|| render::profile(report))
}
