//! How a status is presented: its words in a summary and its tone.

use crate::report::Status;

/// How a status is meant; the terminal gives each tone a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
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

/// The table.
fn presentation(status: Status) -> Presentation {
    use Tone::{Bad, Doubtful, Good, Neutral};
    match status {
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
    }
}

/// The tone of a status.
pub fn tone(status: Status) -> Tone {
    presentation(status).2
}

/// The words for `count` tests of a status.
///
/// ```
/// use memcheck::{Status, tool::render::in_words};
///
/// assert_eq!(in_words(Status::Known, 1), "1 known leak");
/// assert_eq!(in_words(Status::Known, 2), "2 known leaks");
/// ```
pub fn in_words(status: Status, count: usize) -> String {
    let Presentation(one, several, _) = presentation(status);
    format!("{count} {}", if count == 1 { one } else { several })
}
