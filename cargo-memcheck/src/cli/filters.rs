//! The filters that select annotated tests.

use clap::{Args, ValueEnum};

/// The filters that select tests, with the rules of `cargo test`.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Filters")]
pub(crate) struct Filters {
    /// Select only tests whose name contains one of these filters
    #[arg(value_name = "FILTERS", help_heading = None)]
    pub(crate) names: Vec<String>,
    /// Match whole names instead of parts
    #[arg(long)]
    pub(crate) exact: bool,
    /// Skip tests whose name contains this filter (can be repeated)
    #[arg(long, value_name = "FILTER")]
    pub(crate) skip: Vec<String>,
    /// What to do with ignored tests
    #[arg(long, value_enum, default_value_t, value_name = "WHICH")]
    pub(crate) run_ignored: RunIgnored,
}

/// What to do with ignored tests, in the words of nextest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum RunIgnored {
    /// Skip ignored tests
    #[default]
    Default,
    /// Run only ignored tests
    Only,
    /// Run ignored and other tests
    All,
}

/// The result of the filters for a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FilterOutcome {
    /// The test runs.
    Run,
    /// The test is selected but ignored: SKIP.
    Ignored,
    /// The test is not selected.
    FilteredOut,
}

impl Filters {
    /// The result for the test `name`.
    pub(crate) fn outcome(&self, name: &str, ignored: bool) -> FilterOutcome {
        let matches = |filter: &String| match self.exact {
            true => name == filter,
            false => name.contains(filter.as_str()),
        };
        let wanted = self.names.is_empty() || self.names.iter().any(matches);
        if !wanted || self.skip.iter().any(matches) {
            return FilterOutcome::FilteredOut;
        }
        match (self.run_ignored, ignored) {
            (RunIgnored::Default, true) => FilterOutcome::Ignored,
            (RunIgnored::Only, false) => FilterOutcome::FilteredOut,
            (RunIgnored::Default, false) | (RunIgnored::Only, true) | (RunIgnored::All, _) => {
                FilterOutcome::Run
            }
        }
    }

    /// What the filters require, to complete the sentence "no test …".
    pub(crate) fn in_words(&self) -> String {
        let list = |names: &[String]| {
            names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ")
        };
        let mut required = Vec::new();
        match (self.names.as_slice(), self.exact) {
            ([], _) => {}
            (names, true) => required.push(format!("has the exact name {}", list(names))),
            (names, false) => required.push(format!("matches {}", list(names))),
        }
        if !self.skip.is_empty() {
            required.push(format!("is left after --skip {}", self.skip.join(" --skip ")));
        }
        if self.run_ignored == RunIgnored::Only {
            required.push("is ignored, as --run-ignored only requires".to_owned());
        }
        required.join(" and ")
    }

    /// A filter that looks like a pattern, and its longest part without wildcards.
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
        assert_eq!(any.outcome("tests::parses", false), FilterOutcome::Run);
        assert_eq!(any.outcome("tests::prints", false), FilterOutcome::Run);
        assert_eq!(any.outcome("tests::reads", false), FilterOutcome::FilteredOut);
        assert_eq!(filters(&[], &[]).outcome("anything", false), FilterOutcome::Run);
    }

    #[test]
    fn skip_wins_over_the_names() {
        let some = filters(&["parse"], &["slow"]);
        assert_eq!(some.outcome("tests::parse_slow", false), FilterOutcome::FilteredOut);
        assert_eq!(some.outcome("tests::parse_fast", false), FilterOutcome::Run);
    }

    #[test]
    fn exact_applies_to_names_and_skip() {
        let exact = Filters { exact: true, ..filters(&["tests::a", "tests::ab"], &["tests::ab"]) };
        assert_eq!(exact.outcome("tests::a", false), FilterOutcome::Run);
        assert_eq!(exact.outcome("tests::ab", false), FilterOutcome::FilteredOut);
        assert_eq!(exact.outcome("tests::abc", false), FilterOutcome::FilteredOut);
    }

    #[test]
    fn ignored_tests_are_skipped_unless_asked_for() {
        for (run_ignored, of_ignored, of_others) in [
            (RunIgnored::Default, FilterOutcome::Ignored, FilterOutcome::Run),
            (RunIgnored::Only, FilterOutcome::Run, FilterOutcome::FilteredOut),
            (RunIgnored::All, FilterOutcome::Run, FilterOutcome::Run),
        ] {
            let filters = Filters { run_ignored, ..filters(&["a"], &[]) };
            assert_eq!(filters.outcome("a", true), of_ignored);
            assert_eq!(filters.outcome("a", false), of_others);
            assert_eq!(filters.outcome("b", true), FilterOutcome::FilteredOut);
        }
    }

    #[test]
    fn filters_are_described_in_words() {
        assert_eq!(filters(&["a", "b"], &[]).in_words(), "matches `a` or `b`");
        let both = filters(&["a"], &["a", "c"]);
        assert_eq!(both.in_words(), "matches `a` and is left after --skip a --skip c");
        let only = Filters { run_ignored: RunIgnored::Only, ..Filters::default() };
        assert_eq!(only.in_words(), "is ignored, as --run-ignored only requires");
    }

    #[test]
    fn a_filter_that_looks_like_a_pattern_is_found() {
        let some = filters(&["a", "tests::slow*_x"], &[]);
        assert_eq!(some.pattern(), Some(("tests::slow*_x", "tests::slow")));
        assert_eq!(filters(&["tests::a"], &[]).pattern(), None);
    }
}
