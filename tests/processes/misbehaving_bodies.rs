//! Tests that end or misbehave in every way: each gets its status in time, and none passes by mistake.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::support::Project;
use crate::support::processes::is_root;

/// The expected status is in the name of each test, after the last underscore.
const SOURCE: &str = r#"
#![cfg(test)]
use std::hint::black_box;
use std::io::Write;
use std::process::Command;
use std::time::Duration;
use memcheck::{Workload, memcheck};

#[memcheck]
fn panics_FAIL() { panic!("on purpose"); }
#[memcheck]
fn returns_an_error_FAIL() -> Result<(), String> { Err("on purpose".to_owned()) }
#[memcheck]
fn closure_returns_an_error_FAIL(workload: Workload) {
    let mut iteration = 0;
    workload.iterate(|| {
        iteration += 1;
        if iteration == 100 { Err("on purpose") } else { Ok(()) }
    });
}
#[memcheck]
fn panics_in_the_set_up_FAIL(_workload: Workload) { panic!("on purpose"); }
#[memcheck]
fn exits_well_EXIT() { std::process::exit(0); }
#[memcheck]
fn exits_at_once_EXIT() { unsafe { libc::_exit(0) } }
#[memcheck]
fn aborts_CRASH() { std::process::abort(); }
#[memcheck]
fn reads_nowhere_CRASH() { unsafe { black_box(std::ptr::null::<u8>().wrapping_add(8)).read_volatile() }; }
#[memcheck]
fn overflows_its_stack_CRASH() {
    #[expect(unconditional_recursion)]
    fn deeper(buffer: [u8; 4096]) -> u8 { black_box(deeper(black_box(buffer))) + buffer[0] }
    deeper([0; 4096]);
}
#[memcheck(timeout = "1s")]
fn hangs_TIMEOUT() { std::thread::sleep(Duration::from_secs(3600)); }
#[memcheck(timeout = "1s")]
fn spins_TIMEOUT() { loop { std::hint::spin_loop(); } }
#[memcheck(timeout = "1s")]
fn stops_itself_TIMEOUT() { unsafe { libc::raise(libc::SIGSTOP) }; }

#[memcheck]
fn closes_descriptors_LOST() { for fd in 3..2048 { unsafe { libc::close(fd) }; } }
#[memcheck]
fn replaces_descriptors_LOST() {
    let null = unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_RDWR) };
    for fd in 3..1024 { if fd != null { unsafe { libc::dup2(null, fd) }; } }
}
/// Replaces the socket by another stream socket that no process reads.
#[memcheck]
fn replaces_descriptors_with_sockets_LOST() {
    let mut pair = [0; 2];
    unsafe { libc::socketpair(libc::AF_UNIX, libc::SOCK_STREAM, 0, pair.as_mut_ptr()) };
    for fd in 3..1024 { if !pair.contains(&fd) { unsafe { libc::dup2(pair[0], fd) }; } }
}

#[memcheck(iterations = 64)]
fn floods_PASS(workload: Workload) {
    let line = [b'x'; 1 << 16];
    let mut left = 100 << 20;
    workload.iterate(|| {
        while left > 0 { left -= std::io::stdout().write(&line).unwrap().min(left); }
    });
}
#[memcheck]
fn floods_and_panics_FAIL() {
    let line = [b'x'; 1 << 16];
    for _ in 0..200 { std::io::stderr().write_all(&line).unwrap(); }
    panic!("on purpose");
}

/// The child continues with the iterations as if it were the worker.
#[memcheck(iterations = 496)]
fn forks_and_both_go_on_PASS(workload: Workload) {
    let mut child = None;
    workload.iterate(|| { child.get_or_insert_with(|| unsafe { libc::fork() }); });
}
#[memcheck]
fn forks_in_every_iteration_LEAK() { unsafe { libc::fork() }; }
/// The child panics: it must not report as the worker.
#[memcheck(iterations = 496)]
fn forked_child_panics_PASS(workload: Workload) {
    let mut child = None;
    workload.iterate(|| {
        if *child.get_or_insert_with(|| unsafe { libc::fork() }) == 0 { panic!("in the child"); }
    });
}
#[memcheck(iterations = 496)]
fn leads_a_session_PASS(workload: Workload) {
    unsafe { libc::setsid() };
    workload.iterate(|| unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, 0); });
}
#[memcheck]
fn is_not_dumpable(workload: Workload) {
    unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0) };
    workload.iterate(|| ());
}
#[memcheck(iterations = 496)]
fn changes_its_surroundings_PASS(workload: Workload) {
    std::env::set_current_dir("/").unwrap();
    for (name, _) in std::env::vars_os() { unsafe { std::env::remove_var(name) }; }
    workload.iterate(|| ());
}
#[memcheck(iterations = 496)]
fn lowers_its_limit_of_descriptors_PASS(workload: Workload) {
    let limit = libc::rlimit { rlim_cur: 16, rlim_max: 16 };
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) }, 0);
    workload.iterate(|| drop(std::fs::File::open("/dev/null").unwrap()));
}
#[memcheck(iterations = 496)]
fn handles_sigchld_PASS(workload: Workload) {
    extern "C" fn handler(_: i32) {}
    unsafe { libc::signal(libc::SIGCHLD, handler as extern "C" fn(i32) as usize) };
    let mut iteration = 0;
    workload.iterate(|| {
        iteration += 1;
        if iteration % 50 == 0 { assert!(Command::new("true").status().unwrap().success()); }
    });
}
#[memcheck(iterations = 496)]
fn waits_for_any_child_PASS() {
    let mut status = 0;
    assert_eq!(unsafe { libc::waitpid(-1, &mut status, 0) }, -1, "a child that is not its own");
}
#[memcheck(iterations = 496)]
fn ignores_every_signal_PASS(workload: Workload) {
    for signal in 1..=64 { unsafe { libc::signal(signal, libc::SIG_IGN) }; }
    workload.iterate(|| ());
}
#[memcheck]
fn panics_under_its_own_hook_FAIL() {
    std::panic::set_hook(Box::new(|_| {}));
    panic!("on purpose");
}
#[memcheck]
fn panics_under_a_hook_that_ends_EXIT() {
    std::panic::set_hook(Box::new(|_| std::process::exit(0)));
    panic!("on purpose");
}
#[memcheck]
fn panics_with_something_else_FAIL() { std::panic::panic_any(17); }
#[memcheck]
fn leaves_its_thread_EXIT() { unsafe { libc::syscall(libc::SYS_exit_group, 7) }; }
#[memcheck]
fn never_iterates_FAIL(_workload: Workload) {}
"#;

/// The output of a run, and the status of each test.
struct Run {
    statuses: BTreeMap<String, String>,
    stdout: String,
}

impl Run {
    fn of(project: &Project, arguments: &[&str]) -> Self {
        project.memcheck(&["--no-run"]).code(0);
        let output = project.memcheck(arguments).code(100);
        let lines = output.stdout.lines().take_while(|line| !line.is_empty());
        let statuses = lines
            .filter_map(|line| {
                let (status, rest) = line.trim().split_once(" [")?;
                let name = rest.split_once(']')?.1.split_whitespace().nth(1)?;
                Some((name.to_owned(), status.to_owned()))
            })
            .collect();
        Run { statuses, stdout: output.stdout }
    }
}

static RUN: LazyLock<Run> = LazyLock::new(|| {
    let source = SOURCE.replace("#![cfg(test)]", "#![cfg(test)]\n#![allow(non_snake_case)]");
    let project =
        Project::new("ways").manifest_extra("libc = \"0.2\"\n").file("src/lib.rs", source);
    Run::of(&project, &["-j", "4"])
});

#[test]
fn each_body_gets_the_status_in_its_name() {
    let wrong: Vec<_> = RUN
        .statuses
        .iter()
        .filter_map(|(name, status)| Some((name, name.rsplit_once('_')?.1, status)))
        .filter(|(_, expected, _)| expected.chars().all(char::is_uppercase))
        .filter(|(_, expected, status)| expected != status)
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}\n{}", RUN.stdout);
    let tests = SOURCE.lines().filter(|line| line.starts_with("#[memcheck")).count();
    assert_eq!(RUN.statuses.len(), tests, "{}", RUN.stdout);
}

#[test]
fn an_unreadable_process_is_inconclusive() {
    let status = &*RUN.statuses["is_not_dumpable"];
    let warned = RUN.stdout.contains("not-read");
    // As root everything can be read.
    let expected = if is_root() { ("PASS", false) } else { ("UNSURE", true) };
    assert_eq!((status, warned), expected, "{}", RUN.stdout);
}

#[test]
fn the_error_names_the_iteration() {
    for part in [
        "error[failed]: the test returned an error in iteration 100",
        "error[crashed]: the process was terminated by SIGSEGV in iteration 1",
        "error[crashed]: the process was terminated by SIGABRT in iteration 1",
        "error[failed]: the test panicked outside its iterations: on purpose",
        "error[exited]: the process exited with status 7 in iteration 1",
    ] {
        assert!(RUN.stdout.contains(part), "{part} is missing in\n{}", RUN.stdout);
    }
}

#[test]
fn too_much_output_is_cut() {
    assert!(RUN.stdout.len() < 200_000, "{} bytes", RUN.stdout.len());
    assert!(RUN.stdout.contains("lines omitted") || RUN.stdout.contains("bytes omitted"));
}

#[test]
fn a_panic_that_aborts_is_a_crash() {
    let project = Project::new("panic-abort")
        .file(
            "src/lib.rs",
            "#[cfg(test)]\nmod tests {\n#[memcheck::memcheck]\nfn passes() {}\n\
             #[memcheck::memcheck]\nfn panics() { panic!(\"on purpose\"); }\n}\n",
        )
        // Cargo builds tests with unwinding even so.
        .manifest_extra("\n[profile.test]\npanic = \"abort\"\n[profile.dev]\npanic = \"abort\"\n");
    let run = Run::of(&project, &["--iterations", "496"]);
    assert_eq!(run.statuses["tests::passes"], "PASS", "{}", run.stdout);
    assert!(["FAIL", "CRASH"].contains(&&*run.statuses["tests::panics"]), "{}", run.stdout);
}

/// Ten tests of one binary that libtest runs at the same time.
#[test]
fn tests_that_run_together_get_the_same_statuses_as_alone() {
    let tests: String = (0..10)
        .map(|at| match at % 3 {
            0 => format!("#[memcheck] fn t{at}() {{ black_box(vec![0u8; 64]); }}\n"),
            1 => format!(
                "#[memcheck] fn t{at}() {{ std::mem::forget(black_box(Box::new(0u8))); }}\n"
            ),
            _ => format!("#[memcheck] fn t{at}() {{ panic!(\"on purpose\"); }}\n"),
        })
        .collect();
    let project = Project::new("together").file(
        "src/lib.rs",
        format!("#![cfg(test)]\nuse std::hint::black_box;\nuse memcheck::memcheck;\n{tests}"),
    );
    let verdicts = |arguments: &[&str]| {
        let output = project.cargo_test(&[&["--", "--nocapture"], arguments].concat()).code(101);
        let mut statuses: Vec<String> = output
            .stdout
            .lines()
            .filter_map(|line| {
                let at = ["PASS [", "LEAK [", "FAIL [", "UNSURE ["]
                    .iter()
                    .find_map(|status| line.find(status))?;
                let mut parts = line[at..].split_whitespace();
                let status = parts.next()?.to_owned();
                let name = line.split(']').nth(1)?.split_whitespace().next()?;
                Some(format!("{name} {status}"))
            })
            .collect();
        statuses.sort();
        assert_eq!(statuses.len(), 10, "{}", output.stdout);
        statuses
    };
    assert_eq!(verdicts(&["--test-threads=10"]), verdicts(&["--test-threads=1"]));
}
