//! One list of spellings, through a flag, a variable and the file. The tests of the attribute read
//! the same list.

use std::ffi::OsString;
use std::path::Path;

use memcheck::{Options, tool};
use memcheck_options::{Grammar, OptionSpec, find};

use super::error::ConfigError;
use super::file::{self, DEFAULT};
use crate::cli::{self, Command};

const SPELLINGS: &str = include_str!("../../../memcheck-lib/options/tests/spellings.txt");

fn by_flag(spec: &OptionSpec, text: &str) -> Result<Options, String> {
    let flag = format!("{}={text}", spec.flag().unwrap());
    let arguments = ["cargo-memcheck", "memcheck", &flag].map(OsString::from);
    match cli::parse(arguments.into()) {
        Ok(Command::Run(run)) => Ok(run.limits.options()),
        Ok(other) => panic!("not a run: {other:?}"),
        Err(error) => {
            let message = error.to_string();
            let message = message.lines().next().unwrap();
            Err(message.split_once("': ").unwrap().1.to_owned())
        }
    }
}

fn by_variable(spec: &OptionSpec, text: &str) -> Result<Options, String> {
    let variable =
        |name: &str| (Some(name) == spec.variable().as_deref()).then(|| OsString::from(text));
    tool::options_of_variables(variable)
        .map_err(|error| error.to_string().split_once("is invalid: ").unwrap().1.to_owned())
}

fn by_file(spec: &OptionSpec, text: &str) -> Result<Options, String> {
    let value = match spec.grammar {
        Grammar::Count { .. } => text.to_owned(),
        _ => format!("{text:?}"),
    };
    let text = format!("[profile.default]\n{} = {value}\n", spec.name);
    match file::parse(Path::new("m.toml"), &text) {
        Ok(mut file) => Ok(file.profiles.remove(DEFAULT).unwrap().values.options),
        Err(ConfigError::Problems { problems, .. }) => {
            Err(problems[0].message.split_once("`: ").unwrap().1.to_owned())
        }
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn flags_variables_and_the_file_read_the_same_values() {
    for line in SPELLINGS.lines().filter(|line| !line.starts_with('#')) {
        let [option, text, expected] = line.split('|').collect::<Vec<_>>()[..] else {
            panic!("not three columns: {line}")
        };
        let spec = find(option).unwrap();
        for read in [by_flag(spec, text), by_variable(spec, text), by_file(spec, text)] {
            let read = match read {
                Ok(options) => options.get(spec).unwrap().to_string(),
                Err(error) => format!("error: {error}"),
            };
            assert_eq!(read, expected, "{line}");
        }
    }
}
