//! Gets the layers from where they are: the file, the environment, the flags.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use memcheck::Options;
use memcheck::tool::{self, UnknownVariable};

use super::error::ConfigError;
use super::file::{self, DEFAULT, File};
use super::layers::Layers;
use super::run_settings::{self, RUN_TABLE, RunSettings};

/// Where the file is, below the root of the workspace.
pub(crate) const PLACE: &str = ".config/memcheck.toml";

/// Where to look, and what the command line says.
#[derive(Debug)]
pub(crate) struct Sources<'a> {
    /// `--profile`.
    pub(crate) profile: Option<&'a str>,
    /// The file that was named; `None` for the one of the workspace.
    pub(crate) named: Option<PathBuf>,
    /// The root of the workspace, when it is needed to find the file.
    pub(crate) root: Option<PathBuf>,
    /// What the flags say.
    pub(crate) flags: (Options, RunSettings),
}

/// Reads everything. `variable` gives an environment variable.
pub(crate) fn load(
    sources: Sources<'_>,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<Layers, ConfigError> {
    let Sources { profile, named, root, flags } = sources;
    let file = match (named, &root) {
        (Some(path), _) => Some(read(&path)?),
        (None, Some(root)) => match read(&root.join(PLACE)) {
            Err(ConfigError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                None
            }
            read => Some(read?),
        },
        (None, None) => None,
    };
    let options = tool::options_of_variables(&variable).map_err(ConfigError::Variable)?;
    let environment = (options, run_of_variables(&variable)?);
    let said = variable("MEMCHECK_PROFILE").filter(|name| !name.is_empty());
    let said = said.map(|name| name.to_string_lossy().into_owned());
    let profile = profile.map(str::to_owned).or(said).unwrap_or_else(|| DEFAULT.to_owned());
    known(&profile, file.as_ref())?;
    Ok(Layers { file, profile, environment, flags, root })
}

/// The variables that start like ours, but mean nothing.
pub(crate) fn warnings() -> Vec<UnknownVariable> {
    tool::unknown_variables(std::env::vars_os().map(|(name, _)| name))
}

fn read(path: &Path) -> Result<File, ConfigError> {
    let shown = shown(path);
    let bytes =
        std::fs::read(path).map_err(|source| ConfigError::Read { path: shown.clone(), source })?;
    match std::str::from_utf8(&bytes) {
        Ok(text) => file::parse(&shown, text),
        Err(error) => {
            let before = &bytes[..error.valid_up_to()];
            let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
            Err(ConfigError::NotText { path: shown, line })
        }
    }
}

/// A path as short as it can be told from here.
fn shown(path: &Path) -> PathBuf {
    let here = std::env::current_dir().ok();
    here.and_then(|here| path.strip_prefix(here).ok()).unwrap_or(path).to_owned()
}

fn known(profile: &str, file: Option<&File>) -> Result<(), ConfigError> {
    if profile == DEFAULT || file.is_some_and(|file| file.profiles.contains_key(profile)) {
        return Ok(());
    }
    let known: Vec<String> = match file {
        Some(file) => file.profiles.keys().cloned().collect(),
        None => vec![DEFAULT.to_owned()],
    };
    let names: Vec<&str> = known.iter().map(String::as_str).collect();
    Err(ConfigError::NoProfile {
        name: profile.to_owned(),
        nearest: tool::nearest(profile, &names).map(str::to_owned),
        known,
        path: file.map(|file| file.path.clone()),
    })
}

fn run_of_variables(
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<RunSettings, ConfigError> {
    let mut settings = RunSettings::default();
    for (name, _) in RUN_TABLE {
        let variable_name = run_settings::variable(name);
        let Some(value) = variable(&variable_name).filter(|value| !value.is_empty()) else {
            continue;
        };
        let value = value.to_string_lossy().into_owned();
        settings.parse(name, &value).map_err(|what| ConfigError::RunVariable {
            name: variable_name,
            value,
            what,
        })?;
    }
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(profile: Option<&str>, text: Option<&[u8]>) -> Result<Layers, ConfigError> {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join(".config")).unwrap();
        if let Some(text) = text {
            std::fs::write(root.path().join(PLACE), text).unwrap();
        }
        let sources = Sources {
            profile,
            named: None,
            root: Some(root.path().to_owned()),
            flags: Default::default(),
        };
        load(sources, |_| None)
    }

    #[test]
    fn a_workspace_needs_no_file() {
        let layers = sources(None, None).unwrap();
        assert!(layers.file.is_none() && layers.profile == "default");
        assert!(sources(None, Some(b"")).unwrap().file.is_some());
    }

    #[test]
    fn a_profile_must_be_there() {
        let text = "[profile.nightly]\n";
        assert_eq!(sources(Some("nightly"), Some(text.as_bytes())).unwrap().profile, "nightly");
        let error = sources(Some("nigthly"), Some(text.as_bytes())).unwrap_err();
        assert_eq!(error.help().as_deref(), Some("did you mean `nightly`?"));
        let error = sources(Some("ci"), None).unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no profile `ci` because there is no `.config/memcheck.toml`"
        );
        let help = error.help().unwrap();
        assert!(help.starts_with("there is only `default`; write a table [profile.ci]"), "{help}");
    }

    #[test]
    fn what_is_no_text_is_told_with_its_line() {
        let error = sources(None, Some(b"# a\n\xff\n")).unwrap_err();
        assert!(matches!(error, ConfigError::NotText { line: 2, .. }), "{error}");
    }

    #[test]
    fn variables_choose_and_are_checked() {
        let variable = |name: &str| match name {
            "MEMCHECK_JOBS" => Some(OsString::from("many")),
            _ => None,
        };
        let sources = Sources { profile: None, named: None, root: None, flags: Default::default() };
        assert_eq!(
            load(sources, variable).unwrap_err().to_string(),
            "the environment variable MEMCHECK_JOBS=\"many\" cannot be used: write a whole number \
             from 1, for example 4"
        );
    }
}
