use std::io::Write;
use std::process::{Child, Command, Stdio};

use super::*;

struct Killed(Child);

impl Killed {
    fn start(program: &str, arguments: &[&str]) -> Killed {
        let command = &mut Command::new(program);
        let command = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        Killed(command.spawn().expect("everywhere"))
    }

    fn watch(&self) -> Watch {
        Watch::new(self.0.id().cast_signed()).expect("our own child")
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A `cat` that waits for input.
fn cat() -> Killed {
    let mut cat = Killed::start("cat", &[]);
    let text = b"it runs";
    cat.0.stdin.as_mut().expect("piped").write_all(text).expect("it reads");
    cat.0.stdout.as_mut().expect("piped").read_exact(&mut [0; 7]).expect("it writes");
    cat
}

#[test]
fn without_smaps_rollup_the_entries_of_smaps_are_summed() {
    let cat = cat();
    let mut watch = cat.watch();
    let with = watch.sample().footprint.expect("readable");
    let smaps = format!("/proc/{}/smaps", watch.pid());
    watch.memory = Memory::Smaps(ProcFile::open(smaps.into()).expect("our own child"));
    let without = watch.sample().footprint.expect("readable");
    assert_eq!(without, with);
    assert_eq!(watch.notes(), [] as [String; 0]);
}

#[test]
fn without_lists_of_children_they_are_searched() {
    let parent = Killed::start("sh", &["-c", "sleep 60 & echo; wait"]);
    let mut watch = parent.watch();
    while watch.sample().children != Some(1) {
        std::thread::yield_now();
    }
    watch.children = Children::Searched;
    assert_eq!(watch.sample().children, Some(1));
    let sleep = super::super::ProcessSnapshot::of(watch.pid()).expect("our own child");
    let sleep = &sleep.children.expect("readable")[0];
    let sleep = rustix::process::Pid::from_raw(sleep.pid).expect("a pid");
    rustix::process::kill_process(sleep, rustix::process::Signal::KILL).expect("ours");
}

#[test]
fn goes_on_after_exec() {
    let mut shell = Killed::start("sh", &["-c", "echo; read line; exec cat"]);
    let mut watch = shell.watch();
    assert!(watch.sample().footprint.is_some());
    let before = watch.sample().mappings;
    shell.0.stdin.as_mut().expect("piped").write_all(b"go\nit runs").expect("it reads");
    let mut text = [0; 8];
    shell.0.stdout.as_mut().expect("piped").read_exact(&mut text).expect("it writes");
    let after = watch.sample();
    assert!(after.footprint.is_some() && after.mappings.is_some(), "{:?}", watch.notes());
    assert!(after.fd_memory == Some(0) && before.is_some());
}
