//! Messages that must be visible even if the test passes.

use std::io::Write;

/// Writes a line to standard error. libtest captures what the print macros write and shows it for failed
/// tests only; it does not capture this.
pub(super) fn print_uncaptured(message: &str) {
    // If standard error is closed there is no other place for the message.
    let _ = std::io::stderr().write_all(format!("memcheck: {message}\n").as_bytes());
}
