//! An explanation as the compiler prints its errors.

use annotate_snippets::{AnnotationKind, Element, Level, Origin, Renderer, Snippet};

use super::explanation::{Explanation, Spot};

/// The text of an explanation, with colours; lines are ended.
pub(crate) fn snippet(explanation: &Explanation) -> String {
    render(explanation, true, &Renderer::styled())
}

/// The same without colours; a warning, unless it `fails` the run.
pub(super) fn plain(explanation: &Explanation, fails: bool) -> String {
    render(explanation, fails, &Renderer::plain())
}

fn render(explanation: &Explanation, fails: bool, renderer: &Renderer) -> String {
    let mut elements: Vec<Element<'_>> = Vec::new();
    let mut labels: Vec<&str> = Vec::new();
    for (at, spot) in explanation.spots.iter().enumerate() {
        // All lines of one file are one piece of code, where the first of them is.
        let before = &explanation.spots[..at];
        match &spot.source {
            Some(_) if before.iter().any(|other| is_one_piece(other, spot)) => {}
            Some((text, _)) => {
                let same = explanation.spots.iter().filter(|other| is_one_piece(other, spot));
                let annotations = same.filter_map(|spot| {
                    let (_, span) = spot.source.as_ref()?;
                    // The largest leak is the place of the error, wherever in the file it is.
                    let kind = match std::ptr::eq(spot, &explanation.spots[0]) || at > 0 {
                        true => AnnotationKind::Primary,
                        false => AnnotationKind::Context,
                    };
                    Some(kind.span(span.clone()).label(spot.label.as_str()))
                });
                let snippet = Snippet::source(text.as_str()).path(spot.file.as_str());
                elements.push(snippet.annotations(annotations).into());
            }
            None => {
                let origin = Origin::path(spot.file.as_str()).line(spot.line as usize);
                elements.push(match spot.column {
                    Some(column) => origin.char_column(column as usize).into(),
                    None => origin.into(),
                });
                labels.push(&spot.label);
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

fn is_one_piece(a: &Spot, b: &Spot) -> bool {
    a.file == b.file && a.source.is_some() && b.source.is_some()
}
