//! The name that was probably meant by a name that is unknown.

/// The one of `known` that `name` is nearest to: equal but for case and the kind of dash, one of
/// its words, or at most two slips away.
pub(crate) fn nearest_of<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace('-', "_");
    let name = plain(name);
    let near = known.iter().map(|known| (distance(&name, &plain(known)), *known));
    // Two slips, but not so many that a short name becomes any other.
    let near = near
        .min_by_key(|(far, _)| *far)
        .filter(|(far, known)| *far <= 2 && *far * 2 < known.len().max(name.len()))
        .map(|(_, known)| known);
    near.or_else(|| {
        known.iter().copied().find(|known| name.split('_').any(|word| word == plain(known)))
    })
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
    fn slips_and_words_are_recognised() {
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
        ] {
            assert_eq!(nearest_of(written, &known), meant, "{written}");
        }
    }
}
