//! The part of a source line that an error marks.

use std::ops::Range;

/// The byte range of `text` at `line` and `column`, both from 1: the path or name that starts there
/// (`Box::new`, `vec!`), else the line without its indentation. `None` if the line is missing or empty.
pub(super) fn span(text: &str, line: u32, column: Option<u32>) -> Option<Range<usize>> {
    let mut start = 0;
    let mut lines = text.split_inclusive('\n');
    for _ in 1..line {
        start += lines.next()?.len();
    }
    let line = lines.next()?.trim_end();
    let indentation = line.len() - line.trim_start().len();
    // The columns of debug information count bytes.
    let at = column.and_then(|column| usize::try_from(column).ok()?.checked_sub(1));
    let token = at.filter(|&at| line.is_char_boundary(at)).and_then(|at| {
        let length = path_length(line.get(at..)?);
        (length > 0).then_some(at..at + length)
    });
    let within = token.unwrap_or(indentation..line.len());
    (!within.is_empty()).then(|| start + within.start..start + within.end)
}

/// The length of the path at the start of `text`, with its generic arguments and the `!` of a macro.
fn path_length(text: &str) -> usize {
    let mut length = 0;
    loop {
        let name = name_length(&text[length..]);
        if name == 0 {
            // A `::` without a name after it is not part of the path.
            return text[..length].trim_end_matches("::").len();
        }
        length += name;
        let rest = &text[length..];
        if rest.starts_with('!') {
            return length + 1;
        }
        let Some(after) = rest.strip_prefix("::") else { return length };
        length += 2;
        if after.starts_with('<') {
            let Some(generics) = generics_length(after) else { return length - 2 };
            length += generics;
            if !text[length..].starts_with("::") {
                return length;
            }
            length += 2;
        }
    }
}

/// The length of an identifier.
fn name_length(text: &str) -> usize {
    let is_first = |c: char| c.is_alphabetic() || c == '_';
    match text.starts_with(is_first) {
        true => text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len()),
        false => 0,
    }
}

/// The length of `<…>`.
fn generics_length(text: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '<' => depth += 1,
            '>' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(line: &str, column: Option<u32>) -> Option<&str> {
        span(line, 1, column).map(|range| &line[range])
    }

    #[test]
    fn the_call_at_the_column_is_marked() {
        for (line, column, expected) in [
            ("    self.map.insert(key, value);", 14, "insert"),
            ("    Box::leak(Box::new(1));", 15, "Box::new"),
            ("    let a = vec![1, 2];", 13, "vec!"),
            ("    Vec::<Vec<u8>>::with_capacity(1)", 5, "Vec::<Vec<u8>>::with_capacity"),
            ("    \"a\".to_owned()", 5, "\"a\".to_owned()"),
            ("    größe(1)", 5, "größe"),
            ("    (a)(1)", 5, "(a)(1)"),
            ("    short", 99, "short"),
        ] {
            assert_eq!(part(line, Some(column)), Some(expected), "{line}");
        }
        assert_eq!(part("    é = 1;  ", Some(6)), Some("é = 1;"), "inside of a character");
        assert_eq!(part("\tfree(a);\r\n", None), Some("free(a);"));
    }

    #[test]
    fn lines_are_counted_from_one() {
        let text = "one\ntwo\n\nfour";
        assert_eq!(span(text, 2, None), Some(4..7));
        assert_eq!(span(text, 3, None), None);
        assert_eq!(span(text, 4, Some(1)), Some(9..13));
        assert_eq!(span(text, 5, None), None);
        assert_eq!(span("", 1, Some(1)), None);
    }
}
