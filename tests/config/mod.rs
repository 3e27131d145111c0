//! The configuration: its file, the variables `MEMCHECK_…`, the flags, and suppressions.

mod file;
mod precedence;
mod suppressions;

use crate::support::{Output, Project, run};

const FILE: &str = r#"
[profile.default]
warmup = 5
iterations = 100
fds = 1
threads = 1
inconclusive = "warn"

[[profile.default.overrides]]
test = "tests::slow*"
iterations = 200

[[profile.default.overrides]]
binary = "another"
iterations = 300

[profile.ci]
warmup = 6
jobs = 2

[[suppress]]
function = "openssl::init*"
reason = "https://github.com/sfackler/rust-openssl/issues/1"
"#;

fn with_variables(project: &Project, variables: &[(&str, &str)], arguments: &[&str]) -> Output {
    let mut command = project.memcheck_command(arguments);
    command.envs(variables.iter().copied());
    run(&mut command)
}
