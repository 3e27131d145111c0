//! What cargo builds: the flags of `cargo test`, passed on unchanged.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, Args};

/// The flags of `cargo test` that select what is built, and how.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Selection {
    #[command(flatten, next_help_heading = "Package selection")]
    pub(crate) workspace: clap_cargo::Workspace,
    #[command(flatten)]
    pub(crate) targets: Targets,
    #[command(flatten, next_help_heading = "Feature selection")]
    pub(crate) features: clap_cargo::Features,
    #[command(flatten)]
    pub(crate) compilation: Compilation,
    #[command(flatten, next_help_heading = "Manifest options")]
    pub(crate) manifest: clap_cargo::Manifest,
    #[command(flatten)]
    pub(crate) resolution: Resolution,
}

/// The targets of the packages.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Target selection")]
pub(crate) struct Targets {
    /// Test only this package's library
    #[arg(long)]
    pub(crate) lib: bool,
    /// Test all binaries
    #[arg(long)]
    pub(crate) bins: bool,
    /// Test only the specified binary
    #[arg(long, value_name = "NAME")]
    pub(crate) bin: Vec<String>,
    /// Test all examples
    #[arg(long)]
    pub(crate) examples: bool,
    /// Test only the specified example
    #[arg(long, value_name = "NAME")]
    pub(crate) example: Vec<String>,
    /// Test all targets that have `test = true` set
    #[arg(long)]
    pub(crate) tests: bool,
    /// Test only the specified test target
    #[arg(long, value_name = "NAME")]
    pub(crate) test: Vec<String>,
    /// Test all targets that have `bench = true` set
    #[arg(long)]
    pub(crate) benches: bool,
    /// Test only the specified bench target
    #[arg(long, value_name = "NAME")]
    pub(crate) bench: Vec<String>,
    /// Test all targets
    #[arg(long)]
    pub(crate) all_targets: bool,
}

/// How it is compiled.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Compilation options")]
pub(crate) struct Compilation {
    /// Number of parallel build jobs
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(crate) build_jobs: Option<String>,
    /// Build in release mode, with optimizations
    #[arg(short, long)]
    pub(crate) release: bool,
    /// Build with the specified cargo profile [default: as `cargo test`]
    #[arg(long, value_name = "NAME")]
    pub(crate) cargo_profile: Option<String>,
    /// Build for the target triple
    #[arg(long, value_name = "TRIPLE")]
    pub(crate) target: Vec<String>,
    /// Directory for all generated artifacts
    #[arg(long, value_name = "DIRECTORY")]
    pub(crate) target_dir: Option<PathBuf>,
    /// Do not print cargo messages
    #[arg(short = 'q', long, conflicts_with = "cargo_verbose")]
    pub(crate) cargo_quiet: bool,
    /// Use verbose cargo output (twice: very verbose)
    #[arg(long, action = ArgAction::Count)]
    pub(crate) cargo_verbose: u8,
}

/// How the manifest and the registry are used.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Manifest options")]
pub(crate) struct Resolution {
    /// Ignore `rust-version` specification in packages
    #[arg(long)]
    pub(crate) ignore_rust_version: bool,
    /// Assert that `Cargo.lock` will remain unchanged
    #[arg(long)]
    pub(crate) locked: bool,
    /// Run without accessing the network
    #[arg(long)]
    pub(crate) offline: bool,
    /// Equivalent to specifying both --locked and --offline
    #[arg(long)]
    pub(crate) frozen: bool,
    /// Override a cargo configuration value
    #[arg(long, value_name = "KEY=VALUE|PATH")]
    pub(crate) config: Vec<String>,
    /// Unstable (nightly-only) flags to cargo
    #[arg(short = 'Z', value_name = "FLAG", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(crate) unstable: Vec<String>,
}

impl Targets {
    /// Whether no target is selected, so that cargo uses its default.
    pub(crate) fn is_default(&self) -> bool {
        let flags =
            [self.lib, self.bins, self.examples, self.tests, self.benches, self.all_targets];
        let names = [&self.bin, &self.example, &self.test, &self.bench];
        !flags.contains(&true) && names.iter().all(|names| names.is_empty())
    }
}

impl Selection {
    /// The arguments for `cargo test` that select this.
    pub(crate) fn arguments(&self) -> Vec<OsString> {
        let mut arguments = Arguments(Vec::new());
        arguments.each("--package", &self.workspace.package);
        arguments.flag("--workspace", self.workspace.workspace || self.workspace.all);
        arguments.each("--exclude", &self.workspace.exclude);

        let targets = &self.targets;
        arguments.flag("--lib", targets.lib);
        arguments.flag("--bins", targets.bins);
        arguments.each("--bin", &targets.bin);
        arguments.flag("--examples", targets.examples);
        arguments.each("--example", &targets.example);
        arguments.flag("--tests", targets.tests);
        arguments.each("--test", &targets.test);
        arguments.flag("--benches", targets.benches);
        arguments.each("--bench", &targets.bench);
        arguments.flag("--all-targets", targets.all_targets);

        arguments.each("--features", &self.features.features);
        arguments.flag("--all-features", self.features.all_features);
        arguments.flag("--no-default-features", self.features.no_default_features);

        let compilation = &self.compilation;
        arguments.each("--jobs", compilation.build_jobs.as_slice());
        arguments.flag("--release", compilation.release);
        arguments.each("--profile", compilation.cargo_profile.as_slice());
        arguments.each("--target", &compilation.target);
        arguments.path("--target-dir", compilation.target_dir.as_ref());

        arguments.manifest(self);
        arguments.flag("--ignore-rust-version", self.resolution.ignore_rust_version);
        arguments.0
    }

    /// The arguments for `cargo metadata` that select the same workspace.
    pub(crate) fn metadata_arguments(&self) -> Vec<OsString> {
        let mut arguments = Arguments(Vec::new());
        arguments.manifest(self);
        if let Some(directory) = &self.compilation.target_dir {
            // `cargo metadata` has no such flag, only the configuration value.
            let directory = std::path::absolute(directory).unwrap_or_else(|_| directory.clone());
            let value = toml_string(&directory.to_string_lossy());
            arguments.0.extend(["--config".into(), format!("build.target-dir={value}").into()]);
        }
        arguments.0
    }
}

/// A string in TOML (and JSON) syntax.
fn toml_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Arguments under construction.
struct Arguments(Vec<OsString>);

impl Arguments {
    fn flag(&mut self, name: &str, set: bool) {
        if set {
            self.0.push(name.into());
        }
    }

    fn each(&mut self, name: &str, values: &[String]) {
        for value in values {
            self.0.extend([name.into(), value.into()]);
        }
    }

    fn path(&mut self, name: &str, value: Option<&PathBuf>) {
        if let Some(value) = value {
            self.0.extend([name.into(), value.into()]);
        }
    }

    /// Adds the flags about the manifest and the registry.
    fn manifest(&mut self, selection: &Selection) {
        self.path("--manifest-path", selection.manifest.manifest_path.as_ref());
        let resolution = &selection.resolution;
        self.flag("--locked", resolution.locked);
        self.flag("--offline", resolution.offline);
        self.flag("--frozen", resolution.frozen);
        self.each("--config", &resolution.config);
        self.each("-Z", &resolution.unstable);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct OnlySelection {
        #[command(flatten)]
        selection: Selection,
    }

    fn selection(arguments: &str) -> Selection {
        OnlySelection::parse_from(["x"].into_iter().chain(arguments.split(' '))).selection
    }

    #[test]
    fn every_flag_of_cargo_test_is_passed_on() {
        let same = "--package p --package q --workspace --exclude e --lib --bins --bin b \
                    --examples --example x --tests --test t --benches --bench n --all-targets \
                    --features f --features g --all-features --no-default-features --release \
                    --profile o --target y --target-dir d --manifest-path m/Cargo.toml \
                    --locked --offline --frozen --config a.b=1 -Z z --ignore-rust-version";
        // Only one flag has another name: `--profile` selects a profile of the memcheck configuration.
        let spelled = same.replace("--profile", "--cargo-profile");
        assert_eq!(selection(&spelled).arguments().join(" ".as_ref()), same);
    }

    #[test]
    fn short_and_older_spellings_are_understood() {
        assert_eq!(
            selection("-p p -r -F f --all --build-jobs -1").arguments().join(" ".as_ref()),
            "--package p --workspace --features f --jobs -1 --release"
        );
    }

    #[test]
    fn the_default_is_no_target_at_all() {
        assert!(selection("--release").targets.is_default());
        assert!(!selection("--lib").targets.is_default());
        assert!(!selection("--example e").targets.is_default());
    }
}
