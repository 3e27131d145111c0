//! Sentences about allocators: what crosses from one to the other, what they keep.

use super::phrases::count;
use crate::metric::Metric;
use crate::report::{AllocatorChange, Finding, Mismatch, Report, Retention, Side, Verdict};
use crate::units::{iterations, scaled};

/// The sentence for blocks allocated on one side and freed on the other.
pub(super) fn mismatched(mismatch: &Mismatch) -> String {
    let blocks = if mismatch.rate >= 1.0 || mismatch.rate <= 0.0 {
        format!("{} per iteration", count(mismatch.rate, "block"))
    } else {
        format!("1 block in {}", crate::units::every(1.0 / mismatch.rate))
    };
    let verb = if mismatch.rate > 1.0 { "are" } else { "is" };
    match mismatch.allocated_by {
        Side::Rust => format!(
            "{blocks} {verb} allocated by Rust's allocator and freed by C's `free`: undefined behaviour, not a leak; give it back to Rust to be dropped (`CString::from_raw`, `Box::from_raw`)"
        ),
        Side::C => format!(
            "{blocks} {verb} allocated by C's `malloc` and freed by Rust's allocator: undefined behaviour, not a leak; free it with the C function that belongs to it"
        ),
    }
}

/// What asking the allocators showed and what they say of themselves; for a run whose footprint
/// is not as it must be, or whose heaps say nothing.
pub(super) fn notes(report: &Report) -> Vec<String> {
    let mut notes: Vec<String> =
        report.retention.iter().filter_map(|of| stays(report, of)).collect();
    let uncounted = report.metric(Metric::NativeBytes).is_none();
    let is = |metric, of: fn(Verdict) -> bool| {
        report.metric(metric).is_some_and(|seen| of(seen.verdict))
    };
    // What grows on a heap that is counted explains it better.
    let grows = |metric| is(metric, |verdict| verdict == Verdict::Growing);
    let explained = grows(Metric::HeapBytes) || grows(Metric::NativeBytes);
    let grew = is(Metric::Resident, |verdict| verdict != Verdict::Steady) && !explained;
    if uncounted || grew || report.retention.is_some() {
        notes.extend(report.allocators.iter().map(change));
    }
    notes
}

/// What the counted heaps do while the footprint grows.
fn heaps(report: &Report) -> &'static str {
    let grow = |metric| report.metric(metric).is_some_and(|of| of.grows_within_limit());
    match grow(Metric::HeapBytes) || grow(Metric::NativeBytes) {
        true => "the counted heaps grow within their limit",
        false => "the counted heaps are steady",
    }
}

fn stays(report: &Report, retention: &Retention) -> Option<String> {
    (retention.finding == Finding::Stays).then(|| {
        format!(
            "{}; asked to give memory back, the allocators returned {}, and {} more added {} that stay: fragmentation, or memory mapped past the heaps",
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
    let by = match after.allocator.is_approximate() {
        true => "about, by its own account",
        false => "by its own account",
    };
    format!("{}, {by}: {}", after.allocator, said.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Allocator, AllocatorStats};

    #[test]
    fn crossing_blocks_are_told_with_what_to_do() {
        let one = Mismatch { allocated_by: Side::Rust, rate: 1.0 };
        assert!(
            mismatched(&one)
                .starts_with("1 block per iteration is allocated by Rust's allocator and freed")
        );
        let many = Mismatch { allocated_by: Side::C, rate: 2.0 };
        assert!(mismatched(&many).starts_with("2 blocks per iteration are allocated by C's"));
        let few = Mismatch { allocated_by: Side::C, rate: 0.25 };
        assert!(mismatched(&few).starts_with("1 block in every 4 iterations is allocated"));
    }

    #[test]
    fn an_allocator_tells_what_it_knows() {
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
            "jemalloc, by its own account: allocated 1 MiB (+0 B), active 3 MiB (+1 MiB), retained 0 B (+0 B)"
        );
    }
}
