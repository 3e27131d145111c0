//! `cargo memcheck run`.

use std::path::Path;
use std::sync::LazyLock;

use memcheck::tool::report::{Report, Status};
use memcheck::tool::{Cancel, Launch, Progress, Record, Settings};

use super::config;
use super::error::Error;
use super::exit_code;
use super::outputs::{Outputs, github_actions};
use super::plan::plan;
use super::select::{BuiltTests, SelectedTests, build};
use crate::cargo::{self, Cargo, CompilerMessages, TestBinary};
use crate::causes::with_causes;
use crate::cli::{MessageFormat, Run};
use crate::config::{Layers, Suppressions, TestName};
use crate::diagnostics::Context;
use crate::exit;
use crate::export::{Destinations, Exports};
use crate::runner::{self, Plan, Summary};
use crate::subprocess::Interrupt;
use crate::symbolize::{LazyWorkspace, Resolver, Workspace};
use crate::terminal::{self, CargoLines, OutputRequest};

/// `cargo memcheck run`.
pub(super) fn run(arguments: &Run) -> Result<u8, Error> {
    terminal::choose_colour(arguments.display.color);
    arguments.results.files.destinations().check()?;
    let interrupt = Interrupt::install().map_err(|source| Error::Signals { source })?;
    let cargo = Cargo::new(&arguments.selection, arguments.display.color);
    cargo::check_runner(&arguments.selection.resolution.config)?;
    let layers = config::of_run(arguments, &cargo)?;
    // Again, because the configuration file and the environment can name files too.
    let destinations = layers.destinations(&arguments.results.files);
    destinations.check()?;

    let built = build_tests(arguments, &cargo, &interrupt, &destinations)?;
    if arguments.running.no_run {
        if !arguments.selection.compilation.cargo_quiet {
            terminal::executables(built.iter().map(|(binary, _)| binary));
        }
        return Ok(exit::SUCCESS);
    }
    let selected = SelectedTests::by(&arguments.filters, &built);
    if selected.run.is_empty() {
        return Err(selected.nothing_to_run(&cargo, &built, &arguments.filters));
    }
    let mut binaries: Vec<&TestBinary> = selected.run.iter().map(|(binary, _)| *binary).collect();
    binaries.dedup();
    let environments = cargo::environments(&cargo, &binaries, &interrupt)?;
    let plan = plan(arguments, &layers, &selected, binaries.iter().copied().zip(&environments));

    let workspace = LazyLock::new(|| workspace(&cargo, &binaries));
    let mut outputs = outputs(arguments, &layers, destinations, &plan, &workspace, &binaries);
    let suppressions = layers.suppressions();
    let observer = Observer {
        resolver: Resolver::new(&workspace),
        suppressions: &suppressions,
        prove: plan.prove,
    };
    let summary = runner::execute(
        &plan,
        &|launch, settings, cancel, progress| observer.observe(launch, settings, cancel, progress),
        &interrupt,
        &mut |event| outputs.event(event),
    );
    if is_whole_workspace(&cargo, &built, &summary) {
        warn_about_unused(&layers, &plan, &suppressions);
    }
    Ok(outputs.close(exit_code::of_run(&summary, plan.inconclusive)))
}

/// Builds the tests. With JSON results, the messages of cargo go to the same stream.
fn build_tests(
    arguments: &Run,
    cargo: &Cargo<'_>,
    interrupt: &Interrupt,
    destinations: &Destinations,
) -> Result<BuiltTests, Error> {
    let mut lines = CargoLines::new(destinations.take_stdout());
    let mut pass_on = |line: &str| lines.pass_on(line);
    let messages = match arguments.display.message_format {
        MessageFormat::Json => CompilerMessages::Json(&mut pass_on),
        MessageFormat::Human | MessageFormat::Short => CompilerMessages::Terminal,
    };
    let built = build(cargo, interrupt, messages)?;
    lines.close()?;
    Ok(built)
}

fn outputs<'a>(
    arguments: &'a Run,
    layers: &Layers,
    destinations: Destinations,
    plan: &Plan,
    workspace: LazyWorkspace<'a>,
    binaries: &[&'a TestBinary],
) -> Outputs<'a> {
    let github = arguments.results.github(github_actions().as_deref());
    let backtrace = layers.run().backtrace.unwrap_or_default();
    let output = terminal::output(OutputRequest {
        display: &arguments.display,
        context: Context::new(workspace, binaries.iter().copied(), backtrace),
        inconclusive: plan.inconclusive,
        stdout_is_taken: destinations.take_stdout(),
        github,
        progress: !arguments.running.no_capture,
    });
    Outputs::new(output, Exports::new(destinations, github, plan.inconclusive, workspace))
}

/// Observes a test and completes its report.
struct Observer<'a> {
    resolver: Resolver<'a>,
    suppressions: &'a Suppressions<'a>,
    prove: bool,
}

impl Observer<'_> {
    fn observe(
        &self,
        launch: &Launch,
        settings: &Settings,
        cancel: &Cancel,
        progress: &mut dyn FnMut(Progress),
    ) -> Report {
        let report = memcheck::tool::observe(launch, settings, cancel, progress);
        let mut report = runner::explain_unlisted(launch, report);
        if self.prove && report.status() == Status::Pass {
            let proof = memcheck::tool::prove(launch, settings, &report, cancel, progress);
            report.proof = Some(proof);
        }
        self.suppressions.apply(self.resolver.resolve(report, &launch.program))
    }
}

/// The workspace of the tests.
fn workspace(cargo: &Cargo<'_>, binaries: &[&TestBinary]) -> Workspace {
    cargo.metadata().map(Workspace::of).unwrap_or_else(|error| {
        let package = binaries.first().and_then(|binary| binary.manifest.parent());
        Workspace::guessed(package.unwrap_or(Path::new("")).to_owned(), &with_causes(&error))
    })
}

/// Whether the tests of the whole workspace were selected and ran to their end.
fn is_whole_workspace(cargo: &Cargo<'_>, built: &BuiltTests, summary: &Summary) -> bool {
    let all_members =
        |metadata| cargo::all_members_built(metadata, built.iter().map(|(binary, _)| binary));
    summary.is_complete()
        && cargo.selection.targets.is_default()
        && cargo.metadata().is_ok_and(all_members)
}

/// Warns about overrides and suppressions that matched nothing.
fn warn_about_unused(layers: &Layers, plan: &Plan, suppressions: &Suppressions<'_>) {
    let skipped = plan.skipped.iter().map(|test| &test.id);
    let tests = plan.tests.iter().map(|test| &test.id).chain(skipped);
    let names = tests.map(|id| TestName { test: &id.name, binary: Some(&id.binary) });
    let path = layers.file.as_ref().map_or(Path::new(""), |file| &file.path);
    layers.unused_overrides(names).for_each(|of| terminal::warning(&of.unused(path)));
    let all_recorded = plan.tests.iter().all(|test| test.settings.sites != Record::Never);
    if all_recorded {
        suppressions.unused(plan.skipped.len()).iter().for_each(|text| terminal::warning(text));
    }
}
