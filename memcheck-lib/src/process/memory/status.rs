//! The few lines of `/proc/PID/status` that a checkpoint needs.
//!
//! The `procfs` crate reads all 60 lines into a hash map of strings, which would be most of the
//! cost of a checkpoint, and it fails if the name of the process is not UTF-8. Snapshots use it;
//! the sampler uses this.

use crate::process::smaps::{decimal, kilobytes, split_name};

/// The fields of `status` that a checkpoint needs. Sizes are in bytes; a missing line is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct StatusFields {
    /// `VmPTE`.
    pub(crate) page_tables: Option<u64>,
    /// `RssShmem`.
    pub(crate) rss_shmem: Option<u64>,
    /// `VmSwap`.
    pub(crate) swap: Option<u64>,
    /// `HugetlbPages`.
    pub(crate) hugetlb: Option<u64>,
    /// `Threads`.
    pub(crate) threads: Option<u64>,
}

impl StatusFields {
    /// Parses the text of `status`.
    pub(crate) fn parse(text: &[u8]) -> StatusFields {
        let mut fields = StatusFields::default();
        for line in text.split(|byte| *byte == b'\n') {
            let Some((name, value)) = split_name(line) else { continue };
            match name {
                b"VmPTE" => fields.page_tables = kilobytes(value),
                b"RssShmem" => fields.rss_shmem = kilobytes(value),
                b"VmSwap" => fields.swap = kilobytes(value),
                b"HugetlbPages" => fields.hugetlb = kilobytes(value),
                b"Threads" => {
                    fields.threads = decimal(value);
                    // The other lines come before it, and long processor masks after it.
                    break;
                }
                _ => {}
            }
        }
        fields
    }
}

/// The same fields from the `procfs` crate's `status`.
#[cfg(target_os = "linux")]
pub(in crate::process) fn from_procfs(status: &procfs::process::Status) -> StatusFields {
    let bytes = |kb: Option<u64>| kb.map(|kb| kb.saturating_mul(1024));
    StatusFields {
        page_tables: bytes(status.vmpte),
        rss_shmem: bytes(status.rssshmem),
        swap: bytes(status.vmswap),
        hugetlb: bytes(status.hugetlbpages),
        threads: Some(status.threads),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_bytes_can_be_parsed(text in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = StatusFields::parse(&text);
        }
    }

    #[test]
    fn the_needed_lines_are_parsed() {
        let text = b"Name:\tcat: \xff\nState:\tR (running)\nVmPTE:\t      44 kB\nVmSwap:\t 0 kB\n\
                     RssShmem:\t 8 kB\nHugetlbPages:\t 2048 kB\nThreads:\t3\n";
        assert_eq!(
            StatusFields::parse(text),
            StatusFields {
                page_tables: Some(44 * 1024),
                rss_shmem: Some(8 * 1024),
                swap: Some(0),
                hugetlb: Some(2048 * 1024),
                threads: Some(3),
            }
        );
    }

    #[test]
    fn a_zombie_has_no_sizes() {
        let fields = StatusFields::parse(b"Name:\tsh\nState:\tZ (zombie)\nThreads:\t1\n");
        assert_eq!(fields.page_tables, None);
        assert_eq!(fields.threads, Some(1));
    }
}
