//! Takes the sites off a report that the configuration names: what the user cannot mend.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use memcheck::Report;
use memcheck::report::{Site, Suppressed};

use crate::config::{Layers, Suppression};

/// The suppressions of a run, and which of them hid something.
#[derive(Debug)]
pub(crate) struct Suppressions<'a> {
    all: &'a [Suppression],
    /// The file that they stand in.
    path: &'a Path,
    used: Mutex<BTreeSet<usize>>,
}

impl<'a> Suppressions<'a> {
    /// Those of the file.
    pub(crate) fn of(layers: &'a Layers) -> Self {
        let (all, path) = match &layers.file {
            Some(file) => (&file.suppressions[..], &*file.path),
            None => (&[][..], Path::new("")),
        };
        Suppressions { all, path, used: Mutex::default() }
    }

    /// The report without the sites that they name. The names of the functions must have been
    /// filled in before.
    pub(crate) fn apply(&self, mut report: Report) -> Report {
        let used = suppress(&mut report, self.all);
        self.used.lock().unwrap_or_else(PoisonError::into_inner).extend(used);
        report
    }

    /// What is to be said, after a run of the whole workspace, of those that have hidden nothing.
    pub(crate) fn unused(&self, ignored: usize) -> Vec<String> {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let unused = self.all.iter().enumerate().filter(|(index, _)| !used.contains(index));
        unused.map(|(_, of)| of.unused(self.path, ignored)).collect()
    }
}

/// Moves each growing site that a suppression names out of the sites of the report and into what is
/// suppressed. Of several that fit, the first counts. Gives the indices of those that did.
fn suppress(report: &mut Report, suppressions: &[Suppression]) -> BTreeSet<usize> {
    let mut used = BTreeSet::new();
    let Some(sites) = &mut report.sites else { return used };
    let mut left = Vec::new();
    for site in std::mem::take(&mut sites.sites) {
        match suppressions.iter().position(|of| site.grows && names(of, &site)) {
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

/// Whether any function of the call stack fits.
fn names(suppression: &Suppression, site: &Site) -> bool {
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
    use crate::config::Pattern;
    use memcheck::report::{Amount, Frame, Outcome, Place, SiteKind, Sites, TestId};

    fn suppression(function: &str) -> Suppression {
        Suppression { function: Pattern::new(function), reason: "theirs".into(), line: 1 }
    }

    fn site(grows: bool, stack: &[&[&str]]) -> Site {
        let place = |name: &&str| Place { function: (*name).into(), ..Place::default() };
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
        Report { sites: Some(sites), ..Report::unobserved(TestId::default(), Outcome::Passed) }
    }

    #[test]
    fn any_frame_counts_also_an_inlined_one() {
        let rules = [suppression("unrelated"), suppression("openssl::init*")];
        let mut report = report(vec![
            site(true, &[&["alloc::alloc"], &["openssl::init"], &["tests::a"]]),
            site(true, &[&["inlined", "openssl::init_ssl"], &["tests::a"]]),
            site(true, &[&["tests::a"]]),
            // Does not grow: it is no leak, and nothing is to be hidden.
            site(false, &[&["openssl::init"]]),
            // Not resolved.
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
    fn the_first_that_fits_counts_and_the_others_are_unused() {
        let file = crate::config::Layers::default();
        assert!(Suppressions::of(&file).unused(0).is_empty());
        let rules = [suppression("a*"), suppression("ab"), suppression("c")];
        let path = Path::new("m.toml");
        let run = Suppressions { all: &rules, path, used: Mutex::default() };
        let report = run.apply(report(vec![site(true, &[&["ab"]])]));
        assert_eq!(report.suppressed[0].pattern, "a*");
        let [second, third] = &run.unused(1)[..] else { panic!("{:?}", run.unused(1)) };
        assert_eq!(
            second,
            "m.toml:1: the suppression of `ab` hid nothing in this run, in which 1 ignored test did \
             not run: remove it, so that the next leak there is seen"
        );
        assert!(third.contains("`c`") && !run.unused(0)[1].contains("ignored"), "{third}");
    }

    #[test]
    fn without_sites_nothing_is_hidden() {
        let mut without = Report::unobserved(TestId::default(), Outcome::Passed);
        assert!(suppress(&mut without, &[suppression("*a")]).is_empty());
    }
}
