//! The metrics and their codes in JSON.

use serde::{Deserialize, Serialize};

/// Writes [`Metric`] and the list of all of them from one list of `Variant = "code in JSON"`.
macro_rules! metrics {
    ($($(#[$doc:meta])* $metric:ident = $code:tt,)*) => {
        /// One judged metric of a process.
        ///
        /// ```
        /// use memcheck::Metric;
        ///
        /// assert_eq!(Metric::HeapBytes.code(), "heap-bytes");
        /// assert!(Metric::HeapBytes.is_bytes() && !Metric::Fds.is_bytes());
        /// ```
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[cfg_attr(test, derive(schemars::JsonSchema))]
        #[non_exhaustive]
        pub enum Metric {
            $($(#[$doc])* #[serde(rename = $code)] $metric,)*
        }

        impl Metric {
            /// Every metric, in the order of the reports.
            pub const ALL: [Metric; [$($code),*].len()] = [$(Metric::$metric),*];

            /// The code in JSON: `heap-bytes`.
            pub const fn code(self) -> &'static str {
                match self {
                    $(Metric::$metric => $code,)*
                }
            }
        }
    };
}

metrics! {
    /// Live bytes of the Rust heap, as [`Alloc`](crate::Alloc) counts them (requested sizes).
    HeapBytes = "heap-bytes",
    /// Live blocks of the Rust heap.
    HeapBlocks = "heap-blocks",
    /// Live bytes of the C heap (usable sizes).
    NativeBytes = "native-bytes",
    /// Live blocks of the C heap.
    NativeBlocks = "native-blocks",
    /// Live footprint of the process in bytes, what `resident` limits: footprint less pages that
    /// are lazily freed.
    Resident = "resident",
    /// Memory in bytes that is held only by a file descriptor (memfd, tmpfs).
    FdMemory = "fd-memory",
    /// Open file descriptors.
    Fds = "fds",
    /// Threads.
    Threads = "threads",
    /// Tasks of the runtime of an `async` test that have not ended. Not read of other tests.
    Tasks = "tasks",
    /// Child processes, zombies included.
    Children = "children",
    /// Memory mappings.
    Mappings = "mappings",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_has_the_code() {
        for metric in Metric::ALL {
            assert_eq!(serde_json::to_string(&metric).unwrap(), format!("{:?}", metric.code()));
        }
    }
}
