//! What is said of programs of other languages: each reserves far more addresses than it uses.
//!
//! A test whose compiler or interpreter is not installed is skipped by name.
#![cfg(target_os = "linux")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use memcheck::process::{Inspection, MappingKind, Sampler, inspect, render};

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// A program that has said "ready" and waits.
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
        // Fails when it has ended, which is well.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whether a program is installed; says so by name when it is not.
#[expect(clippy::print_stderr, reason = "a skipped test must not look like a passed one")]
fn has(test: &str, program: &str, version: &str) -> bool {
    let found = Command::new(program).arg(version).output().is_ok_and(|out| out.status.success());
    if !found {
        eprintln!("SKIPPED {test}: {program} is not installed");
    }
    found
}

/// Compiles a program whose source is given.
fn build(directory: &Path, file: &str, source: &str, command: &mut Command) {
    std::fs::write(directory.join(file), source).expect("a temporary directory");
    let output = command.current_dir(directory).output().expect("it was just found");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The first sentence, and that the reservation is no memory in any metric.
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
    // What is known of the addresses is most of them.
    let sums = |of: fn(&memcheck::process::MappingSums) -> u64| {
        inspection.kinds.iter().map(|kind| of(&kind.sums)).sum::<u64>()
    };
    let known = sums(|sums| sums.reserved.0 + sums.untouched.0 + sums.resident.0);
    assert!(known * 100 >= size * 60, "{known} of {size} in {process}");
}

#[test]
fn go() {
    if !has("go", "go", "version") {
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
    // Its arenas have the size of glibc's.
    assert!(inspection.kinds.iter().all(|row| row.kind != MappingKind::ThreadArena));
}

/// Seen from outside: the memory of a Go program that forgets grows, its reservation does not.
#[test]
fn go_that_leaks() {
    if !has("go_that_leaks", "go", "version") {
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
    // 64 blocks take it 0.2 s; a busy machine gets its time.
    let begin = std::time::Instant::now();
    while used() < before + 64 * MIB {
        assert!(begin.elapsed() < std::time::Duration::from_secs(60), "it never grew");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

#[test]
fn address_sanitizer() {
    if !has("address_sanitizer", "gcc", "--version") {
        return;
    }
    let directory = tempfile::tempdir().expect("a temporary directory");
    let source = "#include <stdio.h>\n#include <unistd.h>\n\
                  int main(void) { puts(\"ready\"); fflush(stdout); pause(); }\n";
    let mut command = Command::new("gcc");
    command.args(["-fsanitize=address", "hello.c", "-o", "hello"]);
    build(directory.path(), "hello.c", source, &mut command);
    let inspection = Running::start(&mut Command::new(directory.path().join("hello"))).inspect();
    // 14 TiB of it readable and writable, with flag `nr`.
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
fn jvm_with_its_default_heap() {
    if let Some(inspection) = java("jvm_with_its_default_heap", &[]) {
        check(&inspection, 2 * GIB, 512 * MIB);
    }
}

/// The heap is promised as a whole when the JVM starts, and not touched.
#[test]
fn jvm_with_a_heap_of_8_gib() {
    let Some(inspection) = java("jvm_with_a_heap_of_8_gib", &["-Xms8g", "-Xmx8g"]) else { return };
    check(&inspection, 8 * GIB, 512 * MIB);
    let untouched = inspection.process.untouched.expect("readable").0;
    assert!(untouched > 7 * GIB, "{}", inspection.sentence);
    let sentence = &inspection.sentence;
    assert!(sentence.contains("promised by the kernel but untouched"), "{sentence}");
}

#[test]
fn node_with_wasm_memories() {
    if !has("node_with_wasm_memories", "node", "--version") {
        return;
    }
    let script = "globalThis.m = []; \
                  for (let i = 0; i < 4; i++) m.push(new WebAssembly.Memory({ initial: 1 })); \
                  console.log('ready'); setInterval(() => {}, 1e6);";
    let inspection = Running::start(Command::new("node").args(["-e", script])).inspect();
    // Each memory has 8 GiB of addresses and its guards.
    check(&inspection, 32 * GIB, 256 * MIB);
}

/// The one that reserves nothing to speak of.
#[test]
fn python() {
    if !has("python", "python3", "--version") {
        return;
    }
    let script = "import time; print('ready', flush=True); time.sleep(3600)";
    let python = Running::start(Command::new("python3").args(["-c", script]));
    let sentence = python.inspect().sentence;
    assert!(!sentence.contains("reserved"), "{sentence}");
}
