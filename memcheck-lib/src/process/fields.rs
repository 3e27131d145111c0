//! The fields of one entry of `smaps` or `smaps_rollup`.
//!
//! Own parsing, not the `procfs` crate's: that one keeps a hash map of strings for each mapping
//! (ten times the time of this one, and 10,000 mappings of one's own process would add megabytes
//! to what is being measured), drops VmFlags it does not know, fails on a path that is not UTF-8,
//! panics on a mapped file called `/SYSV…` with a short name, and overflows on a size above 16 EiB.

/// Fields of smaps that count bytes.
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

/// The fields of one entry. A field that the kernel did not print is absent, not 0.
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

    /// Adds the fields of another entry. A field stays absent while no entry has it.
    pub(crate) fn add(&mut self, other: &Fields) {
        self.present |= other.present;
        for (sum, value) in self.values.iter_mut().zip(other.values) {
            *sum = sum.saturating_add(value);
        }
    }

    /// Takes one line such as `Rss:      112 kB`. Lines with other names, and lines that are not a
    /// name and a size in kB, change nothing: later kernels add lines.
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

/// Reads `     112 kB` as bytes. Saturates where the size would not fit.
pub(crate) fn kilobytes(text: &[u8]) -> Option<u64> {
    let digits = text.trim_ascii().strip_suffix(b" kB")?;
    decimal(digits).map(|kb| kb.saturating_mul(1024))
}

/// Reads a decimal number and nothing else. Saturates where it would not fit.
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
    fn every_field_stands_at_its_place() {
        for (at, (_, field)) in NAMES.iter().enumerate() {
            assert_eq!(*field as usize, at);
        }
    }

    #[test]
    fn reads_what_the_kernel_writes() {
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
