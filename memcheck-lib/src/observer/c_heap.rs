//! What the reader must know of the C heap's counters, so that a zero in them is never silent.

use super::worker_handle::Interruption;
use crate::heap::allocators::{AllocatorChange, AllocatorStats};
use crate::heap::{CHeapState, WhyNotCounted};
use crate::protocol::message::Hello;
use crate::report::Warning;

/// Whether the worker can be measured at all. A C heap of which some functions are memcheck's and
/// some another's counts blocks that it never sees freed, and the other way round.
pub(super) fn usable(hello: Option<&Hello>) -> Result<(), Interruption> {
    match hello.map(|hello| &hello.native_heap) {
        Some(CHeapState::Mixed { others }) => Err(Interruption::Unusable(format!(
            "some functions of the malloc family are memcheck's, but {} {} another's, so the C heap cannot be counted and blocks may be freed by an allocator that they are not from. Remove what defines only a part of the family, or the feature `native-heap` of memcheck-lib",
            others.join(", "),
            if others.len() == 1 { "is" } else { "are" },
        ))),
        _ => Ok(()),
    }
}

/// That the C heap is not counted, and why.
///
/// Said whatever the reason, also for what the user chose: a test that leaks in C passes then, and
/// who reads the result need not be who chose.
pub(super) fn warning(state: &CHeapState) -> Option<Warning> {
    let CHeapState::Off { reason } = state else { return None };
    let instead = match reason {
        // What a sanitizer keeps back is footprint too.
        WhyNotCounted::Sanitizer => {
            "a leak in C shows only in the sanitizer's own report, and its quarantine of freed memory and its records make the footprint of a clean test rise: judge leaks in a build without it"
        }
        _ => "a leak in C shows only in the footprint, above 256 KiB",
    };
    Some(Warning {
        code: "c-heap-not-counted".to_owned(),
        message: format!("the C heap is not counted: {reason}. Here {instead}"),
    })
}

/// The allocators that told of themselves at both ends.
pub(super) fn change(before: &[AllocatorStats], after: &[AllocatorStats]) -> Vec<AllocatorChange> {
    let both = before.iter().filter_map(|&before| {
        let after = *after.iter().find(|after| after.allocator == before.allocator)?;
        Some(AllocatorChange { before, after })
    });
    both.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Options;
    use crate::report::TestId;

    fn hello(native_heap: CHeapState) -> Hello {
        Hello {
            library: String::new(),
            test: TestId::default(),
            options: Options::default(),
            heap_counted: true,
            own_allocator: false,
            heap_counted_as_c: false,
            native_heap,
            snapshot: false,
            thread: 0,
        }
    }

    #[test]
    fn a_mixed_family_is_an_error_that_names_the_functions() {
        let mixed = CHeapState::Mixed { others: vec!["free".to_owned(), "valloc".to_owned()] };
        let Err(Interruption::Unusable(message)) = usable(Some(&hello(mixed))) else {
            panic!("a mixed family was let through");
        };
        assert!(message.contains("free, valloc are another's"), "{message}");
        assert!(usable(Some(&hello(CHeapState::Counted))).is_ok());
        assert!(usable(Some(&hello(CHeapState::Off { reason: WhyNotCounted::Sanitizer }))).is_ok());
    }

    #[test]
    fn every_reason_is_said() {
        assert_eq!(warning(&CHeapState::Counted), None);
        for reason in [
            WhyNotCounted::FeatureOff,
            WhyNotCounted::OtherTarget,
            WhyNotCounted::StaticLibc,
            WhyNotCounted::Sanitizer,
            WhyNotCounted::OtherAllocator,
        ] {
            let warning = warning(&CHeapState::Off { reason }).unwrap();
            assert_eq!(warning.code, "c-heap-not-counted");
            assert!(warning.message.contains(&reason.to_string()));
        }
    }
}
