//! Nothing is left behind: no worker, and nothing that a worker started, however the observer ends
//! and whatever the body did to its signals, sessions and descriptors.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::processes::until;
use crate::support::{Project, clean};

/// In the environment of everything that a project's commands start.
const MARK: &str = "ORPHANS_OF";

/// Tests that leave children behind in every way, say so in the file `ready`, and go on forever.
const SOURCE: &str = r#"
#![cfg(test)]
use std::process::Command;
use std::time::Duration;
use memcheck::{Workload, memcheck};

/// A child in the worker's group, one that leads a session, one that was handed to init, and one
/// that was handed to init in a session of its own.
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
    // Until the last of them is what it will be.
    std::thread::sleep(Duration::from_millis(100));
}

fn ready() { std::fs::write("ready", "").unwrap(); }

/// No signal that can be blocked arrives any more.
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
fn is_deaf(workload: Workload) {
    have_children();
    block_all_signals();
    let mut iteration = 0;
    workload.iterate(|| {
        iteration += 1;
        if iteration == 100 { ready(); }
        std::thread::sleep(Duration::from_micros(10));
    });
}

// A child that goes on in the program of the worker.
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

/// The processes that carry the mark of a project, with their command lines.
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

/// Ends what a failed test has left, after telling it.
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

/// Checks that soon nothing with the project's mark runs.
#[track_caller]
fn nothing_is_left(name: &str) {
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

/// Starts a command and waits until its test is where it never ends.
#[track_caller]
fn start(project: &Project, mut command: Command) -> Child {
    let ready = project.path().join("ready");
    let _ = std::fs::remove_file(&ready);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until("the body runs", || ready.exists());
    child
}

/// Sends `signal` to a command in the middle of a test, waits for it and looks what is left.
#[track_caller]
fn end(project: &Project, name: &str, signal: &str, command: Command) {
    let mut child = start(project, command);
    assert!(marked(name).len() > 1, "the mark finds nothing: {:#?}", marked(name));
    kill(signal, child.id());
    child.wait().unwrap();
    nothing_is_left(name);
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
fn after_the_tool_was_killed() {
    let name = "killed-tool";
    let project = project(name);
    for test in ["hangs", "is_deaf", "forks"] {
        end(&project, name, "KILL", project.memcheck_command(&[test]));
    }
}

#[test]
fn after_the_tool_was_interrupted() {
    let name = "interrupted-tool";
    let project = project(name);
    for test in ["hangs", "is_deaf", "forks"] {
        end(&project, name, "INT", project.memcheck_command(&[test]));
    }
}

#[test]
fn after_a_test_that_is_its_own_observer_was_killed() {
    let name = "killed-test";
    let project = project(name);
    for test in ["hangs", "is_deaf", "forks"] {
        for signal in ["KILL", "TERM", "INT"] {
            end(&project, name, signal, test_binary(&project, name, test));
        }
    }
}

/// A whole group gets the signal: Ctrl-C in a shell, and the timeout of nextest.
#[test]
fn after_the_group_of_a_test_was_ended() {
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
        nothing_is_left(name);
    }
}

#[test]
fn after_cargo_test_was_killed() {
    let name = "killed-cargo";
    let project = project(name);
    end(&project, name, "KILL", project.cargo("test", &["hangs"]));
}

#[test]
fn after_a_test_that_passed() {
    let name = "passed";
    let project = project(name);
    project.memcheck(&["passes"]).code(0);
    nothing_is_left(name);
    project.cargo_test(&["passes"]).code(0);
    nothing_is_left(name);
}

const NEXTEST: &str = "[profile.default]\nslow-timeout = { period = \"1s\", terminate-after = 1, \
                       grace-period = \"1s\" }\n";

#[test]
fn after_nextest_was_killed_or_killed_a_test() {
    let name = "nextest";
    let project = project(name);
    if project.nextest(&["passes"]).is_none() {
        return;
    }
    nothing_is_left(name);
    for signal in ["KILL", "INT"] {
        let command = project.cargo("nextest", &["run", "hangs"]);
        end(&project, name, signal, command);
    }
    project.write(".config/nextest.toml", NEXTEST);
    let output = project.nextest(&["hangs"]).expect("it was there");
    assert!(Path::new(&project.path().join("ready")).exists());
    assert!(output.stderr.contains("TIMEOUT"), "{}", output.stderr);
    nothing_is_left(name);
}
