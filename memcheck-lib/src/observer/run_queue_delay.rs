//! How long a thread waited for a processor: time of a busy machine, not of the body.

use std::fs;
use std::time::Duration;

/// The time in which a thread of a process was ready to run and did not; none when it cannot be read.
pub(super) fn waited(pid: i32, thread: i32) -> Duration {
    let text = fs::read_to_string(format!("/proc/{pid}/task/{thread}/schedstat"));
    waiting(&text.unwrap_or_default()).unwrap_or_default()
}

/// The second number of schedstat, in nanoseconds (Documentation/scheduler/sched-stats.rst). A kernel
/// without CONFIG_SCHED_INFO has no such file.
fn waiting(text: &str) -> Option<Duration> {
    text.split_ascii_whitespace().nth(1)?.parse().ok().map(Duration::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_time_on_a_run_queue() {
        assert_eq!(waiting("12034056 7003021 45\n"), Some(Duration::from_nanos(7_003_021)));
        assert_eq!(waiting("0 0 0\n"), Some(Duration::ZERO));
        assert_eq!(waiting(""), None);
        assert_eq!(waiting("12034056"), None);
    }

    #[test]
    fn what_cannot_be_read_is_none() {
        assert_eq!(waited(0, 0), Duration::ZERO);
    }
}
