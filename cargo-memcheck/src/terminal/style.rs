//! Colours: when to use them, and which.

use anstream::ColorChoice;
use anstyle::{AnsiColor, Style};
use memcheck::Status;
use memcheck::tool::render::{Tone, tone};

use crate::cli::Color;

/// Decides for the whole process. The flag overrides `CARGO_TERM_COLOR`. Without both, terminals get colours
/// unless `NO_COLOR` or `CLICOLOR=0` is set.
pub(crate) fn choose(flag: Option<Color>) {
    choice(flag, std::env::var("CARGO_TERM_COLOR").ok().as_deref()).write_global();
}

fn choice(flag: Option<Color>, cargo: Option<&str>) -> ColorChoice {
    match (flag, cargo) {
        (Some(Color::Always), _) | (None, Some("always")) => ColorChoice::Always,
        (Some(Color::Never), _) | (None, Some("never")) => ColorChoice::Never,
        _ => ColorChoice::Auto,
    }
}

/// The style of a status at the start of a line.
pub(super) fn status(status: Status) -> Style {
    of_tone(tone(status))
}

/// The style of a tone.
pub(super) fn of_tone(tone: Tone) -> Style {
    let colour = match tone {
        Tone::Good => AnsiColor::Green,
        Tone::Neutral => AnsiColor::Cyan,
        Tone::Doubtful => AnsiColor::Yellow,
        Tone::Bad => AnsiColor::Red,
    };
    Style::new().bold().fg_color(Some(colour.into()))
}

/// The style of headings.
pub(super) const HEADING: Style = Style::new().bold();

/// The style of `error:`.
pub(super) const ERROR: Style = AnsiColor::Red.on_default().bold();

/// The style of `warning:`.
pub(super) const WARNING: Style = AnsiColor::Yellow.on_default().bold();

/// The style of names of binaries.
pub(super) const BINARY: Style = AnsiColor::Magenta.on_default();

/// `text` with the first occurrence of `part` in `style`.
pub(super) fn styled(text: &str, part: &str, style: Style) -> String {
    text.replacen(part, &format!("{style}{part}{style:#}"), 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_overrides_the_environment() {
        for (flag, cargo, expected) in [
            (None, None, ColorChoice::Auto),
            (None, Some("always"), ColorChoice::Always),
            (None, Some("never"), ColorChoice::Never),
            (None, Some("nonsense"), ColorChoice::Auto),
            (Some(Color::Never), Some("always"), ColorChoice::Never),
            (Some(Color::Auto), Some("always"), ColorChoice::Auto),
        ] {
            assert_eq!(choice(flag, cargo), expected, "{flag:?} {cargo:?}");
        }
    }

    #[test]
    fn one_part_is_styled() {
        assert_eq!(styled("a PASS b", "PASS", HEADING), "a \x1b[1mPASS\x1b[0m b");
    }
}
