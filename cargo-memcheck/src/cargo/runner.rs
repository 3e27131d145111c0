//! Whether the command line names a runner. One of a configuration file or of the environment is
//! outranked by the one that [`super::environments`] sets, a `--config` is not: cargo would start it on
//! every test binary.

use toml::de::{DeTable, DeValue};

use crate::error::Error;

/// Refuses a `--config` that names a runner.
pub(crate) fn check(configs: &[String]) -> Result<(), Error> {
    match configs.iter().find(|config| names_runner(&text(config))) {
        Some(config) => Err(Error::Runner { config: config.clone() }),
        None => Ok(()),
    }
}

/// The configuration that an argument is: `KEY=VALUE`, or the path of a file. What cannot be read is
/// cargo's to tell.
fn text(config: &str) -> String {
    match config.contains('=') {
        true => config.to_owned(),
        false => std::fs::read_to_string(config).unwrap_or_default(),
    }
}

/// Whether a configuration has the key `target.….runner`.
fn names_runner(configuration: &str) -> bool {
    let Ok(table) = DeTable::parse(configuration) else { return false };
    let Some(DeValue::Table(targets)) = value(table.get_ref(), "target") else { return false };
    targets.values().any(|target| match target.get_ref() {
        DeValue::Table(target) => value(target, "runner").is_some(),
        _ => false,
    })
}

fn value<'t, 'a>(table: &'t DeTable<'a>, key: &str) -> Option<&'t DeValue<'a>> {
    table.iter().find(|(of, _)| of.get_ref() == key).map(|(_, value)| value.get_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_runner_of_a_target_is_refused() {
        for named in [
            "target.x86_64-unknown-linux-gnu.runner='valgrind'",
            "target.'cfg(unix)'.runner=[\"sudo\", \"-E\"]",
            "[target.'cfg(all())']\nlinker = \"lld\"\nrunner = \"x\"\n",
        ] {
            assert!(names_runner(named), "{named}");
        }
        for other in ["build.jobs=2", "target.x.linker='lld'", "env.runner='x'", "no toml", ""] {
            assert!(!names_runner(other), "{other}");
        }
    }
}
