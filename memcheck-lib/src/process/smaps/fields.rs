//! The fields of one entry of `smaps` or `smaps_rollup`.
//!
//! The `procfs` crate is not used here. It keeps a hash map of strings for each mapping, which
//! takes ten times as long and would add megabytes to a measured process of 10,000 mappings. It
//! drops unknown VmFlags, fails on a path that is not UTF-8, panics on a mapped file with a short
//! name that begins with `/SYSV`, and overflows on a size above 16 EiB.

/// The fields of smaps that are sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Size,
    KernelPageSize,
    Rss,
    Pss,
    PssAnon,
    PssFile,
    PssShmem,
    SharedClean,
    SharedDirty,
    PrivateClean,
    PrivateDirty,
    Anonymous,
    LazyFree,
    SharedHugetlb,
    PrivateHugetlb,
    Swap,
    SwapPss,
    Locked,
}

const COUNT: usize = 18;

/// The kernel's names, in the order of [`Field`].
const NAMES: [(&[u8], Field); COUNT] = [
    (b"Size", Field::Size),
    (b"KernelPageSize", Field::KernelPageSize),
    (b"Rss", Field::Rss),
    (b"Pss", Field::Pss),
    (b"Pss_Anon", Field::PssAnon),
    (b"Pss_File", Field::PssFile),
    (b"Pss_Shmem", Field::PssShmem),
    (b"Shared_Clean", Field::SharedClean),
    (b"Shared_Dirty", Field::SharedDirty),
    (b"Private_Clean", Field::PrivateClean),
    (b"Private_Dirty", Field::PrivateDirty),
    (b"Anonymous", Field::Anonymous),
    (b"LazyFree", Field::LazyFree),
    (b"Shared_Hugetlb", Field::SharedHugetlb),
    (b"Private_Hugetlb", Field::PrivateHugetlb),
    (b"Swap", Field::Swap),
    (b"SwapPss", Field::SwapPss),
    (b"Locked", Field::Locked),
];

/// The fields of one entry, in bytes. A field that the kernel did not print is absent, not 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fields {
    present: u32,
    values: [u64; COUNT],
}

impl Fields {
    pub(crate) fn get(&self, field: Field) -> Option<u64> {
        (self.present & (1 << field as u32) != 0).then(|| self.values[field as usize])
    }

    pub(crate) fn set(&mut self, field: Field, bytes: u64) {
        self.present |= 1 << field as u32;
        self.values[field as usize] = bytes;
    }

    /// Adds the fields of another entry. A field stays absent if no entry has it.
    pub(crate) fn add(&mut self, other: &Fields) {
        self.present |= other.present;
        for (sum, value) in self.values.iter_mut().zip(other.values) {
            *sum = sum.saturating_add(value);
        }
    }

    /// Parses one line such as `Rss:      112 kB`. Other lines change nothing, because newer
    /// kernels add lines.
    pub(crate) fn read_line(&mut self, line: &[u8]) {
        if let Some((name, rest)) = split_name(line)
            && let Some((_, field)) = NAMES.iter().find(|(known, _)| *known == name)
            && let Some(bytes) = kilobytes(rest)
        {
            self.set(*field, bytes);
        }
    }
}

/// Splits `Name:   value` at its colon.
pub(crate) fn split_name(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    Some((&line[..colon], &line[colon + 1..]))
}

/// Parses `     112 kB` as bytes. Saturates on overflow.
pub(crate) fn kilobytes(text: &[u8]) -> Option<u64> {
    let digits = text.trim_ascii().strip_suffix(b" kB")?;
    decimal(digits).map(|kb| kb.saturating_mul(1024))
}

/// Parses a decimal number and nothing else. Saturates on overflow.
pub(crate) fn decimal(text: &[u8]) -> Option<u64> {
    let digits = text.trim_ascii();
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |value, byte| match byte {
        b'0'..=b'9' => Some(value.saturating_mul(10).saturating_add(u64::from(byte - b'0'))),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_the_order_of_the_fields() {
        for (at, (_, field)) in NAMES.iter().enumerate() {
            assert_eq!(*field as usize, at);
        }
    }

    #[test]
    fn lines_of_the_kernel_are_parsed() {
        let mut fields = Fields::default();
        for line in ["Rss:                1768 kB", "Pss_Anon:            112 kB", "THPeligible: 0"]
        {
            fields.read_line(line.as_bytes());
        }
        assert_eq!(fields.get(Field::Rss), Some(1768 * 1024));
        assert_eq!(fields.get(Field::PssAnon), Some(112 * 1024));
        assert_eq!(fields.get(Field::Anonymous), None);
    }

    #[test]
    fn survives_what_it_does_not() {
        let mut fields = Fields::default();
        for line in ["Rss", "Rss:", "Rss: kB", "Rss: -1 kB", "Rss: 1 MB", "Rss: 1x kB", ": 3 kB"] {
            fields.read_line(line.as_bytes());
        }
        assert_eq!(fields, Fields::default());
        fields.read_line(b"Size: 99999999999999999999999 kB");
        assert_eq!(fields.get(Field::Size), Some(u64::MAX));
    }

    #[test]
    fn sums_keep_absent_fields_absent() {
        let (mut sum, mut one) = (Fields::default(), Fields::default());
        one.set(Field::Rss, u64::MAX);
        sum.add(&one);
        sum.add(&one);
        assert_eq!(sum.get(Field::Rss), Some(u64::MAX));
        assert_eq!(sum.get(Field::Swap), None);
    }
}
