//! Refuses a runner on the command line. The runner that [`super::environments`] sets overrides a runner
//! in a configuration file or in the environment, but not one in `--config`.

use toml::de::{DeTable, DeValue};

use super::error::CargoError;

/// Refuses a `--config` that sets a runner.
pub(crate) fn check(configs: &[String]) -> Result<(), CargoError> {
    match configs.iter().find(|config| sets_runner(&text(config))) {
        Some(config) => Err(CargoError::Runner { config: config.clone() }),
        None => Ok(()),
    }
}

/// The configuration in an argument: `KEY=VALUE`, or the path of a file. cargo reports a file that cannot
/// be read.
fn text(config: &str) -> String {
    match config.contains('=') {
        true => config.to_owned(),
        false => std::fs::read_to_string(config).unwrap_or_default(),
    }
}

/// Whether a configuration has the key `target.….runner`.
fn sets_runner(configuration: &str) -> bool {
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
    fn only_the_runner_of_a_target_is_refused() {
        for named in [
            "target.x86_64-unknown-linux-gnu.runner='valgrind'",
            "target.'cfg(unix)'.runner=[\"sudo\", \"-E\"]",
            "[target.'cfg(all())']\nlinker = \"lld\"\nrunner = \"x\"\n",
        ] {
            assert!(sets_runner(named), "{named}");
        }
        for other in ["build.jobs=2", "target.x.linker='lld'", "env.runner='x'", "no toml", ""] {
            assert!(!sets_runner(other), "{other}");
        }
    }
}
