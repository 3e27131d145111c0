//! Process cleanup: neither a worker nor a child of it is left, however the observer ends and
//! whatever the test does to its signals, sessions and descriptors.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::processes::until;
use crate::support::{Project, clean};

/// A variable that all processes of a project inherit.
const MARK: &str = "ORPHANS_OF";

/// Tests that start children in every way, then write the file `ready`, and never end.
const SOURCE: &str = r#"
#![cfg(test)]
use std::process::Command;
use std::time::Duration;
use memcheck::{Workload, memcheck};

/// A child in the worker's group, one that leads a session, one whose parent is init, and one that
/// has init as its parent and leads a session.
fn have_children() {
    for arguments in [
        &["sleep", "3600"][..],
        &["setsid", "sleep", "3600"],
        &["sh", "-c", "sleep 3600 & exit"],
        &["sh", "-c", "setsid sleep 3600 & exit"],
    ] {
        let mut child = Command::new(arguments[0]).args(&arguments[1..]).spawn().unwrap();
        if arguments[0] == "sh" { child.wait().unwrap(); }
    }
    // Until the last of them has called exec.
    std::thread::sleep(Duration::from_millis(100));
}

fn ready() { std::fs::write("ready", "").unwrap(); }

/// Blocks every signal that can be blocked.
fn block_all_signals() {
    unsafe {
        let mut all = std::mem::zeroed();
        libc::sigfillset(&mut all);
        assert_eq!(libc::sigprocmask(libc::SIG_BLOCK, &all, std::ptr::null_mut()), 0);
    }
}

#[memcheck(timeout = "1h")]
fn hangs() {
    have_children();
    ready();
    std::thread::sleep(Duration::from_secs(3600));
}

#[memcheck(timeout = "1h", iterations = 100000000)]
fn blocks_signals(workload: Workload) {
    have_children();
    block_all_signals();
    let mut iteration = 0;
    workload.iterate(|| {
        iteration += 1;
        if iteration == 100 { ready(); }
        std::thread::sleep(Duration::from_micros(10));
    });
}

// A child that runs the program of the worker.
#[memcheck(timeout = "1h")]
fn forks() {
    if unsafe { libc::fork() } == 0 {
        unsafe { libc::setsid() };
        loop { std::thread::sleep(Duration::from_secs(3600)); }
    }
    ready();
    std::thread::sleep(Duration::from_secs(3600));
}

#[memcheck(iterations = 496)]
fn passes(workload: Workload) {
    have_children();
    workload.iterate(|| ());
}
"#;

fn project(name: &str) -> Project {
    Project::new(name).manifest_extra("libc = \"0.2\"\n").file("src/lib.rs", SOURCE).env(MARK, name)
}

/// The processes with the mark of a project, with their command lines.
fn marked(name: &str) -> Vec<(u32, String)> {
    let mark = format!("{MARK}={name}");
    let of = |pid: u32| {
        let path = PathBuf::from(format!("/proc/{pid}"));
        let environment = std::fs::read(path.join("environ")).ok()?;
        let found = environment.split(|&byte| byte == 0).any(|entry| entry == mark.as_bytes());
        let command = std::fs::read(path.join("cmdline")).ok()?;
        found.then(|| (pid, String::from_utf8_lossy(&command).replace('\0', " ")))
    };
    std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| of(entry.ok()?.file_name().to_str()?.parse().ok()?))
        .collect()
}

/// Kills the processes that a failed test has left.
struct Cleared<'a>(&'a str);

impl Drop for Cleared<'_> {
    fn drop(&mut self) {
        for (pid, _) in marked(self.0) {
            kill("KILL", pid);
        }
    }
}

fn kill(signal: &str, pid: u32) {
    let _ = Command::new("kill").args(["-s", signal, &pid.to_string()]).status();
}

/// Checks that within 10 s no process with the project's mark runs.
#[track_caller]
fn assert_no_process_is_left(name: &str) {
    let _cleared = Cleared(name);
    let begin = Instant::now();
    loop {
        let left = marked(name);
        if left.is_empty() {
            return;
        }
        assert!(begin.elapsed() < Duration::from_secs(10), "left behind: {left:#?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Starts a command and waits until its test has written `ready`.
#[track_caller]
fn start(project: &Project, mut command: Command) -> Child {
    let ready = project.path().join("ready");
    let _ = std::fs::remove_file(&ready);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until("the body runs", || ready.exists());
    child
}

/// Sends `signal` to a command during a test, waits for its end and checks that no process is left.
#[track_caller]
fn end(project: &Project, name: &str, signal: &str, command: Command) {
    let mut child = start(project, command);
    assert!(marked(name).len() > 1, "the mark finds nothing: {:#?}", marked(name));
    kill(signal, child.id());
    child.wait().unwrap();
    assert_no_process_is_left(name);
}

/// The project's test binary as `cargo test` runs it, without cargo.
fn test_binary(project: &Project, name: &str, test: &str) -> Command {
    project.cargo_test(&["--no-run"]).code(0);
    let executable = |path: &&PathBuf| path.extension().is_none();
    let newest = |path: &&PathBuf| path.metadata().and_then(|of| of.modified()).unwrap();
    let binaries = project.test_binaries(&name.replace('-', "_"));
    let binary = binaries.iter().filter(executable).max_by_key(newest).unwrap();
    let mut command = Command::new(binary);
    clean(&mut command);
    command.args([test, "--exact"]).current_dir(project.path()).env(MARK, name);
    command
}

#[test]
fn no_process_is_left_after_sigkill_to_the_tool() {
    let name = "killed-tool";
    let project = project(name);
    for test in ["hangs", "blocks_signals", "forks"] {
        end(&project, name, "KILL", project.memcheck_command(&[test]));
    }
}

#[test]
fn no_process_is_left_after_sigint_to_the_tool() {
    let name = "interrupted-tool";
    let project = project(name);
    for test in ["hangs", "blocks_signals", "forks"] {
        end(&project, name, "INT", project.memcheck_command(&[test]));
    }
}

#[test]
fn no_process_is_left_after_a_signal_to_a_test_binary() {
    let name = "killed-test";
    let project = project(name);
    for test in ["hangs", "blocks_signals", "forks"] {
        for signal in ["KILL", "TERM", "INT"] {
            end(&project, name, signal, test_binary(&project, name, test));
        }
    }
}

/// Ctrl-C in a shell and the timeout of nextest signal a whole process group.
#[test]
fn no_process_is_left_after_a_signal_to_a_process_group() {
    use std::os::unix::process::CommandExt;

    let name = "killed-group";
    let project = project(name);
    for signal in ["INT", "TERM", "KILL"] {
        let mut command = test_binary(&project, name, "hangs");
        command.process_group(0);
        let mut child = start(&project, command);
        let group = format!("-{}", child.id());
        Command::new("kill").args(["-s", signal, "--", &group]).status().unwrap();
        child.wait().unwrap();
        assert_no_process_is_left(name);
    }
}

#[test]
fn no_process_is_left_after_sigkill_to_cargo_test() {
    let name = "killed-cargo";
    let project = project(name);
    end(&project, name, "KILL", project.cargo("test", &["hangs"]));
}

#[test]
fn no_process_is_left_after_a_test_that_passes() {
    let name = "passed";
    let project = project(name);
    project.memcheck(&["passes"]).code(0);
    assert_no_process_is_left(name);
    project.cargo_test(&["passes"]).code(0);
    assert_no_process_is_left(name);
}

const NEXTEST: &str = "[profile.default]\nslow-timeout = { period = \"1s\", terminate-after = 1, \
                       grace-period = \"1s\" }\n";

#[test]
fn no_process_is_left_after_nextest_is_killed_or_times_out() {
    let name = "nextest";
    let project = project(name);
    if project.nextest(&["passes"]).is_none() {
        return;
    }
    assert_no_process_is_left(name);
    for signal in ["KILL", "INT"] {
        let command = project.cargo("nextest", &["run", "hangs"]);
        end(&project, name, signal, command);
    }
    project.write(".config/nextest.toml", NEXTEST);
    let output = project.nextest(&["hangs"]).expect("it was there");
    assert!(Path::new(&project.path().join("ready")).exists());
    assert!(output.stderr.contains("TIMEOUT"), "{}", output.stderr);
    assert_no_process_is_left(name);
}
