//! The `VmFlags` line of smaps.

use std::fmt;

/// The two-letter flags of one mapping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct VmFlags {
    known: u64,
    /// The first flag that is not in [`NAMES`], from a newer kernel.
    pub(crate) unknown: Option<[u8; 2]>,
}

/// Every flag of Linux up to 6.18, in the order of `show_smap_vma_flags` (fs/proc/task_mmu.c).
const NAMES: [&[u8; 2]; 40] = [
    b"rd", b"wr", b"ex", b"sh", b"mr", b"mw", b"me", b"ms", b"gd", b"pf", b"lo", b"io", b"sr",
    b"rr", b"dc", b"de", b"ac", b"nr", b"ht", b"sf", b"ar", b"wf", b"dd", b"sd", b"mm", b"hg",
    b"nh", b"mg", b"um", b"uw", b"mt", b"ui", b"ss", b"sl", b"bt", b"dp", b"dw", b"nl", b"lf",
    b"gu",
];

const fn bit(name: &[u8; 2]) -> u64 {
    let mut at = 0;
    while at < NAMES.len() {
        if NAMES[at][0] == name[0] && NAMES[at][1] == name[1] {
            return 1 << at;
        }
        at += 1;
    }
    0
}

impl VmFlags {
    /// `ac`: the kernel has committed memory for the whole mapping (Committed_AS).
    pub(crate) const ACCOUNTED: u64 = bit(b"ac");
    /// `nr`: mapped with MAP_NORESERVE, so no memory is committed.
    pub(crate) const NO_RESERVE: u64 = bit(b"nr");
    /// `ht`: huge pages of hugetlbfs, which are not in the resident set.
    pub(crate) const HUGE_PAGES: u64 = bit(b"ht");
    /// `nh`: no transparent huge pages. Since Linux 6.7, MAP_STACK sets it.
    pub(crate) const NO_HUGE_PAGES: u64 = bit(b"nh");
    /// `gd`: grows down, like the main stack.
    pub(crate) const GROWS_DOWN: u64 = bit(b"gd");
    /// `pf`: pages without a `struct page`, like the memory of a device.
    pub(crate) const PAGE_FRAMES: u64 = bit(b"pf");
    /// `io`: a memory-mapped device.
    pub(crate) const DEVICE: u64 = bit(b"io");
    /// `lo`: locked in memory (mlock).
    pub(crate) const LOCKED: u64 = bit(b"lo");

    /// Parses the part of the line after the colon: ` rd wr mr mw me ac sd`.
    pub(crate) fn parse(text: &[u8]) -> VmFlags {
        let mut flags = VmFlags::default();
        for name in text.split(u8::is_ascii_whitespace).filter(|name| !name.is_empty()) {
            let Ok(name) = <&[u8; 2]>::try_from(name) else {
                flags.unknown.get_or_insert([name[0], b'?']);
                continue;
            };
            match bit(name) {
                0 => {
                    flags.unknown.get_or_insert(*name);
                }
                bit => flags.known |= bit,
            }
        }
        flags
    }

    /// Whether all of these flags are set.
    pub(crate) fn has(self, flags: u64) -> bool {
        self.known & flags == flags
    }

    /// Only the flags that distinguish sorts of memory, for the key of a group of mappings. Access
    /// is in the permissions already, and `sd` (written since the last clear) changes by itself.
    pub(crate) fn of_group(self) -> VmFlags {
        let kept = VmFlags::ACCOUNTED
            | VmFlags::NO_RESERVE
            | VmFlags::HUGE_PAGES
            | VmFlags::GROWS_DOWN
            | VmFlags::PAGE_FRAMES
            | VmFlags::DEVICE
            | VmFlags::LOCKED;
        VmFlags { known: self.known & kept, unknown: None }
    }
}

impl fmt::Display for VmFlags {
    /// As the kernel spells them: `rd wr mr`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for name in NAMES.iter().filter(|name| self.has(bit(name))) {
            write!(f, "{separator}{}{}", char::from(name[0]), char::from(name[1]))?;
            separator = " ";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_parsed() {
        let flags = VmFlags::parse(b" rd wr mr mw me ac sd ");
        assert!(flags.has(VmFlags::ACCOUNTED));
        assert!(!flags.has(VmFlags::NO_RESERVE));
        assert_eq!(flags.unknown, None);
        assert_eq!(flags.of_group().to_string(), "ac");
        assert_eq!(VmFlags::parse(b"rd wr lo ht nr").of_group().to_string(), "lo nr ht");
    }

    #[test]
    fn the_first_unknown_flag_is_kept() {
        assert_eq!(VmFlags::parse(b" rd zz qq").unknown, Some(*b"zz"));
        assert_eq!(VmFlags::parse(b" rd x toolong").unknown, Some([b'x', b'?']));
        assert_eq!(VmFlags::parse(b""), VmFlags::default());
    }
}
