//! An explanation as the message of a compiler, in the form in which cargo hands it on, so that editors
//! show it at its line. <https://doc.rust-lang.org/rustc/json.html>

use cargo_metadata::{PackageId, Target};
use memcheck::render::Note;
use memcheck::report::Report;
use serde::Serialize;

use super::explanation::{Explanation, Spot};
use super::{Telling, diagnostics, explain, snippet};
use crate::cargo::TestBinary;

/// A line of cargo's messages.
#[derive(Debug, Serialize)]
pub(crate) struct CompilerMessage<'a> {
    reason: &'static str,
    package_id: &'a PackageId,
    manifest_path: String,
    target: &'a Target,
    message: Message,
}

/// A diagnostic of rustc.
#[derive(Debug, Serialize)]
struct Message {
    #[serde(rename = "$message_type")]
    kind: &'static str,
    message: String,
    code: Option<Code>,
    level: &'static str,
    spans: Vec<Span>,
    children: Vec<Message>,
    rendered: Option<String>,
}

#[derive(Debug, Serialize)]
struct Code {
    code: &'static str,
    explanation: Option<String>,
}

#[derive(Debug, Default, Serialize)]
struct Span {
    file_name: String,
    byte_start: usize,
    byte_end: usize,
    line_start: u32,
    line_end: u32,
    column_start: usize,
    column_end: usize,
    is_primary: bool,
    text: Vec<SpanLine>,
    label: Option<String>,
    suggested_replacement: Option<String>,
    suggestion_applicability: Option<String>,
    expansion: Option<()>,
}

#[derive(Debug, Serialize)]
struct SpanLine {
    text: String,
    highlight_start: usize,
    highlight_end: usize,
}

/// A message for each thing that is wrong with a test, an error where it fails the run; none for a
/// success, or a test of a binary that is not known.
pub(crate) fn compiler_messages<'a>(
    report: &Report,
    fails: bool,
    telling: &Telling<'a>,
) -> Vec<CompilerMessage<'a>> {
    let Some(binary) = telling.binary(&report.test.binary) else { return Vec::new() };
    if report.is_success() {
        return Vec::new();
    }
    let diagnostics = diagnostics(report);
    let explained = diagnostics.iter().map(|diagnostic| explain(report, diagnostic, telling));
    explained.map(|explanation| of_cargo(binary, message(&explanation, fails))).collect()
}

fn of_cargo(binary: &TestBinary, message: Message) -> CompilerMessage<'_> {
    CompilerMessage {
        reason: "compiler-message",
        package_id: &binary.package,
        manifest_path: binary.manifest.to_string_lossy().into_owned(),
        target: &binary.target,
        message,
    }
}

fn message(explanation: &Explanation, fails: bool) -> Message {
    let child = |note: &Note| Message {
        kind: "diagnostic",
        message: note.text.clone(),
        code: None,
        level: note.kind(),
        spans: Vec::new(),
        children: Vec::new(),
        rendered: None,
    };
    Message {
        kind: "diagnostic",
        message: explanation.message.clone(),
        code: Some(Code { code: explanation.code, explanation: None }),
        level: if fails { "error" } else { "warning" },
        // An editor shows an error once for each primary span.
        spans: explanation.spots.iter().enumerate().map(|(at, spot)| span(spot, at == 0)).collect(),
        children: explanation.notes.iter().map(child).collect(),
        rendered: Some(snippet::plain(explanation, fails)),
    }
}

fn span(spot: &Spot, is_primary: bool) -> Span {
    let column = spot.column.map_or(1, |column| column as usize);
    let nowhere = Span {
        file_name: spot.file.clone(),
        line_start: spot.line,
        line_end: spot.line,
        column_start: column,
        column_end: column,
        is_primary,
        label: Some(spot.label.clone()),
        ..Span::default()
    };
    let Some((text, range)) = &spot.source else { return nowhere };
    let start = text[..range.start].rfind('\n').map_or(0, |at| at + 1);
    // Columns of rustc's messages count characters.
    let column = |at: usize| text[start..at].chars().count() + 1;
    let (first, last) = (column(range.start), column(range.end));
    let line = text[start..].lines().next().unwrap_or_default().to_owned();
    Span {
        byte_start: range.start,
        byte_end: range.end,
        column_start: first,
        column_end: last,
        text: vec![SpanLine { text: line, highlight_start: first, highlight_end: last }],
        ..nowhere
    }
}
