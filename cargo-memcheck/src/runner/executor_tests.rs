//! The executor with a scripted observer.

use std::sync::atomic::{AtomicUsize, Ordering};

use memcheck::tool::report::{Status, Verdict};

use super::*;

fn plan(tests: &[(&str, &str)]) -> Plan {
    let tests = tests.iter().map(|&(name, group)| PlannedTest {
        id: TestId::new(name, "").at("src/lib.rs", 1, 0),
        launch: Launch { test: name.into(), ..Launch::default() },
        serial: (!group.is_empty()).then(|| group.to_owned()),
        settings: Settings::default(),
    });
    Plan { tests: tests.collect(), jobs: 4, ..Plan::default() }
}

/// Returns a report that depends on the name of the test.
fn scripted(
    launch: &Launch,
    _: &Settings,
    _: &Cancel,
    progress: &mut dyn FnMut(Progress),
) -> Report {
    progress(Progress { iterations: 1 });
    let verdict = match launch.test.as_str() {
        "leaks" => Verdict::Growing,
        "unsure" => Verdict::Inconclusive,
        "panics" => panic!("scripted"),
        _ => Verdict::Steady,
    };
    let mut report = Report::unobserved(TestId::default(), Outcome::Passed);
    report.verdict = Some(verdict);
    report
}

fn run(plan: &Plan) -> (Summary, Vec<Event>) {
    let mut events = Vec::new();
    let summary = execute(plan, &scripted, &Interrupt::new().unwrap(), &mut |event| {
        events.push(event.clone())
    });
    (summary, events)
}

fn counts(summary: &Summary) -> Vec<(Status, usize)> {
    summary.counts.iter().map(|(&status, &count)| (status, count)).collect()
}

#[test]
fn every_test_is_run_once_and_counted() {
    let mut plan = plan(&[("a", ""), ("leaks", ""), ("unsure", ""), ("b", "")]);
    plan.skipped.push(SkippedTest { id: TestId::new("later", ""), reason: None });
    plan.filtered_out = 2;
    let (summary, events) = run(&plan);
    assert_eq!(
        counts(&summary),
        [(Status::Pass, 2), (Status::Skip, 1), (Status::Unsure, 1), (Status::Leak, 1)]
    );
    assert_eq!((summary.run(), summary.filtered_out, summary.not_run), (4, 2, 0));
    assert!(matches!(events.first(), Some(Event::Started { tests: 4, binaries: 1 })));
    assert!(matches!(events.last(), Some(Event::Finished(last)) if *last == summary));
    let finished = events.iter().filter(|event| matches!(event, Event::TestFinished(_)));
    assert_eq!(finished.count(), 5);
}

#[test]
fn reports_have_the_place_from_the_binary() {
    let (_, events) = run(&plan(&[("a", "")]));
    let report = events.iter().find_map(|event| match event {
        Event::TestFinished(report) => Some(report),
        _ => None,
    });
    assert_eq!(report.unwrap().test.file, "src/lib.rs");
}

#[test]
fn a_panic_of_the_observer_breaks_only_one_test() {
    let (summary, _) = run(&plan(&[("panics", ""), ("a", "")]));
    assert_eq!(counts(&summary), [(Status::Pass, 1), (Status::Broken, 1)]);
}

#[test]
fn fail_fast_starts_no_further_test() {
    let mut plan = plan(&[("a", ""), ("leaks", ""), ("b", ""), ("c", "")]);
    (plan.jobs, plan.fail_fast) = (1, true);
    let (summary, _) = run(&plan);
    assert_eq!(summary.counts.get(&Status::Leak), Some(&1));
    // The thread may have taken one more test before the dispatcher received the leak.
    assert_eq!(summary.run() + summary.not_run, 4);
}

#[test]
fn an_inconclusive_test_does_not_stop_the_run_with_inconclusive_warn() {
    let mut plan = plan(&[("unsure", ""), ("a", "")]);
    (plan.jobs, plan.fail_fast, plan.inconclusive) = (1, true, Inconclusive::Warn);
    assert_eq!(run(&plan).0.run(), 2);
}

#[test]
fn tests_of_a_serial_group_run_one_at_a_time() {
    let plan = plan(&[("a", "port"), ("b", "port"), ("c", "port"), ("d", ""), ("e", "")]);
    let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let observe = |launch: &Launch,
                   settings: &Settings,
                   cancel: &Cancel,
                   progress: &mut dyn FnMut(Progress)| {
        let grouped = ["a", "b", "c"].contains(&launch.test.as_str());
        if grouped {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            thread::sleep(Duration::from_millis(20));
            now.fetch_sub(1, Ordering::SeqCst);
        }
        scripted(launch, settings, cancel, progress)
    };
    let summary = execute(&plan, &observe, &Interrupt::new().unwrap(), &mut |_| {});
    assert_eq!((summary.run(), most.into_inner()), (5, 1));
}
