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

    /// The filters in words, for the message that nothing matched.
    pub(crate) fn in_words(&self) -> String {
        let list = |names: &[String]| {
            names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ")
        };
        let mut words = match (self.names.as_slice(), self.exact) {
            ([], _) => "the filters".to_owned(),
            (names, true) => format!("exactly {}", list(names)),
            (names, false) => list(names),
        };
        if !self.skip.is_empty() {
            words.push_str(&format!(" without {}", list(&self.skip)));
        }
        if self.run_ignored == RunIgnored::Only {
            words.push_str(" with --run-ignored only");
        }
        words
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
        assert_eq!(filters(&["a", "b"], &["c"]).in_words(), "`a` or `b` without `c`");
        let only = Filters { run_ignored: RunIgnored::Only, ..Filters::default() };
        assert_eq!(only.in_words(), "the filters with --run-ignored only");
    }
}
