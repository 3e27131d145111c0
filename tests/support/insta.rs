//! Commands whose tests assert snapshots.

use std::process::Command;

use super::{Output, run};

/// Runs a command without the variables of insta and of CI that this process has, but with `variables`.
pub(crate) fn run_with(mut command: Command, variables: &[(&str, &str)]) -> Output {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("INSTA_") {
            command.env_remove(name);
        }
    }
    command.env_remove("CI").env_remove("TF_BUILD").envs(variables.iter().copied());
    run(&mut command)
}
