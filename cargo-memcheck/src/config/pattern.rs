//! Patterns that match names: `*` matches any text, `?` one character, and the whole name must match.

use std::fmt;

use wildmatch::WildMatch;

/// A pattern that matches names of tests, binaries or functions.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pattern {
    text: String,
    matcher: WildMatch,
}

impl Pattern {
    /// The pattern with this text.
    pub(crate) fn new(text: &str) -> Self {
        Pattern { text: text.to_owned(), matcher: WildMatch::new(text) }
    }

    /// Whether the whole `name` matches.
    pub(crate) fn matches(&self, name: &str) -> bool {
        self.matcher.matches(name)
    }

    /// Whether it consists of wildcards only, so that it matches nearly everything.
    pub(crate) fn is_only_wildcards(&self) -> bool {
        !self.text.chars().any(char::is_alphanumeric)
    }
}

/// As the user wrote it.
impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_matches_anything_and_the_whole_name_must_match() {
        let openssl = Pattern::new("openssl::init*");
        assert!(openssl.matches("openssl::init") && openssl.matches("openssl::init::{{closure}}"));
        assert!(!openssl.matches("my::openssl::init") && !openssl.matches("openssl::ssl"));
        let method = Pattern::new("<*Pool<*> as Drop>::drop");
        assert!(method.matches("<r2d2::Pool<Sqlite> as Drop>::drop"));
        assert!(Pattern::new("tests::slow_?").matches("tests::slow_1"));
    }

    #[test]
    fn a_pattern_that_names_nothing_is_only_wildcards() {
        assert!(Pattern::new("*").is_only_wildcards() && Pattern::new("*::*").is_only_wildcards());
        assert!(!Pattern::new("*_new").is_only_wildcards());
    }
}
