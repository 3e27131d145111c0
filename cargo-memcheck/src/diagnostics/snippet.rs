//! An explanation in the style of compiler errors.

use annotate_snippets::{AnnotationKind, Element, Level, Origin, Renderer, Snippet};

use super::explanation::{AnnotatedLine, Explanation};

/// The text of an explanation with colours.
pub(crate) fn snippet(explanation: &Explanation) -> String {
    render(explanation, true, &Renderer::styled())
}

/// The same without colours: an error if the test `fails` the run, else a warning.
pub(super) fn plain(explanation: &Explanation, fails: bool) -> String {
    render(explanation, fails, &Renderer::plain())
}

fn render(explanation: &Explanation, fails: bool, renderer: &Renderer) -> String {
    let mut elements: Vec<Element<'_>> = Vec::new();
    let mut labels: Vec<&str> = Vec::new();
    for (at, line) in explanation.lines.iter().enumerate() {
        // All lines of a file form one snippet, at the position of the first of them.
        let before = &explanation.lines[..at];
        match &line.source {
            Some(_) if before.iter().any(|other| is_same_file(other, line)) => {}
            Some((text, _)) => {
                let same = explanation.lines.iter().filter(|other| is_same_file(other, line));
                let annotations = same.filter_map(|line| {
                    let (_, span) = line.source.as_ref()?;
                    // The largest leak is the location of the error, wherever it is in the file.
                    let kind = match std::ptr::eq(line, &explanation.lines[0]) || at > 0 {
                        true => AnnotationKind::Primary,
                        false => AnnotationKind::Context,
                    };
                    Some(kind.span(span.clone()).label(line.label.as_str()))
                });
                let snippet = Snippet::source(text.as_str()).path(line.file.as_str());
                elements.push(snippet.annotations(annotations).into());
            }
            None => {
                let location = Origin::path(line.file.as_str()).line(line.line as usize);
                elements.push(match line.column {
                    Some(column) => location.char_column(column as usize).into(),
                    None => location.into(),
                });
                labels.push(&line.label);
            }
        }
    }
    let notes = labels.into_iter().map(|label| (false, label));
    let others = explanation.notes.iter().map(|note| (note.is_help, note.text.as_str()));
    elements.extend(notes.chain(others).map(|(is_help, text)| {
        let level = if is_help { Level::HELP } else { Level::NOTE };
        Element::from(level.message(text))
    }));
    let level = if fails { Level::ERROR } else { Level::WARNING };
    let title = level.primary_title(explanation.message.as_str()).id(explanation.code);
    renderer.render(&[title.elements(elements)]) + "\n"
}

fn is_same_file(a: &AnnotatedLine, b: &AnnotatedLine) -> bool {
    a.file == b.file && a.source.is_some() && b.source.is_some()
}
