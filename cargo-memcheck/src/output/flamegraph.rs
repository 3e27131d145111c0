//! A flame graph of what survives: <https://www.brendangregg.com/FlameGraphs/memoryflamegraphs.html>

use std::io::{self, Write};
use std::path::PathBuf;

use inferno::flamegraph;
use memcheck::report::{Report, Site};

use crate::error::Error;
use crate::run::Event;

/// What stands in the picture of a run without growing memory. inferno draws none without stacks.
const NOTHING: &str = concat!(
    "<?xml version=\"1.0\" standalone=\"no\"?>\n",
    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"400\" height=\"40\">",
    "<text x=\"10\" y=\"25\" font-family=\"sans-serif\">No memory was seen to leak.</text></svg>\n",
);

/// Collects the stacks of a run.
#[derive(Debug)]
pub(crate) struct FlameGraph {
    path: PathBuf,
    stacks: Vec<String>,
}

impl FlameGraph {
    /// One that is to be written to `path`.
    pub(crate) fn new(path: PathBuf) -> Self {
        FlameGraph { path, stacks: Vec::new() }
    }

    /// Takes notice of an event.
    pub(crate) fn event(&mut self, event: &Event) {
        if let Event::TestFinished(report) = event {
            self.stacks.extend(folded(report));
        }
    }

    /// Writes it. The file is only touched once the picture is whole.
    pub(crate) fn write(self) -> Result<(), Error> {
        let mut picture = Vec::new();
        draw(&self.stacks, &mut picture)
            .and_then(|()| super::files::make_folder_of(&self.path))
            .and_then(|()| std::fs::write(&self.path, picture))
            .map_err(|source| {
                let what = super::files::FLAMEGRAPH.to_owned();
                Error::WriteFile { what, path: self.path, source }
            })
    }
}

/// The growing sites of a test, one to a line, outermost function first: `test;main;f;g 64`.
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

/// A name without what separates names.
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
    options.title = "Memory that survives".to_owned();
    options.count_name = "bytes".to_owned();
    flamegraph::from_lines(&mut options, stacks.iter().map(String::as_str), out)
        .map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use memcheck::report::{Amount, Frame, Outcome, Place, SiteKind, Sites, TestId};

    fn leaking() -> Report {
        let id = TestId { name: "tests::a".into(), binary: "my".into(), ..TestId::default() };
        let mut report = Report::unobserved(id, Outcome::Passed);
        let frame = |functions: &[&str]| Frame {
            address: 0x10,
            functions: functions
                .iter()
                .map(|&function| Place { function: function.into(), ..Place::default() })
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
    fn the_picture_is_an_svg_with_or_without_leaks() {
        for (stacks, word) in [(folded(&leaking()), "inlined"), (Vec::new(), "No memory")] {
            let mut out = Vec::new();
            draw(&stacks, &mut out).unwrap();
            let text = String::from_utf8(out).unwrap();
            assert!(text.contains("<svg") && text.trim_end().ends_with("</svg>"), "{text}");
            assert!(text.contains(word), "{text}");
        }
    }

    #[test]
    fn a_file_that_cannot_be_written_is_named() {
        let error = FlameGraph::new("/dev/null/all.svg".into()).write().unwrap_err();
        let sentence = error.sentence();
        assert!(sentence.contains("`/dev/null/all.svg` (--flamegraph)"), "{sentence}");
    }
}
