//! A word counter whose tests show that it keeps nothing.
//!
//! The library code does not mention memcheck. Its tests are ordinary tests with `#[memcheck]` instead
//! of `#[test]`. The body is one iteration of the work. It runs many times in a process of its own, and
//! must leave heap, memory, threads and file descriptors as
//! they were.

use std::collections::HashMap;
use std::io::{self, BufRead};

/// Counts the words of a text, and remembers the counts until they are cleared.
#[derive(Debug, Default)]
pub struct WordCounter {
    counts: HashMap<String, u64>,
}

impl WordCounter {
    /// Adds every word of `text`, in lower case.
    pub fn add(&mut self, text: &str) {
        for word in text.split_whitespace() {
            *self.counts.entry(word.to_lowercase()).or_insert(0) += 1;
        }
    }

    /// Adds every line of `reader`.
    pub fn read(&mut self, reader: impl BufRead) -> io::Result<()> {
        for line in reader.lines() {
            self.add(&line?);
        }
        Ok(())
    }

    /// How often `word` came.
    pub fn count(&self, word: &str) -> u64 {
        self.counts.get(word).copied().unwrap_or(0)
    }

    /// Forgets all words.
    pub fn clear(&mut self) {
        self.counts.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use memcheck::{Workload, memcheck};

    const TEXT: &str = "the cat saw the dog and the dog saw the cat";

    /// The whole body is one iteration: the counter is made, used and dropped in it.
    #[memcheck]
    fn counting_keeps_nothing() {
        let mut counter = WordCounter::default();
        counter.add(TEXT);
        assert_eq!(counter.count("the"), 4);
    }

    /// A test may return a `Result`; an `Err` in any iteration fails it.
    #[memcheck]
    fn reading_a_file_closes_it() -> io::Result<()> {
        let manifest = std::fs::File::open("Cargo.toml")?;
        WordCounter::default().read(io::BufReader::new(manifest))
    }

    /// Set-up first, then the iterations: a service that lives for the whole test. What the set-up
    /// allocates is not judged, what its iterations leave behind is.
    #[memcheck]
    fn a_long_lived_counter_can_be_cleared(workload: Workload) {
        let mut counter = WordCounter::default();
        workload.iterate(|| {
            counter.add(TEXT);
            assert_eq!(counter.count("dog"), 2);
            counter.clear();
        });
    }
}
