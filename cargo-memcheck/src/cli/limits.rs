//! The options of the attribute as flags, one for each option that can be set for every test. A flag
//! wins over the attribute.

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};
use memcheck::Options;
use memcheck_options::{Grammar, OPTIONS, OptionSpec, OptionValue};

const HEADING: &str = "Options of the attribute, for every test of this run";

/// What the flags set.
#[derive(Clone, Debug, Default)]
pub(crate) struct Limits {
    options: Options,
}

impl Limits {
    /// The flags as a layer of options.
    pub(crate) fn options(&self) -> Options {
        self.options.clone()
    }
}

impl Args for Limits {
    fn augment_args(command: Command) -> Command {
        command.args(with_flag().map(flag))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Limits {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut limits = Limits::default();
        limits.update_from_arg_matches(matches)?;
        Ok(limits)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        for spec in with_flag() {
            if let Some(value) = matches.get_one::<OptionValue>(spec.name) {
                self.options.set(spec, value.clone());
            }
        }
        Ok(())
    }
}

fn with_flag() -> impl Iterator<Item = &'static OptionSpec> {
    OPTIONS.iter().filter(|spec| spec.flag().is_some())
}

fn flag(spec: &'static OptionSpec) -> Arg {
    let flag = Arg::new(spec.name)
        .long(spec.name)
        .value_name(match spec.grammar {
            Grammar::Count { .. } => "N",
            Grammar::Size { .. } => "SIZE",
            Grammar::Duration => "TIME",
            _ => "TEXT",
        })
        .value_parser(|text: &str| spec.parse(text))
        .help(spec.help)
        .help_heading(HEADING);
    match spec.name {
        // A fixed number of iterations is judged without the clock.
        "iterations" => flag.conflicts_with("time"),
        _ => flag,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::Parser;
    use memcheck::Bytes;

    use super::*;

    #[derive(Debug, Parser)]
    struct OnlyLimits {
        #[command(flatten)]
        limits: Limits,
    }

    fn parse(arguments: &[&str]) -> Result<Options, clap::Error> {
        let parsed = OnlyLimits::try_parse_from([&["x"], arguments].concat())?;
        Ok(parsed.limits.options())
    }

    #[test]
    fn flags_set_only_their_options() {
        assert_eq!(parse(&[]).unwrap(), Options::new());
        assert_eq!(
            parse(&["--resident", "256 KiB", "--time=500ms", "--threads", "2"]).unwrap(),
            Options::new()
                .resident(Bytes(256 * 1024))
                .time(Duration::from_millis(500))
                .threads(2u64)
        );
        assert_eq!(parse(&["--iterations=2"]).unwrap(), Options::new().iterations(2u64));
    }

    #[test]
    fn options_of_every_test_have_flags_and_others_do_not() {
        for spec in OPTIONS {
            let value = match spec.grammar {
                Grammar::Duration => "3s",
                _ => "3",
            };
            match parse(&[&format!("--{}", spec.name), value]) {
                Ok(options) => {
                    assert!(spec.is_for_every_test());
                    assert_eq!(options.get(spec), spec.parse(value).ok(), "{}", spec.name);
                }
                Err(error) => {
                    assert!(!spec.is_for_every_test(), "{error}");
                    assert_eq!(error.kind(), clap::error::ErrorKind::UnknownArgument);
                }
            }
        }
    }

    #[test]
    fn values_that_make_no_sense_are_refused() {
        for arguments in [
            &["--iterations=0"][..],
            &["--iterations=2", "--time=3s"],
            &["--ceiling=0"],
            &["--time=0s"],
            &["--time=2"],
        ] {
            assert!(parse(arguments).is_err(), "{arguments:?}");
        }
    }
}
