//! An explanation as a compiler message of cargo, so that editors show it at its line. <https://doc.rust-lang.org/rustc/json.html>

use cargo_metadata::{PackageId, Target};
use memcheck::Report;
use memcheck::tool::render::Note;
use serde::Serialize;

use super::context::Context;
use super::explanation::{AnnotatedLine, Explanation, diagnostics, explain};
use super::snippet;
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

/// A message for each failure of a test: an error if the test fails the run, else a warning. There are none
/// for a test that succeeded, or whose binary is unknown.
pub(crate) fn compiler_messages<'a>(
    report: &Report,
    fails: bool,
    context: &Context<'a>,
) -> Vec<CompilerMessage<'a>> {
    let Some(binary) = context.binary(&report.test.binary) else { return Vec::new() };
    if report.is_success() {
        return Vec::new();
    }
    let diagnostics = diagnostics(report);
    let explained = diagnostics.iter().map(|diagnostic| explain(report, diagnostic, context));
    explained.map(|explanation| cargo_message(binary, message(&explanation, fails))).collect()
}

fn cargo_message(binary: &TestBinary, message: Message) -> CompilerMessage<'_> {
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
        // Editors show an error at each primary span.
        spans: explanation.lines.iter().enumerate().map(|(at, line)| span(line, at == 0)).collect(),
        children: explanation.notes.iter().map(child).collect(),
        rendered: Some(snippet::plain(explanation, fails)),
    }
}

fn span(line: &AnnotatedLine, is_primary: bool) -> Span {
    let column = line.column.map_or(1, |column| column as usize);
    let without_source = Span {
        file_name: line.file.clone(),
        line_start: line.line,
        line_end: line.line,
        column_start: column,
        column_end: column,
        is_primary,
        label: Some(line.label.clone()),
        ..Span::default()
    };
    let Some((text, range)) = &line.source else { return without_source };
    let start = text[..range.start].rfind('\n').map_or(0, |at| at + 1);
    // Columns in rustc messages count characters.
    let column = |at: usize| text[start..at].chars().count() + 1;
    let (first, last) = (column(range.start), column(range.end));
    let source_line = text[start..].lines().next().unwrap_or_default().to_owned();
    Span {
        byte_start: range.start,
        byte_end: range.end,
        column_start: first,
        column_end: last,
        text: vec![SpanLine { text: source_line, highlight_start: first, highlight_end: last }],
        ..without_source
    }
}
