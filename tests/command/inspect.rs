//! `cargo memcheck inspect` on real processes. `memcheck-lib/tests/process/runtimes.rs` tests what it
//! says about programs of other languages.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what was skipped or measured is for who runs the test"
)]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::support::processes::{is_root, is_running, until};
use crate::support::tools::is_installed;
use crate::support::{Output, clean, run};

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-memcheck"));
    command.args(["memcheck", "inspect"]).args(arguments);
    clean(&mut command);
    command.env_remove("COLUMNS");
    // In a folder without Cargo.toml: inspect needs none.
    command.current_dir("/");
    command
}

fn inspect(arguments: &[&str]) -> Output {
    run(&mut command(arguments))
}

/// A child that is killed at the end of the test.
struct Running(Child);

impl Running {
    fn start(command: &mut Command) -> Running {
        Running(command.stdin(Stdio::null()).spawn().expect("everywhere"))
    }

    fn pid(&self) -> String {
        self.0.id().to_string()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Fails if it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A Python program that reserves 64 GiB without access, and waits.
const RESERVES: &str = "\
import ctypes, time
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
assert libc.mmap(None, 64 << 30, 0, 0x22, -1, 0) != ctypes.c_void_p(-1).value
print('ready', flush=True)
time.sleep(600)
";

#[expect(clippy::print_stderr, reason = "a skipped test must not look like a passed one")]
fn skip(test: &str, why: &str) {
    eprintln!("SKIPPED {test}: {why}");
}

fn has_python() -> bool {
    is_installed(&["python3", "--version"], "install python3")
}

#[test]
fn reserved_addresses_are_named_in_the_first_sentence() {
    if !has_python() {
        return;
    }
    let mut python = Command::new("python3");
    let mut python = Running::start(python.args(["-c", RESERVES]).stdout(Stdio::piped()));
    let mut line = String::new();
    BufReader::new(python.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");

    let text = inspect(&[&python.pid()]).code(0).stdout;
    let sentence = text.lines().nth(1).unwrap();
    let begin =
        "64.0 GiB of the 64.0 GiB virtual size is reserved address space; the process uses ";
    let nearly = "Nearly all of the 64.0 GiB virtual size is reserved address space; the process \
                  uses ";
    assert!(sentence.starts_with(begin) || sentence.starts_with(nearly), "{sentence}");
    for word in ["resident (RSS)", "unique (USS)", "virtual size (VSZ)", "log scale: from 4 KiB to"]
    {
        assert!(text.contains(word), "{word} in {text}");
    }
    assert!(!text.contains('\x1b'), "colour only on a terminal");
    let narrow = run(command(&[&python.pid()]).env("COLUMNS", "70")).code(0).stdout;
    assert!(narrow.lines().any(|line| line.chars().count() > 60));

    let json = inspect(&[&python.pid(), "--json"]).code(0).stdout;
    assert_eq!(json.lines().count(), 1);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["version"], 1);
    assert_eq!(
        json["sentence"].as_str().unwrap().trim_end_matches('.'),
        sentence.trim_end_matches('.')
    );
    assert!(json["process"]["reserved"].as_u64().unwrap() >= 64 << 30);
    let parts = json["process"]["footprint"].as_object().unwrap();
    let used: u64 = parts.values().filter_map(serde_json::Value::as_u64).sum();
    assert!((1 << 20..64 << 20).contains(&used), "{parts:?}");
}

#[test]
fn colour_follows_cargos_conventions() {
    let own = std::process::id().to_string();
    let colour = |command: &mut Command| run(command).code(0).stdout.contains('\x1b');
    assert!(colour(&mut command(&[&own, "--color=always"])));
    assert!(colour(command(&[&own]).env("CARGO_TERM_COLOR", "always")));
    assert!(!colour(command(&[&own, "--color=never"]).env("CARGO_TERM_COLOR", "always")));
    assert!(!colour(&mut command(&[&own])));
}

#[test]
fn an_unknown_pid_exits_4() {
    let output = inspect(&["2147483647"]).code(4);
    assert_eq!(output.stdout, "");
    assert!(output.error().starts_with("error: there is no process 2147483647"), "{output:?}");
}

#[test]
fn a_zombie_and_a_kernel_thread_are_errors() {
    let mut child = Command::new("true").spawn().unwrap();
    let pid = child.id().to_string();
    until("a zombie", || !is_running(&pid));
    let output = inspect(&[&pid]).code(4);
    child.wait().unwrap();
    assert!(output.error().contains("(true) is a zombie: it has ended"), "{output:?}");
    assert!(output.error().contains(&format!("its parent {}", std::process::id())), "{output:?}");

    if std::fs::read_to_string("/proc/2/comm").is_ok_and(|name| name == "kthreadd\n") {
        let output = inspect(&["2"]).code(4);
        assert!(output.error().contains("(kthreadd) is a kernel thread"), "{output:?}");
    } else {
        skip("kernel thread", "pid 2 is none here (a pid namespace)");
    }
}

#[test]
fn a_process_of_another_user_is_an_error() {
    let output = if is_root() {
        // Runs as user 65534, from a folder that this user may read.
        let directory = tempfile::Builder::new().tempdir_in("/tmp").unwrap();
        let binary = directory.path().join("cargo-memcheck");
        // By another process: a file that this process has open for writing, which a child of another
        // test may inherit for a moment, cannot be run.
        let mut copy = Command::new("cp");
        assert!(
            copy.arg(env!("CARGO_BIN_EXE_cargo-memcheck")).arg(&binary).status().unwrap().success()
        );
        for path in [directory.path(), &binary] {
            let all = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            std::fs::set_permissions(path, all).unwrap();
        }
        let child = Running::start(Command::new("sleep").arg("600"));
        let mut command = Command::new(binary);
        command.args(["memcheck", "inspect", &child.pid()]).current_dir("/");
        std::os::unix::process::CommandExt::uid(&mut command, 65534);
        std::os::unix::process::CommandExt::gid(&mut command, 65534);
        run(&mut command)
    } else {
        inspect(&["1"])
    };
    let error = output.code(1).error();
    assert!(error.contains("does not let this user read /proc/"), "{error}");
    assert!(error.contains("run as its user or as root"), "{error}");
    // The kernel shows these to every user.
    assert!(error.contains("virtual size ") && error.contains("resident "), "{error}");
}

#[test]
fn wrong_arguments_exit_2() {
    for arguments in
        [&[][..], &["firefox"], &["1", "2"], &["1", "--", "true"], &["--after", "1s", "1"]]
    {
        let output = inspect(arguments).code(2);
        assert_eq!(output.stdout, "", "{arguments:?}");
    }
    let output = inspect(&["firefox"]);
    assert!(output.stderr.contains("`pgrep NAME` shows"), "{output:?}");
    let output = inspect(&["--", "no-such-program-anywhere"]).code(2);
    assert!(output.error().contains("cannot start `no-such-program-anywhere`"), "{output:?}");
}

#[test]
fn inspecting_a_command_ends_its_process_tree() {
    let directory = tempfile::tempdir().unwrap();
    let pids = directory.path().join("pids");
    let script = format!(
        "echo printed; sleep 600 & echo $! >> {0}; setsid sleep 600 & echo $! >> {0}; \
         (setsid sh -c 'echo $$ >> {0}; exec sleep 600' &) ; echo $$ >> {0}; wait",
        pids.display()
    );
    let output = inspect(&["--tree", "--after", "1s", "--", "sh", "-c", &script]).code(0);
    // The output of the command goes to stderr, the result to stdout.
    assert!(!output.stdout.contains("printed\n") && output.stderr.contains("printed\n"));
    assert!(output.stdout.contains("with its descendants"), "{}", output.stdout);
    assert!(output.stdout.contains(" processes use "), "{}", output.stdout);
    let pids = std::fs::read_to_string(pids).unwrap();
    assert_eq!(pids.lines().count(), 4, "{pids}");
    for pid in pids.lines() {
        until(&format!("{pid} ends"), || !is_running(pid));
    }
}

#[test]
fn a_command_that_ends_early_is_an_error() {
    for (script, status) in [("exit 3", "exit status: 3"), ("kill -9 $$", "signal: 9 (SIGKILL)")] {
        let output = inspect(&["--", "sh", "-c", script]).code(4);
        let error = output.error();
        assert!(error.contains(&format!("ended with {status} after")), "{error}");
        assert!(error.contains("--after TIME"), "{error}");
    }
}

#[test]
fn inspecting_a_command_after_0s_prints_json() {
    let output = inspect(&["--json", "--after=0s", "--", "sleep", "600"]).code(0);
    let json: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(json["command"], serde_json::json!(["sleep", "600"]));
}

#[test]
fn a_signal_ends_the_inspected_command() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("pid");
    let script = format!("echo $$ > {0}.new; mv {0}.new {0}; exec sleep 600", file.display());
    let tool = command(&["--after=600s", "--", "sh", "-c", &script]).stderr(Stdio::null()).spawn();
    let mut tool = Running(tool.unwrap());
    until("the command runs", || file.exists());
    let pid = std::fs::read_to_string(&file).unwrap();
    assert!(Command::new("kill").args(["-INT", &tool.pid()]).status().unwrap().success());
    assert_eq!(tool.0.wait().unwrap().code(), Some(130));
    until("the command ends", || !is_running(&pid));
}

/// Reads the state of the process meanwhile: it is neither stopped (`T`) nor traced (`t`).
/// `memcheck-lib/tests/process/cost.rs` measures what inspecting costs.
#[test]
fn inspecting_does_not_stop_the_process() {
    let busy = Running::start(Command::new("sh").args(["-c", "while :; do :; done"]));
    let state = || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", busy.pid())).unwrap();
        stat.rsplit(") ").next().unwrap().chars().next().unwrap()
    };
    for _ in 0..5 {
        let mut tool = command(&[&busy.pid(), "--json"]);
        let mut tool = Running::start(tool.stdout(Stdio::null()));
        let status = loop {
            assert!(matches!(state(), 'R' | 'S'), "{}", state());
            if let Some(status) = tool.0.try_wait().unwrap() {
                break status;
            }
        };
        assert!(status.success());
    }
}
