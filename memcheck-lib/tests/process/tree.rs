//! A process with its descendants.

use std::ffi::c_int;

use memcheck::tool::process::inspect;
use rustix::fs::MemfdFlags;
use rustix::mm::{MapFlags, ProtFlags};

use crate::anonymous::Area;
use crate::probe::{MIB, Probe, Stage, Truth, is_probe};

unsafe extern "C" {
    fn fork() -> c_int;
}

/// Forks; the child does `body` and then waits for its end.
fn fork_child(body: impl FnOnce()) -> c_int {
    // SAFETY: the child of this process with two threads uses no lock of the other one: it
    // touches memory, writes to a pipe and waits.
    let pid = unsafe { fork() };
    if pid == 0 {
        body();
        loop {
            // Until the signal that the parent sends.
            std::thread::sleep(std::time::Duration::from_secs(60));
        }
    }
    assert!(pid > 0, "fork failed");
    pid
}

/// Shared memory of a process and its children counts once, and so do pages that were not written
/// since the fork.
#[test]
fn shared_memory_and_forked_pages_cost_once() {
    let name = "tree::shared_memory_and_forked_pages_cost_once";
    if !is_probe() {
        let mut probe = Probe::start(name);
        let mut totals = Vec::new();
        while let Some(truth) = probe.next_truth() {
            let inspection = inspect(probe.pid(), true).expect("our own child");
            let tree = inspection.tree.expect("asked for");
            totals.push((truth, tree.total().0, tree.fd_memory.expect("readable").0, tree));
            probe.go_on();
        }
        let (_, start, _, _) = &totals[0];
        assert_eq!(totals.len(), 4);
        for (truth, total, fd_memory, tree) in &totals {
            let grown = total.saturating_sub(*start);
            // A process costs some 500 KiB of its own for each fork.
            assert!(grown.abs_diff(truth.live) < 2 * MIB, "{truth:?}: {grown} in {tree:#?}");
            assert_eq!(*fd_memory, truth.fd, "{tree:#?}");
        }
        let (_, _, _, tree) = &totals[2];
        assert_eq!(tree.counted(), 3);
        let alone: u64 = tree.processes.iter().filter_map(|p| p.footprint).map(|f| f.total()).sum();
        assert!(alone > 208 * MIB, "{alone}: alone, each counts what was there before the fork");
        return;
    }
    Stage.live(0);
    let own = Area::new(64 << 20).touch();
    let flags = ProtFlags::READ | ProtFlags::WRITE;
    Area::map(32 << 20, flags, MapFlags::SHARED).touch();
    let held = rustix::fs::memfd_create("tree", MemfdFlags::CLOEXEC).expect("Linux 3.17");
    rustix::fs::ftruncate(&held, 64 << 20).expect("a size");
    rustix::io::write(&held, &vec![1; 8 << 20]).expect("memory");
    let fd = 8 * MIB;
    Stage.is(Truth { live: 96 * MIB, fd, ..Truth::default() });
    let (ready, said) = rustix::pipe::pipe().expect("descriptors");
    let say = || {
        rustix::io::write(&said, b".").expect("the parent reads");
    };
    let first = fork_child(say);
    let second = fork_child(|| {
        Area { size: 16 << 20, ..own }.touch();
        say();
    });
    for _ in 0..2 {
        rustix::io::read(&ready, &mut [0]).expect("both say");
    }
    // The second child has copied 16 MiB.
    Stage.is(Truth { live: 112 * MIB, fd, ..Truth::default() });
    for pid in [first, second] {
        let pid = rustix::process::Pid::from_raw(pid).expect("a child");
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("our child");
        rustix::process::waitpid(Some(pid), rustix::process::WaitOptions::empty()).expect("ours");
    }
    Stage.is(Truth { live: 96 * MIB, fd, ..Truth::default() });
}
