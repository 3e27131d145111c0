//! A diagnostic with its source lines, calls and help.

use std::ops::Range;

use memcheck::Metric;
use memcheck::tool::render::{self, Diagnostic, Note, count};
use memcheck::tool::report::{Amount, Report, Site, SiteKind, SourceLocation};

use super::context::Context;
use super::{help, sentences, source};
use crate::cli::Backtrace;
use crate::symbolize::{DependencyFrames, Leak, is_users, leaks, readable};

/// The number of lines that are shown. The other leaks are summed up.
const MAX_LINES: usize = 3;

/// The number of functions of dependencies that are named.
const MAX_DEPENDENCIES: usize = 2;

/// The number of calls that are shown between the line and the test.
const MAX_CALLS: usize = 4;

/// A failure with its source lines.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Explanation {
    /// The short stable name.
    pub(super) code: &'static str,
    /// One sentence.
    pub(super) message: String,
    /// The lines of the leaks; without recorded sites, the line of the test.
    pub(super) lines: Vec<AnnotatedLine>,
    /// Whether the lines are those of recorded sites.
    pub(crate) has_sites: bool,
    /// Observations and help. A text may have several lines.
    pub(super) notes: Vec<Note>,
}

/// A source line with a label.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct AnnotatedLine {
    pub(super) file: String,
    pub(super) line: u32,
    pub(super) column: Option<u32>,
    /// What happens there.
    pub(super) label: String,
    /// The text of the whole file and the marked range, if the file can be read.
    pub(super) source: Option<(String, Range<usize>)>,
}

/// The failures of a test. The first one has the notes about the recording.
pub(crate) fn diagnostics(report: &Report) -> Vec<Diagnostic> {
    let mut diagnostics = render::diagnostics(report);
    fold_into_threads(&mut diagnostics, report);
    if let (Some(first), Some(sites)) = (diagnostics.first_mut(), &report.sites) {
        first.notes.splice(0..0, sites.notes.iter().cloned().map(Note::seen));
    }
    diagnostics
}

/// Makes heap growth that comes with each thread a note of the diagnostic on threads: one cause is one
/// error.
fn fold_into_threads(diagnostics: &mut Vec<Diagnostic>, report: &Report) {
    let is_heap =
        |metric: Metric| Metric::heaps().any(|(bytes, blocks)| metric == bytes || metric == blocks);
    let of_threads = |site: &Site| {
        // Only inside of the user's line: what a thread allocates has its start outside.
        let places = site.stack.iter().flat_map(|frame| &frame.functions);
        let mut inner = places.take_while(|place| site.place.as_ref() != Some(*place));
        inner.any(help::starts_a_thread)
    };
    let folds = |diagnostic: &Diagnostic| {
        let Some(metric) = diagnostic.metric.filter(|metric| is_heap(*metric)) else {
            return false;
        };
        let leaks = leaks(report, metric);
        let mut sites = leaks.iter().flat_map(|leak| &leak.sites).peekable();
        sites.peek().is_some() && sites.all(|site| of_threads(site))
    };
    if diagnostics.iter().all(|of| of.metric != Some(Metric::Threads)) {
        return;
    }
    let (brought, rest): (Vec<_>, Vec<_>) =
        std::mem::take(diagnostics).into_iter().partition(|of| folds(of));
    *diagnostics = rest;
    let threads = diagnostics.iter_mut().find(|of| of.metric == Some(Metric::Threads));
    if let Some(threads) = threads {
        let notes = brought.iter().map(|of| Note::seen(format!("with it, {}", of.message)));
        threads.notes.splice(0..0, notes);
    }
}

/// Explains one of the [`diagnostics`] of `report`.
pub(crate) fn explain(
    report: &Report,
    diagnostic: &Diagnostic,
    context: &Context<'_>,
) -> Explanation {
    let leaks = diagnostic.metric.map(|metric| leaks(report, metric)).unwrap_or_default();
    let own = own_crate(report);
    let mut notes = Vec::new();
    let mut lines = Vec::new();
    let iterations = report.sites.as_ref().map_or(0, |sites| sites.iterations);
    if leaks.is_empty() {
        lines.extend(annotated_line(
            &report.test.place(),
            report.test.name.clone(),
            report,
            context,
        ));
    }
    for leak in leaks.iter().take(MAX_LINES) {
        lines.extend(leak_line(leak, diagnostic.metric, iterations, &own, report, context));
    }
    let shown = lines.len().min(leaks.len());
    if let (Some(first), Some(site)) = (leaks.first(), leading(&leaks)) {
        let dependencies = dependencies(&leaks[..shown.max(1)]);
        notes.extend(dependencies.iter().map(|(text, _)| Note::seen(text.clone())));
        let frames = DependencyFrames::of(site);
        notes.extend(sentences::called_by(&frames).map(Note::seen));
        let (calls, names_test) = calls(site, &own, report);
        notes.extend(calls.map(Note::seen));
        if !names_test {
            let test = format!("in the test {}", report.test.name);
            notes.push(Note::seen(sentences::at(&test, &report.test.place())));
        }
        if context.backtrace == Backtrace::Full {
            notes.extend(
                leaks.iter().flat_map(|leak| &leak.sites).map(|site| Note::seen(stack(site))),
            );
        }
        notes.extend(rest(site.kind, &leaks[shown..], iterations).map(Note::seen));
        let line = lines.first().map_or("", |line| line.text());
        notes.extend(advice(first, line, iterations, report).map(Note::advice));
        let dependency = dependencies.first().and_then(|(_, site)| {
            sentences::dependency_help(site.kind, &DependencyFrames::of(site))
        });
        notes.extend(dependency.map(Note::advice));
        notes.extend(sentences::calling_help(&frames).map(Note::advice));
    }
    notes.extend(unattributed(report, leading(&leaks)).map(Note::seen));
    notes.extend(diagnostic.notes.iter().cloned());
    // Help comes last, as in compiler errors.
    notes.sort_by_key(|note| note.is_help);
    Explanation {
        code: diagnostic.code,
        message: diagnostic.message.clone(),
        has_sites: !leaks.is_empty(),
        lines,
        notes,
    }
}

impl AnnotatedLine {
    /// The source line; empty if the file cannot be read.
    fn text(&self) -> &str {
        let Some((text, span)) = &self.source else { return "" };
        let start = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
        let end = text[span.end..].find('\n').map_or(text.len(), |at| span.end + at);
        &text[start..end]
    }
}

fn leading<'a>(leaks: &[Leak<'a>]) -> Option<&'a Site> {
    leaks.first().and_then(|leak| leak.sites.first().copied())
}

/// The functions of dependencies that make what leaks, in words, each with one of its sites.
fn dependencies<'a>(leaks: &[Leak<'a>]) -> Vec<(String, &'a Site)> {
    let function = |site| {
        let DependencyFrames { rust, c, .. } = DependencyFrames::of(site);
        rust.or(c).map(|place| place.function.as_str())
    };
    let mut dependencies: Vec<(String, &Site)> = Vec::new();
    for site in leaks.iter().flat_map(|leak| &leak.sites).copied() {
        if let Some(text) = sentences::made_by(site.kind, &DependencyFrames::of(site))
            && dependencies.iter().all(|(_, seen)| function(seen) != function(site))
        {
            dependencies.push((text, site));
        }
    }
    dependencies.truncate(MAX_DEPENDENCIES);
    dependencies
}

/// The crate of the test: the crate of its function on a call stack, because a library can have another
/// name than its package. If no stack has it, the last part of the binary id, as rustc spells it.
fn own_crate(report: &Report) -> String {
    let sites = report.sites.iter().flat_map(|sites| &sites.sites);
    let mut places = sites.flat_map(|site| &site.stack).flat_map(|frame| &frame.functions);
    let of_test = places.find_map(|place| {
        let (name, path) = place.function.split_once("::")?;
        let rest = path.strip_prefix(report.test.name.as_str())?;
        (rest.is_empty() || rest.starts_with("::")).then(|| name.to_owned())
    });
    of_test.unwrap_or_else(|| {
        let binary = report.test.binary.as_str();
        let last = binary.rsplit("::").next().unwrap_or(binary);
        last.rsplit('/').next().unwrap_or(last).replace('-', "_")
    })
}

/// The line of a leak; the line of the test if no file is known.
fn leak_line(
    leak: &Leak<'_>,
    metric: Option<Metric>,
    iterations: u64,
    own: &str,
    report: &Report,
    context: &Context<'_>,
) -> Option<AnnotatedLine> {
    let kind = leak.sites.first()?.kind;
    let label = |function| match metric {
        Some(Metric::Tasks) => sentences::task_label(leak.survived, iterations, function),
        _ => sentences::label(kind, leak.survived, iterations, function),
    };
    match leak.place {
        Some(place) if place.file.is_some() => annotated_line(place, label(None), report, context),
        place => {
            let function = place.map(|place| readable(&place.function, Some(own)));
            let function = function.unwrap_or_default();
            annotated_line(&report.test.place(), label(Some(&function)), report, context)
        }
    }
}

fn annotated_line(
    place: &SourceLocation,
    label: String,
    report: &Report,
    context: &Context<'_>,
) -> Option<AnnotatedLine> {
    let file = place.file.clone()?;
    let line = place.line?;
    let source = context.source(&file, &report.test.binary).and_then(|text| {
        let span = source::span(&text, line, place.column)?;
        Some((text, span))
    });
    Some(AnnotatedLine { file, line, column: place.column, label, source })
}

/// The calls in the user's code that lead to the line, and whether the test is one of them.
fn calls(site: &Site, own: &str, report: &Report) -> (Option<String>, bool) {
    let test = report.test.name.as_str();
    let mut chain: Vec<String> = Vec::new();
    let mut names_test = false;
    let mut last = None;
    let all: Vec<&SourceLocation> = site.stack.iter().flat_map(|frame| &frame.functions).collect();
    let places = all.iter().enumerate().filter(|(_, place)| is_users(place));
    let of_test = report.test.place();
    let innermost = site.place.as_ref().map(|place| readable(&place.function, Some(own)));
    for (at, &place) in places.skip(1) {
        let mut place = place;
        let mut name = readable(&place.function, Some(own));
        // The compiler merges equal bodies of tests and keeps the name of one of them.
        if is_body(&all[at + 1..]) && !name.starts_with(test) {
            (name, place) = (test.to_owned(), &of_test);
        }
        // The attribute moves the body into a function of the same name inside the test.
        if name
            .strip_prefix(test)
            .is_some_and(|inner| inner.starts_with("::") && test.ends_with(&inner[2..]))
        {
            name = test.to_owned();
        }
        // A closure has the name of its function, which is shown once, at the innermost line.
        if last.as_ref().or(innermost.as_ref()) != Some(&name) {
            names_test |= name == test;
            chain.push(sentences::at(&name, place));
        }
        last = Some(name);
    }
    let more = chain.len().saturating_sub(MAX_CALLS);
    if more > 0 {
        // The outermost call is the test or the start of a thread, so it is more useful than the middle.
        chain.drain(MAX_CALLS - 1..chain.len() - 1);
        chain.insert(MAX_CALLS - 1, format!("{} omitted", count(more as f64, "call")));
    }
    let text = (!chain.is_empty()).then(|| format!("called from {}", chain.join("\nfrom ")));
    (text, names_test)
}

/// Whether a function with these callers, the innermost first, is the body of a test: the library calls it.
fn is_body(callers: &[&SourceLocation]) -> bool {
    let mut named = callers.iter().map(|place| place.function.as_str());
    named
        .find(|name| !name.is_empty() && !name.starts_with("core::") && !name.starts_with("<"))
        .is_some_and(|name| name.starts_with("memcheck::"))
}

/// Every frame of a stack.
fn stack(site: &Site) -> String {
    let mut text = String::from("full call stack:");
    for (at, frame) in site.stack.iter().enumerate() {
        if frame.functions.is_empty() {
            text.push_str(&format!("\n{at:>3}: {:#x}", frame.address));
        }
        for place in &frame.functions {
            let name = match place.function.as_str() {
                "" => "?",
                name => name,
            };
            text.push_str(&format!("\n{at:>3}: {name}"));
            if let Some(file) = &place.file {
                let line = place.line.map_or_else(String::new, |line| format!(":{line}"));
                text.push_str(&format!("\n       at {file}{line}"));
            }
        }
    }
    text
}

/// The sum of the leaks that are not shown.
fn rest(kind: SiteKind, leaks: &[Leak<'_>], iterations: u64) -> Option<String> {
    let survived = leaks.iter().fold(Amount::default(), |sum, leak| Amount {
        blocks: sum.blocks + leak.survived.blocks,
        bytes: sum.bytes + leak.survived.bytes,
    });
    (!leaks.is_empty()).then(|| sentences::more(kind, leaks.len(), survived, iterations))
}

/// Help for a leak. An `Rc` in a cycle keeps its content, which may be larger, so help for smaller sites of
/// the line counts too.
fn advice(leak: &Leak<'_>, line: &str, iterations: u64, report: &Report) -> Option<String> {
    let rust_counted =
        report.conditions.as_ref().and_then(|of| of.rust_heap_counted) != Some(false);
    let largest = leak.sites.first()?;
    let blocks = leak.survived.blocks as f64 / iterations.max(1) as f64;
    let is_large = |site: &&&Site| {
        let Amount { blocks, bytes } = site.survived;
        bytes >= leak.survived.bytes / 10 || blocks >= leak.survived.blocks / 10
    };
    let specific = |site: &&Site| {
        let places = site.stack.iter().flat_map(|frame| &frame.functions);
        let inner = places.take_while(|&place| site.place.as_ref() != Some(place));
        // A function of a dependency can have the same name.
        let frames = DependencyFrames::of(site);
        let line = frames.rust.is_none().then_some(line);
        // What a dependency keeps, or loses, is not a cycle of the user's.
        let likely = frames.rust.is_none() && frames.calls_user.is_none();
        help::specific(site.kind, rust_counted, inner, blocks, line, likely)
    };
    let text = leak.sites.iter().filter(is_large).find_map(specific);
    // A dependency that calls the user's code has help of its own.
    let general = || {
        let own = DependencyFrames::of(largest).calls_user.is_none();
        own.then(|| help::general(largest.kind, rust_counted)).flatten()
    };
    text.or_else(general).map(str::to_owned)
}

/// What the sites of this kind do not explain.
fn unattributed(report: &Report, site: Option<&Site>) -> Option<String> {
    let accounts = &report.sites.as_ref()?.accounts;
    let account =
        accounts.iter().find(|account| Some(account.kind) == site.map(|site| site.kind))?;
    sentences::unattributed(account)
}

#[cfg(test)]
#[path = "explanation_tests.rs"]
mod tests;
