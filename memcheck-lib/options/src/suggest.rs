//! The known name that the writer of an unknown one probably meant.

/// Words that people use, and the option that has their meaning.
const SYNONYMS: &[(&str, &str)] = &[
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

/// The name among `known` that was probably meant by `name`, in this order: the option of which
/// `name` is a synonym, a name at most two typing errors away, a name that is a word of `name`.
/// Case does not matter, nor whether words are separated by `-` or `_`.
///
/// ```
/// use memcheck_options::suggest;
/// assert_eq!(suggest("rss", &["heap", "resident"]), Some("resident"));
/// assert_eq!(suggest("timout", &["time", "timeout"]), Some("timeout"));
/// assert_eq!(suggest("max-fds", &["fds"]), Some("fds"));
/// assert_eq!(suggest("colour", &["heap", "fds"]), None);
/// ```
pub fn suggest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let name = plain(name);
    let synonym = SYNONYMS.iter().find(|(word, _)| *word == name).map(|(_, option)| *option);
    let of_synonym = known.iter().copied().find(|known| Some(&*plain(known)) == synonym);
    of_synonym.or_else(|| closest(&name, known)).or_else(|| {
        known.iter().copied().find(|known| name.split('_').any(|word| word == plain(known)))
    })
}

fn plain(text: &str) -> String {
    text.to_lowercase().replace('-', "_")
}

/// The known name with the smallest edit distance, up to 2. The distance must also be below half of
/// the length, or a short name would be suggested for any other.
fn closest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    known
        .iter()
        .map(|known| (distance(name, &plain(known)), *known))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, known)| *distance <= 2 && *distance * 2 < known.len().max(name.len()))
        .map(|(_, known)| known)
}

/// Edit distance: how many characters must be inserted, deleted, replaced or swapped with their
/// neighbour to turn `a` into `b` (Damerau-Levenshtein, optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = (rows[i - 1][j] + 1).min(row[j - 1] + 1).min(replaced);
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
    use crate::table::{OPTIONS, find};

    #[test]
    fn edit_distance_counts_each_kind_of_typing_error_once() {
        for (a, b, expected) in [
            ("", "", 0),
            ("time", "time", 0),
            ("time", "timer", 1),
            ("time", "tim", 1),
            ("time", "tame", 1),
            ("time", "tmie", 1),
            ("", "abc", 3),
            ("ca", "abc", 3),
        ] {
            assert_eq!((distance(a, b), distance(b, a)), (expected, expected), "{a} {b}");
        }
    }

    #[test]
    fn options_are_suggested_for_typing_errors_synonyms_and_words() {
        let names: Vec<&str> = OPTIONS.iter().map(|spec| spec.name).collect();
        for (written, meant) in [
            ("warm_up", "warmup"),
            ("Warmup", "warmup"),
            ("wramup", "warmup"),
            ("fd", "fds"),
            ("rss", "resident"),
            ("allocation", "allocations"),
            ("timout", "timeout"),
            ("known_leaks", "known_leak"),
            ("known-leak", "known_leak"),
            ("knownleak", "known_leak"),
            ("file_descriptors", "fds"),
            ("leak", "known_leak"),
            ("max_resident", "resident"),
            ("resident-limit", "resident"),
            ("runtime", "flavor"),
        ] {
            assert_eq!(suggest(written, &names), Some(meant), "{written}");
        }
        for written in ["verbose", "x", "so", "foo", "colour", ""] {
            assert_eq!(suggest(written, &names), None, "{written}");
        }
    }

    #[test]
    fn only_known_names_are_suggested() {
        let known = ["fail-fast", "jobs", "inconclusive", "ci", "default"];
        for (written, meant) in [
            ("fail_fast", Some("fail-fast")),
            ("fialfast", Some("fail-fast")),
            ("job", Some("jobs")),
            ("max-jobs", Some("jobs")),
            ("Default", Some("default")),
            ("ic", None),
            ("nightly", None),
            ("", None),
            ("rss", None),
        ] {
            assert_eq!(suggest(written, &known), meant, "{written}");
        }
    }

    #[test]
    fn case_does_not_matter() {
        for (written, meant) in [("RSS", Some("RESIDENT")), ("tmie", Some("TIME")), ("ZZZ", None)] {
            assert_eq!(suggest(written, &["TIME", "RESIDENT"]), meant, "{written}");
        }
    }

    #[test]
    fn synonyms_lead_to_options_and_are_not_options() {
        for (word, option) in SYNONYMS {
            assert!(find(option).is_some() && find(word).is_none(), "{word} -> {option}");
        }
    }
}
