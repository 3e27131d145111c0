//! What a worker prints, bounded: the beginning and the end are kept, the middle is counted.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};

use crate::report::Output;

/// Bytes kept from the beginning, and as many from the end.
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
        // Of a chunk longer than the tail only its end can stay.
        let skipped = rest.len().saturating_sub(KEPT);
        self.tail.extend(&rest[skipped..]);
        let over = self.tail.len().saturating_sub(KEPT);
        self.tail.drain(..over);
        self.omitted += (skipped + over) as u64;
    }

    /// Forgets what came so far: the test harness's own greeting.
    pub(super) fn clear(&mut self) {
        *self = Capture::default();
    }

    /// The text, with a mark where the middle was cut out.
    pub(super) fn output(&self) -> Output {
        let mut bytes = self.head.clone();
        if self.omitted > 0 {
            let _ = write!(bytes, "\n[… {} bytes left out …]\n", self.omitted);
        }
        bytes.extend(&self.tail);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Output { text, omitted: self.omitted }
    }
}

/// What reading a pipe brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Drained {
    /// All there was for now.
    Empty,
    /// Nothing will come any more.
    Closed,
    /// There may be more; it is somebody else's turn.
    More,
}

/// Reads what a pipe that does not block has, a bounded amount at a time: a worker that prints
/// without end must not keep the observer from its clock.
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
    fn keeps_short_output_whole() {
        let mut capture = Capture::default();
        capture.add(b"one\n");
        capture.add(b"two\n");
        assert_eq!(capture.output(), Output { text: "one\ntwo\n".into(), omitted: 0 });
    }

    #[test]
    fn keeps_both_ends_of_a_flood() {
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
