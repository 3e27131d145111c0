//! Results as files for other tools: one file of code for each format, and one table. Exporters get the
//! result of a run when it has ended; they never ask the runner.

mod destinations;
mod error;
mod exports;
mod flamegraph;
mod format;
mod github;
mod junit;
mod markdown;
mod report;
mod run_result;

pub(crate) use destinations::{Destination, Destinations, is_stdout};
pub(crate) use error::ExportError;
pub(crate) use exports::Exports;
pub(crate) use format::Format;
pub(crate) use run_result::EarlierRuns;

/// The formats. Each row gives a flag, its help, a key of the configuration file and an environment
/// variable. To add a format, write its file and add a row.
pub(crate) static FORMATS: [Format; 4] = [
    Format {
        name: "report",
        help: "Write all results as one JSON document; `-` is standard output, and the text for people then \
               goes to standard error",
        is_setting: true,
        export: report::export,
    },
    Format {
        name: "junit",
        help: "Write JUnit XML, or `-`: a leak is a failure, a test that memcheck could not measure is an \
               error",
        is_setting: true,
        export: junit::export,
    },
    Format {
        name: "markdown",
        help: "Write Markdown for a pull request comment, or `-`: short, the worst results first",
        is_setting: true,
        export: markdown::export,
    },
    Format {
        name: "flamegraph",
        help: "Write an SVG flame graph of the memory that leaks, or `-`",
        is_setting: false,
        export: flamegraph::export,
    },
];
