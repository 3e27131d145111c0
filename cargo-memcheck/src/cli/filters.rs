//! Which of the annotated tests are meant.

use clap::{Args, ValueEnum};

/// Which tests are meant; the rules are those of `cargo test`.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Filters")]
pub(crate) struct Filters {
    /// Only tests whose name contains one of these
    #[arg(value_name = "FILTERS", help_heading = None)]
    pub(crate) names: Vec<String>,
    /// Names must be equal to a filter, not only contain it
    #[arg(long)]
    pub(crate) exact: bool,
    /// Leave out tests whose name contains this (may be repeated)
    #[arg(long, value_name = "FILTER")]
    pub(crate) skip: Vec<String>,
    /// What to do with ignored tests
    #[arg(long, value_enum, default_value_t, value_name = "WHICH")]
    pub(crate) run_ignored: RunIgnored,
}

/// What to do with ignored tests; the words are nextest's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum RunIgnored {
    /// Skip them
    #[default]
    Default,
    /// Run them and no others
    Only,
    /// Run them like the others
    All,
}

/// What becomes of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It runs.
    Run,
    /// It was asked for, but is ignored: SKIP.
    Ignored,
    /// It was not asked for.
    FilteredOut,
}

impl Filters {
    /// What becomes of the test `name`.
    pub(crate) fn fate(&self, name: &str, ignored: bool) -> Fate {
        let matches = |filter: &String| match self.exact {
            true => name == filter,
            false => name.contains(filter.as_str()),
        };
        let wanted = self.names.is_empty() || self.names.iter().any(matches);
        if !wanted || self.skip.iter().any(matches) {
            return Fate::FilteredOut;
        }
        match (self.run_ignored, ignored) {
            (RunIgnored::Default, true) => Fate::Ignored,
            (RunIgnored::Only, false) => Fate::FilteredOut,
            _ => Fate::Run,
        }
    }

    /// What is asked of a test, for the message that none did it: "none of the tests …".
    pub(crate) fn in_words(&self) -> String {
        let list = |names: &[String]| {
            names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ")
        };
        let mut asked = Vec::new();
        match (self.names.as_slice(), self.exact) {
            ([], _) => {}
            (names, true) => asked.push(format!("matches exactly {}", list(names))),
            (names, false) => asked.push(format!("matches {}", list(names))),
        }
        if !self.skip.is_empty() {
            asked.push(format!("is left by --skip {}", self.skip.join(" --skip ")));
        }
        if self.run_ignored == RunIgnored::Only {
            asked.push("is ignored, as --run-ignored only asks".to_owned());
        }
        asked.join(" and ")
    }

    /// A filter that was meant as a pattern, and the longest part of it that a name can have.
    pub(crate) fn pattern(&self) -> Option<(&str, &str)> {
        let pattern = self.names.iter().find(|name| name.contains(['*', '?']))?;
        let part = pattern.split(['*', '?']).max_by_key(|part| part.len())?;
        Some((pattern, part))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filters(names: &[&str], skip: &[&str]) -> Filters {
        let own = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        Filters { names: own(names), skip: own(skip), ..Filters::default() }
    }

    #[test]
    fn a_name_matches_when_it_contains_one_of_the_filters() {
        let any = filters(&["parse", "print"], &[]);
        assert_eq!(any.fate("tests::parses", false), Fate::Run);
        assert_eq!(any.fate("tests::prints", false), Fate::Run);
        assert_eq!(any.fate("tests::reads", false), Fate::FilteredOut);
        assert_eq!(filters(&[], &[]).fate("anything", false), Fate::Run);
    }

    #[test]
    fn skip_outranks_the_names() {
        let some = filters(&["parse"], &["slow"]);
        assert_eq!(some.fate("tests::parse_slow", false), Fate::FilteredOut);
        assert_eq!(some.fate("tests::parse_fast", false), Fate::Run);
    }

    #[test]
    fn exact_holds_for_both() {
        let exact = Filters { exact: true, ..filters(&["tests::a", "tests::ab"], &["tests::ab"]) };
        assert_eq!(exact.fate("tests::a", false), Fate::Run);
        assert_eq!(exact.fate("tests::ab", false), Fate::FilteredOut);
        assert_eq!(exact.fate("tests::abc", false), Fate::FilteredOut);
    }

    #[test]
    fn ignored_tests_are_skipped_unless_asked_for() {
        for (run_ignored, of_ignored, of_others) in [
            (RunIgnored::Default, Fate::Ignored, Fate::Run),
            (RunIgnored::Only, Fate::Run, Fate::FilteredOut),
            (RunIgnored::All, Fate::Run, Fate::Run),
        ] {
            let filters = Filters { run_ignored, ..filters(&["a"], &[]) };
            assert_eq!(filters.fate("a", true), of_ignored);
            assert_eq!(filters.fate("a", false), of_others);
            assert_eq!(filters.fate("b", true), Fate::FilteredOut);
        }
    }

    #[test]
    fn filters_can_be_told() {
        assert_eq!(filters(&["a", "b"], &[]).in_words(), "matches `a` or `b`");
        let both = filters(&["a"], &["a", "c"]);
        assert_eq!(both.in_words(), "matches `a` and is left by --skip a --skip c");
        let only = Filters { run_ignored: RunIgnored::Only, ..Filters::default() };
        assert_eq!(only.in_words(), "is ignored, as --run-ignored only asks");
    }

    #[test]
    fn a_pattern_is_known() {
        let meant = filters(&["a", "tests::slow*_x"], &[]);
        assert_eq!(meant.pattern(), Some(("tests::slow*_x", "tests::slow")));
        assert_eq!(filters(&["tests::a"], &[]).pattern(), None);
    }
}
