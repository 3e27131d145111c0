//! Signals to the tool: an interrupted run or build ends everything that it started.

use std::process::{Command, Stdio};

use crate::support::Project;
use crate::support::processes::{is_running, until};

#[test]
fn a_signal_ends_the_run_and_every_test_process() {
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let name = format!("signal-{}", signal.to_lowercase());
        let project = Project::new(&name).file(
            "src/lib.rs",
            "#[cfg(test)]\n#[memcheck::memcheck]\nfn hangs() {\n\
             \x20   let child = std::process::Command::new(\"sleep\").arg(\"3600\").spawn().unwrap();\n\
             \x20   let pids = format!(\"{} {}\", std::process::id(), child.id());\n\
             \x20   std::fs::write(\"new\", pids).unwrap();\n\
             \x20   std::fs::rename(\"new\", \"pids\").unwrap();\n\
             \x20   std::thread::sleep(std::time::Duration::from_secs(3600));\n}\n",
        );
        let mut command = project.memcheck_command(&[]);
        let tool = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let pids = project.path().join("pids");
        until("the body runs", || pids.exists());
        let pids = std::fs::read_to_string(pids).unwrap();
        let status = Command::new("kill").args(["-s", signal, &tool.id().to_string()]).status();
        assert!(status.unwrap().success());
        let output = tool.wait_with_output().unwrap();
        let stdout = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(code), "{stdout}");
        // Finished results are printed.
        assert!(stdout.contains("Interrupted") && stdout.contains("Summary"), "{stdout}");
        for pid in pids.split(' ') {
            until(&format!("{pid} ends after {signal}"), || !is_running(pid));
        }
    }
}

/// `nohup` starts its command with SIGHUP ignored, so that it survives the end of the terminal.
#[test]
fn an_ignored_sighup_stays_ignored() {
    let project = Project::new("nohup").file(
        "src/lib.rs",
        "#[cfg(test)]\n#[memcheck::memcheck]\nfn hangs() {\n\
         \x20   std::fs::write(\"runs\", \"\").unwrap();\n\
         \x20   std::thread::sleep(std::time::Duration::from_secs(3600));\n}\n",
    );
    let tool = project.memcheck_command(&[]);
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' HUP; exec \"$@\"", "sh"]).arg(tool.get_program());
    command.args(tool.get_args()).current_dir(project.path());
    for (name, value) in tool.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let tool = command.spawn().unwrap();
    let runs = project.path().join("runs");
    until("the body runs", || runs.exists());
    for signal in ["HUP", "TERM"] {
        let status = Command::new("kill").args(["-s", signal, &tool.id().to_string()]).status();
        assert!(status.unwrap().success());
    }
    // If SIGHUP had counted, SIGTERM would be the second signal and the tool would end without a
    // summary.
    let output = tool.wait_with_output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(143), "{stdout}");
    assert!(stdout.contains("Summary"), "{stdout}");
}

#[test]
fn a_signal_ends_the_build_and_its_build_scripts() {
    let project = Project::new("slow-build").without_library().file(
        "build.rs",
        "fn main() {\n    std::fs::write(\"new\", std::process::id().to_string()).unwrap();\n\
         \x20   std::fs::rename(\"new\", \"started\").unwrap();\n\
         \x20   std::thread::sleep(std::time::Duration::from_secs(3600));\n}\n",
    );
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let started = project.path().join("started");
        let _ = std::fs::remove_file(&started);
        let mut command = project.memcheck_command(&[]);
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let mut child = command.spawn().unwrap();
        until("the build begins", || started.exists());
        let script = std::fs::read_to_string(&started).unwrap();
        let pid = child.id().to_string();
        Command::new("kill").args(["-s", signal, &pid]).status().unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(code), "{signal}");
        until(&format!("the build script ends after {signal}"), || !is_running(&script));
    }
}
