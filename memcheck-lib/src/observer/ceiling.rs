//! The ceiling: a worker that uses more memory than it may is stopped while it runs, because it may
//! never come to the end of its batch.
//!
//! Never by `RLIMIT_AS`, which counts addresses: reserving 128 GiB costs nothing and must not stop
//! anybody. What counts is the live footprint.

use std::num::NonZeroUsize;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use super::session::FIRST_TICK;
use crate::process::{MemoryMonitor, available_memory};
use crate::units::Bytes;

/// Longest time between two looks. Memory can be touched at some GiB a second, so this much more
/// than the ceiling a worker can get hold of at worst.
const LONGEST: Duration = Duration::from_millis(25);
/// Shortest time between two looks at a worker that comes close.
const SHORTEST: Duration = Duration::from_millis(1);

/// The part of the available memory that workers may take together, in percent: the rest is for
/// the observer, for page cache, and for what the look comes too late for.
const SHARE: u64 = 80;

/// The ceiling of a worker of which nothing is said: its part of the memory that was available when
/// the first worker of this process was started.
pub(super) fn default(jobs: Option<NonZeroUsize>) -> Option<Bytes> {
    static AVAILABLE: OnceLock<Option<u64>> = OnceLock::new();
    let available = (*AVAILABLE.get_or_init(available_memory))?;
    let jobs = jobs.or_else(|| std::thread::available_parallelism().ok());
    Some(part(available, jobs.map_or(1, NonZeroUsize::get) as u64))
}

fn part(available: u64, jobs: u64) -> Bytes {
    Bytes(available / 100 * SHARE / jobs)
}

/// A worker that passed its ceiling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Over {
    pub(super) footprint: Bytes,
    pub(super) ceiling: Bytes,
    pub(super) per_iteration: Option<Bytes>,
    pub(super) per_second: Option<Bytes>,
}

/// Looks at one worker.
#[derive(Debug)]
pub(super) struct Guard {
    /// `None` where the worker cannot be read: there are other notes on that.
    pulse: Option<MemoryMonitor>,
    default: Option<Bytes>,
    ceiling: Option<Bytes>,
    /// Swapped out and in huge pages, which `statm` does not have, when last asked for.
    beyond: u64,
    thorough: Option<Instant>,
    /// Reading the footprint holds the worker's `mmap` up, so it is not read again before this.
    not_before: Option<Instant>,
    looks: Looks,
    pause: Duration,
}

impl Guard {
    pub(super) fn new(pid: i32, default: Option<Bytes>, ceiling: Option<Bytes>) -> Guard {
        Guard {
            pulse: MemoryMonitor::new(pid).ok(),
            default,
            ceiling: ceiling.or(default),
            beyond: 0,
            thorough: None,
            not_before: None,
            looks: Looks::default(),
            pause: FIRST_TICK,
        }
    }

    /// From now on `ceiling` is in force, or the default.
    pub(super) fn set(&mut self, ceiling: Option<Bytes>) {
        self.ceiling = ceiling.or(self.default);
    }

    /// Looks, unless that was done a moment ago.
    pub(super) fn look_if_due(&mut self, iterations: u64) -> Result<(), Over> {
        match self.looks.last {
            Some(last) if last.at.elapsed() < FIRST_TICK => Ok(()),
            _ => self.look(iterations).map(|_| ()),
        }
    }

    /// Looks at the worker, which has done so many iterations. Says when to look again.
    pub(super) fn look(&mut self, iterations: u64) -> Result<Duration, Over> {
        let (Some(pulse), Some(ceiling)) = (&mut self.pulse, self.ceiling) else {
            return Ok(LONGEST);
        };
        let now = Instant::now();
        if self.thorough.is_none_or(|last| now - last >= LONGEST * 4) {
            self.thorough = Some(now);
            self.beyond = pulse.beyond_resident().unwrap_or(0);
        }
        // Has ended, or is about to: others see to that.
        let Some(resident) = pulse.resident() else { return Ok(LONGEST) };
        let at_most = resident.saturating_add(self.beyond);
        self.looks.add(Look { at: now, iterations, bytes: at_most });
        if at_most > ceiling.0 && self.not_before.is_none_or(|time| now >= time) {
            let footprint = pulse.live_footprint();
            self.not_before = Some(Instant::now() + now.elapsed() * 10);
            if let Some(footprint) = footprint.filter(|footprint| *footprint > ceiling.0) {
                return Err(Over {
                    footprint: Bytes(footprint),
                    ceiling,
                    per_iteration: self.looks.per_iteration(),
                    per_second: self.looks.per_second(),
                });
            }
        }
        let room = ceiling.0.saturating_sub(at_most);
        self.pause = next_pause(self.pause, room, self.looks.per_second().map_or(0, |rate| rate.0));
        Ok(self.pause)
    }
}

/// Twice the last pause, but not so long that more than a quarter of the room is gone by then.
fn next_pause(last: Duration, room: u64, per_second: u64) -> Duration {
    let filled = match per_second {
        0 => f64::INFINITY,
        rate => room as f64 / rate as f64,
    };
    let quarter = Duration::try_from_secs_f64(filled / 4.0).unwrap_or(LONGEST);
    (last * 2).min(quarter).clamp(SHORTEST, LONGEST)
}

/// What a look showed.
#[derive(Clone, Copy, Debug)]
struct Look {
    at: Instant,
    iterations: u64,
    bytes: u64,
}

/// The looks that the last rate is told from.
#[derive(Debug, Default)]
struct Looks {
    /// Where the last iteration that was seen to end began to be seen.
    iteration: Option<Look>,
    /// The one before that.
    iteration_before: Option<Look>,
    before: Option<Look>,
    last: Option<Look>,
}

impl Looks {
    fn add(&mut self, look: Look) {
        if self.iteration.is_none_or(|seen| seen.iterations < look.iterations) {
            self.iteration_before = self.iteration.replace(look);
        }
        self.before = self.last.replace(look);
    }

    /// Growth in an iteration, between the last two looks that have different iterations.
    fn per_iteration(&self) -> Option<Bytes> {
        let (from, to) = (self.iteration_before?, self.iteration?);
        let grown = to.bytes.saturating_sub(from.bytes);
        (grown > 0).then(|| Bytes(grown / (to.iterations - from.iterations).max(1)))
    }

    /// Growth in a second, between the last two looks.
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
    fn workers_share_four_fifths() {
        assert_eq!(part(10 << 30, 1), Bytes((10 << 30) / 100 * 80));
        assert_eq!(part(1000, 4), Bytes(200));
    }

    #[test]
    fn looks_come_more_often_near_the_ceiling() {
        let ms = Duration::from_millis;
        assert_eq!(next_pause(ms(5), 1 << 30, 0), ms(10));
        assert_eq!(next_pause(ms(20), 1 << 30, 0), LONGEST);
        // 100 MiB at 10 GiB a second are gone in 10 ms.
        let pause = next_pause(ms(25), 100 << 20, 10 << 30);
        assert!(pause > ms(2) && pause < ms(3), "{pause:?}");
        assert_eq!(next_pause(ms(25), 0, 1), SHORTEST);
    }

    #[test]
    fn the_last_rates_are_told() {
        let start = Instant::now();
        let mut looks = Looks::default();
        assert_eq!((looks.per_iteration(), looks.per_second()), (None, None));
        for (ms, iterations, bytes) in [(0, 3, 1000), (500, 5, 3000), (1000, 5, 4000)] {
            looks.add(Look { at: start + Duration::from_millis(ms), iterations, bytes });
        }
        assert_eq!(looks.per_iteration(), Some(Bytes(1000)));
        assert_eq!(looks.per_second(), Some(Bytes(2000)));
        looks.add(Look { at: start + Duration::from_millis(1500), iterations: 6, bytes: 10 });
        assert_eq!((looks.per_iteration(), looks.per_second()), (None, None));
    }

    #[test]
    fn this_process_passes_a_small_ceiling_only() {
        let pid = std::process::id().cast_signed();
        let mut guard = Guard::new(pid, None, Some(Bytes(4096)));
        let over = guard.look(1).expect_err("more than a page");
        assert!(over.footprint > over.ceiling);
        guard.set(Some(Bytes(1 << 40)));
        assert!(guard.look(2).is_ok());
        guard.set(None);
        assert_eq!(guard.look(3), Ok(LONGEST));
        assert!(default(NonZeroUsize::new(1)) > default(NonZeroUsize::new(2)));
    }
}
