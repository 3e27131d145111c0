//! A flame graph of surviving memory: <https://www.brendangregg.com/FlameGraphs/memoryflamegraphs.html>

use std::io::{self, Write};

use inferno::flamegraph;
use memcheck::tool::report::{Report, Site};

use super::run_result::RunResult;

/// The picture of a run without leaks. inferno draws no picture without stacks.
const NOTHING: &str = concat!(
    "<?xml version=\"1.0\" standalone=\"no\"?>\n",
    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"400\" height=\"40\">",
    "<text x=\"10\" y=\"25\" font-family=\"sans-serif\">No memory leaked.</text></svg>\n",
);

/// The flame graph of a run.
pub(super) fn export(result: &RunResult<'_>) -> io::Result<Vec<u8>> {
    let stacks: Vec<String> = result.reports.iter().flat_map(|report| folded(report)).collect();
    let mut picture = Vec::new();
    draw(&stacks, &mut picture)?;
    Ok(picture)
}

/// The growing sites of a test, one line each, outermost function first: `test;main;f;g 64`.
fn folded(report: &Report) -> Vec<String> {
    let test = [report.test.binary.as_str(), report.test.name.as_str()].join(" ");
    let sites = report.sites.iter().flat_map(|sites| &sites.sites);
    sites
        .filter(|site| site.grows && site.survived.bytes > 0)
        .map(|site| {
            let mut parts = vec![part(test.trim())];
            parts.extend(functions(site));
            format!("{} {}", parts.join(";"), site.survived.bytes)
        })
        .collect()
}

/// The functions of a stack, outermost first.
fn functions(site: &Site) -> impl Iterator<Item = String> {
    site.stack.iter().rev().flat_map(|frame| {
        let unknown = frame.functions.is_empty().then(|| format!("{:#x}", frame.address));
        frame.functions.iter().rev().map(|place| part(&place.function)).chain(unknown)
    })
}

/// A name without the characters that separate names.
fn part(name: &str) -> String {
    match name {
        "" => "?".to_owned(),
        name => name.replace([';', '\n'], ","),
    }
}

fn draw(stacks: &[String], out: &mut impl Write) -> io::Result<()> {
    if stacks.is_empty() {
        return out.write_all(NOTHING.as_bytes());
    }
    let mut options = flamegraph::Options::default();
    options.title = "Surviving memory".to_owned();
    options.count_name = "bytes".to_owned();
    flamegraph::from_lines(&mut options, stacks.iter().map(String::as_str), out)
        .map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use memcheck::tool::report::{Amount, Frame, Outcome, SiteKind, Sites, SourceLocation, TestId};

    fn leaking() -> Report {
        let id = TestId::new("tests::a", "my");
        let mut report = Report::unobserved(id, Outcome::Passed);
        let frame = |functions: &[&str]| Frame {
            address: 0x10,
            functions: functions
                .iter()
                .map(|&function| SourceLocation {
                    function: function.into(),
                    ..SourceLocation::default()
                })
                .collect(),
            ..Frame::default()
        };
        let site = |grows, bytes| Site {
            kind: SiteKind::RustHeap,
            grows,
            survived: Amount { blocks: 1, bytes },
            stack: vec![frame(&["inlined", "<[u8; 4] as my::T>::f"]), frame(&[]), frame(&["main"])],
            place: None,
        };
        let sites = vec![site(true, 64), site(false, 1), site(true, 0)];
        report.sites = Some(Sites { sites, ..Sites::default() });
        report
    }

    #[test]
    fn stacks_are_folded_outermost_first() {
        assert_eq!(folded(&leaking()), ["my tests::a;main;0x10;<[u8, 4] as my::T>::f;inlined 64"]);
    }

    #[test]
    fn the_picture_is_an_svg_with_and_without_leaks() {
        for (stacks, word) in [(folded(&leaking()), "inlined"), (Vec::new(), "No memory")] {
            let mut out = Vec::new();
            draw(&stacks, &mut out).unwrap();
            let text = String::from_utf8(out).unwrap();
            assert!(text.contains("<svg") && text.trim_end().ends_with("</svg>"), "{text}");
            assert!(text.contains(word), "{text}");
        }
    }
}
