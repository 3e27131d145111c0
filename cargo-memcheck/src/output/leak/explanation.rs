//! A diagnostic with its lines: what people and programs are told alike.

use std::ops::Range;

use memcheck::Metric;
use memcheck::render::{self, Diagnostic, Note, count};
use memcheck::report::{Amount, Place, Report, Site, SiteKind};

use super::{Telling, help, sentences, source};
use crate::cli::Backtrace;
use crate::sites::{Leak, Maker, is_users, leaks, readable};

/// Lines that are shown; what else leaks is summed up.
const SPOTS: usize = 3;

/// Functions of dependencies that are named.
const MAKERS: usize = 2;

/// Calls that are shown between the line and the test.
const CALLS: usize = 4;

/// What is wrong, on which lines.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Explanation {
    /// Short stable name.
    pub(super) code: &'static str,
    /// One sentence.
    pub(super) message: String,
    /// The lines. Without recorded sites that of the test.
    pub(super) spots: Vec<Spot>,
    /// Whether they are those of recorded sites.
    pub(crate) has_sites: bool,
    /// What was seen, and what to try. A text may have several lines.
    pub(super) notes: Vec<Note>,
}

/// A line that is pointed at.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Spot {
    pub(super) file: String,
    pub(super) line: u32,
    pub(super) column: Option<u32>,
    /// What happens there.
    pub(super) label: String,
    /// The text of the whole file and the part of it that is meant, where that can be read.
    pub(super) source: Option<(String, Range<usize>)>,
}

/// What is wrong, with what must be known of the recording.
pub(crate) fn diagnostics(report: &Report) -> Vec<Diagnostic> {
    let mut diagnostics = render::diagnostics(report);
    if let (Some(first), Some(sites)) = (diagnostics.first_mut(), &report.sites) {
        first.notes.splice(0..0, sites.notes.iter().cloned().map(Note::seen));
    }
    diagnostics
}

/// Explains one of the [`diagnostics`] of `report`.
pub(crate) fn explain(
    report: &Report,
    diagnostic: &Diagnostic,
    telling: &Telling<'_>,
) -> Explanation {
    let leaks = diagnostic.metric.map(|metric| leaks(report, metric)).unwrap_or_default();
    let own = own_crate(report);
    let mut notes = Vec::new();
    let mut spots = Vec::new();
    let iterations = report.sites.as_ref().map_or(0, |sites| sites.iterations);
    if leaks.is_empty() {
        spots.extend(spot(&report.test.place(), report.test.name.clone(), report, telling));
    }
    for leak in leaks.iter().take(SPOTS) {
        spots.extend(spot_of(leak, diagnostic.metric, iterations, &own, report, telling));
    }
    let shown = spots.len().min(leaks.len());
    if let (Some(first), Some(site)) = (leaks.first(), leading(&leaks)) {
        let makers = makers(&leaks[..shown.max(1)]);
        notes.extend(makers.iter().map(|(text, ..)| Note::seen(text.clone())));
        let (calls, names_test) = calls(site, &own, report);
        notes.extend(calls.map(Note::seen));
        if !names_test {
            let test = format!("in the test {}", report.test.name);
            notes.push(Note::seen(sentences::at(&test, &report.test.place())));
        }
        if telling.backtrace == Backtrace::Full {
            notes.extend(
                leaks.iter().flat_map(|leak| &leak.sites).map(|site| Note::seen(stack(site))),
            );
        }
        notes.extend(rest(site.kind, &leaks[shown..], iterations).map(Note::seen));
        let line = spots.first().map_or("", |spot| spot.text());
        notes.extend(advice(first, line, iterations, report).map(Note::advice));
        let dependency =
            makers.first().and_then(|(_, of)| sentences::dependency(of.kind, &Maker::of(of)));
        notes.extend(dependency.map(Note::advice));
    }
    notes.extend(unattributed(report, leading(&leaks)).map(Note::seen));
    notes.extend(diagnostic.notes.iter().cloned());
    // Help stands last, as in messages of the compiler.
    notes.sort_by_key(|note| note.is_help);
    Explanation {
        code: diagnostic.code,
        message: diagnostic.message.clone(),
        has_sites: !leaks.is_empty(),
        spots,
        notes,
    }
}

impl Spot {
    /// The source line, or nothing.
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

/// Who makes what leaks, where that is not the user's own code: each with one of its sites.
fn makers<'a>(leaks: &[Leak<'a>]) -> Vec<(String, &'a Site)> {
    let function = |site| {
        let Maker { rust, c, .. } = Maker::of(site);
        rust.or(c).map(|place| place.function.as_str())
    };
    let mut makers: Vec<(String, &Site)> = Vec::new();
    for site in leaks.iter().flat_map(|leak| &leak.sites).copied() {
        if let Some(text) = sentences::maker(site.kind, &Maker::of(site))
            && makers.iter().all(|(_, seen)| function(seen) != function(site))
        {
            makers.push((text, site));
        }
    }
    makers.truncate(MAKERS);
    makers
}

/// The crate of the test: that of its function on one of the stacks. Where it is on none, the last
/// part of the id of its binary, as rustc spells it: a library may have another name than its package.
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

/// The line of a leak; that of the test where no file is known.
fn spot_of(
    leak: &Leak<'_>,
    metric: Option<Metric>,
    iterations: u64,
    own: &str,
    report: &Report,
    telling: &Telling<'_>,
) -> Option<Spot> {
    let kind = leak.sites.first()?.kind;
    let label = |function| match metric {
        Some(Metric::Tasks) => sentences::task_label(leak.survived, iterations, function),
        _ => sentences::label(kind, leak.survived, iterations, function),
    };
    match leak.place {
        Some(place) if place.file.is_some() => spot(place, label(None), report, telling),
        place => {
            let function = place.map(|place| readable(&place.function, Some(own)));
            let function = function.unwrap_or_default();
            spot(&report.test.place(), label(Some(&function)), report, telling)
        }
    }
}

fn spot(place: &Place, label: String, report: &Report, telling: &Telling<'_>) -> Option<Spot> {
    let file = place.file.clone()?;
    let line = place.line?;
    let source = telling.source(&file, &report.test.binary).and_then(|text| {
        let span = source::span(&text, line, place.column)?;
        Some((text, span))
    });
    Some(Spot { file, line, column: place.column, label, source })
}

/// How control got to the line, through the user's own code, and whether the test is part of it.
fn calls(site: &Site, own: &str, report: &Report) -> (Option<String>, bool) {
    let test = report.test.name.as_str();
    let mut chain: Vec<String> = Vec::new();
    let mut names_test = false;
    let mut last = None;
    let all: Vec<&Place> = site.stack.iter().flat_map(|frame| &frame.functions).collect();
    let places = all.iter().enumerate().filter(|(_, place)| is_users(place));
    let of_test = report.test.place();
    let culprit = site.place.as_ref().map(|place| readable(&place.function, Some(own)));
    for (at, &place) in places.skip(1) {
        let mut place = place;
        let mut name = readable(&place.function, Some(own));
        // Of tests whose bodies are alike the compiler keeps one body, under the name of any of them.
        if is_body(&all[at + 1..]) && !name.starts_with(test) {
            (name, place) = (test.to_owned(), &of_test);
        }
        // The attribute puts the body as a function of the same name into the test.
        if name
            .strip_prefix(test)
            .is_some_and(|inner| inner.starts_with("::") && test.ends_with(&inner[2..]))
        {
            name = test.to_owned();
        }
        // A closure has the name of the function it is in: said once, at its innermost line.
        if last.as_ref().or(culprit.as_ref()) != Some(&name) {
            names_test |= name == test;
            chain.push(sentences::at(&name, place));
        }
        last = Some(name);
    }
    let more = chain.len().saturating_sub(CALLS);
    if more > 0 {
        // The outermost is the test or the thread's start, which tells more than what is between.
        chain.drain(CALLS - 1..chain.len() - 1);
        chain.insert(CALLS - 1, format!("{} between", count(more as f64, "call")));
    }
    let text = (!chain.is_empty()).then(|| format!("called from {}", chain.join("\nfrom ")));
    (text, names_test)
}

/// Whether what is called from these places, the innermost first, is the body of a test.
fn is_body(callers: &[&Place]) -> bool {
    let mut named = callers.iter().map(|place| place.function.as_str());
    named
        .find(|name| !name.is_empty() && !name.starts_with("core::") && !name.starts_with("<"))
        .is_some_and(|name| name.starts_with("memcheck::check::"))
}

/// Every frame of a stack.
fn stack(site: &Site) -> String {
    let mut text = String::from("the whole call stack:");
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

/// What is not shown line by line.
fn rest(kind: SiteKind, leaks: &[Leak<'_>], iterations: u64) -> Option<String> {
    let survived = leaks.iter().fold(Amount::default(), |sum, leak| Amount {
        blocks: sum.blocks + leak.survived.blocks,
        bytes: sum.bytes + leak.survived.bytes,
    });
    (!leaks.is_empty()).then(|| sentences::more(kind, leaks.len(), survived, iterations))
}

/// Help for a leak. An `Rc` in a cycle keeps what is in it, which may well be larger: so the smaller
/// sites of the line are asked, too.
fn advice(leak: &Leak<'_>, line: &str, iterations: u64, report: &Report) -> Option<String> {
    let rust_counted =
        report.conditions.as_ref().and_then(|of| of.rust_heap_counted) != Some(false);
    let largest = leak.sites.first()?;
    let blocks = leak.survived.blocks as f64 / iterations.max(1) as f64;
    let telling = |site: &&&Site| {
        let Amount { blocks, bytes } = site.survived;
        bytes >= leak.survived.bytes / 10 || blocks >= leak.survived.blocks / 10
    };
    let fitting = |site: &&Site| {
        let places = site.stack.iter().flat_map(|frame| &frame.functions);
        let inner = places.take_while(|&place| site.place.as_ref() != Some(place));
        // A dependency may have functions of these names, too.
        let line = Maker::of(site).rust.is_none().then_some(line);
        help::fitting(site.kind, rust_counted, inner, blocks, line)
    };
    let text = leak.sites.iter().filter(telling).find_map(fitting);
    text.or_else(|| help::general(largest.kind, rust_counted)).map(str::to_owned)
}

/// What the sites of this kind do not account for.
fn unattributed(report: &Report, site: Option<&Site>) -> Option<String> {
    let accounts = &report.sites.as_ref()?.accounts;
    let account =
        accounts.iter().find(|account| Some(account.kind) == site.map(|site| site.kind))?;
    sentences::unattributed(account)
}

#[cfg(test)]
#[path = "explanation_tests.rs"]
mod tests;
