//! Whether the C heap is counted, and why not.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Whether the C heap is counted in this process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
#[non_exhaustive]
pub enum CHeapState {
    /// memcheck defines every function of the malloc family.
    Counted,
    /// The C heap is not counted.
    Off {
        /// Why.
        reason: WhyNotCounted,
    },
    /// memcheck defines some functions of the malloc family, other libraries the rest, so the
    /// counts would be wrong.
    Mixed {
        /// The functions that another library defines.
        others: Vec<String>,
    },
}

/// Why the C heap is not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum WhyNotCounted {
    /// The feature `native-heap` is not enabled.
    FeatureOff,
    /// The target is not Linux with glibc on x86-64 or aarch64.
    OtherTarget,
    /// The C library is linked statically: its own malloc would replace memcheck's, function by
    /// function.
    StaticLibc,
    /// A sanitizer has its own malloc.
    Sanitizer,
    /// Another allocator defines the whole malloc family.
    OtherAllocator,
}

impl fmt::Display for WhyNotCounted {
    /// One clause that says why and, if something can be done, what.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            WhyNotCounted::FeatureOff => {
                "the feature `native-heap` of memcheck-lib is off; enable it (it is on by default)"
            }
            WhyNotCounted::OtherTarget => {
                "only Linux with glibc on x86-64 and aarch64 is supported, not this target"
            }
            WhyNotCounted::StaticLibc => {
                "the C library is linked statically; build the tests without `-C target-feature=+crt-static`"
            }
            WhyNotCounted::Sanitizer => {
                "a sanitizer is enabled, and it has its own malloc; build the tests without it"
            }
            WhyNotCounted::OtherAllocator => {
                "another allocator replaces malloc (an unprefixed jemalloc, mimalloc with `override`, LD_PRELOAD …); use it only as the Rust allocator, or read its own statistics in the report"
            }
        })
    }
}
