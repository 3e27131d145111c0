//! Threads, children, descriptors.

use std::io::Read;
use std::net::UdpSocket;
use std::os::fd::OwnedFd;
use std::process::Command;
use std::sync::{Arc, Barrier};

use memcheck::tool::process::MappingKind;
use rustix::event::{EventfdFlags, epoll, eventfd};

use crate::probe::{Probe, Stage, is_probe};

#[test]
fn idle_threads_cost_what_they_touch() {
    if !is_probe() {
        let looks = Probe::looks("resources::idle_threads_cost_what_they_touch");
        let threads = |at: usize| looks[at].sample.threads.expect("readable");
        assert_eq!([threads(1) - threads(0), threads(2) - threads(0)], [100, 0]);
        // Of 200 MiB of stacks and 6.4 GiB of arenas, some pages each.
        let live = looks[1].live().saturating_sub(looks[0].live());
        assert!((400 << 10..6 << 20).contains(&live), "{live}");
        let stacks = looks[1].of_kind(MappingKind::ThreadStack);
        assert!((400 << 10..3 << 20).contains(&stacks), "{stacks}");
        let growth = looks[1].snapshot.since(&looks[0].snapshot).to_string();
        assert!(growth.contains("+100 threads named worker"), "{growth}");
        let left = looks[2].live().saturating_sub(looks[0].live());
        assert!(left < 3 << 20, "{left} after they are joined");
        return;
    }
    Stage.live(0);
    let barrier = Arc::new(Barrier::new(101));
    let threads: Vec<_> = (0..100)
        .map(|_| {
            let barrier = Arc::clone(&barrier);
            let body = move || {
                barrier.wait();
                barrier.wait();
            };
            std::thread::Builder::new().name("worker".into()).spawn(body).expect("threads")
        })
        .collect();
    barrier.wait();
    Stage.live(0);
    barrier.wait();
    threads.into_iter().for_each(|thread| thread.join().expect("it does nothing"));
    Stage.live(0);
}

#[test]
fn children_and_zombies_are_counted() {
    if !is_probe() {
        let looks = Probe::looks("resources::children_and_zombies_are_counted");
        let children: Vec<_> = looks.iter().map(|look| look.sample.children).collect();
        assert_eq!(children, [Some(0), Some(3), Some(0)]);
        let growth = looks[1].snapshot.since(&looks[0].snapshot).to_string();
        assert!(growth.contains("+1 child: cat"), "{growth}");
        assert!(growth.contains("+2 children: true (zombie)"), "{growth}");
        return;
    }
    Stage.live(0);
    // Each from a thread of its own, which ends: its children then are another thread's.
    let spawn = |program: &'static str| {
        let spawn = move || {
            Command::new(program)
                .stdin(std::process::Stdio::piped())
                .stdout(std::process::Stdio::piped())
                .spawn()
        };
        std::thread::spawn(spawn).join().expect("it spawns").expect("everywhere")
    };
    let mut ended = [spawn("true"), spawn("true")];
    let mut running = spawn("cat");
    for child in &mut ended {
        // End of file: it has ended and is not waited for yet.
        let mut stdout = child.stdout.take().expect("piped");
        stdout.read_to_end(&mut Vec::new()).expect("a pipe");
        while !is_zombie(child.id()) {
            std::thread::yield_now();
        }
    }
    Stage.live(0);
    drop(running.stdin.take());
    running.wait().expect("our own child");
    for child in &mut ended {
        child.wait().expect("our own child");
    }
    Stage.live(0);
}

fn is_zombie(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("not waited for");
    stat.contains(") Z ")
}

#[test]
fn descriptors_are_counted_by_kind() {
    if !is_probe() {
        let looks = Probe::looks("resources::descriptors_are_counted_by_kind");
        let fds: Vec<_> = looks.iter().map(|look| look.sample.fds.expect("readable")).collect();
        assert_eq!([fds[1] - fds[0], fds[2] - fds[0]], [11, 0]);
        let growth = looks[1].snapshot.since(&looks[0].snapshot).to_string();
        for line in [
            "+1 fd: file /etc/passwd",
            "+1 fd: directory /proc",
            "+1 fd: device /dev/zero",
            "+5 fds: socket",
            "+2 fds: pipe",
            "+1 fd: eventfd",
        ] {
            assert!(growth.contains(line), "{line} in:\n{growth}");
        }
        return;
    }
    Stage.live(0);
    let sockets: Vec<_> = (0..5).map(|_| UdpSocket::bind("127.0.0.1:0").expect("a port")).collect();
    let open = |path| std::fs::File::open(path).expect("everywhere");
    let files = [open("/etc/passwd"), open("/proc"), open("/dev/zero")];
    let pipe: (OwnedFd, OwnedFd) = rustix::pipe::pipe().expect("descriptors");
    let event = eventfd(0, EventfdFlags::CLOEXEC).expect("descriptors");
    Stage.live(0);
    drop((sockets, files, pipe, event));
    Stage.live(0);
}

#[test]
fn descriptors_without_a_file_have_their_own_kind() {
    if !is_probe() {
        let looks = Probe::looks("resources::descriptors_without_a_file_have_their_own_kind");
        let growth = looks[1].snapshot.since(&looks[0].snapshot).to_string();
        for line in ["+1 fd: epoll", "+1 fd: timerfd", "+1 fd: inotify", "+1 fd: pidfd"] {
            assert!(growth.contains(line), "{line} in:\n{growth}");
        }
        return;
    }
    use rustix::time::{TimerfdClockId, TimerfdFlags, timerfd_create};
    Stage.live(0);
    let poll = epoll::create(epoll::CreateFlags::CLOEXEC).expect("descriptors");
    let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::CLOEXEC);
    let inotify = rustix::fs::inotify::init(rustix::fs::inotify::CreateFlags::CLOEXEC);
    let process = rustix::process::pidfd_open(
        rustix::process::getpid(),
        rustix::process::PidfdFlags::empty(),
    );
    Stage.live(0);
    drop((poll, timer, inotify, process));
}

/// The kernel cuts names after 15 bytes, in the middle of a letter if need be.
#[test]
fn a_name_that_is_not_text_is_read_all_the_same() {
    if !is_probe() {
        let looks = Probe::looks("resources::a_name_that_is_not_text_is_read_all_the_same");
        let growth = looks[1].snapshot.since(&looks[0].snapshot);
        let new = growth.threads.iter().find(|threads| threads.count == 1).expect("one more");
        assert!(new.name.starts_with("gr\u{f6}\u{df}er: 1234"), "{growth}");
        assert!(new.name.ends_with('\u{fffd}'), "{growth}");
        return;
    }
    Stage.live(0);
    rustix::thread::set_name(c"gr\u{f6}\u{df}er: 1234\u{f6}").expect("any bytes");
    Stage.live(0);
}
