//! Patterns over names: `*` stands for any text, `?` for one character, the whole name must fit.

use std::fmt;

use wildmatch::WildMatch;

/// A pattern over names of tests, binaries or functions.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pattern {
    text: String,
    matcher: WildMatch,
}

impl Pattern {
    /// The pattern that `text` spells.
    pub(crate) fn new(text: &str) -> Self {
        Pattern { text: text.to_owned(), matcher: WildMatch::new(text) }
    }

    /// Whether the whole of `name` fits.
    pub(crate) fn matches(&self, name: &str) -> bool {
        self.matcher.matches(name)
    }

    /// Whether it names nothing, so that everything would fit.
    pub(crate) fn is_vague(&self) -> bool {
        !self.text.chars().any(char::is_alphanumeric)
    }
}

/// As it was written.
impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_anything_and_the_whole_name_must_fit() {
        let openssl = Pattern::new("openssl::init*");
        assert!(openssl.matches("openssl::init") && openssl.matches("openssl::init::{{closure}}"));
        assert!(!openssl.matches("my::openssl::init") && !openssl.matches("openssl::ssl"));
        let method = Pattern::new("<*Pool<*> as Drop>::drop");
        assert!(method.matches("<r2d2::Pool<Sqlite> as Drop>::drop"));
        assert!(Pattern::new("tests::slow_?").matches("tests::slow_1"));
    }

    #[test]
    fn a_pattern_that_names_nothing_is_vague() {
        assert!(Pattern::new("*").is_vague() && Pattern::new("*::*").is_vague());
        assert!(!Pattern::new("*_new").is_vague());
    }
}
