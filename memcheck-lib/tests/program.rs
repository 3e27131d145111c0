//! `Check` in a program without libtest: every end is a report, never a panic.
#![expect(clippy::print_stdout, reason = "a harness of its own speaks for itself")]

fn main() {
    #[cfg(target_os = "linux")]
    linux::main();
}

#[cfg(target_os = "linux")]
mod linux {
    use std::hint::black_box;
    use std::time::Duration;

    use memcheck::tool::report::{Outcome, Status};
    use memcheck::{Bytes, Check, Metric, Report};

    pub(super) fn main() {
        clean();
        leaking();
        two_of_one_name();
        set_up();
        panicking();
        hanging();
        without_bounds();
        forking_by_system_call();
        println!("program: 10 checks, 10 passed");
    }

    /// A worker runs this program from the start, and skips the checks before its own.
    fn expect(report: &Report, word: Status) -> bool {
        let word_is = report.status();
        assert!(word_is == word || word_is == Status::Skip, "{report}");
        word_is != Status::Skip
    }

    fn clean() {
        let report = Check::new("clean").run(|| drop(black_box(vec![0u8; 100])));
        if expect(&report, Status::Pass) {
            assert!(report.test.file.ends_with("program.rs"));
            assert_eq!(report.profile.unwrap().bytes.max, 100);
        }
    }

    fn leaking() {
        let report = Check::new("leaking").iterations(500u64).run(|| {
            Box::leak(black_box(Box::new([0u8; 48])));
        });
        if expect(&report, Status::Leak) {
            assert_eq!(report.metric(Metric::HeapBytes).unwrap().rate, 48.0);
        }
    }

    fn two_of_one_name() {
        for (limit, word) in [(2u64, Status::Pass), (0, Status::Limit)] {
            let check = Check::new("twice").allocations(limit);
            expect(&check.run(|| drop(black_box(Box::new(1)))), word);
        }
    }

    fn set_up() {
        let report = Check::new("with set-up").resident(Bytes(1 << 20)).run_workload(|workload| {
            let mut kept = vec![0u8; 1 << 20];
            workload.iterate(|| kept.fill(1));
        });
        expect(&report, Status::Pass);
    }

    fn panicking() {
        expect(&Check::new("panicking").run(|| panic!("on purpose")), Status::Fail);
    }

    fn without_bounds() {
        let check = Check::new("without timeout").iterations(64u64).timeout(Duration::MAX);
        expect(&check.settle(Duration::MAX).run(|| ()), Status::Pass);
        let check = Check::new("without end").iterations(64u64).time(Duration::MAX);
        expect(&check.run(|| ()), Status::Pass);
    }

    /// A fork by system call runs no handler of `pthread_atfork`, so its child returns from the body, too.
    fn forking_by_system_call() {
        let mut done = 0;
        let report = Check::new("forking").iterations(64u64).children(1u64).run(|| {
            done += 1;
            if done == 40 {
                // SAFETY: a child that goes on as its parent does, which has one thread.
                assert!(unsafe { libc::syscall(FORK, libc::SIGCHLD, 0, 0, 0, 0) } >= 0);
            }
        });
        expect(&report, Status::Pass);
    }

    /// `clone` without flags is a fork; `SYS_fork` does not exist on every architecture.
    const FORK: libc::c_long = libc::SYS_clone;

    fn hanging() {
        let report = Check::new("hanging").timeout(Duration::from_secs(1)).run(|| {
            std::thread::sleep(Duration::from_secs(600));
        });
        if expect(&report, Status::Timeout) {
            assert_eq!(report.outcome, Outcome::TimedOut { timeout: Duration::from_secs(1) });
        }
    }
}
