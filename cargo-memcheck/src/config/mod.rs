//! The settings of a run and of its tests, in layers: the defaults, the file `.config/memcheck.toml`, the
//! attribute, the environment and the flags. Also the suppressions of the file.
//!
//! [`settings`] is the table of the settings of a run, [`mod@file`] reads the file, [`mod@layers`] puts the layers on
//! top of each other, [`mod@load`] reads everything.

mod error;
mod file;
mod layers;
mod load;
mod pattern;
mod settings;
#[cfg(test)]
mod spellings_tests;
mod suppressions;
mod values;

pub(crate) use error::ConfigError;
pub(crate) use layers::{Layers, Origin, SettingInForce, TestName};
pub(crate) use load::{Inputs, load, unknown_variables};
pub(crate) use settings::RunSettings;
pub(crate) use suppressions::Suppressions;
