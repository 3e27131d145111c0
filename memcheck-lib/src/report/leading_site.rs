//! The site that explains a report best, and the line to look at.

use super::sites::Site;
use super::source_location::SourceLocation;
use super::test_report::Report;
use crate::detect::Verdict;
use crate::metric::{Cause, SiteRelation};

impl Report {
    /// The site that explains the report best: the largest growing site of the first growing metric
    /// that has one. `None` without recorded sites.
    #[doc(hidden)]
    pub fn leading_site(&self) -> Option<&Site> {
        self.growing_sites().next()
    }

    /// The growing sites, starting with those of the metric that explains most.
    fn growing_sites(&self) -> impl Iterator<Item = &Site> {
        let growing = self.metrics.iter().filter(|of| of.verdict != Verdict::Steady);
        // A thread brings heap with it, so its own sites come first.
        let (first, rest): (Vec<_>, Vec<_>) = growing.map(|of| of.metric).partition(|metric| {
            let row = metric.row();
            row.cause == Cause::BringsOthers && matches!(row.sites, SiteRelation::Counted(_))
        });
        let metrics = first.into_iter().chain(rest);
        self.sites.iter().flat_map(move |sites| {
            metrics.clone().flat_map(|metric| sites.growing(metric)).collect::<Vec<_>>()
        })
    }

    /// The line to look at: that of the first growing site with a file, else that of the test. Its file
    /// is relative to the workspace if it belongs to it, like those of tests.
    ///
    /// ```
    /// # use memcheck::Report;
    /// # use memcheck::report::{Outcome, TestId};
    /// let test = TestId::new("tests::a", "").at("src/lib.rs", 7, 1);
    /// let report = Report::unobserved(test, Outcome::Lost);
    /// assert_eq!(report.place().line, Some(7));
    /// ```
    #[doc(hidden)]
    pub fn place(&self) -> SourceLocation {
        let mut places = self.growing_sites().filter_map(|site| site.place.as_ref());
        let of_site = places.find(|place| place.file.is_some()).cloned();
        of_site.unwrap_or_else(|| self.test.place())
    }
}
