//! What reading a process costs. Run by hand, in a release build:
//! `cargo test -p memcheck-lib --release --test process_cost -- --ignored --nocapture`.
#![cfg(target_os = "linux")]
#![expect(clippy::print_stdout, reason = "measurements are for a reader")]

use std::hint::black_box;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use memcheck::process::Watch;

fn sleeper() -> Child {
    Command::new("sleep").arg("60").spawn().expect("sleep is everywhere")
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn timed(rounds: usize, mut body: impl FnMut()) -> Duration {
    body();
    let times = (0..rounds).map(|_| {
        let start = Instant::now();
        body();
        start.elapsed()
    });
    median(times.collect())
}

#[test]
#[ignore = "a measurement"]
fn sample_of_a_small_process() {
    let mut child = sleeper();
    let pid = child.id() as i32;
    std::thread::sleep(Duration::from_millis(50));
    let mut watch = Watch::new(pid).expect("our own child");
    println!("{:?}", watch.sample());
    println!("sample, files kept open:   {:?}", timed(2000, || _ = black_box(watch.sample())));
    println!(
        "sample, files opened anew: {:?}",
        timed(2000, || _ = black_box(Watch::new(pid).expect("our own child").sample()))
    );
    for name in ["smaps_rollup", "status", "maps", "smaps"] {
        let path = format!("/proc/{pid}/{name}");
        println!("bare read of {name}: {:?}", timed(2000, || _ = black_box(std::fs::read(&path))));
    }
    println!("own process: {:?}", {
        let mut watch = Watch::new(std::process::id() as i32).expect("own");
        timed(500, || _ = black_box(watch.sample()))
    });
    child.kill().expect("our own child");
    child.wait().expect("our own child");
}
