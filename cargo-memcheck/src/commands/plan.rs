//! The plan of a run: the selected tests with their options and environments.

use std::num::NonZeroUsize;

use memcheck::report::TestId;
use memcheck::tool::{Launch, Settings};

use super::select::SelectedTests;
use crate::cargo::{TestBinary, TestEnvironment};
use crate::cli::Run;
use crate::config::{Layers, TestName};
use crate::discover::AnnotatedTest;
use crate::runner::{Plan, PlannedTest, SkippedTest};

/// The plan for the selected tests in `binaries`.
pub(super) fn plan<'a>(
    run: &Run,
    layers: &Layers,
    selected: &SelectedTests<'_>,
    binaries: impl Iterator<Item = (&'a TestBinary, &'a TestEnvironment)>,
) -> Plan {
    let settings = layers.run();
    let cores = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let jobs = match settings.jobs {
        Some(jobs) => jobs.get(),
        // Otherwise the output of several tests would be mixed.
        None if run.running.no_capture => 1,
        None => cores(),
    };
    let observer_settings = |name: TestName<'_>| Settings {
        defaults: layers.below(name),
        overrides: layers.above(),
        jobs: NonZeroUsize::new(jobs.min(selected.run.len())),
        blind: blind(),
        sites: settings.sites.unwrap_or_default().into(),
    };
    let ignored = |(binary, test): &(&TestBinary, &AnnotatedTest)| SkippedTest {
        id: test_id(binary, test),
        reason: test.ignored_reason.clone(),
    };
    let mut skipped: Vec<SkippedTest> = selected.ignored.iter().map(ignored).collect();
    let mut tests = Vec::new();
    for (binary, environment) in binaries {
        let changes = environment.changes();
        let of_binary = selected.run.iter().filter(|(of, _)| *of == binary);
        tests.extend(of_binary.filter_map(|(_, test)| {
            let settings =
                observer_settings(TestName { test: &test.name, binary: Some(&binary.id) });
            let skip = test.skip.as_ref().or(settings.defaults.skip.as_ref());
            if let Some(reason) = skip {
                let reason = Some(reason.clone());
                skipped.push(SkippedTest { id: test_id(binary, test), reason });
                return None;
            }
            Some(PlannedTest {
                id: test_id(binary, test),
                serial: test.serial.clone().or_else(|| settings.defaults.serial.clone()),
                settings,
                launch: Launch {
                    program: binary.path.clone(),
                    test: test.name.clone(),
                    binary: binary.id.clone(),
                    arguments: run.test_arguments.clone(),
                    directory: environment.directory().to_owned(),
                    environment: changes.clone(),
                    own_group: true,
                    check: None,
                    show_output: run.running.no_capture,
                },
            })
        }));
    }
    Plan {
        tests,
        skipped,
        filtered_out: selected.filtered_out,
        jobs,
        prove: run.running.prove,
        fail_fast: settings.fail_fast.unwrap_or_default(),
        inconclusive: settings.inconclusive.unwrap_or_default(),
    }
}

fn test_id(binary: &TestBinary, test: &AnnotatedTest) -> TestId {
    TestId::new(&test.name, &binary.id).at(&test.file, test.line, test.column)
}

/// Whether to report no growth at all: the test of `--prove` checks that it detects such a blind observer.
/// Only debug builds can do this, so installed tools cannot, and every report of such a run has a warning.
fn blind() -> bool {
    cfg!(debug_assertions) && std::env::var_os("MEMCHECK_INTERNAL_TEST_BLIND").is_some()
}
