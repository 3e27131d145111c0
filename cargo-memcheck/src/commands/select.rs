//! Builds the test binaries and selects the annotated tests that the filters match.

use cargo_metadata::PackageId;

use super::error::{Error, Suggestion};
use crate::cargo::{self, Cargo, CompilerMessages, TestBinary};
use crate::cli::{self, FilterOutcome, Filters};
use crate::discover::{self, AnnotatedTest};
use crate::subprocess::Interrupt;

/// The test binaries, each with its annotated tests.
pub(super) type BuiltTests = Vec<(TestBinary, Vec<AnnotatedTest>)>;

/// An annotated test and its binary.
type Test<'a> = (&'a TestBinary, &'a AnnotatedTest);

/// Builds the test binaries and finds the annotated tests.
pub(super) fn build(
    cargo: &Cargo<'_>,
    interrupt: &Interrupt,
    messages: CompilerMessages<'_>,
) -> Result<BuiltTests, Error> {
    cargo::check_manifest(cargo.selection.manifest.manifest_path.as_deref())?;
    let binaries = cargo::build(cargo, interrupt, messages)?;
    binaries
        .into_iter()
        .map(|binary| {
            let tests = discover::annotated(&binary)?;
            Ok((binary, tests))
        })
        .collect()
}

/// The annotated tests by the result of the filters.
#[derive(Debug, Default)]
pub(super) struct SelectedTests<'a> {
    pub(super) run: Vec<Test<'a>>,
    pub(super) ignored: Vec<Test<'a>>,
    pub(super) filtered_out: usize,
}

impl<'a> SelectedTests<'a> {
    /// Applies the filters.
    pub(super) fn by(filters: &Filters, built: &'a BuiltTests) -> Self {
        let mut selected = SelectedTests::default();
        for (binary, tests) in built {
            for test in tests {
                match filters.outcome(&test.name, test.ignored) {
                    FilterOutcome::Run => selected.run.push((binary, test)),
                    FilterOutcome::Ignored => selected.ignored.push((binary, test)),
                    FilterOutcome::FilteredOut => selected.filtered_out += 1,
                }
            }
        }
        selected
    }

    /// Why there is nothing to run. This is an error, so that a CI job with a wrong test name fails.
    pub(super) fn nothing_to_run(
        &self,
        cargo: &Cargo<'_>,
        built: &BuiltTests,
        filters: &Filters,
    ) -> Error {
        match (self.ignored.len(), self.filtered_out) {
            (0, 0) => Error::NoAnnotatedTests {
                binaries: built.len(),
                has_library: depends_on_library(cargo, built),
            },
            (0, annotated) => Error::NoMatch {
                annotated,
                required: filters.in_words(),
                suggestion: suggestion(filters),
            },
            (ignored, _) => Error::AllIgnored { ignored },
        }
    }
}

/// Whether a built package depends on the library.
fn depends_on_library(cargo: &Cargo<'_>, built: &BuiltTests) -> bool {
    let is_built = |id: &PackageId| built.iter().any(|(binary, _)| binary.package == *id);
    cargo.metadata().is_ok_and(|metadata| {
        let mut packages = metadata.packages.iter().filter(|of| is_built(&of.id));
        packages.any(|of| of.dependencies.iter().any(|of| of.name == "memcheck-lib"))
    })
}

/// What filters that match nothing probably mean.
fn suggestion(filters: &Filters) -> Suggestion {
    if let Some(command) = filters.names.iter().find_map(|name| cli::similar_command(name)) {
        return Suggestion::Command(command);
    }
    match filters.pattern() {
        Some((written, part)) => {
            Suggestion::Pattern { written: written.to_owned(), part: part.to_owned() }
        }
        None => Suggestion::Name,
    }
}
