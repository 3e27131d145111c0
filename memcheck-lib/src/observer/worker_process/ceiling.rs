//! The memory ceiling: a worker whose live footprint passes it is stopped in the middle of a batch,
//! because it may never reach the end of that batch.
//!
//! `RLIMIT_AS` would not do: it counts address space, and reserving 128 GiB costs nothing.

use std::num::NonZeroUsize;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::observer::worker_handle::interruption::OverCeiling;
use crate::process::{MemoryMonitor, available_memory};
use crate::units::Bytes;

/// First time between two readings: most batches end sooner, and then need none.
pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(5);
/// Longest time between two readings. A process can touch a few GiB a second, so in this time a worker
/// can pass its ceiling by about 100 MiB.
const LONGEST: Duration = Duration::from_millis(25);
/// Shortest time between two readings of a worker that is close to its ceiling. Reading `statm` takes
/// about 7 µs, less than a hundredth of it.
const SHORTEST: Duration = Duration::from_millis(1);

/// The share of the available memory that all workers may use together, in percent. The rest is for the
/// observer, for the page cache, and for what workers allocate between two readings.
const SHARE: u64 = 80;

/// The default ceiling of a worker: its share of the memory that was available when this process started
/// its first worker.
pub(in crate::observer) fn default_ceiling(jobs: Option<NonZeroUsize>) -> Option<Bytes> {
    static AVAILABLE: OnceLock<Option<u64>> = OnceLock::new();
    let available = (*AVAILABLE.get_or_init(available_memory))?;
    let jobs = jobs.or_else(|| std::thread::available_parallelism().ok());
    Some(share_of(available, jobs.map_or(1, NonZeroUsize::get) as u64))
}

fn share_of(available: u64, jobs: u64) -> Bytes {
    Bytes(available / 100 * SHARE / jobs)
}

/// Checks one worker against its ceiling.
#[derive(Debug)]
pub(in crate::observer) struct CeilingGuard {
    /// `None` if the worker cannot be read; a warning says so elsewhere.
    pulse: Option<MemoryMonitor>,
    default: Option<Bytes>,
    ceiling: Option<Bytes>,
    /// Swapped memory and huge pages, which `statm` does not count, at the last full reading.
    beyond: u64,
    /// Time of that reading.
    read_beyond: Option<Instant>,
    /// Reading the footprint blocks the worker's `mmap`, so it is not read again before this time.
    not_before: Option<Instant>,
    readings: Readings,
    pause: Duration,
}

impl CeilingGuard {
    pub(in crate::observer) fn new(
        pid: i32,
        default: Option<Bytes>,
        ceiling: Option<Bytes>,
    ) -> CeilingGuard {
        CeilingGuard {
            pulse: MemoryMonitor::new(pid).ok(),
            default,
            ceiling: ceiling.or(default),
            beyond: 0,
            read_beyond: None,
            not_before: None,
            readings: Readings::default(),
            pause: FIRST_PAUSE,
        }
    }

    /// Sets the ceiling; `None` for the default.
    pub(super) fn set(&mut self, ceiling: Option<Bytes>) {
        self.ceiling = ceiling.or(self.default);
    }

    /// Checks, unless it did so a moment ago.
    pub(super) fn check_if_due(&mut self, iterations: u64) -> Result<(), OverCeiling> {
        match self.readings.last {
            Some(last) if last.at.elapsed() < FIRST_PAUSE => Ok(()),
            _ => self.check(iterations).map(|_| ()),
        }
    }

    /// Checks the worker, which has done so many iterations. Returns the time until the next check.
    pub(super) fn check(&mut self, iterations: u64) -> Result<Duration, OverCeiling> {
        let (Some(pulse), Some(ceiling)) = (&mut self.pulse, self.ceiling) else {
            return Ok(LONGEST);
        };
        let now = Instant::now();
        if self.read_beyond.is_none_or(|last| now - last >= LONGEST * 4) {
            self.read_beyond = Some(now);
            self.beyond = pulse.beyond_resident().unwrap_or(0);
        }
        // The worker has ended, or is about to; the session sees that.
        let Some(resident) = pulse.resident() else { return Ok(LONGEST) };
        let at_most = resident.saturating_add(self.beyond);
        self.readings.add(Reading { at: now, iterations, bytes: at_most });
        if at_most > ceiling.0 && self.not_before.is_none_or(|time| now >= time) {
            let footprint = pulse.live_footprint();
            self.not_before = Some(Instant::now() + now.elapsed() * 10);
            if let Some(footprint) = footprint.filter(|footprint| *footprint > ceiling.0) {
                return Err(OverCeiling {
                    footprint: Bytes(footprint),
                    ceiling,
                    per_iteration: self.readings.per_iteration(),
                    per_second: self.readings.per_second(),
                });
            }
        }
        let room = ceiling.0.saturating_sub(at_most);
        self.pause =
            next_pause(self.pause, room, self.readings.per_second().map_or(0, |rate| rate.0));
        Ok(self.pause)
    }
}

/// Twice the last pause, but short enough that at most a quarter of the remaining room fills up in it.
fn next_pause(last: Duration, room: u64, per_second: u64) -> Duration {
    let filled = match per_second {
        0 => f64::INFINITY,
        rate => room as f64 / rate as f64,
    };
    let quarter = Duration::try_from_secs_f64(filled / 4.0).unwrap_or(LONGEST);
    (last * 2).min(quarter).clamp(SHORTEST, LONGEST)
}

/// One reading of the worker.
#[derive(Clone, Copy, Debug)]
struct Reading {
    at: Instant,
    iterations: u64,
    bytes: u64,
}

/// The readings from which the current rates follow.
#[derive(Debug, Default)]
struct Readings {
    /// The first reading with the newest number of iterations.
    iteration: Option<Reading>,
    /// The first reading with the number of iterations before that.
    iteration_before: Option<Reading>,
    before: Option<Reading>,
    last: Option<Reading>,
}

impl Readings {
    fn add(&mut self, reading: Reading) {
        if self.iteration.is_none_or(|seen| seen.iterations < reading.iterations) {
            self.iteration_before = self.iteration.replace(reading);
        }
        self.before = self.last.replace(reading);
    }

    /// Growth per iteration, between the last two readings with different numbers of iterations.
    fn per_iteration(&self) -> Option<Bytes> {
        let (from, to) = (self.iteration_before?, self.iteration?);
        let grown = to.bytes.saturating_sub(from.bytes);
        (grown > 0).then(|| Bytes(grown / (to.iterations - from.iterations).max(1)))
    }

    /// Growth per second, between the last two readings.
    fn per_second(&self) -> Option<Bytes> {
        let (from, to) = (self.before?, self.last?);
        let grown = to.bytes.saturating_sub(from.bytes);
        let seconds = to.at.saturating_duration_since(from.at).as_secs_f64();
        (grown > 0 && seconds > 0.0).then(|| Bytes((grown as f64 / seconds) as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_share_four_fifths_of_the_available_memory() {
        assert_eq!(share_of(10 << 30, 1), Bytes((10 << 30) / 100 * 80));
        assert_eq!(share_of(1000, 4), Bytes(200));
    }

    #[test]
    fn checks_are_more_frequent_near_the_ceiling() {
        let ms = Duration::from_millis;
        assert_eq!(next_pause(ms(5), 1 << 30, 0), ms(10));
        assert_eq!(next_pause(ms(20), 1 << 30, 0), LONGEST);
        // 100 MiB at 10 GiB a second are gone in 10 ms.
        let pause = next_pause(ms(25), 100 << 20, 10 << 30);
        assert!(pause > ms(2) && pause < ms(3), "{pause:?}");
        assert_eq!(next_pause(ms(25), 0, 1), SHORTEST);
    }

    #[test]
    fn rates_are_those_of_the_last_readings() {
        let start = Instant::now();
        let mut readings = Readings::default();
        assert_eq!((readings.per_iteration(), readings.per_second()), (None, None));
        for (ms, iterations, bytes) in [(0, 3, 1000), (500, 5, 3000), (1000, 5, 4000)] {
            readings.add(Reading { at: start + Duration::from_millis(ms), iterations, bytes });
        }
        assert_eq!(readings.per_iteration(), Some(Bytes(1000)));
        assert_eq!(readings.per_second(), Some(Bytes(2000)));
        readings.add(Reading { at: start + Duration::from_millis(1500), iterations: 6, bytes: 10 });
        assert_eq!((readings.per_iteration(), readings.per_second()), (None, None));
    }

    #[test]
    fn this_process_is_over_a_small_ceiling_only() {
        let pid = std::process::id().cast_signed();
        let mut guard = CeilingGuard::new(pid, None, Some(Bytes(4096)));
        let over = guard.check(1).expect_err("more than a page");
        assert!(over.footprint > over.ceiling);
        guard.set(Some(Bytes(1 << 40)));
        assert!(guard.check(2).is_ok());
        guard.set(None);
        assert_eq!(guard.check(3), Ok(LONGEST));
        assert!(default_ceiling(NonZeroUsize::new(1)) > default_ceiling(NonZeroUsize::new(2)));
    }
}
