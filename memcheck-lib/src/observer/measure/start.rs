//! Phase: the worker's hello, the options in force, and a harness that is idle.

use std::time::Duration;

use super::run::{Idle, MeasuredWorker, Run};
use crate::heap::{CHeapState, why_not_counted};
use crate::observer::worker_handle::interruption::Interruption;
use crate::observer::worker_handle::readings::CountedHeaps;
use crate::observer::worker_handle::settle::{SettleBudget, settle};
use crate::protocol::message::Hello;

/// How long the harness may take at least to become idle before the first iteration. libtest's main
/// thread allocates when it notes the test that it has just started; on a busy machine that may happen
/// during the iterations: in one of 250 snapshots, before this wait.
const HARNESS_WAIT: Duration = Duration::from_millis(100);

pub(super) fn start<W: MeasuredWorker>(run: &mut Run<'_, W>) -> Result<(), Interruption> {
    let hello = run.worker.hello()?;
    let below = run.request.defaults.clone();
    let options = run.request.overrides.clone().over(hello.options.clone()).over(below);
    run.counted = CountedHeaps::of(&hello);
    run.asserts_snapshot = hello.snapshot;
    let usable = check_usable(&hello);
    run.measured.hello = Some(hello);
    run.measured.options = options.clone();
    usable?;
    run.worker.set_deadline(options.effective_timeout());
    run.worker.set_ceiling(options.ceiling);

    let idle = run.worker.counters()?;
    let mut budget = SettleBudget::new(options.effective_settle().max(HARNESS_WAIT), idle.tasks);
    let idle = settle(run.worker, idle, &mut budget)?;
    run.idle = Idle { tasks: idle.tasks, fds: run.worker.sample().fds };
    Ok(())
}

/// Rejects a worker whose numbers would be meaningless.
fn check_usable(hello: &Hello) -> Result<(), Interruption> {
    // Such a C heap counts blocks that it never sees freed, and the reverse.
    if let CHeapState::Mixed { others } = &hello.native_heap {
        let (others, are) = (others.join("`, `"), if others.len() == 1 { "is" } else { "are" });
        return Err(Interruption::Unusable(format!(
            "the C heap cannot be counted: `{others}` {are} defined by another library, the other functions of the malloc family by memcheck. Blocks may reach the wrong allocator. Remove the library that defines only a part of the family, or disable the feature `native-heap` of memcheck-lib"
        )));
    }
    // Without the Rust heap the profile would be a different text, which could be accepted by mistake.
    if hello.snapshot && !hello.heap_counted {
        return Err(Interruption::Unusable(format!(
            "the profile cannot be compared with the snapshot: {}",
            why_not_counted(hello.own_allocator)
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heap::{CHeapState, WhyNotCounted};
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
    fn a_mixed_malloc_family_is_an_error_that_names_the_functions() {
        let mixed = CHeapState::Mixed { others: vec!["free".to_owned(), "valloc".to_owned()] };
        let Err(Interruption::Unusable(message)) = check_usable(&hello(mixed)) else {
            panic!("a mixed family was accepted");
        };
        assert!(message.contains("`free`, `valloc` are defined by another library"), "{message}");
        assert!(check_usable(&hello(CHeapState::Counted)).is_ok());
        assert!(check_usable(&hello(CHeapState::Off { reason: WhyNotCounted::Sanitizer })).is_ok());
    }

    #[test]
    fn a_snapshot_needs_the_rust_heap() {
        let test =
            |heap_counted| Hello { snapshot: true, heap_counted, ..hello(CHeapState::Counted) };
        assert!(check_usable(&test(true)).is_ok());
        assert!(check_usable(&test(false)).is_err());
    }
}
