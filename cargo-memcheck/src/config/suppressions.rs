//! Suppressions: third-party leaks that the user cannot fix. They are removed from the sites of a report.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use memcheck::Report;
use memcheck::tool::report::{Site, Suppressed};

use super::pattern::Pattern;

/// A suppression: a table `[[suppress]]` of the configuration file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Suppression {
    /// Matches functions on the call stack.
    pub(crate) function: Pattern,
    /// Why the leak is suppressed: a link or a text.
    pub(crate) reason: String,
    /// The line in the file.
    pub(crate) line: usize,
}

impl Suppression {
    /// The warning about a suppression that matched no leak in a run of the whole workspace, except
    /// `ignored` tests.
    fn unused(&self, path: &Path, ignored: usize) -> String {
        let except = match ignored {
            0 => String::new(),
            1 => " (1 ignored test did not run)".to_owned(),
            more => format!(" ({more} ignored tests did not run)"),
        };
        format!(
            "{}:{}: the suppression of `{}` matched no leak in this run{except}: remove it, or it may \
             hide a future leak",
            path.display(),
            self.line,
            self.function
        )
    }
}

/// The suppressions of a run, and which of them matched a leak.
#[derive(Debug)]
pub(crate) struct Suppressions<'a> {
    all: &'a [Suppression],
    /// The configuration file.
    path: &'a Path,
    used: Mutex<BTreeSet<usize>>,
}

impl<'a> Suppressions<'a> {
    /// The suppressions of the file at `path`.
    pub(super) fn new(all: &'a [Suppression], path: &'a Path) -> Self {
        Suppressions { all, path, used: Mutex::default() }
    }

    /// The report without the suppressed sites. The sites must be symbolized.
    pub(crate) fn apply(&self, mut report: Report) -> Report {
        let used = suppress(&mut report, self.all);
        self.used.lock().unwrap_or_else(PoisonError::into_inner).extend(used);
        report
    }

    /// Warnings about unused suppressions, for a run of the whole workspace.
    pub(crate) fn unused(&self, ignored: usize) -> Vec<String> {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let unused = self.all.iter().enumerate().filter(|(index, _)| !used.contains(index));
        unused.map(|(_, of)| of.unused(self.path, ignored)).collect()
    }
}

/// Moves each growing site that a suppression matches from `sites` to `suppressed`. The first match wins.
/// Returns the indices of the suppressions that matched.
fn suppress(report: &mut Report, suppressions: &[Suppression]) -> BTreeSet<usize> {
    let mut used = BTreeSet::new();
    let Some(sites) = &mut report.sites else { return used };
    let mut left = Vec::new();
    for site in std::mem::take(&mut sites.sites) {
        match suppressions.iter().position(|of| site.grows && matches(of, &site)) {
            Some(index) => {
                used.insert(index);
                add(&mut report.suppressed, &suppressions[index], &site, sites.iterations);
            }
            None => left.push(site),
        }
    }
    sites.sites = left;
    used
}

/// Whether a suppression matches a function of the call stack.
fn matches(suppression: &Suppression, site: &Site) -> bool {
    let functions = site.stack.iter().flat_map(|frame| &frame.functions);
    functions.into_iter().any(|place| suppression.function.matches(&place.function))
}

fn add(into: &mut Vec<Suppressed>, suppression: &Suppression, site: &Site, iterations: u64) {
    let pattern = suppression.function.to_string();
    let found = into.iter_mut().find(|of| of.pattern == pattern && of.kind == site.kind);
    match found {
        Some(of) => {
            of.sites += 1;
            of.survived.blocks += site.survived.blocks;
            of.survived.bytes += site.survived.bytes;
        }
        None => into.push(Suppressed {
            pattern,
            reason: suppression.reason.clone(),
            kind: site.kind,
            sites: 1,
            survived: site.survived,
            iterations,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use memcheck::tool::report::{Amount, Frame, Outcome, SiteKind, Sites, SourceLocation, TestId};

    fn suppression(function: &str) -> Suppression {
        Suppression { function: Pattern::new(function), reason: "theirs".into(), line: 1 }
    }

    fn site(grows: bool, stack: &[&[&str]]) -> Site {
        let place =
            |name: &&str| SourceLocation { function: (*name).into(), ..SourceLocation::default() };
        Site {
            kind: SiteKind::RustHeap,
            grows,
            survived: Amount { blocks: 10, bytes: 640 },
            stack: stack
                .iter()
                .map(|functions| Frame {
                    functions: functions.iter().map(place).collect(),
                    ..Frame::default()
                })
                .collect(),
            place: None,
        }
    }

    fn report(sites: Vec<Site>) -> Report {
        let sites = Sites { iterations: 10, grew_again: true, sites, ..Sites::default() };
        let mut report = Report::unobserved(TestId::default(), Outcome::Passed);
        report.sites = Some(sites);
        report
    }

    #[test]
    fn any_frame_can_match_also_an_inlined_one() {
        let rules = [suppression("unrelated"), suppression("openssl::init*")];
        let mut report = report(vec![
            site(true, &[&["alloc::alloc"], &["openssl::init"], &["tests::a"]]),
            site(true, &[&["inlined", "openssl::init_ssl"], &["tests::a"]]),
            site(true, &[&["tests::a"]]),
            // It does not grow, so it is not a leak.
            site(false, &[&["openssl::init"]]),
            // Without symbols.
            site(true, &[&[]]),
        ]);
        assert_eq!(suppress(&mut report, &rules), BTreeSet::from([1]));
        assert_eq!(report.sites.unwrap().sites.len(), 3);
        let expected = Suppressed {
            pattern: "openssl::init*".into(),
            reason: "theirs".into(),
            kind: SiteKind::RustHeap,
            sites: 2,
            survived: Amount { blocks: 20, bytes: 1280 },
            iterations: 10,
        };
        assert_eq!(report.suppressed, [expected]);
    }

    #[test]
    fn the_first_match_wins_and_the_others_are_unused() {
        let rules = [suppression("a*"), suppression("ab"), suppression("c")];
        let run = Suppressions::new(&rules, Path::new("m.toml"));
        let report = run.apply(report(vec![site(true, &[&["ab"]])]));
        assert_eq!(report.suppressed[0].pattern, "a*");
        let [second, third] = &run.unused(1)[..] else { panic!("{:?}", run.unused(1)) };
        assert_eq!(
            second,
            "m.toml:1: the suppression of `ab` matched no leak in this run (1 ignored test did not \
             run): remove it, or it may hide a future leak"
        );
        assert!(third.contains("`c`") && !run.unused(0)[1].contains("ignored"), "{third}");
    }

    #[test]
    fn without_sites_nothing_is_suppressed() {
        let mut without = Report::unobserved(TestId::default(), Outcome::Passed);
        assert!(suppress(&mut without, &[suppression("*a")]).is_empty());
    }
}
