//! Takes the sites off a report that the configuration names: what the user cannot mend.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use memcheck::Report;
use memcheck::report::{Site, Suppressed};

use crate::cli::Selection;
use crate::config::{Layers, Suppression};
use crate::run::{Plan, Summary};
use crate::{cargo, output};

/// The suppressions of a run, and which of them hid something.
#[derive(Debug, Default)]
pub(crate) struct Suppressions<'a> {
    all: &'a [Suppression],
    used: Mutex<BTreeSet<usize>>,
}

impl<'a> Suppressions<'a> {
    /// Those of the file.
    pub(crate) fn of(layers: &'a Layers) -> Self {
        let all = layers.file.as_ref().map_or(&[][..], |file| &file.suppressions);
        Suppressions { all, used: Mutex::default() }
    }

    /// The report without the sites that they name. The names of the functions must have been
    /// filled in before.
    pub(crate) fn apply(&self, mut report: Report) -> Report {
        let used = suppress(&mut report, self.all);
        self.used.lock().unwrap_or_else(PoisonError::into_inner).extend(used);
        report
    }

    /// Those that have hidden nothing so far.
    pub(crate) fn unused(&self) -> Vec<&'a Suppression> {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let all = self.all.iter().enumerate();
        all.filter(|(index, _)| !used.contains(index)).map(|(_, of)| of).collect()
    }
}

impl Suppressions<'_> {
    /// Says which of them have hidden nothing, if the whole workspace was run to its end: else they
    /// may be for a test that was not asked for.
    pub(crate) fn warn_of_unused(
        &self,
        layers: &Layers,
        selection: &Selection,
        plan: &Plan,
        summary: &Summary,
    ) {
        let unused = self.unused();
        let whole = || {
            summary.not_run == 0
                && summary.interrupted.is_none()
                && plan.ignored.is_empty()
                && is_whole(selection, plan)
        };
        if unused.is_empty() || !whole() {
            return;
        }
        let path = layers.file.as_ref().map_or(Path::new(""), |file| &file.path);
        for of in unused {
            output::warning(&of.unused(path));
        }
    }
}

/// Whether every test of the workspace was asked for.
pub(crate) fn is_whole(selection: &Selection, plan: &Plan) -> bool {
    let workspace = &selection.workspace;
    let selected = !workspace.package.is_empty()
        || !workspace.exclude.is_empty()
        || !selection.targets.is_default();
    if selected || plan.filtered_out > 0 {
        return false;
    }
    let manifest = selection.manifest.manifest_path.as_deref();
    workspace.workspace || workspace.all || cargo::has_one_member(manifest)
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
        assert!(Suppressions::of(&file).unused().is_empty());
        let rules = [suppression("a*"), suppression("ab"), suppression("c")];
        let run = Suppressions { all: &rules, used: Mutex::default() };
        let report = run.apply(report(vec![site(true, &[&["ab"]])]));
        assert_eq!(report.suppressed[0].pattern, "a*");
        let unused: Vec<String> = run.unused().iter().map(|of| of.function.to_string()).collect();
        assert_eq!(unused, ["ab", "c"]);
    }

    #[test]
    fn without_sites_nothing_is_hidden() {
        let mut without = Report::unobserved(TestId::default(), Outcome::Passed);
        assert!(suppress(&mut without, &[suppression("*a")]).is_empty());
    }
}
