use proptest::prelude::*;

use super::*;
use crate::process::smaps::{Field, SmapsSummary};

fn entries(text: &[u8]) -> (Vec<SmapsEntry>, LineCounts) {
    let mut entries = Vec::new();
    let visit = |entry: &SmapsEntry, _: Option<&MappingHeader<'_>>| entries.push(entry.clone());
    let counts = read_entries(text, visit).expect("reading a slice cannot fail");
    (entries, counts)
}

#[test]
fn headers_are_parsed() {
    let line = b"7f0000000000-7f0000021000 rw-s 00001000 00:2a 9007199254740993      /tmp/a b\\012 (deleted)";
    let header = MappingHeader::parse(line).expect("a header");
    assert_eq!((header.start, header.end), (0x7f00_0000_0000, 0x7f00_0002_1000));
    assert_eq!(&header.permissions, b"rw-s");
    assert_eq!(header.offset, 0x1000);
    assert_eq!(header.device, Device { major: 0, minor: 0x2a });
    assert_eq!(header.inode, 9_007_199_254_740_993);
    assert_eq!(header.name, b"/tmp/a b\\012 (deleted)");
    for (line, name) in [
        ("1000-2000 rw-p 00000000 00:00 0 ", ""),
        ("1000-2000 rw-p 00000000 00:00 0", ""),
        ("1000-2000 rw-p 00000000 fe:00 1    /ends in a space ", "/ends in a space "),
        ("ffffffffff600000-ffffffffff601000 --xp 0 00:00 0 [vsyscall]", "[vsyscall]"),
        ("0-ffffffffffffffff ---p 0 00:00 0 ", ""),
    ] {
        let header = MappingHeader::parse(line.as_bytes()).expect(line);
        assert_eq!(header.name, name.as_bytes(), "{line}");
    }
}

#[test]
fn lines_that_are_not_headers_are_refused() {
    for line in [
        "",
        "-",
        "1000",
        "1000-",
        "2000-1000 rw-p 0 00:00 0 ",
        "1000-2000 rw-",
        "1000-2000 rwzp 0 00:00 0 ",
        "1000-2000 rw-p 0 00:00",
        "1000-2000 rw-p 0 00:00 x",
        "1000-2000 rw-p 0 00:00 1x",
        "10000000000000000-20000000000000000 rw-p 0 00:00 0 ",
        "1000-2000 rw-p 0 100000000:00 0 ",
    ] {
        assert_eq!(MappingHeader::parse(line.as_bytes()), None, "{line}");
    }
}

#[test]
fn a_name_that_is_not_utf8_is_kept() {
    let (entries, counts) = entries(b"1000-2000 r--p 0 fe:00 1 /tmp/\xff\xfe\nRss: 4 kB\n");
    assert_eq!(entries[0].name, b"/tmp/\xff\xfe");
    assert_eq!(entries[0].fields.get(Field::Rss), Some(4096));
    assert_eq!(counts, LineCounts { entries: 1, unknown_lines: 0 });
}

#[test]
fn unknown_lines_are_counted() {
    let (entries, counts) = entries(b"Rss: 4 kB\n???\n1000-2000 r--p 0 fe:00 1 /a\n\nNo colon\n");
    assert_eq!(entries.len(), 1);
    assert_eq!(counts.unknown_lines, 3);
}

/// Returns a text in pieces of one size.
struct Pieces<'text>(&'text [u8], usize);

impl io::Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (piece, rest) = self.0.split_at(self.1.min(buffer.len()).min(self.0.len()));
        buffer[..piece.len()].copy_from_slice(piece);
        self.0 = rest;
        Ok(piece.len())
    }
}

/// Parses each line by itself: the expected result, however the reader caches values and gets its
/// text.
fn line_by_line(text: &[u8]) -> Vec<SmapsEntry> {
    let mut entries: Vec<SmapsEntry> = Vec::new();
    for line in text.split(|byte| *byte == b'\n') {
        if line.first().is_some_and(u8::is_ascii_uppercase) {
            let Some(entry) = entries.last_mut() else { continue };
            match split_name(line) {
                Some((b"VmFlags", flags)) => entry.flags = Some(VmFlags::parse(flags)),
                _ => entry.fields.read_line(line),
            }
        } else if let Some(header) = MappingHeader::parse(line) {
            let mut entry = SmapsEntry::default();
            entry.restart(&header);
            entries.push(entry);
        }
    }
    entries
}

/// A possible name of a mapping.
fn name() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(Vec::new()),
        prop::sample::select(vec![
            "[heap]",
            "[stack]",
            "[stack:",
            "[stack:1]",
            "[anon:",
            "[anon:a b]",
            "[",
            "]",
            "[vvar]",
            "/memfd:",
            "/memfd:x (deleted)",
            "/SYSV",
            "/SYSV0",
            "/dev/zero (deleted)",
            "/dev/shm/a",
            "/dev/",
            "/anon_hugepage",
            "/tmp/a\\012b (deleted)",
            "anon_inode:[x]",
            "(deleted)",
            "/a:b: c kB",
            "Size: 4 kB",
        ])
        .prop_map(|name| name.as_bytes().to_vec()),
        // Any bytes but a newline, which the kernel escapes.
        prop::collection::vec(any::<u8>().prop_filter("escaped", |byte| *byte != b'\n'), 0..40),
    ]
}

fn header() -> impl Strategy<Value = Vec<u8>> {
    let access = "[r-][w-][x-][sp]";
    (any::<u64>(), any::<u64>(), access, any::<u64>(), any::<u32>(), any::<u64>(), name()).prop_map(
        |(a, b, access, offset, device, inode, name)| {
            let (start, end) = (a.min(b), a.max(b));
            let mut line =
                format!("{start:x}-{end:x} {access} {offset:08x} 00:{device:02x} {inode} ")
                    .into_bytes();
            line.extend(name);
            line
        },
    )
}

/// Lines with values, valid ones and almost valid ones.
fn value() -> impl Strategy<Value = Vec<u8>> {
    let names = prop::sample::select(vec![
        "Size",
        "Rss",
        "Pss",
        "Anonymous",
        "LazyFree",
        "Swap",
        "Shared_Hugetlb",
        "Private_Hugetlb",
        "Private_Dirty",
        "Private_Clean",
        "THPeligible",
        "Later_Field",
    ]);
    prop_oneof![
        (names, any::<u64>()).prop_map(|(name, kb)| format!("{name}: {kb} kB").into_bytes()),
        "VmFlags:( (rd|wr|ac|nr|ht|gd|lo|nh|zz|q|toolong)){0,12}".prop_map(String::into_bytes),
        "[A-Z][a-z_]{0,8}:? {0,3}-?[0-9]{0,30} ?(kB|MB)?".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..40),
    ]
}

/// Entries that are almost equal, like those of one process.
fn similar() -> impl Strategy<Value = Vec<u8>> {
    let value = || prop::sample::select(vec![0u64, 0, 0, 4, 44, 4096]);
    let flags = prop::sample::select(vec!["rd wr ac", "rd ac", "rd wr ac sd", "zz"]);
    (0u64..1000, value(), value(), value(), flags, any::<bool>()).prop_map(
        |(page, rss, swap, lazy, flags, full)| {
            let mut text = format!("{page:x}000-{:x}000 rw-p 00000000 00:00 0 \n", page + 1);
            text += &format!("Rss:      {rss:>8} kB\n");
            if full {
                text += &format!("LazyFree: {lazy:>8} kB\n");
            }
            text += &format!("Swap:     {swap:>8} kB\nTHPeligible: 0\nVmFlags: {flags}\n");
            text.into_bytes()
        },
    )
}

proptest! {
    #[test]
    fn similar_entries_are_not_mixed_up(list in prop::collection::vec(similar(), 0..40)) {
        let text = list.concat();
        let (entries, _) = entries(&text);
        prop_assert_eq!(entries, line_by_line(&text));
    }

    #[test]
    fn every_header_is_parsed(line in header()) {
        let header = MappingHeader::parse(&line);
        prop_assert!(header.is_some(), "{}", String::from_utf8_lossy(&line));
    }

    #[test]
    fn any_text_can_be_summarized(
        lines in prop::collection::vec(prop_oneof![header(), value(), value()], 0..60)
    ) {
        let text = lines.join(&b'\n');
        let (entries, counts) = entries(&text);
        prop_assert_eq!(entries.len() as u64, counts.entries);
        prop_assert_eq!(&entries, &line_by_line(&text));
        let mut in_pieces = Vec::new();
        let pieces = Pieces(&text, 1 + text.len() % 97);
        read_entries(pieces, |entry, _| in_pieces.push(entry.clone())).expect("reading a slice cannot fail");
        prop_assert_eq!(&entries, &in_pieces);
        let summary = SmapsSummary::read(&*text, Vec::new(), 3, |_| {}).expect("reading a slice cannot fail");
        prop_assert_eq!(summary.total.mappings, counts.entries);
        let of_groups: u64 = summary.groups.iter().map(|group| group.sums.mappings).sum();
        let of_kinds: u64 = summary.by_kind.values().map(|sums| sums.mappings).sum();
        prop_assert_eq!((of_groups, of_kinds), (counts.entries, counts.entries));
        prop_assert!(summary.largest.len() <= 3);
        for sums in summary.by_kind.values() {
            prop_assert!(sums.reserved <= sums.virtual_size);
            prop_assert!(sums.untouched <= sums.committed);
        }
    }

    #[test]
    fn any_bytes_can_be_parsed(text in prop::collection::vec(any::<u8>(), 0..400)) {
        let (_, _) = entries(&text);
        let _ = VmFlags::parse(&text).to_string();
    }
}
