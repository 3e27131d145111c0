//! Each kind of memory that Linux has: a test in which it is bounded passes, one in which it grows
//! leaks, and the report names the kind.

use crate::support::Project;

const PROBES: &str = r#"
#![cfg(test)]
use std::ptr::null_mut;

use libc::*;
use memcheck::{Workload, memcheck};

const PAGE: usize = 4096;

fn map(length: usize, protection: c_int, flags: c_int, fd: c_int) -> *mut u8 {
    let at = unsafe { mmap(null_mut(), length, protection, flags, fd, 0) };
    assert_ne!(at, MAP_FAILED);
    at.cast()
}

fn anonymous(length: usize) -> *mut u8 {
    map(length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1)
}

fn touch(at: *mut u8, length: usize) {
    for page in (0..length).step_by(PAGE) {
        unsafe { at.add(page).write_volatile(1) };
    }
}

fn memfd(length: usize) -> c_int {
    let fd = unsafe { memfd_create(c"probe".as_ptr(), MFD_CLOEXEC) };
    assert!(fd >= 0 && unsafe { ftruncate(fd, length as i64) } == 0);
    fd
}

mod clean {
    use super::*;

    #[memcheck(iterations = 500)]
    fn reserved_without_access() {
        let at = map(1 << 30, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
        unsafe { munmap(at.cast(), 1 << 30) };
    }

    #[memcheck(iterations = 500)]
    fn committed_and_given_back(workload: Workload) {
        let at = map(1 << 30, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
        let mut piece = 0;
        workload.iterate(|| unsafe {
            let at = at.add(piece * 64 * PAGE);
            assert_eq!(mprotect(at.cast(), 64 * PAGE, PROT_READ | PROT_WRITE), 0);
            touch(at, 64 * PAGE);
            assert_eq!(madvise(at.cast(), 64 * PAGE, MADV_DONTNEED), 0);
            assert_eq!(mprotect(at.cast(), 64 * PAGE, PROT_NONE), 0);
            piece = (piece + 1) % 64;
        });
    }

    #[memcheck(iterations = 500)]
    fn freed_lazily(workload: Workload) {
        let at = anonymous(8 << 20);
        let mut piece = 0;
        workload.iterate(|| unsafe {
            let at = at.add(piece * (64 << 10));
            touch(at, 64 << 10);
            assert_eq!(madvise(at.cast(), 64 << 10, MADV_FREE), 0);
            piece = (piece + 1) % 128;
        });
    }

    #[memcheck(iterations = 500)]
    fn shared_and_unmapped() {
        let at = map(1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1);
        touch(at, 1 << 20);
        unsafe { munmap(at.cast(), 1 << 20) };
    }

    #[memcheck(iterations = 500)]
    fn memfd_mapped_three_times() {
        let fd = memfd(256 << 10);
        let maps = [0; 3].map(|_| map(256 << 10, PROT_READ | PROT_WRITE, MAP_SHARED, fd));
        maps.iter().for_each(|at| touch(*at, 256 << 10));
        maps.iter().for_each(|at| unsafe { assert_eq!(munmap((*at).cast(), 256 << 10), 0) });
        unsafe { close(fd) };
    }

    #[memcheck(iterations = 500)]
    fn file_read_through_a_mapping() {
        use std::os::fd::AsRawFd;
        let file = std::fs::File::open("/proc/self/exe").unwrap();
        for flags in [MAP_PRIVATE, MAP_SHARED] {
            let at = map(256 << 10, PROT_READ, flags, file.as_raw_fd());
            for page in (0..256 << 10).step_by(PAGE) {
                std::hint::black_box(unsafe { at.add(page).read_volatile() });
            }
            unsafe { munmap(at.cast(), 256 << 10) };
        }
    }

    #[memcheck(iterations = 100)]
    fn many_mappings_unmapped() {
        let pages: Vec<_> = (0..1000)
            .map(|n| map(PAGE, if n % 2 == 0 { PROT_READ } else { PROT_NONE }, MAP_PRIVATE | MAP_ANONYMOUS, -1))
            .collect();
        pages.iter().for_each(|at| unsafe { assert_eq!(munmap((*at).cast(), PAGE), 0) });
    }

    #[memcheck(iterations = 500)]
    fn locked_and_unlocked() {
        let at = anonymous(4 * PAGE);
        unsafe {
            assert_eq!(mlock(at.cast(), 4 * PAGE), 0);
            assert_eq!(munlock(at.cast(), 4 * PAGE), 0);
            assert_eq!(munmap(at.cast(), 4 * PAGE), 0);
        }
    }

    #[memcheck(iterations = 500)]
    fn large_blocks_freed() {
        let mut large = vec![0u8; 1 << 20];
        touch(large.as_mut_ptr(), 1 << 20);
    }

    #[memcheck(iterations = 200)]
    fn children_waited_for() {
        unsafe {
            let pid = fork();
            if pid == 0 {
                _exit(0);
            }
            assert_eq!(waitpid(pid, null_mut(), 0), pid);
        }
    }

    #[memcheck(iterations = 200)]
    fn threads_joined() {
        let threads = [0; 4].map(|_| std::thread::spawn(|| ()));
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    }
}

mod grows {
    use super::*;

    #[memcheck(iterations = 1000)]
    fn resident_a_page_committed_in_a_reservation(workload: Workload) {
        let at = map(1 << 30, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
        let mut page = 0;
        workload.iterate(|| unsafe {
            let at = at.add(page * PAGE);
            assert_eq!(mprotect(at.cast(), PAGE, PROT_READ | PROT_WRITE), 0);
            touch(at, PAGE);
            page += 1;
        });
    }

    #[memcheck(iterations = 500)]
    fn resident_pages_left_behind_an_inaccessible_mapping(workload: Workload) {
        let at = anonymous(1 << 30);
        let mut page = 0;
        workload.iterate(|| unsafe {
            let at = at.add(page * 2 * PAGE);
            touch(at, 2 * PAGE);
            assert_eq!(mprotect(at.cast(), 2 * PAGE, PROT_NONE), 0);
            page += 1;
        });
    }

    #[memcheck(iterations = 500)]
    fn resident_shared_kept(workload: Workload) {
        let at = map(1 << 30, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1);
        let mut piece = 0;
        workload.iterate(|| {
            touch(unsafe { at.add(piece * 4 * PAGE) }, 4 * PAGE);
            piece += 1;
        });
    }

    #[memcheck(iterations = 200)]
    fn fd_memfd_held_by_its_descriptor() {
        let fd = memfd(64 << 10);
        let at = map(64 << 10, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
        touch(at, 64 << 10);
        unsafe { munmap(at.cast(), 64 << 10) };
    }

    #[memcheck(iterations = 500)]
    fn mapping_kept() {
        // Alternating protections, so that the kernel does not merge neighbours.
        map(PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
        map(PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    }

    #[memcheck(iterations = 100)]
    fn thread_parked() {
        std::thread::spawn(|| loop { std::thread::park() });
    }

    #[memcheck(iterations = 100)]
    fn child_never_waited_for() {
        if unsafe { fork() } == 0 {
            unsafe { _exit(0) };
        }
    }
}
"#;

/// Headlines that the report of a leaking test must have, by the first word of its name.
const NAMED: [(&str, &str, &str); 5] = [
    ("resident", "error[resident-growth]", ""),
    ("fd", "error[fd-growth]", "error[fd-memory-growth]"),
    ("mapping", "error[mapping-growth]", ""),
    ("thread", "error[thread-growth]", ""),
    ("child", "error[child-growth]", ""),
];

#[test]
fn each_kind_of_memory_passes_when_bounded_and_leaks_when_growing() {
    let project =
        Project::new("probes").file("src/lib.rs", PROBES).manifest_extra("libc = \"0.2\"\n");
    let output = project.memcheck(&["-j", "1"]).code(100);
    let mut seen = 0;
    for line in output.stdout.lines().filter(|line| line.contains("] probes ")) {
        let status = line.split_whitespace().next().unwrap_or_default();
        let wanted = if line.contains("probes clean::") { "PASS" } else { "LEAK" };
        assert_eq!(status, wanted, "{}", output.stdout);
        seen += 1;
    }
    assert_eq!(seen, 18, "{}", output.stdout);
    for (kind, headline, also) in NAMED {
        let output = project.memcheck(&[&format!("grows::{kind}_")]).code(100);
        let text = &output.stdout;
        assert!(text.contains(headline) && text.contains(also), "{kind}:\n{text}");
    }
}

#[test]
fn threads_fds_and_mappings_are_listed_by_kind() {
    let source = r#"
#![cfg(test)]
use memcheck::memcheck;

#[memcheck]
fn threads() {
    std::thread::Builder::new().name("worker".into()).spawn(|| loop { std::thread::park() }).unwrap();
}
#[memcheck]
fn sockets() {
    std::mem::forget(std::net::UdpSocket::bind("127.0.0.1:0").unwrap());
}
#[memcheck]
fn mappings() {
    unsafe extern "C" {
        fn mmap(at: *mut u8, size: usize, access: i32, flags: i32, fd: i32, to: i64) -> *mut u8;
    }
    // Every second mapping is read-only, so that the kernel does not merge them.
    for access in [3, 1] {
        let at = unsafe { mmap(std::ptr::null_mut(), 64 << 10, access, 0x22, -1, 0) };
        assert_ne!(at as isize, -1);
        if access == 3 {
            unsafe { std::ptr::write_bytes(at, 1, 64 << 10) };
        }
    }
}
"#;
    let project = Project::new("where").file("src/lib.rs", source);
    let output = project.memcheck(&["-j1"]).code(100);
    let stdout = &output.stdout;
    for (start, end) in
        [("+", " threads named worker"), ("+", " fds: socket"), ("+", " anonymous rw-p in ")]
    {
        // The indentation depends on the line numbers.
        let row = format!("= note: {start}");
        assert!(
            stdout.lines().any(|line| line.trim_start().starts_with(&row) && line.contains(end)),
            "{end} in {stdout}"
        );
    }
}
