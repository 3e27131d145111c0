//! A crate with a global allocator of its own.
//!
//! A program can have only one `#[global_allocator]`, and memcheck declares one. The compiler
//! reports:
//!
//! ```text
//! error: the `#[global_allocator]` in this crate conflicts with global allocator in: memcheck
//! ```
//!
//! The feature `own-allocator` turns off the library's allocator, and the crate wraps its own. Every
//! call still goes to mimalloc; the wrapper counts.

use mimalloc::MiMalloc;

#[cfg(not(test))]
#[global_allocator]
static GLOBAL: MiMalloc = MiMalloc;

#[cfg(test)]
#[global_allocator]
static GLOBAL: memcheck::Alloc<MiMalloc> = memcheck::Alloc::new(MiMalloc);

/// The words of a text, longest first.
pub fn longest_first(text: &str) -> Vec<String> {
    let mut words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words
}

/// The same, for a cache that is never emptied.
pub fn longest_first_for_ever(text: &str) -> &'static [String] {
    longest_first(text).leak()
}

#[cfg(test)]
mod tests {
    use super::*;
    use memcheck::memcheck;

    const TEXT: &str = "the quick brown fox jumps";

    /// Passes.
    #[memcheck]
    fn sorting_keeps_nothing() {
        assert_eq!(longest_first(TEXT)[0].len(), 5);
    }

    /// Fails: what goes through mimalloc is counted to the byte.
    #[memcheck]
    fn sorting_for_ever_keeps_everything() {
        assert_eq!(longest_first_for_ever(TEXT)[0].len(), 5);
    }
}
