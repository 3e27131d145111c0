//! The text of `maps`, `smaps` and `smaps_rollup`, read one entry at a time: a list of the 10,000
//! mappings of the own process would add megabytes to what is measured.

use std::io;

use super::fields::{Fields, decimal, split_name};
use super::vm_flags::VmFlags;

/// Device number of the file behind a mapping or a descriptor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Device {
    pub(crate) major: u32,
    pub(crate) minor: u32,
}

/// The header line of an entry: `7f00-7f10 rw-p 00000000 00:01 12   /memfd:name (deleted)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MappingHeader<'text> {
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) permissions: [u8; 4],
    pub(crate) offset: u64,
    pub(crate) device: Device,
    pub(crate) inode: u64,
    /// The path or name as the kernel writes it: a newline in a path is `\012`, and a deleted file
    /// ends in ` (deleted)`. A path need not be UTF-8.
    pub(crate) name: &'text [u8],
}

impl<'text> MappingHeader<'text> {
    /// Parses a line without its newline. `None` if it is not a header.
    pub(crate) fn parse(line: &'text [u8]) -> Option<MappingHeader<'text>> {
        let (start, rest) = hexadecimal(line)?;
        let (end, rest) = hexadecimal(rest.strip_prefix(b"-")?)?;
        let rest = rest.strip_prefix(b" ")?;
        let (permissions, rest) = rest.split_first_chunk::<4>()?;
        let known = |byte: &u8| matches!(byte, b'r' | b'w' | b'x' | b's' | b'p' | b'-');
        if !permissions.iter().all(known) || end < start {
            return None;
        }
        let (offset, rest) = hexadecimal(rest.strip_prefix(b" ")?)?;
        let (major, rest) = hexadecimal(rest.strip_prefix(b" ")?)?;
        let (minor, rest) = hexadecimal(rest.strip_prefix(b":")?)?;
        let rest = rest.strip_prefix(b" ")?;
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let inode = decimal(&rest[..digits])?;
        let after = &rest[digits..];
        // The kernel pads with spaces before the name. Spaces at the end belong to the name.
        let padding = after.iter().take_while(|byte| **byte == b' ').count();
        if padding == 0 && !after.is_empty() {
            return None;
        }
        Some(MappingHeader {
            start,
            end,
            permissions: *permissions,
            offset,
            device: Device { major: u32::try_from(major).ok()?, minor: u32::try_from(minor).ok()? },
            inode,
            name: &after[padding..],
        })
    }
}

/// Parses at least one hexadecimal digit, and returns the value and the rest of the text.
fn hexadecimal(text: &[u8]) -> Option<(u64, &[u8])> {
    let mut value: u64 = 0;
    let mut digits = 0;
    for byte in text {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            _ => break,
        };
        value = value.checked_mul(16)? | u64::from(digit);
        digits += 1;
    }
    (digits > 0).then(|| (value, &text[digits..]))
}

/// One entry of smaps: the header and the values of a mapping.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SmapsEntry {
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) permissions: [u8; 4],
    pub(crate) offset: u64,
    pub(crate) device: Device,
    pub(crate) inode: u64,
    pub(crate) name: Vec<u8>,
    pub(crate) fields: Fields,
    /// `None` before Linux 3.8, which has no `VmFlags`.
    pub(crate) flags: Option<VmFlags>,
}

impl SmapsEntry {
    fn restart(&mut self, header: &MappingHeader<'_>) {
        self.start = header.start;
        self.end = header.end;
        self.permissions = header.permissions;
        self.offset = header.offset;
        self.device = header.device;
        self.inode = header.inode;
        self.name.clear();
        self.name.extend_from_slice(header.name);
        self.fields = Fields::default();
        self.flags = None;
    }

    /// Parses a line below the header. `false` if the line has no name.
    fn read_value(&mut self, line: &[u8]) -> bool {
        match split_name(line) {
            Some((b"VmFlags", flags)) => self.flags = Some(VmFlags::parse(flags)),
            Some(_) => self.fields.read_line(line),
            None => return false,
        }
        true
    }

    /// Length of the address range.
    pub(crate) fn size(&self) -> u64 {
        self.end - self.start
    }
}

/// What was found in a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LineCounts {
    /// Entries.
    pub(crate) entries: u64,
    /// Lines that are neither a header nor a named value. No known kernel writes such lines.
    pub(crate) unknown_lines: u64,
}

/// A cache of parsed values. Most mappings of a process have the same text below their headers as
/// another one, and comparing the text takes a hundredth of the time of parsing it.
#[derive(Debug, Default)]
struct ValueCache {
    /// The most recently used first.
    values: Vec<CachedValues>,
    /// The text of the entry that is being read.
    text: Vec<u8>,
    has_unknown_lines: bool,
}

#[derive(Debug)]
struct CachedValues {
    text: Vec<u8>,
    fields: Fields,
    flags: Option<VmFlags>,
}

impl ValueCache {
    /// Limit of cached values. Mappings alternate between a few sorts: data and guard, readable and
    /// writable.
    const VALUES: usize = 4;

    /// Sets the values of the entry if they are cached, and returns the length of their text.
    fn lookup(&mut self, entry: &mut SmapsEntry, ahead: &[u8]) -> Option<usize> {
        let is_same = |cached: &CachedValues| {
            // If the next line is not a header, this entry has more values.
            ahead.starts_with(&cached.text)
                && ahead.get(cached.text.len()).is_some_and(|byte| !byte.is_ascii_uppercase())
        };
        let at = self.values.iter().position(is_same)?;
        self.values[..=at].rotate_right(1);
        let cached = &self.values[0];
        entry.fields = cached.fields;
        entry.flags = cached.flags;
        Some(cached.text.len())
    }

    fn add_line(&mut self, line: &[u8], is_unknown: bool) {
        self.text.extend_from_slice(line);
        self.has_unknown_lines |= is_unknown;
    }

    /// Caches the values of an entry. The entry that was used longest ago is evicted.
    fn store(&mut self, entry: &SmapsEntry) {
        if !self.text.is_empty() && !self.has_unknown_lines {
            let mut cached = match self.values.len() < Self::VALUES {
                true => None,
                false => self.values.pop(),
            }
            .unwrap_or_else(|| CachedValues {
                text: Vec::new(),
                fields: Fields::default(),
                flags: None,
            });
            std::mem::swap(&mut cached.text, &mut self.text);
            cached.fields = entry.fields;
            cached.flags = entry.flags;
            self.values.insert(0, cached);
        }
        self.text.clear();
        self.has_unknown_lines = false;
    }
}

/// Reads smaps (or maps, or smaps_rollup) and calls `visit` with each entry and the header of the
/// next one.
///
/// # Errors
///
/// Fails only if the reader fails. Unknown lines are counted.
pub(crate) fn read_entries<R: io::Read>(
    text: R,
    mut visit: impl FnMut(&SmapsEntry, Option<&MappingHeader<'_>>),
) -> io::Result<LineCounts> {
    let mut counts = LineCounts::default();
    let mut entry = SmapsEntry::default();
    let mut inside = false;
    let mut cache = ValueCache::default();
    let mut window = Window::new(text);
    loop {
        let ended = window.line()?;
        let line = ended.strip_suffix(b"\n").unwrap_or(ended);
        let mut length = ended.len();
        // A header begins with an address in lower case, a value with a name in upper case.
        if line.first().is_some_and(u8::is_ascii_uppercase) {
            let is_unknown = !(inside && entry.read_value(line));
            counts.unknown_lines += u64::from(is_unknown);
            cache.add_line(ended, is_unknown);
        } else if let Some(header) = MappingHeader::parse(line) {
            if inside {
                cache.store(&entry);
                visit(&entry, Some(&header));
                counts.entries += 1;
            }
            entry.restart(&header);
            inside = true;
            window.skip(length);
            length = cache.lookup(&mut entry, window.ahead()?).unwrap_or(0);
        } else if !line.is_empty() {
            counts.unknown_lines += 1;
            cache.add_line(ended, true);
        } else if ended.is_empty() {
            break;
        } else {
            cache.add_line(ended, true);
        }
        window.skip(length);
    }
    if inside {
        visit(&entry, None);
        counts.entries += 1;
    }
    Ok(counts)
}

/// The part of a text that is being read. Lines are borrowed from it, not copied.
#[derive(Debug)]
struct Window<R> {
    text: R,
    buffer: Vec<u8>,
    /// The range of bytes that are read but not skipped yet.
    from: usize,
    to: usize,
    ended: bool,
}

impl<R: io::Read> Window<R> {
    /// Initial size of the buffer. The kernel returns one page (4 KiB) per read.
    const CAPACITY: usize = 16 * 1024;

    /// Longer than the values of an entry: some 700 bytes on Linux 6.18.
    const AHEAD: usize = 2048;

    fn new(text: R) -> Window<R> {
        Window { text, buffer: vec![0; Self::CAPACITY], from: 0, to: 0, ended: false }
    }

    /// Reads more text. The bytes that are not skipped yet move to the front.
    fn more(&mut self) -> io::Result<()> {
        self.buffer.copy_within(self.from..self.to, 0);
        self.to -= self.from;
        self.from = 0;
        if self.to == self.buffer.len() {
            self.buffer.resize(self.to * 2, 0);
        }
        match self.text.read(&mut self.buffer[self.to..])? {
            0 => self.ended = true,
            read => self.to += read,
        }
        Ok(())
    }

    /// The next bytes: at least all values of an entry, unless the text ends.
    fn ahead(&mut self) -> io::Result<&[u8]> {
        while self.to - self.from < Self::AHEAD && !self.ended {
            self.more()?;
        }
        Ok(&self.buffer[self.from..self.to])
    }

    /// The next line with its newline, which the last line may lack. Empty at the end of the text.
    fn line(&mut self) -> io::Result<&[u8]> {
        let mut searched = 0;
        loop {
            let ahead = &self.buffer[self.from..self.to];
            if let Some(at) = ahead[searched..].iter().position(|byte| *byte == b'\n') {
                let end = self.from + searched + at + 1;
                return Ok(&self.buffer[self.from..end]);
            }
            if self.ended {
                return Ok(&self.buffer[self.from..self.to]);
            }
            searched = self.to - self.from;
            self.more()?;
        }
    }

    fn skip(&mut self, length: usize) {
        self.from += length;
    }
}

#[cfg(test)]
mod tests;
