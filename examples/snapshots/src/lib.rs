//! A table of words, and what looking one up costs.

use std::collections::BTreeMap;

/// Words and how often they were seen.
#[derive(Debug, Default)]
pub struct Words {
    seen: BTreeMap<String, u64>,
}

impl Words {
    /// Counts the words of a text.
    pub fn count(&mut self, text: &str) {
        for word in text.split_whitespace() {
            // Looked up first: `entry` would need a `String` for words that are there already.
            match self.seen.get_mut(word) {
                Some(count) => *count += 1,
                None => {
                    self.seen.insert(word.to_owned(), 1);
                }
            }
        }
    }

    /// How often a word was seen.
    pub fn of(&self, word: &str) -> u64 {
        self.seen.get(word).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use memcheck::{Snapshot, Workload, memcheck};

    /// A text of new words: one block for each, and one for the nodes of the tree.
    #[memcheck(snapshot)]
    fn counting_new_words() {
        let mut words = Words::default();
        words.count("to be or not to be");
        assert_eq!(words.of("be"), 2);
    }

    /// A text of known words allocates nothing, and the snapshot says so.
    #[memcheck(snapshot = "known_words")]
    fn counting_known_words(workload: Workload) {
        let mut words = Words::default();
        words.count("to be or not to be");
        workload.iterate(|| words.count("to be or not"));
    }

    /// An ordinary test: exact for this thread's work, also while other tests run.
    #[test]
    fn by_hand() {
        let mut words = Words::default();
        let before = Snapshot::thread().unwrap();
        words.count("to be or not to be");
        let growth = Snapshot::thread().unwrap().since(&before);
        insta::assert_snapshot!(growth);
        insta::assert_yaml_snapshot!("by_hand_as_yaml", growth);
    }

    /// Of the whole process the kernel's metrics differ from run to run, and the heap while other
    /// tests run: both are redacted.
    #[test]
    fn of_the_process() {
        let before = Snapshot::take().unwrap();
        let growth = Snapshot::take().unwrap().since(&before);
        insta::assert_json_snapshot!(growth, { ".heap" => "[heap]", ".process" => "[kernel]" });
    }
}
