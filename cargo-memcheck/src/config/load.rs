//! Reads the layers: the file, the environment, the flags.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use memcheck::Options;
use memcheck::tool::{self, UnknownVariable};

use super::error::ConfigError;
use super::file::{self, DEFAULT, File};
use super::layers::Layers;
use super::settings::{RunSettings, settings};

/// The path of the file in the workspace.
const DEFAULT_FILE: &str = ".config/memcheck.toml";

/// What the configuration is read from.
#[derive(Debug)]
pub(crate) struct Inputs<'a> {
    /// `--profile`.
    pub(crate) profile: Option<&'a str>,
    /// The file that the user named; `None` for the file of the workspace.
    pub(crate) named: Option<PathBuf>,
    /// The root of the workspace, if it is needed to find the file.
    pub(crate) root: Option<PathBuf>,
    /// The settings of the flags.
    pub(crate) flags: (Options, RunSettings),
}

/// Reads the configuration. `variable` returns an environment variable.
pub(crate) fn load(
    inputs: Inputs<'_>,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<Layers, ConfigError> {
    let Inputs { profile, named, root, flags } = inputs;
    let file = match (named, &root) {
        (Some(path), _) => Some(read(&path)?),
        (None, Some(root)) => match read(&root.join(DEFAULT_FILE)) {
            Err(ConfigError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                None
            }
            read => Some(read?),
        },
        (None, None) => None,
    };
    let options = tool::options_of_variables(&variable).map_err(ConfigError::Variable)?;
    let environment = (options, run_of_variables(&variable)?);
    let named = variable("MEMCHECK_PROFILE").filter(|name| !name.is_empty());
    let named = named.map(|name| name.to_string_lossy().into_owned());
    let profile = profile.map(str::to_owned).or(named).unwrap_or_else(|| DEFAULT.to_owned());
    check_profile(&profile, file.as_ref())?;
    Ok(Layers { file, profile, environment, flags, root })
}

/// Unknown environment variables with our prefix.
pub(crate) fn unknown_variables() -> Vec<UnknownVariable> {
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

/// The shortest path for messages.
fn shown(path: &Path) -> PathBuf {
    let here = std::env::current_dir().ok();
    here.and_then(|here| path.strip_prefix(here).ok()).unwrap_or(path).to_owned()
}

/// Refuses an unknown profile.
fn check_profile(profile: &str, file: Option<&File>) -> Result<(), ConfigError> {
    let name = profile.to_owned();
    match file {
        _ if profile == DEFAULT => Ok(()),
        Some(file) if file.profiles.contains_key(profile) => Ok(()),
        Some(file) => {
            let known: Vec<&str> = file.profiles.keys().map(String::as_str).collect();
            Err(ConfigError::NoProfile {
                name,
                nearest: memcheck_options::suggest(profile, &known).map(str::to_owned),
                known: file.profiles.keys().cloned().collect(),
                path: file.path.clone(),
            })
        }
        None => Err(ConfigError::NoFileForProfile { name, path: DEFAULT_FILE.into() }),
    }
}

fn run_of_variables(
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<RunSettings, ConfigError> {
    let mut run = RunSettings::default();
    for setting in settings() {
        let name = setting.variable();
        let Some(value) = variable(&name).filter(|value| !value.is_empty()) else {
            continue;
        };
        let value = value.to_string_lossy().into_owned();
        setting.set(&mut run, &value).map_err(|expected| ConfigError::RunVariable {
            name,
            value,
            expected,
        })?;
    }
    Ok(run)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loaded(profile: Option<&str>, text: Option<&[u8]>) -> Result<Layers, ConfigError> {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join(".config")).unwrap();
        if let Some(text) = text {
            std::fs::write(root.path().join(DEFAULT_FILE), text).unwrap();
        }
        let inputs = Inputs {
            profile,
            named: None,
            root: Some(root.path().to_owned()),
            flags: Default::default(),
        };
        load(inputs, |_| None)
    }

    #[test]
    fn the_file_is_optional() {
        let layers = loaded(None, None).unwrap();
        assert!(layers.file.is_none() && layers.profile == "default");
        assert!(loaded(None, Some(b"")).unwrap().file.is_some());
    }

    #[test]
    fn a_profile_must_exist() {
        let text = "[profile.nightly]\n";
        assert_eq!(loaded(Some("nightly"), Some(text.as_bytes())).unwrap().profile, "nightly");
        let error = loaded(Some("nigthly"), Some(text.as_bytes())).unwrap_err();
        assert_eq!(error.help().as_deref(), Some("did you mean `nightly`?"));
        let error = loaded(Some("ci"), None).unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no profile `ci`, because there is no `.config/memcheck.toml`"
        );
        let help = error.help().unwrap();
        assert!(
            help.starts_with("the only profile is `default`; add a table [profile.ci]"),
            "{help}"
        );
    }

    #[test]
    fn the_error_for_invalid_utf8_has_its_line() {
        let error = loaded(None, Some(b"# a\n\xff\n")).unwrap_err();
        assert!(matches!(error, ConfigError::NotText { line: 2, .. }), "{error}");
    }

    #[test]
    fn variables_are_checked() {
        let variable = |name: &str| match name {
            "MEMCHECK_JOBS" => Some(OsString::from("many")),
            _ => None,
        };
        let inputs = Inputs { profile: None, named: None, root: None, flags: Default::default() };
        assert_eq!(
            load(inputs, variable).unwrap_err().to_string(),
            "the environment variable MEMCHECK_JOBS=\"many\" is invalid: expected a whole number of at \
             least 1, for example 4"
        );
    }
}
