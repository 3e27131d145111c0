//! The options: one row each. A new option is a row here, a setter of the same name on
//! `memcheck::Options`, and a line in the attribute's documentation.

/// How the value of an option is spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A whole number, not below `least`.
    Count { least: u64 },
    /// A size: `"64 B"`, or a whole number of bytes, not below `least`.
    Size { least: u64 },
    /// A duration above zero: `"2s"`.
    Duration,
    /// A text that says something.
    Text,
    /// The name of a group: a text without commas, because it travels in a list.
    Group,
    /// A runtime flavor of tokio.
    Flavor,
    /// The path of a crate.
    Path,
    /// The name of a snapshot, or nothing for that of the function.
    Snapshot,
}

/// Who takes the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taker {
    /// The setter of the same name on `memcheck::Options`.
    Check,
    /// The runtime that an `async fn` runs in.
    Runtime,
    /// The expansion itself.
    Expansion,
}

/// One option.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) taker: Taker,
    /// A value as one would write it, for messages.
    pub(crate) example: &'static str,
}

const fn row(name: &'static str, kind: Kind, taker: Taker, example: &'static str) -> Row {
    Row { name, kind, taker, example }
}

pub(crate) const TABLE: &[Row] = &[
    row("warmup", Kind::Count { least: 0 }, Taker::Check, "64"),
    row("iterations", Kind::Count { least: 1 }, Taker::Check, "1000"),
    row("time", Kind::Duration, Taker::Check, "\"2s\""),
    row("timeout", Kind::Duration, Taker::Check, "\"1m 30s\""),
    row("settle", Kind::Duration, Taker::Check, "\"20ms\""),
    row("heap", Kind::Size { least: 0 }, Taker::Check, "\"64 B\""),
    row("resident", Kind::Size { least: 0 }, Taker::Check, "\"256 KiB\""),
    row("threads", Kind::Count { least: 0 }, Taker::Check, "1"),
    row("tasks", Kind::Count { least: 0 }, Taker::Check, "1"),
    row("fds", Kind::Count { least: 0 }, Taker::Check, "1"),
    row("mappings", Kind::Count { least: 0 }, Taker::Check, "1"),
    row("children", Kind::Count { least: 0 }, Taker::Check, "1"),
    row("allocations", Kind::Count { least: 0 }, Taker::Check, "12"),
    row("bytes", Kind::Size { least: 0 }, Taker::Check, "\"4 KiB\""),
    row("peak", Kind::Size { least: 0 }, Taker::Check, "\"1 MiB\""),
    row("ceiling", Kind::Size { least: 1 }, Taker::Check, "\"2 GiB\""),
    row("known_leak", Kind::Text, Taker::Check, "\"reason or link\""),
    row("serial", Kind::Group, Taker::Check, "\"port\""),
    row("flavor", Kind::Flavor, Taker::Runtime, "\"multi_thread\""),
    row("worker_threads", Kind::Count { least: 1 }, Taker::Runtime, "2"),
    row("snapshot", Kind::Snapshot, Taker::Expansion, "\"a_name\""),
    row("crate", Kind::Path, Taker::Expansion, "\"renamed_memcheck\""),
];

/// What people write, and the option that means it.
const OTHER_WORDS: &[(&str, &str)] = &[
    ("memory", "resident"),
    ("rss", "resident"),
    ("footprint", "resident"),
    ("growth", "heap"),
    ("leak", "known_leak"),
    ("leaks", "known_leak"),
    ("max_bytes", "bytes"),
    ("max_peak", "peak"),
    ("max_memory", "ceiling"),
    ("memory_limit", "ceiling"),
    ("allocs", "allocations"),
    ("blocks", "allocations"),
    ("duration", "time"),
    ("budget", "time"),
    ("max_time", "time"),
    ("files", "fds"),
    ("handles", "fds"),
    ("descriptors", "fds"),
    ("file_descriptors", "fds"),
    ("processes", "children"),
    ("maps", "mappings"),
    ("iters", "iterations"),
    ("runs", "iterations"),
    ("expected", "known_leak"),
    ("group", "serial"),
    ("runtime", "flavor"),
    ("path", "crate"),
    ("insta", "snapshot"),
    ("assert_snapshot", "snapshot"),
];

/// The option of this name.
pub(crate) fn find(name: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.name == name)
}

/// The option that was probably meant by a name that is none.
pub(crate) fn nearest(name: &str) -> Option<&'static Row> {
    let name = name.to_lowercase();
    let meant = OTHER_WORDS.iter().find(|(word, _)| *word == name).and_then(|(_, row)| find(row));
    let near = || {
        let near = TABLE.iter().map(|row| (distance(&name, row.name), row));
        // Two slips, but not so many that a short name becomes any other.
        near.min_by_key(|(far, _)| *far)
            .filter(|(far, row)| *far <= 2 && *far * 2 < row.name.len().max(name.len()))
            .map(|(_, row)| row)
    };
    let word = || name.split('_').find_map(find);
    meant.or_else(near).or_else(word)
}

/// Damerau-Levenshtein distance (of adjacent letters swapped once): letters added, dropped, changed
/// or swapped with their neighbour.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let change = usize::from(a[i - 1] != b[j - 1]);
            let mut least =
                (rows[i - 1][j] + 1).min(row[j - 1] + 1).min(rows[i - 1][j - 1] + change);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_offered() {
        for (written, meant) in [
            ("warm_up", "warmup"),
            ("Warmup", "warmup"),
            ("wramup", "warmup"),
            ("fd", "fds"),
            ("rss", "resident"),
            ("allocation", "allocations"),
            ("timout", "timeout"),
            ("known_leaks", "known_leak"),
            ("knownleak", "known_leak"),
            ("file_descriptors", "fds"),
            ("leak", "known_leak"),
            ("max_resident", "resident"),
        ] {
            assert_eq!(nearest(written).map(|row| row.name), Some(meant), "{written}");
        }
        for written in ["verbose", "x", "so", "foo", "colour", ""] {
            assert!(nearest(written).is_none(), "{written}");
        }
    }

    #[test]
    fn other_words_lead_to_options_and_are_none_themselves() {
        for (word, row) in OTHER_WORDS {
            assert!(find(row).is_some() && find(word).is_none(), "{word} -> {row}");
        }
    }
}
