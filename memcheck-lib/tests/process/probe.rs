//! The two sides of a probe: the process that allocates memory, and the test that reads it.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStderr, ChildStdin, Command, Stdio};

use memcheck::tool::process::{MappingKind, ProcessSnapshot, Sample, Sampler};

pub(crate) const MIB: u64 = 1 << 20;
pub(crate) const PAGE: usize = 4096;

/// The variable with the name of the probe.
const VARIABLE: &str = "MEMCHECK_TEST_PROBE";

/// What a probe prints at a stage: how many bytes more than at its start cost memory.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Truth {
    /// Bytes in use through addresses.
    pub(crate) live: u64,
    /// Bytes given back with MADV_FREE.
    pub(crate) lazy: u64,
    /// Bytes that only a descriptor holds.
    pub(crate) fd: u64,
}

/// The stages, in the process of the probe.
pub(crate) struct Stage;

impl Stage {
    /// Prints the truth and waits until the test has read the process.
    pub(crate) fn is(&mut self, truth: Truth) {
        let line = format!("\n#{} {} {}\n", truth.live, truth.lazy, truth.fd);
        std::io::stderr().write_all(line.as_bytes()).expect("the test reads");
        let mut byte = [0];
        // Unbuffered, because stdin of the standard library would allocate.
        let stdin = std::io::stdin();
        if rustix::io::read(&stdin, &mut byte).expect("the test writes") == 0 {
            std::process::exit(0);
        }
    }

    pub(crate) fn live(&mut self, bytes: u64) {
        self.is(Truth { live: bytes, ..Truth::default() });
    }
}

/// Whether this process is the probe of the calling test. If so, the test runs as the probe.
pub(crate) fn is_probe() -> bool {
    std::env::var_os(VARIABLE).is_some()
}

/// One reading of a probe.
#[derive(Debug)]
pub(crate) struct Look {
    pub(crate) truth: Truth,
    pub(crate) sample: Sample,
    pub(crate) snapshot: ProcessSnapshot,
}

impl Look {
    pub(crate) fn live(&self) -> u64 {
        self.sample.footprint.expect("readable").live()
    }

    /// The footprint of the mappings of a kind.
    pub(crate) fn of_kind(&self, kind: MappingKind) -> u64 {
        let groups = self.snapshot.groups.iter().filter(|group| group.kind == kind);
        groups.map(|group| group.sums.live().0).sum()
    }
}

/// A running probe.
pub(crate) struct Probe {
    child: Child,
    stdin: ChildStdin,
    stderr: BufReader<ChildStderr>,
    watch: Option<Sampler>,
}

impl Probe {
    /// Starts the test `name` (its whole path) of this binary as a probe.
    pub(crate) fn start(name: &str) -> Probe {
        Probe::start_with(Command::new(std::env::current_exe().expect("a test has one")), name)
    }

    /// The same through another command, which must run its arguments.
    pub(crate) fn start_with(mut command: Command, name: &str) -> Probe {
        let mut child = command
            .args([name, "--exact", "--nocapture", "--test-threads=1"])
            .env(VARIABLE, name)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("this binary runs");
        let stdin = child.stdin.take().expect("piped");
        let stderr = BufReader::new(child.stderr.take().expect("piped"));
        Probe { child, stdin, stderr, watch: None }
    }

    pub(crate) fn pid(&self) -> i32 {
        self.child.id().cast_signed()
    }

    /// Waits for the next stage and returns its truth. `None` when the probe has ended.
    pub(crate) fn next_truth(&mut self) -> Option<Truth> {
        let mut other = String::new();
        loop {
            let mut line = String::new();
            if self.stderr.read_line(&mut line).expect("the probe writes text") == 0 {
                assert!(!other.contains("panicked"), "the probe failed:\n{other}");
                return None;
            }
            if let Some(numbers) = line.trim().strip_prefix('#') {
                let mut numbers = numbers.split(' ').map(|n| n.parse().expect("a number"));
                let mut next = || numbers.next().expect("three numbers");
                return Some(Truth { live: next(), lazy: next(), fd: next() });
            }
            other.push_str(&line);
        }
    }

    /// Lets the probe go on to its next stage.
    pub(crate) fn go_on(&mut self) {
        self.stdin.write_all(b"\n").expect("the probe waits");
    }

    /// Waits for the next stage and reads the process.
    pub(crate) fn look(&mut self) -> Option<Look> {
        let truth = self.next_truth()?;
        let pid = self.pid();
        let watch = self.watch.get_or_insert_with(|| Sampler::new(pid).expect("our own child"));
        let sample = watch.sample();
        assert_eq!(watch.notes(), [] as [String; 0]);
        let snapshot = ProcessSnapshot::of(pid).expect("our own child");
        assert_eq!(snapshot.notes, [] as [String; 0]);
        self.go_on();
        Some(Look { truth, sample, snapshot })
    }

    /// Reads every stage. The first is the start, before any allocation.
    pub(crate) fn looks(name: &str) -> Vec<Look> {
        let mut probe = Probe::start(name);
        let mut looks = Vec::new();
        while let Some(look) = probe.look() {
            looks.push(look);
        }
        assert!(probe.child.wait().expect("our own child").success());
        looks
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        // Fails if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Allowed difference for a probe of 64 MiB: its page tables (128 KiB), and pages that the waiting
/// touches.
pub(crate) const TOLERANCE: u64 = 256 << 10;

pub(crate) fn near(metric: u64, truth: u64) -> bool {
    metric.abs_diff(truth) <= TOLERANCE
}

/// The same for a change. A page more or less comes from the waiting.
pub(crate) fn grew_by(change: Option<i64>, truth: u64) -> bool {
    change.is_some_and(|change| near(u64::try_from(change.max(0)).unwrap_or(0), truth))
        && change > Some(-(TOLERANCE as i64))
}

/// Growth, 0 where it shrank by no more than the tolerance.
fn grown(before: u64, after: u64) -> u64 {
    assert!(before <= after + TOLERANCE, "shrank from {before} to {after}");
    after.saturating_sub(before)
}

/// Runs a probe and compares the growth since its start with its truth, both of the sampler and of
/// the snapshot. The growth must be of `kind`.
pub(crate) fn check(name: &str, kind: MappingKind) -> Vec<Look> {
    let looks = Probe::looks(name);
    assert!(looks.len() > 1, "{name} ended without a stage");
    let first = &looks[0];
    let fd_memory = |look: &Look| look.sample.fd_memory.expect("readable");
    for (stage, look) in looks.iter().enumerate() {
        let truth = look.truth;
        let what = format!("{name}, stage {stage}: {truth:?}");
        let live = grown(first.live(), look.live());
        assert!(near(live, truth.live), "{what}: live {live}");
        let snapshot = look.snapshot.live_footprint().expect("readable").0;
        assert!(near(snapshot, look.live()), "{what}: the snapshot has {snapshot}");
        let lazy = look.sample.footprint.expect("readable").lazy_free;
        assert!(near(lazy, truth.lazy), "{what}: lazily freed {lazy}");
        let fd = grown(fd_memory(first), fd_memory(look));
        assert!(near(fd, truth.fd), "{what}: fd memory {fd}");
        let by_kind = grown(first.of_kind(kind), look.of_kind(kind));
        assert!(near(by_kind, truth.live), "{what}: {by_kind} of kind {kind}");
    }
    looks
}
