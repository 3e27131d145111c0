//! The flags of the export formats, one for each row of [`FORMATS`].

use std::path::PathBuf;

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches, value_parser};

use crate::export::{Destination, Destinations, FORMATS, Format};

/// The heading of these flags in `--help`.
pub(super) const HEADING: &str = "Results for other tools";

/// The files that the flags name.
#[derive(Clone, Debug, Default)]
pub(crate) struct OutputFiles(Vec<(&'static Format, PathBuf)>);

impl OutputFiles {
    /// The file for a format.
    pub(crate) fn of(&self, format: &Format) -> Option<&PathBuf> {
        self.0.iter().find(|(of, _)| of.name == format.name).map(|(_, path)| path)
    }

    /// The files, with the flags as their origin.
    pub(crate) fn destinations(&self) -> Destinations {
        let destination = |&(format, ref path): &(&'static Format, PathBuf)| Destination {
            format,
            path: path.clone(),
            origin: format.flag(),
        };
        Destinations(self.0.iter().map(destination).collect())
    }
}

impl Args for OutputFiles {
    fn augment_args(command: Command) -> Command {
        command.args(FORMATS.iter().map(|format| {
            Arg::new(format.name)
                .long(format.name)
                .help(format.help)
                .help_heading(HEADING)
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
        }))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for OutputFiles {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut files = OutputFiles::default();
        files.update_from_arg_matches(matches)?;
        Ok(files)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        let file = |format: &'static Format| {
            Some((format, matches.get_one::<PathBuf>(format.name)?.clone()))
        };
        self.0 = FORMATS.iter().filter_map(file).collect();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct OnlyFiles {
        #[command(flatten)]
        files: OutputFiles,
    }

    #[test]
    fn each_format_has_a_flag() {
        let flags = FORMATS.iter().flat_map(|of| [of.flag(), format!("{}.out", of.name)]);
        let files = OnlyFiles::parse_from(["x".to_owned()].into_iter().chain(flags)).files;
        for format in &FORMATS {
            let expected = PathBuf::from(format!("{}.out", format.name));
            assert_eq!(files.of(format), Some(&expected));
        }
        assert_eq!(files.destinations().0.len(), FORMATS.len());
        assert!(OnlyFiles::parse_from(["x"]).files.destinations().0.is_empty());
    }
}
