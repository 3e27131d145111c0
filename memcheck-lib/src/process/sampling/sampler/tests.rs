use std::io::Write;
use std::process::{Child, Command, Stdio};

use super::*;

/// A child that is killed when this is dropped.
struct RunningChild(Child);

impl RunningChild {
    fn start(program: &str, arguments: &[&str]) -> RunningChild {
        let command = &mut Command::new(program);
        let command = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        RunningChild(command.spawn().expect("every system has this program"))
    }

    fn sampler(&self) -> Sampler {
        Sampler::new(self.0.id().cast_signed()).expect("the test can read its child")
    }
}

impl Drop for RunningChild {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A running `cat` that waits for input.
fn cat() -> RunningChild {
    let mut cat = RunningChild::start("cat", &[]);
    let text = b"it runs";
    cat.0.stdin.as_mut().expect("piped").write_all(text).expect("it reads");
    cat.0.stdout.as_mut().expect("piped").read_exact(&mut [0; 7]).expect("it writes");
    cat
}

#[test]
fn smaps_replaces_a_missing_smaps_rollup() {
    let cat = cat();
    let mut sampler = cat.sampler();
    let with = sampler.sample().footprint.expect("readable");
    let smaps = format!("/proc/{}/smaps", sampler.pid());
    sampler.memory =
        MemoryFile::Smaps(ProcFile::open(smaps.into()).expect("the test can read its child"));
    let without = sampler.sample().footprint.expect("readable");
    assert_eq!(without, with);
    assert_eq!(sampler.notes(), [] as [String; 0]);
}

#[test]
fn a_search_replaces_missing_lists_of_children() {
    let parent = RunningChild::start("sh", &["-c", "sleep 60 & echo; wait"]);
    let mut sampler = parent.sampler();
    while sampler.sample().children != Some(1) {
        std::thread::yield_now();
    }
    sampler.children = ChildSource::Searched;
    assert_eq!(sampler.sample().children, Some(1));
    let shell = procfs::process::Process::new(sampler.pid()).expect("the test can read its child");
    let sleep = &crate::process::resources::children(&shell).expect("readable")[0];
    let sleep = rustix::process::Pid::from_raw(sleep.pid).expect("a pid");
    rustix::process::kill_process(sleep, rustix::process::Signal::KILL).expect("ours");
}

#[test]
fn readings_continue_after_exec() {
    let mut shell = RunningChild::start("sh", &["-c", "echo; read line; exec cat"]);
    let mut sampler = shell.sampler();
    assert!(sampler.sample().footprint.is_some());
    let before = sampler.sample().mappings;
    shell.0.stdin.as_mut().expect("piped").write_all(b"go\nit runs").expect("it reads");
    let mut text = [0; 8];
    shell.0.stdout.as_mut().expect("piped").read_exact(&mut text).expect("it writes");
    let after = sampler.sample();
    assert!(after.footprint.is_some() && after.mappings.is_some(), "{:?}", sampler.notes());
    assert!(after.fd_memory == Some(0) && before.is_some());
}
