//! How a status is presented: its words in a summary and its tone. The one table of statuses in the tool.

use memcheck::tool::report::Status;

/// How a status is meant; the terminal gives each tone a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Everything is well.
    Good,
    /// Nothing to judge.
    Neutral,
    /// Look at it.
    Doubtful,
    /// A failure.
    Bad,
}

/// One status: its words for one test and for several tests, and its tone.
struct Presentation(&'static str, &'static str, Tone);

/// The table. [`Status`] may get new variants in the library; a test fails until they are listed here.
fn presentation(status: Status) -> Option<Presentation> {
    use Tone::{Bad, Doubtful, Good, Neutral};
    Some(match status {
        Status::Pass => Presentation("passed", "passed", Good),
        Status::Skip => Presentation("skipped", "skipped", Neutral),
        Status::Known => Presentation("known leak", "known leaks", Doubtful),
        Status::Unsure => Presentation("inconclusive", "inconclusive", Doubtful),
        Status::Limit => Presentation("over a limit", "over a limit", Bad),
        Status::Leak => Presentation("leaked", "leaked", Bad),
        Status::Fail => Presentation("failed", "failed", Bad),
        Status::Crash => Presentation("crashed", "crashed", Bad),
        Status::Exit => Presentation("exited", "exited", Bad),
        Status::Lost => Presentation("lost", "lost", Bad),
        Status::Timeout => Presentation("timed out", "timed out", Bad),
        Status::Ceiling => Presentation("over the ceiling", "over the ceiling", Bad),
        Status::Broken => Presentation("not measured", "not measured", Bad),
        _ => return None,
    })
}

/// The tone of a status.
pub(crate) fn tone(status: Status) -> Tone {
    presentation(status).map_or(Tone::Bad, |Presentation(_, _, tone)| tone)
}

/// The words for `count` tests of a status: `2 passed`.
pub(super) fn in_words(status: Status, count: usize) -> String {
    match (presentation(status), count) {
        (Some(Presentation(one, ..)), 1) => format!("1 {one}"),
        (Some(Presentation(_, several, _)), count) => format!("{count} {several}"),
        (None, count) => format!("{count} {}", status.text()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_of_the_library_is_presented() {
        // The error of an unknown variant lists all variants.
        let error = serde_json::from_str::<Status>("\"?\"").unwrap_err().to_string();
        let (_, expected) = error.split_once("expected one of").unwrap();
        let names: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
        assert!(names.len() >= 13, "{error}");
        for name in names {
            let status: Status = serde_json::from_value(name.into()).unwrap();
            assert!(presentation(status).is_some(), "add {name} to the table");
        }
    }

    #[test]
    fn one_known_leak_is_singular() {
        assert_eq!(in_words(Status::Known, 1), "1 known leak");
        assert_eq!(in_words(Status::Known, 2), "2 known leaks");
        assert_eq!(in_words(Status::Pass, 1), "1 passed");
    }
}
