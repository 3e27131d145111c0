//! Verdicts on simulated bodies: no clean body is called growing, and no leak within the stated
//! sensitivity passes. The full table is in `docs/src/evidence/verdict-table.md`.
#![allow(unreachable_pub, dead_code, reason = "the modules are shared with an example")]

use memcheck::tool::detect::JudgeSettings;

#[path = "../examples/operating_characteristics/body.rs"]
mod body;
#[path = "../examples/operating_characteristics/random.rs"]
mod random;
#[path = "../examples/operating_characteristics/run.rs"]
mod run;

use body::{BODIES, Truth};
use run::{COSTS, Tally, cell, decidable};

/// Runs of each body at each cost: as many as a debug build does in a few seconds.
const RUNS: u32 = 8;

fn leaks(truth: Truth) -> bool {
    !matches!(truth, Truth::Clean { .. } | Truth::HighWater)
}

#[test]
fn clean_bodies_are_never_growing_and_rarely_unsure() {
    let (mut runs, mut unsure, mut missed) = (0, 0, 0);
    for body in BODIES.iter().filter(|body| matches!(body.truth, Truth::Clean { .. })) {
        for cost in
            COSTS.into_iter().filter(|cost| decidable(body, &JudgeSettings::default(), *cost))
        {
            let tally = Tally::of(body, &JudgeSettings::default(), cost, RUNS);
            assert_eq!(tally.leak, 0, "{} at {cost:?}: {tally:?}", body.name);
            assert_eq!(tally.below, 0, "{} at {cost:?}: {tally:?}", body.name);
            runs += tally.runs;
            unsure += tally.unsure;
            // The stated sensitivity holds: a leak of that size is called growing.
            assert_eq!(tally.planted, tally.runs, "{} at {cost:?}: {tally:?}", body.name);
            // After a leak that has just stopped, a few iterations are hardly enough.
            assert!(tally.proven + 2 >= tally.planted, "{} at {cost:?}: {tally:?}", body.name);
            missed += tally.planted - tally.proven;
        }
    }
    // In the long run none; 0.4 %, nearly all of them in slow bodies.
    assert!(unsure * 200 <= runs, "{unsure} of {runs} clean runs are UNSURE");
    assert!(missed * 200 <= runs, "{missed} of {runs} planted leaks were missed");
}

#[test]
fn no_high_water_mark_is_called_growing() {
    for body in BODIES.iter().filter(|body| body.truth == Truth::HighWater) {
        for cost in COSTS {
            let tally = Tally::of(body, &JudgeSettings::default(), cost, RUNS);
            assert_eq!(tally.leak, 0, "{} at {cost:?}: {tally:?}", body.name);
        }
    }
}

#[test]
fn no_leak_within_the_stated_sensitivity_passes() {
    let (mut runs, mut caught) = (0, 0);
    for body in BODIES.iter().filter(|body| leaks(body.truth)) {
        for cost in COSTS {
            let tally = Tally::of(body, &JudgeSettings::default(), cost, RUNS);
            assert_eq!(tally.pass, 0, "{} at {cost:?}: {tally:?}", body.name);
            if body.truth != Truth::Slowing {
                runs += tally.runs;
                caught += tally.leak;
            }
        }
    }
    // 74.2 % in the long run; the rest are slow bodies that leak rarely, UNSURE or below what the
    // run says it would have seen.
    assert!(caught * 100 >= runs * 74, "{caught} of {runs} leaking runs are called growing");
}

#[test]
fn a_quick_body_is_caught_at_default_settings() {
    let promised = [
        "1 B in every iteration",
        "1 block in 10",
        "1 fd in 100",
        "1 page in 10",
        "1 page in 10 under noise",
        "Vec, one entry an iteration",
        "10 B under noise of 1 kB",
    ];
    for name in promised {
        let body = BODIES.iter().find(|body| body.name == name).expect("a body of that name");
        for cost in &COSTS[..3] {
            let tally = Tally::of(body, &JudgeSettings::default(), *cost, 4 * RUNS);
            assert_eq!(tally.leak, tally.runs, "{name} at {cost:?}: {tally:?}");
        }
    }
}

#[test]
fn a_given_number_of_iterations_is_judged_by_the_same_rules() {
    for iterations in [50, 500, 5_000] {
        let settings = JudgeSettings { iterations: Some(iterations), ..JudgeSettings::default() };
        for (name, leaks) in [("constant", false), ("1 B in every iteration", true)] {
            let body = BODIES.iter().find(|body| body.name == name).expect("a body of that name");
            let tally = Tally::of(body, &settings, COSTS[1], 3);
            assert_eq!(tally.iterations, 3 * iterations);
            assert_eq!((tally.leak, tally.pass), if leaks { (3, 0) } else { (0, 3) }, "{name}");
        }
    }
}

/// Runs of each cell of the table.
const RUNS_OF_THE_TABLE: u32 = 2000;

/// The bodies are seeded, so each cell is reproducible. This checks a third of the cells of the slowest
/// bodies, which are quick to compute. If it fails after a change of the rules, generate the table again.
#[test]
fn the_rules_give_the_table() {
    let table = include_str!("../../docs/src/evidence/verdict-table.md");
    for body in BODIES.iter().step_by(3) {
        let begin = format!("| {} | {} | ", body.name, body.metric);
        let row = table.lines().find_map(|line| line.strip_prefix(&begin));
        let row = row.unwrap_or_else(|| panic!("no row of {}", body.name));
        let cells: Vec<&str> = row.trim_end_matches(" |").split(" | ").collect();
        assert_eq!(cells.len(), COSTS.len(), "{row}");
        let (cost, written) = (COSTS[5], cells[5]);
        let tally = Tally::of(body, &JudgeSettings::default(), cost, RUNS_OF_THE_TABLE);
        let found = cell(&tally, decidable(body, &JudgeSettings::default(), cost));
        assert_eq!(found, written, "{} at {cost:?}", body.name);
    }
}

#[test]
fn the_documentation_quotes_the_sums_of_the_table() {
    let table = include_str!("../../docs/src/evidence/verdict-table.md");
    let numbers = |start: &str| -> Vec<u64> {
        let line = table.lines().find_map(|line| line.strip_prefix(start));
        let words = line.unwrap_or_else(|| panic!("no line {start}")).split(' ');
        words.filter_map(|word| word.parse().ok()).collect()
    };
    let [clean, alarms, unsure] = numbers("Clean and decidable: ")[..] else { panic!("{table}") };
    let [leaks, caught, silent] = numbers("Leaks: ")[..] else { panic!("{table}") };
    assert_eq!((alarms, silent), (0, 0));
    let grouped = |number: u64| match number {
        0..1000 => number.to_string(),
        _ => format!("{},{:03}", number / 1000, number % 1000),
    };
    // Lines are wrapped anywhere.
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let page = words(include_str!("../../docs/src/evidence/operating-characteristics.md"));
    let share = unsure as f64 * 100.0 / clean as f64;
    for said in [
        format!(
            "{} runs of clean, decidable bodies: **0 called growing**, {unsure} ({share:.1} %) UNSURE",
            grouped(clean)
        ),
        format!(
            "{} runs of leaks: **0 passed although the run said it would see them**; {} called growing",
            grouped(leaks),
            grouped(caught)
        ),
    ] {
        assert!(page.contains(&said), "operating-characteristics.md does not say: {said}");
    }
    let said =
        format!("{} kinds of bodies at six speeds, {} runs", BODIES.len(), grouped(clean + leaks));
    assert!(words(include_str!("../../README.md")).contains(&said), "README does not say: {said}");
}
