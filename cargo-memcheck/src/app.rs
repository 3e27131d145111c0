//! The commands, step by step. Each step is a module of its own.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use cargo_metadata::PackageId;
use memcheck::report::{Status, TestId};
use memcheck::tool::{Launch, Record, Settings};

use crate::cargo::{self, Cargo, Listener, Surroundings, TestBinary};
use crate::cli::{self, Command, Fate, Filters, Inspect, List, MessageFormat, Reports, Run};
use crate::config::{Layers, TestName};
use crate::configure;
use crate::discover::{self, Annotated};
use crate::error::{Error, Meant, with_causes};
use crate::exit;
use crate::inspect;
use crate::interrupt::Interrupt;
use crate::merge::merge;
use crate::output::{self, Outputs, Telling, Wanted};
use crate::run::{self, Event, Plan, Planned, Summary};
use crate::sites::{Resolver, Workspace};
use crate::suppress::Suppressions;

/// Runs the command that `arguments` ask for and gives the exit code.
pub(crate) fn main(arguments: Vec<OsString>) -> u8 {
    if let Some(word) = arguments.get(1)
        && word == cargo::RUNNER_WORD
    {
        return match cargo::tell(&arguments[2..]) {
            Ok(()) => exit::SUCCESS,
            Err(_) => exit::TOOL_FAILED,
        };
    }
    let command = match cli::parse(arguments) {
        Ok(command) => command,
        Err(error) => return output::usage(&error),
    };
    let result = match &command {
        Command::Run(run) => judge(run),
        Command::List(list) => show(list),
        Command::Inspect(inspect) => look(inspect),
        Command::Report(reports) => retell(reports),
        Command::Config(config) => configure::explain(config),
    };
    result.unwrap_or_else(|error| {
        output::error(&error);
        exit::error(&error)
    })
}

/// `cargo memcheck run`.
fn judge(run: &Run) -> Result<u8, Error> {
    output::choose_colour(run.display.color);
    output::check_files(&run.results, run.lines.flamegraph.as_deref())?;
    let interrupt = Interrupt::install().map_err(|source| Error::Signals { source })?;
    let cargo = Cargo::new(&run.selection, run.display.color);
    cargo::check_runner(&run.selection.resolution.config)?;
    let layers = configure::run(run, &cargo)?;
    let settings = layers.run();
    let results = layers.results(&run.results);
    // Also those that the file or the environment names.
    output::check_files(&results, run.lines.flamegraph.as_deref())?;
    let mut lines = output::CargoLines::of(&results, run.lines.flamegraph.as_deref());
    let mut pass_on = |line: &str| lines.pass_on(line);
    let listener = match run.display.message_format {
        MessageFormat::Json => Listener::Program(&mut pass_on),
        MessageFormat::Human | MessageFormat::Short => Listener::People,
    };
    let built = build(&cargo, &interrupt, listener)?;
    output::written(lines.close())?;
    if run.running.no_run {
        if !run.selection.compilation.cargo_quiet {
            output::executables(built.iter().map(|(binary, _)| binary));
        }
        return Ok(exit::SUCCESS);
    }
    let chosen = Chosen::by(&run.filters, &built);
    if chosen.run.is_empty() {
        return Err(nothing(&cargo, &chosen, &built, &run.filters));
    }
    let mut binaries: Vec<&TestBinary> = chosen.run.iter().map(|(binary, _)| *binary).collect();
    binaries.dedup();
    let surroundings = cargo::environments(&cargo, &binaries, &interrupt)?;
    let plan = plan(run, &layers, &chosen, binaries.iter().copied().zip(&surroundings));
    let workspace = LazyLock::new(|| workspace(&cargo, &binaries));
    let resolver = Resolver::new(&workspace);
    let backtrace = settings.backtrace.unwrap_or_default();
    let telling = Telling::new(&workspace, binaries.iter().copied(), backtrace);

    let suppressions = Suppressions::of(&layers);
    let mut outputs = Outputs::new(Wanted {
        display: &run.display,
        results: &results,
        graph: run.lines.flamegraph.as_deref(),
        telling,
        inconclusive: plan.inconclusive,
        workspace: &workspace,
        live: !run.running.no_capture,
    });
    let summary = run::execute(
        &plan,
        &|launch, settings, cancel, progress| {
            let report = memcheck::tool::observe(launch, settings, cancel, progress);
            let mut report = run::explain(launch, report);
            if plan.prove && report.status() == Status::Pass {
                let proof = memcheck::tool::prove(launch, settings, &report, cancel, progress);
                report.proof = Some(proof);
            }
            suppressions.apply(resolver.resolve(report, &launch.program))
        },
        &interrupt,
        &mut |event| outputs.event(event),
    );
    if is_whole(&cargo, &built, &summary) {
        unused_overrides(&layers, &plan).iter().for_each(|text| output::warning(text));
        if recorded_all(&plan) {
            suppressions.unused(plan.ignored.len()).iter().for_each(|text| output::warning(text));
        }
    }
    Ok(closed(&outputs.close(), exit::run(&summary, plan.inconclusive)))
}

/// Warnings of overrides that hold for none of the tests.
fn unused_overrides(layers: &Layers, plan: &Plan) -> Vec<String> {
    let tests = plan.tests.iter().map(|test| &test.id).chain(&plan.ignored);
    let names = tests.map(|id| TestName { test: &id.name, binary: Some(&id.binary) });
    let path = layers.file.as_ref().map_or(Path::new(""), |file| &file.path);
    layers.unused_overrides(names).map(|of| of.unused(path)).collect()
}

/// `cargo memcheck report`.
fn retell(wanted: &Reports) -> Result<u8, Error> {
    output::choose_colour(wanted.display.color);
    output::check_files(&wanted.results, wanted.lines.flamegraph.as_deref())?;
    let merged = merge(&wanted.paths)?;
    let sources = merged.sources(&std::env::current_dir().unwrap_or_default());
    let workspace = LazyLock::new(|| Workspace::at(sources.clone()));
    let backtrace = wanted.lines.backtrace.unwrap_or_default();
    let telling = Telling::new(&workspace, std::iter::empty(), backtrace);
    let mut outputs = Outputs::new(Wanted {
        display: &wanted.display,
        results: &wanted.results,
        graph: wanted.lines.flamegraph.as_deref(),
        telling: telling.of_runs_since(merged.began),
        inconclusive: wanted.inconclusive,
        workspace: &workspace,
        live: false,
    });
    merged.origin.into_iter().for_each(|origin| outputs.of_earlier(origin));
    let tests = merged.reports.into_iter().map(|report| Event::TestFinished(Arc::new(report)));
    for event in tests.chain([Event::Finished(merged.summary.clone())]) {
        outputs.event(&event);
    }
    Ok(closed(&outputs.close(), exit::run(&merged.summary, wanted.inconclusive)))
}

/// Tells what could not be written, and gives the exit code of a command that would have `code`.
fn closed(failed: &[Error], code: u8) -> u8 {
    failed.iter().for_each(output::error);
    exit::written(code, failed)
}

/// `cargo memcheck list`.
fn show(list: &List) -> Result<u8, Error> {
    output::choose_colour(list.display.color);
    let interrupt = Interrupt::install().map_err(|source| Error::Signals { source })?;
    let cargo = Cargo::new(&list.selection, list.display.color);
    let built = build(&cargo, &interrupt, Listener::People)?;
    let mut listed: Vec<(String, Vec<Annotated>)> = Vec::new();
    let chosen = Chosen::by(&list.filters, &built);
    if chosen.run.is_empty() && chosen.ignored.is_empty() {
        return Err(nothing(&cargo, &chosen, &built, &list.filters));
    }
    // Ignored tests are listed, too: that is how one learns of them.
    for (binary, test) in chosen.run.into_iter().chain(chosen.ignored) {
        match listed.iter_mut().find(|(id, _)| *id == binary.id) {
            Some((_, tests)) => tests.push(test.clone()),
            None => listed.push((binary.id.clone(), vec![test.clone()])),
        }
    }
    listed.sort();
    listed.iter_mut().for_each(|(_, tests)| tests.sort());
    let mut out = anstream::stdout();
    output::written(output::list(&mut out, list.display.message_format, &listed))?;
    Ok(exit::SUCCESS)
}

/// `cargo memcheck inspect`.
fn look(wanted: &Inspect) -> Result<u8, Error> {
    output::choose_colour(wanted.color);
    let inspection = match wanted.pid {
        Some(pid) => inspect::process(pid, wanted.tree)?,
        None => {
            let interrupt = Interrupt::install().map_err(|source| Error::Signals { source })?;
            inspect::command(&wanted.command, wanted.after(), wanted.tree, &interrupt)?
        }
    };
    output::written(output::inspection(&inspection, wanted.json))?;
    Ok(exit::SUCCESS)
}

/// The workspace of the tests.
fn workspace(cargo: &Cargo<'_>, binaries: &[&TestBinary]) -> Workspace {
    cargo.metadata().map(Workspace::of).unwrap_or_else(|error| {
        let package = binaries.first().and_then(|binary| binary.manifest.parent());
        Workspace::guessed(package.unwrap_or(Path::new("")).to_owned(), &with_causes(&error))
    })
}

/// Whether the tests of the whole workspace were asked for, and run to their end.
fn is_whole(cargo: &Cargo<'_>, built: &Built, summary: &Summary) -> bool {
    let all_members =
        |metadata| cargo::are_of_all_members(metadata, built.iter().map(|(binary, _)| binary));
    summary.is_complete()
        && cargo.selection.targets.is_default()
        && cargo.metadata().is_ok_and(all_members)
}

/// Whether the sites of every test that grows were to be recorded.
fn recorded_all(plan: &Plan) -> bool {
    plan.tests.iter().all(|test| test.settings.sites != Record::Never)
}

/// The annotated tests of every binary.
type Built = Vec<(TestBinary, Vec<Annotated>)>;

/// Builds, and reads the annotated tests.
fn build(cargo: &Cargo<'_>, interrupt: &Interrupt, listener: Listener<'_>) -> Result<Built, Error> {
    cargo::check_manifest(cargo.selection.manifest.manifest_path.as_deref())?;
    let binaries = cargo::build(cargo, interrupt, listener)?;
    binaries
        .into_iter()
        .map(|binary| {
            let tests = discover::annotated(&binary)?;
            Ok((binary, tests))
        })
        .collect()
}

/// The annotated tests, sorted by what becomes of them.
#[derive(Debug, Default)]
struct Chosen<'a> {
    run: Vec<(&'a TestBinary, &'a Annotated)>,
    ignored: Vec<(&'a TestBinary, &'a Annotated)>,
    filtered_out: usize,
}

impl<'a> Chosen<'a> {
    /// Asks the filters.
    fn by(filters: &Filters, built: &'a Built) -> Self {
        let mut chosen = Chosen::default();
        for (binary, tests) in built {
            for test in tests {
                match filters.fate(&test.name, test.ignored) {
                    Fate::Run => chosen.run.push((binary, test)),
                    Fate::Ignored => chosen.ignored.push((binary, test)),
                    Fate::FilteredOut => chosen.filtered_out += 1,
                }
            }
        }
        chosen
    }
}

/// Why there is nothing to run. It is an error, so that a gate with a mistyped name does not pass.
fn nothing(cargo: &Cargo<'_>, chosen: &Chosen<'_>, built: &Built, filters: &Filters) -> Error {
    match (chosen.ignored.len(), chosen.filtered_out) {
        (0, 0) => Error::NoAnnotatedTests {
            binaries: built.len(),
            has_library: cargo.metadata().is_ok_and(|metadata| {
                let mut packages = metadata.packages.iter();
                let looked_at =
                    |id: &PackageId| built.iter().any(|(binary, _)| binary.package == *id);
                packages.any(|of| {
                    looked_at(&of.id) && of.dependencies.iter().any(|of| of.name == "memcheck-lib")
                })
            }),
        },
        (0, annotated) => {
            Error::NoMatch { annotated, wanted: filters.in_words(), meant: meant(filters) }
        }
        (ignored, _) => Error::AllIgnored { ignored },
    }
}

/// What filters that match nothing were probably meant as.
fn meant(filters: &Filters) -> Meant {
    if let Some(command) = filters.names.iter().find_map(|name| cli::meant_command(name)) {
        return Meant::Command(command);
    }
    match filters.pattern() {
        Some((written, part)) => {
            Meant::Pattern { written: written.to_owned(), part: part.to_owned() }
        }
        None => Meant::Name,
    }
}

/// Whether nothing is to be called growing, for the test that `--prove` finds out a judge that does
/// not see. Only the debug build that the repository's own tests use can be asked for that; what
/// `cargo install` makes cannot, and every report of such a run carries a warning.
fn blind() -> bool {
    cfg!(debug_assertions) && std::env::var_os("MEMCHECK_INTERNAL_TEST_BLIND").is_some()
}

/// The plan for the chosen tests of each binary.
fn plan<'a>(
    run: &Run,
    layers: &Layers,
    chosen: &Chosen<'_>,
    binaries: impl Iterator<Item = (&'a TestBinary, &'a Surroundings)>,
) -> Plan {
    let id = |binary: &TestBinary, test: &Annotated| TestId {
        name: test.name.clone(),
        binary: binary.id.clone(),
        file: test.file.clone(),
        line: test.line,
        column: test.column,
    };
    let settings = layers.run();
    let cores = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let jobs = match settings.jobs {
        Some(jobs) => jobs.get(),
        // The output of two tests at a time could not be told apart.
        None if run.running.no_capture => 1,
        None => cores(),
    };
    let around = |name: TestName<'_>| Settings {
        defaults: layers.below(name),
        overrides: layers.above(),
        jobs: NonZeroUsize::new(jobs.min(chosen.run.len())),
        blind: blind(),
        sites: settings.sites.unwrap_or_default().into(),
    };
    let mut tests = Vec::new();
    for (binary, surroundings) in binaries {
        let environment = surroundings.changes();
        tests.extend(chosen.run.iter().filter(|(of, _)| *of == binary).map(|(_, test)| {
            let settings = around(TestName { test: &test.name, binary: Some(&binary.id) });
            Planned {
                id: id(binary, test),
                serial: test.serial.clone().or_else(|| settings.defaults.serial.clone()),
                settings,
                launch: Launch {
                    program: binary.path.clone(),
                    test: test.name.clone(),
                    binary: binary.id.clone(),
                    arguments: run.test_arguments.clone(),
                    directory: surroundings.directory().to_owned(),
                    environment: environment.clone(),
                    own_group: true,
                    check: None,
                    show_output: run.running.no_capture,
                },
            }
        }));
    }
    Plan {
        tests,
        ignored: chosen.ignored.iter().map(|(binary, test)| id(binary, test)).collect(),
        filtered_out: chosen.filtered_out,
        jobs,
        prove: run.running.prove,
        fail_fast: settings.fail_fast.unwrap_or_default(),
        inconclusive: settings.inconclusive.unwrap_or_default(),
    }
}
