//! An error and its causes as one sentence.

use std::error::Error;

/// The text of `error`, followed by the text of each cause: `cannot read x: permission denied`.
pub(crate) fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Some errors of other crates print their cause themselves.
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot read `x`")]
    struct Outer(#[source] io::Error);

    #[derive(Debug, thiserror::Error)]
    #[error("cannot read `x`: {0}")]
    struct Repeats(#[source] io::Error);

    #[test]
    fn a_cause_is_printed_once() {
        let gone = || io::Error::other("gone");
        assert_eq!(with_causes(&Outer(gone())), "cannot read `x`: gone");
        assert_eq!(with_causes(&Repeats(gone())), "cannot read `x`: gone");
    }
}
