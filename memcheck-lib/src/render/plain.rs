//! Output and panic messages as plain text: without escape sequences (colours, cursor movement, titles,
//! links) and without other control characters.
//! <https://invisible-island.net/xterm/ctlseqs/ctlseqs.html>

use std::iter::Peekable;
use std::str::Chars;

/// `text` without escape sequences and control characters; line breaks and tabs stay.
///
/// A sequence is removed as a whole. A sequence without an end stops at the end of its line, so that a
/// truncated text does not swallow what follows.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\u{1b}' => escape(&mut rest),
            // The 8-bit form of the same control.
            '\u{9b}' => control_sequence(&mut rest),
            '\u{90}' | '\u{98}' | '\u{9d}' | '\u{9e}' | '\u{9f}' => string(&mut rest),
            '\n' | '\t' => out.push(c),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// The rest of a sequence after ESC.
fn escape(rest: &mut Peekable<Chars<'_>>) {
    match rest.peek() {
        Some('[') => {
            rest.next();
            control_sequence(rest);
        }
        // Operating system command, device control, start of string, privacy message, application
        // program command.
        Some(']' | 'P' | 'X' | '^' | '_') => {
            rest.next();
            string(rest);
        }
        // For example, the choice of a character set: any number of intermediates and a final one.
        Some(' '..='/') => {
            while rest.next_if(|c| matches!(c, ' '..='/')).is_some() {}
            rest.next_if(|c| matches!(c, '0'..='~'));
        }
        Some('0'..='~') => drop(rest.next()),
        _ => {}
    }
}

/// Parameters, intermediates and the final character of a CSI.
fn control_sequence(rest: &mut Peekable<Chars<'_>>) {
    while rest.next_if(|c| matches!(c, ' '..='?')).is_some() {}
    rest.next_if(|c| matches!(c, '@'..='~'));
}

/// A string up to its end: BEL, or ST as ESC and a backslash or as one character.
fn string(rest: &mut Peekable<Chars<'_>>) {
    while let Some(c) = rest.next_if(|&c| c != '\n') {
        match c {
            '\u{7}' | '\u{9c}' => return,
            '\u{1b}' => {
                rest.next_if_eq(&'\\');
                return;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_are_removed() {
        for (text, left) in [
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}[1;38;5;196mred\u{1b}[m.", "red."),
            ("\u{9b}31mred", "red"),
            ("\u{1b}[?25l\u{1b}[2K50 %", "50 %"),
            ("a \u{1b}]8;;https://x.org\u{1b}\\link\u{1b}]8;;\u{1b}\\ b", "a link b"),
            ("\u{1b}]0;title\u{7}text", "text"),
            ("\u{1b}P1$r0m\u{1b}\\text", "text"),
            ("\u{1b}(Btext\u{1b}7\u{1b}M", "text"),
        ] {
            assert_eq!(plain(text), left, "{text:?}");
        }
    }

    #[test]
    fn text_that_looks_like_a_sequence_stays() {
        for text in ["[31m", "a [0] b", "]0;title", "größe 🙂", "a\tb\nc"] {
            assert_eq!(plain(text), text);
        }
    }

    #[test]
    fn unterminated_sequence_ends_with_its_line() {
        assert_eq!(plain("a\u{1b}]0;title\nb"), "a\nb");
        assert_eq!(plain("a\u{1b}[31\nb"), "a\nb");
        assert_eq!(plain("a\u{1b}"), "a");
        assert_eq!(plain("a\u{1b}\n"), "a\n");
        assert_eq!(plain("a\u{1b}]"), "a");
        assert_eq!(plain("a\u{1b}[31\u{1b}[1mb"), "ab");
    }

    #[test]
    fn other_control_characters_are_removed() {
        assert_eq!(plain("a\r\0\u{7}\u{8}\u{85}\u{7f}b"), "ab");
    }
}
