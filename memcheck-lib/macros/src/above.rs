//! Whether `#[test]` is above `#[memcheck]`.
//!
//! There the compiler expands `#[test]` first and leaves no trace of it on the function: no attribute,
//! no mark on a span. The result would be two tests with one name, and each would run the whole check.
//! Only the source text shows it. If the text cannot be read, there is no error here, and the check
//! itself notices that it runs twice.

/// Reads the source text in front of the attribute that is expanded.
pub(crate) fn test_stands_above(attribute: proc_macro::Span) -> bool {
    let Some(file) = attribute.local_file() else { return false };
    let Ok(source) = std::fs::read_to_string(file) else { return false };
    let (line, column) = (attribute.line(), attribute.column());
    ends_with_test(before(&source, line, column))
}

/// The text in front of a position. Lines and columns count from 1, columns in characters.
fn before(source: &str, line: usize, column: usize) -> &str {
    let start: usize =
        source.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let rest = &source[start..];
    let within = rest.char_indices().nth(column.saturating_sub(1)).map_or(rest.len(), |(at, _)| at);
    &source[..start + within]
}

/// Whether `#[test]` is among the attributes and comments at the end of a text.
fn ends_with_test(mut text: &str) -> bool {
    loop {
        text = text.trim_end();
        let line = text.rfind('\n').map_or(0, |at| at + 1);
        if let Some(comment) = text[line..].find("//") {
            text = &text[..line + comment];
            continue;
        }
        let Some(start) = last_attribute(text) else { return false };
        let attribute: String = text[start..].split_whitespace().collect();
        if matches!(attribute.as_str(), "#[test]" | "#[::core::prelude::v1::test]") {
            return true;
        }
        text = &text[..start];
    }
}

/// The start of the attribute at the end of a text.
fn last_attribute(text: &str) -> Option<usize> {
    if !text.ends_with(']') {
        return None;
    }
    let mut open = 0;
    for (at, bracket) in text.rmatch_indices(['[', ']']) {
        match bracket {
            "]" => open += 1,
            _ => open -= 1,
        }
        if open == 0 {
            let hash = text[..at].trim_end();
            return hash.ends_with('#').then(|| hash.len() - 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_attribute_in_front_of_a_position_is_found() {
        let source =
            "fn é() {}\n#[test]\n    /// Docs.\n    #[cfg(any())] #[memcheck]\nfn f() {}\n";
        assert!(ends_with_test(before(source, 4, 19)));
        assert!(!ends_with_test(before(source, 2, 1)));
        assert!(before(source, 1, 5).ends_with('é'));
        assert!(before(source, 9, 9).ends_with("f() {}\n"));
    }

    #[test]
    fn attributes_of_other_items_do_not_count() {
        for text in ["", "#[test] fn f() {}", "[test]", "#[cfg(test)]", "#[allow(x)]\n// #[test]"] {
            assert!(!ends_with_test(text), "{text}");
        }
        for text in ["#[test]", "#[ test ] // why\n", "#[test]\n#[doc = \"[x]\"]"] {
            assert!(ends_with_test(text), "{text}");
        }
    }
}
