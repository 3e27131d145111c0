//! Processes that cannot be read, and their errors.

use std::os::unix::process::CommandExt;
use std::process::Command;

use memcheck::tool::process::{ProcessError, ProcessSnapshot, Sampler, inspect};

use crate::probe::{Probe, Stage, is_probe};
use crate::skip::{is_root, skip};

#[test]
fn an_ended_process_is_an_error() {
    // Above every pid_max.
    let error = inspect(i32::MAX, false).expect_err("no such pid");
    assert!(matches!(error, ProcessError::Gone { pid: i32::MAX }), "{error:?}");
    assert!(error.to_string().contains("there is no process 2147483647"));
    assert!(matches!(inspect(-1, false), Err(ProcessError::Gone { .. })));
    assert!(matches!(Sampler::new(0), Err(ProcessError::Gone { .. })));
}

#[test]
fn a_process_that_ends_while_it_is_watched() {
    let mut child = Command::new("sleep").arg("60").spawn().expect("everywhere");
    let mut watch = Sampler::new(child.id().cast_signed()).expect("our own child");
    assert!(watch.sample().footprint.is_some());
    child.kill().expect("our own child");
    while watch.sample().footprint.is_some() {
        std::thread::yield_now();
    }
    let zombie = watch.sample();
    assert_eq!((zombie.footprint, zombie.mappings, zombie.fd_memory), (None, None, None));
    child.wait().expect("our own child");
    let gone = watch.sample();
    assert_eq!((gone.threads, gone.fds, gone.children), (None, None, None), "never a 0");
    assert!(!watch.notes().is_empty());
}

#[test]
fn a_zombie_is_an_error() {
    let mut child = Command::new("true").spawn().expect("everywhere");
    let pid = child.id().cast_signed();
    let error = loop {
        match ProcessSnapshot::of(pid) {
            Err(error @ ProcessError::Zombie { .. }) => break error,
            _ => std::thread::yield_now(),
        }
    };
    child.wait().expect("our own child");
    let text = error.to_string();
    assert!(text.contains("(true) is a zombie"), "{text}");
    assert!(text.contains(&format!("its parent {}", std::process::id())), "{text}");
}

#[test]
fn a_kernel_thread_is_an_error() {
    let kthreadd = std::fs::read_to_string("/proc/2/comm").unwrap_or_default();
    if kthreadd.trim() != "kthreadd" {
        return skip("a_kernel_thread_is_an_error", "pid 2 is none here (a pid namespace)");
    }
    let error = inspect(2, false).expect_err("no memory of its own");
    assert!(matches!(&error, ProcessError::KernelThread { name, .. } if name == "kthreadd"));
}

/// As an ordinary user the test reads pid 1; as root it reads itself as another user.
#[test]
fn a_process_of_another_user_is_an_error() {
    const TARGET: &str = "MEMCHECK_TEST_TARGET";
    let name = "refused::a_process_of_another_user_is_an_error";
    let target = std::env::var(TARGET).ok().and_then(|pid| pid.parse().ok()).unwrap_or(1);
    if is_root() {
        // Copied to where another user can run it.
        let directory = tempfile::tempdir().expect("a temporary directory");
        // By another process: a file that this process has open for writing, which a child of another
        // test may inherit for a moment, cannot be run.
        let program = directory.path().join("process");
        let mut copy = Command::new("cp");
        copy.arg(std::env::current_exe().expect("a test has one")).arg(&program);
        assert!(copy.status().expect("cp is everywhere").success());
        let open = <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o755);
        std::fs::set_permissions(directory.path(), open).expect("our own directory");
        let output = Command::new(program)
            .args([name, "--exact", "--nocapture"])
            .env(TARGET, std::process::id().to_string())
            .current_dir("/")
            .uid(65534)
            .gid(65534)
            .output()
            .expect("runs as another user");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        return;
    }
    let error = match inspect(target, false) {
        Ok(_) => return skip(name, "this user may read pid 1"),
        Err(error) => error,
    };
    let ProcessError::NotPermitted { status, path, .. } = &error else { panic!("{error:?}") };
    assert!(path.ends_with("smaps_rollup"), "{path:?}");
    assert!(!status.name.is_empty());
    assert!(status.virtual_size.is_some() && status.resident.is_some(), "{status:?}");
    let text = error.to_string();
    assert!(text.contains("virtual size") && text.contains("PR_SET_DUMPABLE"), "{text}");
}

#[test]
fn a_process_that_is_not_dumpable_is_an_error() {
    let name = "refused::a_process_that_is_not_dumpable_is_an_error";
    if !is_probe() {
        if is_root() {
            return skip(name, "root may read every process; another user's is refused above");
        }
        let mut probe = Probe::start(name);
        probe.next_truth().expect("it starts");
        let error = inspect(probe.pid(), false).expect_err("not dumpable");
        let ProcessError::NotPermitted { status, .. } = error else { panic!("{error:?}") };
        assert!(status.resident.is_some(), "status still works");
        return;
    }
    let not = rustix::process::DumpableBehavior::NotDumpable;
    rustix::process::set_dumpable_behavior(not).expect("one may always forbid");
    Stage.live(0);
}
