//! The options of the attribute as flags: they outrank what the attribute says.

use std::time::Duration;

use clap::Args;
use memcheck::{Bytes, Options};

/// Every option of the attribute as a flag, for all tests of this run.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Options of the attribute, for every test of this run")]
pub(crate) struct Limits {
    /// Iterations before anything is judged
    #[arg(long, value_name = "N")]
    warmup: Option<u64>,
    /// Judge exactly this many iterations, without the clock
    #[arg(long, value_name = "N", conflicts_with = "time")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    iterations: Option<u64>,
    /// Time budget of the judged part, for example "500ms" or "2s"
    #[arg(long, value_name = "TIME", value_parser = time)]
    time: Option<Duration>,
    /// A test is killed after this long
    #[arg(long, value_name = "TIME", value_parser = time)]
    timeout: Option<Duration>,
    /// A reading waits for background threads at most this long
    #[arg(long, value_name = "TIME", value_parser = time)]
    settle: Option<Duration>,
    /// Bytes per iteration by which the live heap may grow
    #[arg(long, value_name = "SIZE")]
    heap: Option<Bytes>,
    /// Growth of the live footprint that may not be passed, for example "256 KiB"
    #[arg(long, value_name = "SIZE")]
    resident: Option<Bytes>,
    /// Growth of the number of threads that may not be passed (jobs are -j, --test-threads)
    #[arg(long, value_name = "N")]
    threads: Option<u64>,
    /// Growth of the number of tasks, in the runtimes of async tests, that may not be passed
    #[arg(long, value_name = "N")]
    tasks: Option<u64>,
    /// Growth of the number of file descriptors that may not be passed
    #[arg(long, value_name = "N")]
    fds: Option<u64>,
    /// Growth of the number of mappings that may not be passed
    #[arg(long, value_name = "N")]
    mappings: Option<u64>,
    /// Growth of the number of child processes that may not be passed
    #[arg(long, value_name = "N")]
    children: Option<u64>,
    /// Allocations per iteration that may not be passed
    #[arg(long, value_name = "N")]
    allocations: Option<u64>,
    /// Bytes allocated per iteration that may not be passed
    #[arg(long, value_name = "SIZE")]
    bytes: Option<Bytes>,
    /// Highest live heap above the start of an iteration that may not be passed
    #[arg(long, value_name = "SIZE")]
    peak: Option<Bytes>,
    /// Live footprint at which the process of a test is stopped [default: 80 % of the memory
    /// available, divided by the tests that run at a time]
    #[arg(long, value_name = "SIZE", value_parser = ceiling)]
    ceiling: Option<Bytes>,
}

impl Limits {
    /// The flags as a layer of options.
    pub(crate) fn options(&self) -> Options {
        let mut options = Options::new();
        options.warmup = self.warmup;
        options.iterations = self.iterations;
        options.time = self.time;
        options.timeout = self.timeout;
        options.settle = self.settle;
        options.heap = self.heap;
        options.resident = self.resident;
        options.threads = self.threads;
        options.tasks = self.tasks;
        options.fds = self.fds;
        options.mappings = self.mappings;
        options.children = self.children;
        options.allocations = self.allocations;
        options.bytes = self.bytes;
        options.peak = self.peak;
        options.ceiling = self.ceiling;
        options
    }
}

/// Reads a time above zero.
fn time(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err("a time must be above zero".to_owned()),
        Ok(time) => Ok(time),
        Err(_) => {
            Err("write a number and a unit, for example \"500ms\", \"2s\" or \"1m 30s\"".to_owned())
        }
    }
}

/// Reads a size above zero.
fn ceiling(text: &str) -> Result<Bytes, String> {
    match text.parse() {
        Ok(Bytes(0)) => Err("a process that may use no memory cannot run".to_owned()),
        Ok(size) => Ok(size),
        Err(error) => Err(format!("{error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct OnlyLimits {
        #[command(flatten)]
        limits: Limits,
    }

    fn options(arguments: &[&str]) -> Options {
        OnlyLimits::parse_from([&["x"], arguments].concat()).limits.options()
    }

    #[test]
    fn says_only_what_was_said() {
        assert_eq!(options(&[]), Options::new());
        assert_eq!(
            options(&["--resident", "256 KiB", "--time=500ms", "--threads", "2"]),
            Options::new()
                .resident(Bytes(256 * 1024))
                .time(Duration::from_millis(500))
                .threads(2u64)
        );
    }

    #[test]
    fn every_option_has_its_flag() {
        // Values told apart by position, so that no two flags can be mixed up unseen.
        let all = options(&[
            "--warmup=1",
            "--time=3s",
            "--timeout=4s",
            "--settle=16s",
            "--heap=5",
            "--resident=6",
            "--threads=7",
            "--tasks=17",
            "--fds=8",
            "--mappings=9",
            "--children=10",
            "--allocations=11",
            "--bytes=12",
            "--peak=13",
            "--ceiling=14",
        ]);
        let json = serde_json::to_value(all).unwrap();
        let seconds = |secs: u64| serde_json::json!({ "secs": secs, "nanos": 0 });
        assert_eq!(
            json,
            serde_json::json!({
                "warmup": 1, "time": seconds(3), "timeout": seconds(4), "settle": seconds(16), "heap": 5,
                "resident": 6, "threads": 7, "tasks": 17, "fds": 8, "mappings": 9, "children": 10,
                "allocations": 11, "bytes": 12, "peak": 13, "ceiling": 14,
            })
        );
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let parse = |arguments: &[&str]| OnlyLimits::try_parse_from([&["x"], arguments].concat());
        assert_eq!(options(&["--iterations=2"]), Options::new().iterations(2u64));
        for arguments in [
            &["--iterations=0"][..],
            // Judges without the clock.
            &["--iterations=2", "--time=3s"],
            &["--ceiling=0"],
        ] {
            assert!(parse(arguments).is_err(), "{arguments:?}");
        }
    }

    #[test]
    fn times_need_a_unit_and_some_length() {
        assert_eq!(time("1m 30s"), Ok(Duration::from_secs(90)));
        assert!(time("2").is_err() && time("0s").is_err() && time("-1s").is_err());
    }
}
