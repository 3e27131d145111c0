//! The report, from what was measured. Pure.

use std::time::Duration;

use super::warnings;
use crate::detect::{Advice, Verdict};
use crate::heap::CHeapState;
use crate::observer::measure::profile_limits;
use crate::observer::measure::run::Measured;
use crate::report::{
    Conditions, ExceededLimit, Outcome, Output, REPORT_VERSION, Report, TestId, Warning,
};

/// What is known of a run apart from its measurement.
#[derive(Clone, Debug)]
pub(in crate::observer) struct Facts {
    /// The test as the observer knows it; the worker knows its place in the source as well.
    pub(in crate::observer) test: TestId,
    pub(in crate::observer) conditions: Conditions,
    /// Wall time of the whole run.
    pub(in crate::observer) elapsed: Duration,
    /// The rule was switched off.
    pub(in crate::observer) blind: bool,
    /// What could not be read of the worker.
    pub(in crate::observer) not_read: Vec<String>,
}

/// How the test ended.
#[derive(Clone, Debug)]
pub(in crate::observer) struct Ending {
    pub(in crate::observer) outcome: Outcome,
    /// The iteration in which it failed.
    pub(in crate::observer) failed_iteration: Option<u64>,
    pub(in crate::observer) output: Output,
}

impl Ending {
    /// An end without output, outside the iterations.
    pub(in crate::observer) fn of(outcome: Outcome) -> Self {
        Ending { outcome, failed_iteration: None, output: Output::default() }
    }
}

/// Assembles the report.
pub(in crate::observer) fn assemble(facts: Facts, measured: Measured, ending: Ending) -> Report {
    let Facts { test: known, mut conditions, elapsed, blind, not_read } = facts;
    let Ending { outcome, failed_iteration, output } = ending;
    let heaps = Heaps::of(&measured);
    let mut warnings = warnings_of(&measured, heaps);
    if let Some(hello) = &measured.hello {
        conditions.rust_heap_counted = Some(hello.heap_counted);
        conditions.c_heap_counted = Some(hello.native_heap == CHeapState::Counted);
    }
    let Measured {
        hello,
        options,
        profile,
        before,
        after,
        conclusion,
        completed,
        allocators,
        retention,
        sites,
        coverage: _,
        lost_while_recording: _,
    } = measured;
    let test = match hello {
        Some(hello) => TestId { binary: known.binary, ..hello.test },
        None => known,
    };
    let growth = match (&before, &after) {
        (Some(before), Some(after)) => Some(after.since(before)),
        _ => None,
    };
    let profile = profile.filter(|_| heaps.rust_counted);
    let exceeded = match &profile {
        Some(profile) => profile_limits::exceeded(&options, profile),
        None => Vec::new(),
    };
    let unmeasured = heaps.rust_unseen || profile_limits::any(&options) && !heaps.rust_counted;
    let checkpoints = conclusion.as_ref().map(|of| of.checkpoints.clone()).unwrap_or_default();
    let (verdict, iterations, metrics, advice) = match conclusion {
        Some(conclusion) => {
            // A verdict needs a complete run.
            let verdict = conclusion.verdict.filter(|_| completed);
            let verdict = verdict.map(|verdict| verdict.max(of_profile(&exceeded, unmeasured)));
            // Such advice is a warning: it matters whether the test passed or not.
            let (limits, advice): (Vec<Advice>, Vec<Advice>) = conclusion
                .advice
                .into_iter()
                .partition(|advice| matches!(advice, Advice::LimitBelowSensitivity { .. }));
            warnings.extend(limits.iter().map(warnings::limit_below_sensitivity));
            (verdict, conclusion.iterations, conclusion.metrics, advice)
        }
        None => (None, 0, Vec::new(), Vec::new()),
    };
    warnings.extend(blind.then(warnings::blind));
    for warning in not_read.into_iter().map(warnings::not_read) {
        // The same file is read at both ends of the run.
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }
    Report {
        version: REPORT_VERSION,
        test,
        options,
        outcome,
        verdict,
        iterations,
        failed_iteration,
        elapsed,
        conditions: Some(conditions),
        checkpoints,
        metrics,
        profile,
        exceeded,
        before,
        after,
        growth,
        allocators,
        retention,
        sites,
        proof: None,
        suppressed: Vec::new(),
        advice,
        warnings,
        output,
    }
}

/// How the Rust heap is counted.
#[derive(Clone, Copy, Debug)]
struct Heaps {
    rust_counted: bool,
    /// Neither itself nor as a part of the C heap: the blocks of an allocator that asks `malloc` for each
    /// are judged with the C heap, and so is their limit.
    rust_unseen: bool,
}

impl Heaps {
    fn of(measured: &Measured) -> Self {
        let uncounted = measured.hello.as_ref().filter(|hello| !hello.heap_counted);
        Heaps {
            rust_counted: uncounted.is_none(),
            rust_unseen: uncounted.is_some_and(|hello| !hello.heap_counted_as_c),
        }
    }
}

/// The part of the verdict that rests on the profile.
fn of_profile(exceeded: &[ExceededLimit], unmeasured: bool) -> Verdict {
    match (exceeded.is_empty(), unmeasured) {
        (false, _) => Verdict::OverLimit,
        (true, true) => Verdict::Inconclusive,
        (true, false) => Verdict::Steady,
    }
}

/// The warnings about the heaps and about retained memory.
fn warnings_of(measured: &Measured, heaps: Heaps) -> Vec<Warning> {
    let mut all = Vec::new();
    if let Some(hello) = &measured.hello {
        if !heaps.rust_counted {
            all.push(warnings::rust_heap_not_counted(!heaps.rust_unseen, hello.own_allocator));
        }
        all.extend(warnings::c_heap_not_counted(&hello.native_heap));
    }
    let verdict = measured.conclusion.as_ref().and_then(|of| of.verdict);
    let retention = measured.retention.as_ref();
    all.extend(retention.and_then(|of| warnings::retained(of, verdict)));
    all.extend(retention.and_then(warnings::first_touch));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::Conclusion;
    use crate::options::Options;
    use crate::protocol::message::Hello;
    use crate::report::{AllocationProfile, IterationRange};

    fn facts() -> Facts {
        Facts {
            test: TestId {
                name: "requested".into(),
                binary: "my-crate".into(),
                ..TestId::default()
            },
            conditions: Conditions::default(),
            elapsed: Duration::from_secs(2),
            blind: false,
            not_read: Vec::new(),
        }
    }

    fn hello() -> Hello {
        Hello {
            library: String::new(),
            test: TestId { name: "from_hello".into(), line: 7, ..TestId::default() },
            options: Options::default(),
            heap_counted: true,
            own_allocator: false,
            heap_counted_as_c: false,
            native_heap: CHeapState::Counted,
            snapshot: false,
            thread: 0,
        }
    }

    fn measured(verdict: Verdict) -> Measured {
        let conclusion = Conclusion {
            verdict: Some(verdict),
            iterations: 100,
            checkpoints: Vec::new(),
            metrics: Vec::new(),
            advice: Vec::new(),
            stopped: None,
        };
        Measured {
            hello: Some(hello()),
            conclusion: Some(conclusion),
            completed: true,
            ..Measured::default()
        }
    }

    fn report(measured: Measured) -> Report {
        assemble(facts(), measured, Ending::of(Outcome::Passed))
    }

    #[test]
    fn the_worker_names_the_test_and_the_observer_its_binary() {
        let test = report(measured(Verdict::Steady)).test;
        let name = (test.name.as_str(), test.binary.as_str(), test.line);
        assert_eq!(name, ("from_hello", "my-crate", 7));
        let without_hello = report(Measured::default()).test;
        assert_eq!(
            (without_hello.name.as_str(), without_hello.binary.as_str()),
            ("requested", "my-crate")
        );
    }

    #[test]
    fn a_run_that_is_not_complete_has_no_verdict() {
        assert_eq!(report(measured(Verdict::Growing)).verdict, Some(Verdict::Growing));
        let cut_short = Measured { completed: false, ..measured(Verdict::Growing) };
        assert_eq!(report(cut_short).verdict, None);
        assert_eq!(report(Measured::default()).verdict, None);
    }

    #[test]
    fn an_exceeded_limit_of_the_profile_is_in_the_verdict() {
        let over = |verdict, peak: u64| {
            let range = IterationRange { min: 1, max: 9, at: 3 };
            report(Measured {
                options: Options::new().peak(crate::Bytes(peak)),
                profile: Some(AllocationProfile {
                    peak: Some(range),
                    ..AllocationProfile::default()
                }),
                ..measured(verdict)
            })
        };
        assert_eq!(over(Verdict::Steady, 9).verdict, Some(Verdict::Steady));
        let exceeded = over(Verdict::Steady, 8);
        assert_eq!((exceeded.verdict, exceeded.exceeded.len()), (Some(Verdict::OverLimit), 1));
        assert_eq!(over(Verdict::Growing, 8).verdict, Some(Verdict::Growing));
    }

    #[test]
    fn a_heap_that_no_counter_sees_makes_the_run_inconclusive() {
        let uncounted = |heap_counted_as_c, options| {
            let hello = Hello { heap_counted: false, heap_counted_as_c, ..hello() };
            let profile = Some(AllocationProfile::default());
            let steady = measured(Verdict::Steady);
            report(Measured { hello: Some(hello), options, profile, ..steady })
        };
        let unseen = uncounted(false, Options::new());
        assert_eq!((unseen.verdict, unseen.profile), (Some(Verdict::Inconclusive), None));
        assert_eq!(unseen.warnings[0].code, "heap-not-counted");
        assert_eq!(unseen.conditions.unwrap().rust_heap_counted, Some(false));
        assert_eq!(uncounted(true, Options::new()).verdict, Some(Verdict::Steady));
        let limited = uncounted(true, Options::new().allocations(3u64));
        assert_eq!(limited.verdict, Some(Verdict::Inconclusive));
    }

    #[test]
    fn what_was_not_read_at_both_ends_is_one_warning() {
        let not_read = vec!["no smaps".to_owned(), "no fds".to_owned(), "no smaps".to_owned()];
        let facts = Facts { not_read, blind: true, ..facts() };
        let report = assemble(facts, measured(Verdict::Steady), Ending::of(Outcome::Passed));
        let codes: Vec<_> = report.warnings.iter().map(|of| of.code.as_str()).collect();
        assert_eq!(codes, ["blind", "not-read", "not-read"]);
    }
}
