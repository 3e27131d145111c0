//! The run-queue delay of a thread: time that it waited for a processor of a busy machine, so no time of
//! the body.

use std::fs;
use std::time::Duration;

/// The time in which a thread was ready to run but did not run. Zero if it cannot be read.
pub(super) fn run_queue_delay(pid: i32, thread: i32) -> Duration {
    let text = fs::read_to_string(format!("/proc/{pid}/task/{thread}/schedstat"));
    parse(&text.unwrap_or_default()).unwrap_or_default()
}

/// The second number of schedstat, in nanoseconds (Documentation/scheduler/sched-stats.rst). Kernels
/// without CONFIG_SCHED_INFO have no such file.
fn parse(text: &str) -> Option<Duration> {
    text.split_ascii_whitespace().nth(1)?.parse().ok().map(Duration::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_is_the_second_number() {
        assert_eq!(parse("12034056 7003021 45\n"), Some(Duration::from_nanos(7_003_021)));
        assert_eq!(parse("0 0 0\n"), Some(Duration::ZERO));
        assert_eq!(parse(""), None);
        assert_eq!(parse("12034056"), None);
    }

    #[test]
    fn an_unreadable_delay_is_zero() {
        assert_eq!(run_queue_delay(0, 0), Duration::ZERO);
    }
}
