//! Processes that a test starts, and what becomes of them.

use std::sync::{Arc, Once};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;

/// Waits until `condition` holds.
#[track_caller]
pub(crate) fn until(what: &str, condition: impl Fn() -> bool) {
    let begin = Instant::now();
    while !condition() {
        assert!(begin.elapsed() < Duration::from_secs(300), "{what}: never");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Whether a process lives. A zombie that nobody waits for is no longer one.
pub(crate) fn is_running(pid: &str) -> bool {
    std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or_default().starts_with(" Z"))
}

/// Whether this is root, who may read everything.
pub(crate) fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|of| std::os::unix::fs::MetadataExt::uid(&of) == 0)
}

/// Lets what is started from here on end on Ctrl-C, also where this runs in the background of a script
/// (`bash .ci/run &`): a shell then has it ignored, which programs inherit, while a handler does not
/// outlive an exec.
pub(crate) fn hear_signals() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let ignored = std::fs::read_to_string("/proc/self/status").unwrap();
        let ignored = ignored.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap();
        let ignored = u64::from_str_radix(ignored.trim(), 16).unwrap();
        for signal in [SIGHUP, SIGINT, SIGTERM] {
            if ignored & 1 << (signal - 1) != 0 {
                flag::register(signal, Arc::default()).unwrap();
            }
        }
    });
}
