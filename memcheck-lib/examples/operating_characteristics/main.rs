//! Prints the operating characteristics of the verdict: for bodies whose truth is known and for
//! several costs of an iteration, how often a run ends in which verdict.
//!
//! `cargo run --release -p memcheck-lib --example operating_characteristics [RUNS]`
#![allow(clippy::print_stdout, reason = "the table is what this program is for")]
#![allow(unreachable_pub, reason = "the modules are shared with a test")]

mod body;
mod random;
mod run;

use body::{BODIES, Body, Truth};
use memcheck::tool::detect::JudgeSettings;
use run::{COSTS, Tally, cell, decidable, run};

/// A part of the table: its title, and which bodies belong to it.
type Section = (&'static str, fn(&Body) -> bool);

fn main() {
    let runs = std::env::args().nth(1).and_then(|runs| runs.parse().ok()).unwrap_or(400);
    let settings = JudgeSettings::default();
    let sections: [Section; 4] = [
        ("Clean bodies", |body| matches!(body.truth, Truth::Clean { .. })),
        ("Leaks", |body| matches!(body.truth, Truth::Leak { .. } | Truth::Container { .. })),
        ("High-water marks", |body| body.truth == Truth::HighWater),
        ("Unbounded but slowing", |body| body.truth == Truth::Slowing),
    ];
    let (mut planted, mut proven) = ([0u64; COSTS.len()], [0u64; COSTS.len()]);
    let (mut marks, mut records) = (0u64, 0);
    let (mut clean, mut alarms, mut unsure, mut leaks, mut caught, mut silent) =
        (0u64, 0, 0, 0u64, 0, 0);
    println!("# Table of simulated bodies\n");
    println!(
        "[Operating characteristics](operating-characteristics.md) explains this page, and how"
    );
    println!("it is made.\n");
    for (title, belongs) in sections {
        println!("## {title}\n");
        print!("| body | metric |");
        COSTS.iter().for_each(|cost| print!(" {cost:?} |"));
        println!("\n|---|---|{}", "---|".repeat(COSTS.len()));
        for body in BODIES.iter().filter(|body| belongs(body)) {
            print!("| {} | {} |", body.name, body.metric);
            for (column, cost) in COSTS.into_iter().enumerate() {
                let tally = Tally::of(body, &settings, cost, runs);
                let decidable = decidable(body, &settings, cost);
                print!(" {} |", cell(&tally, decidable));
                planted[column] += u64::from(tally.planted);
                proven[column] += u64::from(tally.proven);
                match body.truth {
                    Truth::Clean { .. } if decidable => {
                        clean += u64::from(tally.runs);
                        alarms += tally.leak;
                        unsure += tally.unsure;
                    }
                    Truth::Leak { .. } | Truth::Container { .. } => {
                        leaks += u64::from(tally.runs);
                        caught += tally.leak;
                        silent += tally.pass;
                    }
                    Truth::HighWater => {
                        marks += u64::from(tally.runs);
                        records += tally.leak;
                    }
                    Truth::Clean { .. } | Truth::Slowing => {}
                }
            }
            println!();
        }
        println!();
    }
    println!("Clean and decidable: {clean} runs, {alarms} called growing, {unsure} UNSURE.\n");
    println!("High-water marks: {marks} runs, {records} called growing.\n");
    println!(
        "Leaks: {leaks} runs, {caught} called growing, {silent} passed although the run said it would see them."
    );
    println!(
        "\nClean runs repeated with a leak of the stated sensitivity planted, called growing:\n"
    );
    for (column, cost) in COSTS.into_iter().enumerate() {
        println!(
            "- {cost:?}: {:.2} % of {}",
            percent(proven[column], planted[column]),
            planted[column]
        );
    }
    println!("\n## Advice for undecidable bodies\n");
    for body in BODIES {
        let Some(cost) = COSTS.into_iter().find(|cost| !decidable(body, &settings, *cost)) else {
            continue;
        };
        let advice =
            (0..50).find_map(|seed| run(body, &settings, cost, seed, None).conclusion.advice.pop());
        let advice = advice.map_or("none: these runs pass".to_owned(), |advice| advice.to_string());
        println!("- {} at {cost:?}: {advice}.", body.name);
    }
}

/// Share in percent.
fn percent(part: u64, whole: u64) -> f64 {
    part as f64 * 100.0 / whole.max(1) as f64
}
