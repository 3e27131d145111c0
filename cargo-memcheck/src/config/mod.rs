//! What holds for a run and for each of its tests, from all who have a say: the built-in defaults,
//! the file `.config/memcheck.toml`, the attribute, the environment, the flags.
//!
//! [`mod@file`] reads the file, [`run_settings`] what is no option of a check, [`mod@layers`] puts one on
//! top of the other, [`mod@load`] gets it all from where it is.

mod error;
mod file;
mod layers;
mod load;
mod pattern;
mod run_settings;
mod values;

pub(crate) use error::ConfigError;
pub(crate) use file::Suppression;
pub(crate) use layers::{Explained, Layers, Source, TestName};
pub(crate) use load::{Sources, load, warnings};
#[cfg(test)]
pub(crate) use pattern::Pattern;
pub(crate) use run_settings::RunSettings;
