//! File names in reports are relative to the workspace. A member, a dependency or a later edit may
//! have another file of the same name, which must not be used.

use std::process::Command;

use crate::support::{Output, Project, root, run};

/// The root package. The name of its library differs from that of the package.
const ROOT: &str = r#"//! The root.
#[derive(Default)]
pub struct Keeper(Vec<&'static u64>);

impl Keeper {
    pub fn keep(&mut self) {
        self.0.push(Box::leak(Box::new(7u64))); // LEAKS
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    #[memcheck::memcheck(iterations = 496)]
    fn leaks() { super::Keeper::default().keep(); }
    #[memcheck::memcheck(iterations = 496)]
    fn leaks_vendored() { kept::keep(); }
    #[memcheck::memcheck(iterations = 40)]
    fn starts_a_thread() { elsewhere::start(); }
}
"#;

/// A member whose file has as many lines as that of the root, but no leak.
const MEMBER: &str = "//! The member.\n//\n//\n//\n//\n//\n//\n//\n//\n//\n//\n//\n//\n//\n//\n//\n//\n//\n//\n//\n\
     #[cfg(test)]\n#[memcheck::memcheck(iterations = 496)]\nfn passes() {}\n";

/// A leaking thread whose stack has only code of the dependency.
const ELSEWHERE: &str = r#"
pub fn start() {
    static STARTER: std::sync::OnceLock<std::sync::mpsc::Sender<()>> = std::sync::OnceLock::new();
    let starter = STARTER.get_or_init(|| {
        let (send, receive) = std::sync::mpsc::channel::<()>();
        std::thread::spawn(move || receive.iter().for_each(|()| leak()));
        send
    });
    starter.send(()).unwrap();
}

fn leak() { std::hint::black_box(Box::leak(Box::new([1u8; 40]))); }
"#;

fn package(name: &str) -> String {
    format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n")
}

fn project(name: &str) -> Project {
    let library = format!("memcheck-lib = {{ path = {:?} }}\n", root().join("memcheck-lib"));
    let manifest = package("root-package")
        + "[lib]\nname = \"renamed\"\n[workspace]\nmembers = [\"crates/a\"]\n\
           exclude = [\"third/kept\"]\n[dev-dependencies]\n\
           kept = { path = \"third/kept\" }\nelsewhere = { path = \"../elsewhere\" }\n"
        + &library;
    Project::new(name)
        .file("ws/Cargo.toml", manifest)
        .file("ws/Cargo.lock", std::fs::read(root().join("Cargo.lock")).unwrap())
        .file("ws/src/lib.rs", ROOT)
        .file("ws/crates/a/Cargo.toml", package("a") + "[dev-dependencies]\n" + &library)
        .file("ws/crates/a/src/lib.rs", MEMBER)
        // A crate as `cargo vendor` writes it.
        .file("ws/third/kept/Cargo.toml", package("kept"))
        .file("ws/third/kept/.cargo-checksum.json", "{}")
        .file(
            "ws/third/kept/src/lib.rs",
            "pub fn keep() {\n    Box::leak(Box::new([1u8; 24]));\n}\n",
        )
        .file("elsewhere/Cargo.toml", package("elsewhere") + "[workspace]\n")
        .file("elsewhere/src/lib.rs", ELSEWHERE)
}

/// Runs a command in the folder of the member.
fn in_member(project: &Project, mut command: Command) -> Output {
    run(command.current_dir(project.path().join("ws/crates/a")))
}

fn line(mark: &str) -> usize {
    ROOT.lines().position(|line| line.contains(mark)).unwrap() + 1
}

#[test]
fn file_names_are_relative_to_the_workspace_in_every_folder() {
    let project = project("workspace");
    let asked = ["--workspace", "--github", "--report=../../../report.json"];
    let output = in_member(&project, project.memcheck_command(&asked)).code(100);
    let (leaks, vendored, thread) =
        (line("// LEAKS"), line("fn leaks_vendored"), line("fn starts_a_thread") - 1);
    let has = |text: &str, part: &str| assert!(text.contains(part), "no {part:?} in\n{text}");
    has(&output.stderr, &format!("::error file=src/lib.rs,line={leaks},"));
    has(&output.stderr, &format!("::error file=src/lib.rs,line={vendored},"));
    assert!(!output.stderr.contains("file=crates/a") && !output.stderr.contains("file=/"));
    // A leak without a line in the repository.
    has(&output.stderr, &format!("::error file=src/lib.rs,line={thread},"));
    has(&output.stderr, "%0Athe line is elsewhere/src/lib.rs:12, outside the repository");

    // Functions are named without the name of the library.
    has(&output.stdout, "= note: called from tests::leaks, src/lib.rs:");
    assert!(!output.stdout.contains("renamed"), "{}", output.stdout);
    has(&output.stdout, "allocated by kept::keep, kept/src/lib.rs:2");
    has(&output.stdout, "= help: `kept` allocates it");

    // With GITHUB_WORKSPACE the file is relative to the checkout.
    let mut command = project.memcheck_command(&["--github", "-p", "root-package", "leaks"]);
    command.env("GITHUB_WORKSPACE", project.path());
    let output = in_member(&project, command).code(100);
    has(&output.stderr, &format!("::error file=ws/src/lib.rs,line={leaks},"));

    // `cargo memcheck report` shows the leaking code.
    let report_again = || {
        let asked = ["report", "../../../report.json", "--github"];
        in_member(&project, project.memcheck_command(&asked)).code(100)
    };
    let repeated = report_again();
    has(&repeated.stdout, "self.0.push(Box::leak(Box::new(7u64))); // LEAKS");
    has(&repeated.stderr, &format!("::error file=src/lib.rs,line={leaks},"));
    assert!(!repeated.stdout.contains("| //"), "{}", repeated.stdout);
    // It shows no code after the file has changed.
    project.write("ws/src/lib.rs", format!("// Later.\n{ROOT}"));
    let repeated = report_again();
    assert!(!repeated.stdout.contains("self.0"), "{}", repeated.stdout);
    has(&repeated.stdout, &format!("--> src/lib.rs:{leaks}:"));

    // A record of `cargo test` has the root of the workspace, too.
    project.write("ws/src/lib.rs", ROOT);
    let mut command = project.cargo("test", &["-p", "root-package", "tests::leaks"]);
    command.env("MEMCHECK_REPORT_DIR", project.path().join("records"));
    in_member(&project, command).code(101);
    let repeated = project.memcheck_command(&["report", "../../../records", "--github"]);
    let repeated = in_member(&project, repeated).code(100);
    has(&repeated.stderr, &format!("::error file=src/lib.rs,line={},", line("fn leaks()") - 1));
}
