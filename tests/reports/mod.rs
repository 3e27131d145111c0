//! Results as files.

mod files;
mod report_command;
