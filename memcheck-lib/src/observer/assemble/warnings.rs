//! The warnings of a report, from what was measured. Pure.

use crate::detect::{Advice, Verdict};
use crate::heap::why_not_counted;
use crate::heap::{CHeapState, WhyNotCounted};
use crate::report::{Retention, RetentionFinding, Warning};
use crate::units::{iterations, scaled};

fn warning(code: &str, message: String) -> Warning {
    Warning { code: code.to_owned(), message }
}

/// The Rust heap is not counted. `seen_as_c` says whether its blocks are counted with the C heap.
pub(super) fn rust_heap_not_counted(seen_as_c: bool, own_allocator: bool) -> Warning {
    let instead = match seen_as_c {
        true => "Its blocks are counted with those of the C heap",
        false => "Its leaks show only in the footprint, above 256 KiB, so this test cannot pass",
    };
    warning("heap-not-counted", format!("{}. {instead}", why_not_counted(own_allocator)))
}

/// The C heap is not counted.
///
/// This also warns of what the user chose: a test that leaks in C then passes, and the reader of the
/// result may not be the one who chose.
pub(super) fn c_heap_not_counted(state: &CHeapState) -> Option<Warning> {
    let CHeapState::Off { reason } = state else { return None };
    let instead = match reason {
        // The quarantine of a sanitizer is part of the footprint.
        WhyNotCounted::Sanitizer => {
            "A leak in C shows only in the sanitizer's own report, and the sanitizer's quarantine and records raise the footprint of clean tests, too. Judge leaks in a build without the sanitizer"
        }
        _ => "A leak in C shows only in the footprint, above 256 KiB",
    };
    Some(warning("c-heap-not-counted", format!("the C heap is not counted: {reason}. {instead}")))
}

/// Growth of the footprint that the allocator retains and that is not in the verdict.
pub(super) fn retained(retention: &Retention, verdict: Option<Verdict>) -> Option<Warning> {
    let Retention { iterations: repeated, growth, given_back, again, .. } = *retention;
    let judged = verdict != Some(Verdict::Inconclusive);
    (retention.finding == RetentionFinding::Retained && judged).then(|| {
        let message = format!(
            "the footprint grew by {} although the heap did not. It is not leaked but retained by the allocator: asked to return memory, the allocator returned {}, and {} more added {}",
            scaled(growth as f64),
            scaled(given_back.max(0) as f64),
            iterations(repeated),
            scaled(again.max(0) as f64),
        );
        warning("retained", message)
    })
}

/// Growth of the footprint inside memory that was there before.
pub(super) fn first_touch(retention: &Retention) -> Option<Warning> {
    (retention.finding == RetentionFinding::FirstTouch).then(|| {
        let message = format!(
            "the footprint grew by {} inside memory that was allocated or mapped before: the test touched these pages for the first time. That is not a leak, and ends when all of that memory has been touched",
            scaled(retention.growth as f64)
        );
        warning("first-touch", message)
    })
}

/// A limit is lower than what the run can detect.
pub(super) fn limit_below_sensitivity(advice: &Advice) -> Warning {
    warning("limit-below-sensitivity", advice.to_string())
}

/// The rule was switched off.
pub(super) fn blind() -> Warning {
    let message =
        "no metric is called growing in this run: the rule was switched off, to test the proof";
    warning("blind", message.to_owned())
}

/// Something of the worker could not be read.
pub(super) fn not_read(message: String) -> Warning {
    warning("not-read", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_for_an_uncounted_c_heap_is_in_the_warning() {
        assert_eq!(c_heap_not_counted(&CHeapState::Counted), None);
        for reason in [
            WhyNotCounted::FeatureOff,
            WhyNotCounted::OtherTarget,
            WhyNotCounted::StaticLibc,
            WhyNotCounted::Sanitizer,
            WhyNotCounted::OtherAllocator,
        ] {
            let warning = c_heap_not_counted(&CHeapState::Off { reason }).unwrap();
            assert_eq!(warning.code, "c-heap-not-counted");
            assert!(warning.message.contains(&reason.to_string()));
        }
    }

    #[test]
    fn only_retained_memory_of_a_judged_test_is_warned_of() {
        let retention = |finding| Retention {
            finding,
            iterations: 100,
            growth: 1 << 20,
            given_back: 1 << 20,
            again: -4096,
        };
        let steady = Some(Verdict::Steady);
        let warning = retained(&retention(RetentionFinding::Retained), steady).unwrap();
        assert!(warning.message.contains("and 100 iterations more added 0 B"), "{warning:?}");
        assert_eq!(retained(&retention(RetentionFinding::Stays), Some(Verdict::Growing)), None);
        assert_eq!(
            retained(&retention(RetentionFinding::Retained), Some(Verdict::Inconclusive)),
            None
        );
    }
}
