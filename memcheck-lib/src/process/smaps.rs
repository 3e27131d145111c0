//! `maps`, `smaps` and `smaps_rollup` as text: one entry at a time, so that reading one's own
//! 10,000 mappings does not add the megabytes to them that a list would.

use std::io::{self, BufRead};

use super::fields::{Fields, split_name};
use super::vm_flags::VmFlags;

/// Device number of the file behind a mapping or a descriptor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Device {
    pub(crate) major: u32,
    pub(crate) minor: u32,
}

/// The first line of an entry: `7f00-7f10 rw-p 00000000 00:01 12   /memfd:name (deleted)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header<'text> {
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) permissions: [u8; 4],
    pub(crate) offset: u64,
    pub(crate) device: Device,
    pub(crate) inode: u64,
    /// As the kernel writes it: a newline in a path is `\012`, a deleted file ends in
    /// ` (deleted)`. Bytes, because a path need not be UTF-8.
    pub(crate) name: &'text [u8],
}

impl<'text> Header<'text> {
    /// Reads a line without its newline. `None` when it is no such line.
    pub(crate) fn parse(line: &'text [u8]) -> Option<Header<'text>> {
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
        let inode = super::fields::decimal(&rest[..digits])?;
        let after = &rest[digits..];
        // The kernel pads to a column before the name; spaces at its end belong to the name.
        let padding = after.iter().take_while(|byte| **byte == b' ').count();
        if padding == 0 && !after.is_empty() {
            return None;
        }
        Some(Header {
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

/// Reads hexadecimal digits, at least one, and returns what follows them.
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

/// One entry of smaps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) permissions: [u8; 4],
    pub(crate) offset: u64,
    pub(crate) device: Device,
    pub(crate) inode: u64,
    pub(crate) name: Vec<u8>,
    pub(crate) fields: Fields,
    /// `None` before Linux 3.8, which has no such line.
    pub(crate) flags: Option<VmFlags>,
}

impl Entry {
    fn restart(&mut self, header: &Header<'_>) {
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

    /// Length of the address range.
    pub(crate) fn size(&self) -> u64 {
        self.end - self.start
    }
}

/// What a text held beside its entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Read {
    /// Entries visited.
    pub(crate) entries: u64,
    /// Lines that were neither the head of an entry nor a named value: never written by a kernel
    /// we know.
    pub(crate) strange_lines: u64,
}

/// Reads smaps (or maps, or smaps_rollup) and hands each entry to `visit`, with the head of the one
/// that follows it.
///
/// # Errors
///
/// What the reader fails with. No text makes it fail: lines it does not understand are counted.
pub(crate) fn read_entries<R: BufRead>(
    mut text: R,
    mut visit: impl FnMut(&Entry, Option<&Header<'_>>),
) -> io::Result<Read> {
    let mut read = Read::default();
    let mut entry = Entry::default();
    let mut inside = false;
    let mut line = Vec::with_capacity(256);
    loop {
        line.clear();
        if text.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        // Heads begin with an address in lower case, values with a name in upper case.
        if line.first().is_some_and(u8::is_ascii_uppercase) {
            match split_name(line) {
                Some((b"VmFlags", flags)) if inside => entry.flags = Some(VmFlags::parse(flags)),
                Some(_) if inside => entry.fields.read_line(line),
                _ => read.strange_lines += 1,
            }
        } else if let Some(header) = Header::parse(line) {
            if inside {
                visit(&entry, Some(&header));
                read.entries += 1;
            }
            entry.restart(&header);
            inside = true;
        } else if !line.is_empty() {
            read.strange_lines += 1;
        }
    }
    if inside {
        visit(&entry, None);
        read.entries += 1;
    }
    Ok(read)
}

#[cfg(test)]
mod tests;
