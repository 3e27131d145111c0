//! `maps`, `smaps` and `smaps_rollup` as text: one entry at a time, so that reading one's own
//! 10,000 mappings does not add the megabytes to them that a list would.

use std::io;

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

    /// Takes a line below the head. `false` when it has no name.
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

/// What a text held beside its entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Read {
    /// Entries visited.
    pub(crate) entries: u64,
    /// Lines that were neither the head of an entry nor a named value: never written by a kernel
    /// we know.
    pub(crate) strange_lines: u64,
}

/// The values below some heads read lately. Most mappings of a process have the very text of another
/// one below their heads, and comparing it takes a hundredth of the time of reading it.
#[derive(Debug, Default)]
struct Lately {
    blocks: Vec<Block>,
    /// The block that is being read.
    text: Vec<u8>,
    strange: bool,
}

#[derive(Debug)]
struct Block {
    text: Vec<u8>,
    fields: Fields,
    flags: Option<VmFlags>,
}

impl Lately {
    /// Mappings alternate between a few sorts (data and guard, readable and writable).
    const BLOCKS: usize = 4;

    /// Gives the entry its values if they were read lately, and returns the length of their text.
    fn recognise(&mut self, entry: &mut Entry, ahead: &[u8]) -> Option<usize> {
        let whole = |block: &Block| {
            // What follows must be the next head, or this entry has more values.
            ahead.starts_with(&block.text)
                && ahead.get(block.text.len()).is_some_and(|byte| !byte.is_ascii_uppercase())
        };
        let at = self.blocks.iter().position(whole)?;
        self.blocks[..=at].rotate_right(1);
        let block = &self.blocks[0];
        entry.fields = block.fields;
        entry.flags = block.flags;
        Some(block.text.len())
    }

    fn read_line(&mut self, line: &[u8], is_strange: bool) {
        self.text.extend_from_slice(line);
        self.strange |= is_strange;
    }

    /// Remembers what was read of an entry, in the place of the block used longest ago.
    fn remember(&mut self, entry: &Entry) {
        if !self.text.is_empty() && !self.strange {
            let mut block = match self.blocks.len() < Self::BLOCKS {
                true => None,
                false => self.blocks.pop(),
            }
            .unwrap_or_else(|| Block {
                text: Vec::new(),
                fields: Fields::default(),
                flags: None,
            });
            std::mem::swap(&mut block.text, &mut self.text);
            block.fields = entry.fields;
            block.flags = entry.flags;
            self.blocks.insert(0, block);
        }
        self.text.clear();
        self.strange = false;
    }
}

/// Reads smaps (or maps, or smaps_rollup) and hands each entry to `visit`, with the head of the one
/// that follows it.
///
/// # Errors
///
/// What the reader fails with. No text makes it fail: lines it does not understand are counted.
pub(crate) fn read_entries<R: io::Read>(
    text: R,
    mut visit: impl FnMut(&Entry, Option<&Header<'_>>),
) -> io::Result<Read> {
    let mut read = Read::default();
    let mut entry = Entry::default();
    let mut inside = false;
    let mut lately = Lately::default();
    let mut window = Window::new(text);
    loop {
        let ended = window.line()?;
        let line = ended.strip_suffix(b"\n").unwrap_or(ended);
        let mut length = ended.len();
        // Heads begin with an address in lower case, values with a name in upper case.
        if line.first().is_some_and(u8::is_ascii_uppercase) {
            let strange = !(inside && entry.read_value(line));
            read.strange_lines += u64::from(strange);
            lately.read_line(ended, strange);
        } else if let Some(header) = Header::parse(line) {
            if inside {
                lately.remember(&entry);
                visit(&entry, Some(&header));
                read.entries += 1;
            }
            entry.restart(&header);
            inside = true;
            window.skip(length);
            length = lately.recognise(&mut entry, window.ahead()?).unwrap_or(0);
        } else if !line.is_empty() {
            read.strange_lines += 1;
            lately.read_line(ended, true);
        } else if ended.is_empty() {
            break;
        } else {
            lately.read_line(ended, true);
        }
        window.skip(length);
    }
    if inside {
        visit(&entry, None);
        read.entries += 1;
    }
    Ok(read)
}

/// The part of a text that is being read, without copying its lines.
#[derive(Debug)]
struct Window<R> {
    text: R,
    buffer: Vec<u8>,
    /// What is read and not yet skipped.
    from: usize,
    to: usize,
    ended: bool,
}

impl<R: io::Read> Window<R> {
    /// The kernel hands out a page at a time; room for some of them.
    const ROOM: usize = 16 * 1024;

    /// Longer than what stands below a head: some 700 bytes.
    const AHEAD: usize = 2048;

    fn new(text: R) -> Window<R> {
        Window { text, buffer: vec![0; Self::ROOM], from: 0, to: 0, ended: false }
    }

    /// Reads on. What is not yet skipped moves to the front.
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

    /// What comes next: at least the values of an entry, unless the text ends before.
    fn ahead(&mut self) -> io::Result<&[u8]> {
        while self.to - self.from < Self::AHEAD && !self.ended {
            self.more()?;
        }
        Ok(&self.buffer[self.from..self.to])
    }

    /// The next line with its newline, which the last may lack. Empty at the end.
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
