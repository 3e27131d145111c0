//! The output of a worker, bounded: beginning and end are kept, the omitted bytes are counted.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};

use crate::report::Output;

/// Bytes kept from the beginning, and as many from the end. Together 64 KiB, more than a person reads in a
/// report.
const KEPT: usize = 32 * 1024;

/// A bounded copy of a stream.
#[derive(Debug, Default)]
pub(super) struct Capture {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    omitted: u64,
}

impl Capture {
    pub(super) fn add(&mut self, bytes: &[u8]) {
        let for_head = bytes.len().min(KEPT - self.head.len());
        let (head, rest) = bytes.split_at(for_head);
        self.head.extend_from_slice(head);
        // Only the end of a chunk that is longer than the tail can be kept.
        let skipped = rest.len().saturating_sub(KEPT);
        self.tail.extend(&rest[skipped..]);
        let over = self.tail.len().saturating_sub(KEPT);
        self.tail.drain(..over);
        self.omitted += (skipped + over) as u64;
    }

    /// Discards the output so far, which is the test harness's.
    pub(super) fn clear(&mut self) {
        *self = Capture::default();
    }

    /// The text, with a line that says how much is missing in the middle.
    pub(super) fn output(&self) -> Output {
        let mut bytes = self.head.clone();
        if self.omitted > 0 {
            let _ = write!(bytes, "\n[… {} bytes omitted …]\n", self.omitted);
        }
        bytes.extend(&self.tail);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Output { text, omitted: self.omitted }
    }
}

/// The state of a pipe after reading from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Drained {
    /// Everything was read for now.
    Empty,
    /// The other end is closed.
    Closed,
    /// There may be more; other descriptors come first.
    More,
}

/// Reads the contents of a non-blocking pipe, 256 KiB at most: a worker that prints without end must not
/// stop the observer from checking its deadline.
pub(super) fn drain(
    pipe: &mut impl Read,
    capture: &mut Capture,
    mut show: impl FnMut(&[u8]),
) -> Drained {
    let mut buffer = [0; 16 * 1024];
    for _ in 0..16 {
        match pipe.read(&mut buffer) {
            Ok(0) => return Drained::Closed,
            Ok(length) => {
                capture.add(&buffer[..length]);
                show(&buffer[..length]);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Drained::Empty,
            Err(_) => return Drained::Closed,
        }
    }
    Drained::More
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_output_is_kept_whole() {
        let mut capture = Capture::default();
        capture.add(b"one\n");
        capture.add(b"two\n");
        assert_eq!(capture.output(), Output { text: "one\ntwo\n".into(), omitted: 0 });
    }

    #[test]
    fn both_ends_of_long_output_are_kept() {
        let mut capture = Capture::default();
        capture.add(b"first");
        for _ in 0..1000 {
            capture.add(&[b'x'; 1000]);
        }
        capture.add(&[b'y'; 2 * KEPT]);
        capture.add(b"last");
        let output = capture.output();
        assert!(output.text.starts_with("firstxxx"), "{}", &output.text[..20]);
        assert!(output.text.ends_with("yyylast"));
        assert!(output.text.len() < 2 * KEPT + 100);
        let kept = 2 * KEPT as u64;
        assert_eq!(output.omitted, 5 + 1_000_000 + 2 * KEPT as u64 + 4 - kept);
    }
}
