//! Programs of other languages, most of which reserve far more addresses than they use.
//!
//! If a compiler or interpreter is not installed, its test prints that it is skipped.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use memcheck::tool::process::{Inspection, MappingKind, Sampler, inspect, render};

use crate::skip::skip;

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// A program that has printed "ready" and waits.
struct Running(Child);

impl Running {
    fn start(command: &mut Command) -> Running {
        let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).stdin(Stdio::null());
        let mut running = Running(child.spawn().expect("it was just found"));
        let stdout = running.0.stdout.as_mut().expect("piped");
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).expect("text");
        assert_eq!(line.trim(), "ready", "{command:?}");
        running
    }

    fn inspect(&self) -> Inspection {
        let inspection = inspect(self.0.id().cast_signed(), false).expect("our own child");
        assert_eq!(inspection.process.notes, [] as [String; 0]);
        let text = render(&inspection, 100, false);
        assert!(text.contains(&inspection.sentence) && text.contains("resident (RSS)"), "{text}");
        inspection
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Fails if it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whether a program is installed; if not, prints that the test is skipped.
fn has(test: &str, program: &str, version: &str) -> bool {
    let found = Command::new(program).arg(version).output().is_ok_and(|out| out.status.success());
    if !found {
        skip(test, &format!("{program} is not installed"));
    }
    found
}

/// Writes the source of a program and compiles it.
fn build(directory: &Path, file: &str, source: &str, command: &mut Command) {
    std::fs::write(directory.join(file), source).expect("a temporary directory");
    let output = command.current_dir(directory).output().expect("it was just found");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Checks the first sentence, and that no metric counts reserved addresses as memory.
#[track_caller]
fn check(inspection: &Inspection, address_space: u64, most_used: u64) {
    let process = &inspection.process;
    let sentence = &inspection.sentence;
    assert!(sentence.contains("reserved address space"), "{sentence}");
    assert!(sentence.contains("the process uses"), "{sentence}");
    let used = process.live_footprint().expect("readable").0;
    let size = process.virtual_size.expect("readable").0;
    assert!(size >= address_space, "{sentence}: expected at least {address_space}");
    assert!((MIB / 4..most_used).contains(&used), "{sentence}");
    let resident = process.resident.expect("readable").0;
    let cache = process.page_cache.expect("readable").0;
    assert!(used <= resident + GIB / 64 && resident <= used + cache * 64, "{process}");
    // Most of the addresses are of a known kind.
    let sums = |of: fn(&memcheck::tool::process::MappingSums) -> u64| {
        inspection.kinds.iter().map(|kind| of(&kind.sums)).sum::<u64>()
    };
    let known = sums(|sums| sums.reserved.0 + sums.untouched.0 + sums.resident.0);
    assert!(known * 100 >= size * 60, "{known} of {size} in {process}");
}

#[test]
fn a_go_program_reserves_addresses() {
    if !has("a_go_program_reserves_addresses", "go", "version") {
        return;
    }
    let directory = tempfile::tempdir().expect("a temporary directory");
    let source = "package main\nimport (\"fmt\"; \"time\")\n\
                  func main() { fmt.Println(\"ready\"); time.Sleep(time.Hour) }\n";
    let mut command = Command::new("go");
    command.args(["build", "-o", "hello", "hello.go"]).env("GOFLAGS", "-mod=mod");
    build(directory.path(), "hello.go", source, &mut command);
    let go = Running::start(&mut Command::new(directory.path().join("hello")));
    let inspection = go.inspect();
    check(&inspection, 500 * MIB, 16 * MIB);
    // The arenas of Go have the size of those of glibc.
    assert!(inspection.kinds.iter().all(|row| row.kind != MappingKind::ThreadArena));
}

#[test]
fn a_leaking_go_program_grows() {
    if !has("a_leaking_go_program_grows", "go", "version") {
        return;
    }
    let directory = tempfile::tempdir().expect("a temporary directory");
    let source = "package main\nimport (\"fmt\"; \"time\")\nvar kept [][]byte\n\
                  func main() { fmt.Println(\"ready\"); for i := 0; ; i++ {\n\
                  block := make([]byte, 1<<20); for at := range block { block[at] = 1 }\n\
                  if i < 512 { kept = append(kept, block) }; time.Sleep(2*time.Millisecond) } }\n";
    let mut command = Command::new("go");
    command.args(["build", "-o", "leak", "leak.go"]).env("GOFLAGS", "-mod=mod");
    build(directory.path(), "leak.go", source, &mut command);
    let go = Running::start(&mut Command::new(directory.path().join("leak")));
    let mut watch = Sampler::new(go.0.id().cast_signed()).expect("our own child");
    let mut used = || watch.sample().footprint.expect("readable").live();
    let before = used();
    // 64 blocks take 0.2 s; on a busy machine it may take longer.
    let begin = std::time::Instant::now();
    while used() < before + 64 * MIB {
        assert!(begin.elapsed() < std::time::Duration::from_secs(60), "it never grew");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

#[test]
fn address_sanitizer_reserves_addresses() {
    if !has("address_sanitizer_reserves_addresses", "gcc", "--version") {
        return;
    }
    let directory = tempfile::tempdir().expect("a temporary directory");
    let source = "#include <stdio.h>\n#include <unistd.h>\n\
                  int main(void) { puts(\"ready\"); fflush(stdout); pause(); }\n";
    let mut command = Command::new("gcc");
    command.args(["-fsanitize=address", "hello.c", "-o", "hello"]);
    build(directory.path(), "hello.c", source, &mut command);
    let inspection = Running::start(&mut Command::new(directory.path().join("hello"))).inspect();
    // 14 TiB of the addresses are readable and writable, with flag `nr`.
    check(&inspection, 14 << 40, 64 * MIB);
    let shadow = &inspection.largest_reserved[0];
    assert!(shadow.sums.reserved.0 > 8 << 40, "{shadow:?}");
}

const JAVA: &str = "public class Hello {\n  public static void main(String[] a) throws Exception {\n\
                    System.out.println(\"ready\"); Thread.sleep(3600000); } }\n";

fn java(test: &str, options: &[&str]) -> Option<Inspection> {
    if !has(test, "javac", "-version") {
        return None;
    }
    let directory = tempfile::tempdir().expect("a temporary directory");
    build(directory.path(), "Hello.java", JAVA, Command::new("javac").arg("Hello.java"));
    let mut command = Command::new("java");
    command.args(options).args(["-cp", "."]).arg("Hello").current_dir(directory.path());
    let java = Running::start(&mut command);
    Some(java.inspect())
}

#[test]
fn a_jvm_with_its_default_heap_reserves_addresses() {
    if let Some(inspection) = java("a_jvm_with_its_default_heap_reserves_addresses", &[]) {
        check(&inspection, 2 * GIB, 512 * MIB);
    }
}

/// The JVM commits the whole heap at its start, and does not touch it.
#[test]
fn a_jvm_with_a_heap_of_8_gib_commits_it_untouched() {
    let Some(inspection) =
        java("a_jvm_with_a_heap_of_8_gib_commits_it_untouched", &["-Xms8g", "-Xmx8g"])
    else {
        return;
    };
    check(&inspection, 8 * GIB, 512 * MIB);
    let untouched = inspection.process.untouched.expect("readable").0;
    assert!(untouched > 7 * GIB, "{}", inspection.sentence);
    let sentence = &inspection.sentence;
    assert!(sentence.contains("committed but untouched"), "{sentence}");
}

#[test]
fn node_with_wasm_memories_reserves_addresses() {
    if !has("node_with_wasm_memories_reserves_addresses", "node", "--version") {
        return;
    }
    let script = "globalThis.m = []; \
                  for (let i = 0; i < 4; i++) m.push(new WebAssembly.Memory({ initial: 1 })); \
                  console.log('ready'); setInterval(() => {}, 1e6);";
    let inspection = Running::start(Command::new("node").args(["-e", script])).inspect();
    // Each memory has 8 GiB of addresses and guard pages.
    check(&inspection, 32 * GIB, 256 * MIB);
}

#[test]
fn a_python_program_reserves_no_addresses() {
    if !has("a_python_program_reserves_no_addresses", "python3", "--version") {
        return;
    }
    let script = "import time; print('ready', flush=True); time.sleep(3600)";
    let python = Running::start(Command::new("python3").args(["-c", script]));
    let sentence = python.inspect().sentence;
    assert!(!sentence.contains("reserved"), "{sentence}");
}
