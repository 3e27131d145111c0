//! Sentences about allocators: mismatched frees and allocator retention.

use super::phrases::count;
use crate::metric::Metric;
use crate::report::{
    AllocatorChange, Mismatch, Report, Retention, RetentionFinding, Side, Verdict,
};
use crate::units::{iterations, scaled};

/// The sentence for blocks that one allocator allocates and the other one frees.
pub(super) fn mismatched(mismatch: &Mismatch) -> String {
    let blocks = if mismatch.rate >= 1.0 || mismatch.rate <= 0.0 {
        format!("{} per iteration", count(mismatch.rate, "block"))
    } else {
        format!("1 block in {}", crate::units::every(1.0 / mismatch.rate))
    };
    let verb = if mismatch.rate > 1.0 { "are" } else { "is" };
    match mismatch.allocated_by {
        Side::Rust => format!(
            "{blocks} {verb} allocated by Rust's allocator but freed by C's `free`: this is undefined behaviour, not a leak; return the memory to Rust and drop it there (`CString::from_raw`, `Box::from_raw`)"
        ),
        Side::C => format!(
            "{blocks} {verb} allocated by C's `malloc` but freed by Rust's allocator: this is undefined behaviour, not a leak; free the memory with the matching C function"
        ),
    }
}

/// What the allocators returned on request, and their own statistics. Only for a run whose footprint
/// grows, or whose C heap is not counted.
pub(super) fn notes(report: &Report) -> Vec<String> {
    let mut notes: Vec<String> =
        report.retention.iter().filter_map(|of| stays(report, of)).collect();
    let uncounted = report.metric(Metric::NativeBytes).is_none();
    let is = |metric, of: fn(Verdict) -> bool| {
        report.metric(metric).is_some_and(|seen| of(seen.verdict))
    };
    // Growth on a counted heap explains the footprint better.
    let grows = |metric| is(metric, |verdict| verdict == Verdict::Growing);
    let explained = Metric::heaps().any(|(bytes, _)| grows(bytes));
    let grew = is(Metric::Resident, |verdict| verdict != Verdict::Steady) && !explained;
    if uncounted || grew || report.retention.is_some() {
        notes.extend(report.allocators.iter().map(change));
    }
    notes
}

/// The state of the counted heaps while the footprint grows.
fn heaps(report: &Report) -> &'static str {
    let grow = |metric| report.metric(metric).is_some_and(|of| of.grows_within_limit());
    match Metric::heaps().any(|(bytes, _)| grow(bytes)) {
        true => "the counted heaps grow within their limit",
        false => "the counted heaps are steady",
    }
}

fn stays(report: &Report, retention: &Retention) -> Option<String> {
    (retention.finding == RetentionFinding::Stays).then(|| {
        format!(
            "{}, but the footprint grows: the allocators returned {} on request, and another {} added {} that stay; look for fragmentation, or for memory that is mapped outside the heaps",
            heaps(report),
            scaled(retention.given_back.max(0) as f64),
            iterations(retention.iterations),
            scaled(retention.again.max(0) as f64),
        )
    })
}

fn change(of: &AllocatorChange) -> String {
    let (before, after) = (of.before, of.after);
    let metric = |name: &str, before: Option<u64>, after: Option<u64>| {
        let (before, after) = (before?, after?);
        let change = after as f64 - before as f64;
        let sign = if change < 0.0 { "" } else { "+" };
        Some(format!("{name} {} ({sign}{})", scaled(after as f64), scaled(change)))
    };
    let said = [
        metric("allocated", before.allocated, after.allocated),
        metric("active", before.active, after.active),
        metric("resident", before.resident, after.resident),
        metric("retained", before.retained, after.retained),
    ];
    let said: Vec<String> = said.into_iter().flatten().collect();
    let reports = match after.allocator.is_approximate() {
        true => "reports approximately",
        false => "reports",
    };
    format!("{} {reports}: {}", after.allocator, said.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Allocator, AllocatorStats};

    #[test]
    fn mismatched_free_says_what_to_do() {
        let one = Mismatch { allocated_by: Side::Rust, rate: 1.0 };
        assert!(
            mismatched(&one)
                .starts_with("1 block per iteration is allocated by Rust's allocator but freed")
        );
        let many = Mismatch { allocated_by: Side::C, rate: 2.0 };
        assert!(mismatched(&many).starts_with("2 blocks per iteration are allocated by C's"));
        let few = Mismatch { allocated_by: Side::C, rate: 0.25 };
        assert!(mismatched(&few).starts_with("1 block in every 4 iterations is allocated"));
    }

    #[test]
    fn statistics_that_the_allocator_lacks_are_left_out() {
        let jemalloc = AllocatorStats {
            allocator: Allocator::Jemalloc,
            allocated: Some(1 << 20),
            active: Some(2 << 20),
            resident: None,
            retained: Some(0),
        };
        let after = AllocatorStats { active: Some(3 << 20), ..jemalloc };
        assert_eq!(
            change(&AllocatorChange { before: jemalloc, after }),
            "jemalloc reports: allocated 1 MiB (+0 B), active 3 MiB (+1 MiB), retained 0 B (+0 B)"
        );
    }
}
