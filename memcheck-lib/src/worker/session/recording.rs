//! The recorder of call stacks as the worker uses it: the real one, or one that records nothing.

pub(super) use recorder::{forget_unloaded_code, start, stop};

#[cfg(memcheck_sites)]
mod recorder {
    use std::ptr::NonNull;

    pub(in super::super) use crate::recorder::{forget_unloaded_code, stop};
    use crate::{heap, recorder};

    /// Starts to record into the file whose first page is mapped at `page`, if that is possible. The
    /// observer sees in the file whether it is.
    pub(in super::super) fn start(page: NonNull<u8>) {
        heap::record_allocations();
        recorder::start(page);
    }
}

/// For builds without the feature `sites`, or for other processors.
#[cfg(not(memcheck_sites))]
mod recorder {
    use std::ptr::NonNull;

    pub(in super::super) fn start(_page: NonNull<u8>) {}

    pub(in super::super) fn forget_unloaded_code() {}

    pub(in super::super) fn stop() {}
}
