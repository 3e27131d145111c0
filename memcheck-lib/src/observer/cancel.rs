//! Progress of a running check, and the handle that ends it.

/// Where a running check is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Iterations done, warm-up included.
    pub iterations: u64,
}

/// Lets another thread (a signal's) end running checks.
#[derive(Clone, Debug)]
pub struct Cancel {
    /// An eventfd that is readable once the checks are to end; `None` where nobody will ask.
    #[cfg(target_os = "linux")]
    descriptor: Option<std::sync::Arc<std::os::fd::OwnedFd>>,
}

impl Cancel {
    /// A handle that ends every check it was given to.
    ///
    /// # Errors
    ///
    /// The kernel's, when it has no descriptor to give.
    pub fn new() -> std::io::Result<Self> {
        Ok(Cancel {
            #[cfg(target_os = "linux")]
            descriptor: Some(std::sync::Arc::new(rustix::event::eventfd(
                0,
                rustix::event::EventfdFlags::CLOEXEC | rustix::event::EventfdFlags::NONBLOCK,
            )?)),
        })
    }

    /// A handle that never ends anything.
    pub fn never() -> Self {
        Cancel {
            #[cfg(target_os = "linux")]
            descriptor: None,
        }
    }

    /// Ends every check that was given this handle: its workers are killed.
    pub fn cancel(&self) {
        #[cfg(target_os = "linux")]
        if let Some(descriptor) = &self.descriptor {
            // Only a counter at its maximum refuses, and that is readable too.
            let _ = rustix::io::write(descriptor, &1u64.to_ne_bytes());
        }
    }

    #[cfg(target_os = "linux")]
    pub(crate) fn descriptor(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        self.descriptor.as_deref().map(std::os::fd::AsFd::as_fd)
    }
}
