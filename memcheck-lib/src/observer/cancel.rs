//! Progress of a running check, and the handle that ends it.

/// Progress of a running check.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Iterations done, warm-up included.
    pub iterations: u64,
}

/// Lets another thread, such as one that handles signals, end running checks.
#[derive(Clone, Debug)]
pub struct Cancel {
    /// `None` in a handle that never cancels.
    flag: Option<flag::Flag>,
}

impl Cancel {
    /// A handle that ends every check it was given to.
    ///
    /// # Errors
    ///
    /// The kernel's, if the limit of open files is reached.
    pub fn new() -> std::io::Result<Self> {
        Ok(Cancel { flag: Some(flag::Flag::new()?) })
    }

    /// A handle that never ends a check.
    pub fn never() -> Self {
        Cancel { flag: None }
    }

    /// Ends every check that was given this handle: its workers are killed.
    pub fn cancel(&self) {
        if let Some(flag) = &self.flag {
            flag.set();
        }
    }

    /// Readable once the checks are to end.
    #[cfg(target_os = "linux")]
    pub(super) fn descriptor(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        self.flag.as_ref().map(flag::Flag::descriptor)
    }
}

#[cfg(target_os = "linux")]
mod flag {
    use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
    use std::sync::Arc;

    use rustix::event::{EventfdFlags, eventfd};

    /// An eventfd, so that a poll can wait for it.
    #[derive(Clone, Debug)]
    pub(super) struct Flag(Arc<OwnedFd>);

    impl Flag {
        pub(super) fn new() -> std::io::Result<Self> {
            let descriptor = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
            Ok(Flag(Arc::new(descriptor)))
        }

        pub(super) fn set(&self) {
            // Fails only if the counter is at its maximum, and then the descriptor is readable too.
            let _ = rustix::io::write(&self.0, &1u64.to_ne_bytes());
        }

        pub(super) fn descriptor(&self) -> BorrowedFd<'_> {
            self.0.as_fd()
        }
    }
}

/// Nothing waits for it on systems where nothing is observed.
#[cfg(not(target_os = "linux"))]
mod flag {
    #[derive(Clone, Debug)]
    pub(super) struct Flag;

    impl Flag {
        pub(super) fn new() -> std::io::Result<Self> {
            Ok(Flag)
        }

        pub(super) fn set(&self) {}
    }
}
