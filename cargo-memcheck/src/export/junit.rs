//! JUnit XML for CI servers: <https://llg.cubic.org/docs/junit/>. Each binary is a suite.

use std::collections::BTreeMap;
use std::io;

use memcheck::report::Outcome;
use memcheck::tool::render;
use memcheck::tool::report::{Report, Status};
use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite, XmlString};

use super::run_result::{RunResult, beginning};

/// The largest message in bytes. It becomes an attribute.
const MESSAGE: usize = 2000;
/// The largest description or output in bytes.
const TEXT: usize = 100_000;

/// The run as XML.
pub(super) fn export(result: &RunResult<'_>) -> io::Result<Vec<u8>> {
    let mut suites: BTreeMap<&str, TestSuite> = BTreeMap::new();
    for report in result.reports {
        let binary = report.test.binary.as_str();
        let suite = suites.entry(binary).or_insert_with(|| TestSuite::new(xml(binary)));
        suite.add_test_case(test_case(report, result.fails(report)));
    }
    let mut document = quick_junit::Report::new("memcheck");
    document.set_time(result.summary.elapsed);
    for (_, mut suite) in suites {
        suite.set_time(suite.test_cases.iter().filter_map(|case| case.time).sum());
        document.add_test_suite(suite);
    }
    document.to_string().map(String::into_bytes).map_err(io::Error::other)
}

fn test_case(report: &Report, fails: bool) -> TestCase {
    let status = report.status();
    let mut case_status = match status {
        Status::Skip => TestCaseStatus::skipped(),
        _ if !fails => TestCaseStatus::success(),
        // A failure is a fault of the test, an error one of the tool.
        Status::Broken => TestCaseStatus::non_success(NonSuccessKind::Error),
        _ => TestCaseStatus::non_success(NonSuccessKind::Failure),
    };
    if let Outcome::Skipped { reason: Some(reason) } = &report.outcome {
        case_status.set_message(xml(&beginning(reason, MESSAGE)));
    }
    if fails {
        let reasons = render::reasons(report);
        let messages: Vec<&str> = reasons.iter().map(|reason| reason.message.as_str()).collect();
        case_status.set_message(xml(&beginning(&messages.join("; "), MESSAGE)));
        let kind = reasons.first().map_or(status.text(), |reason| reason.code.as_str());
        case_status.set_type(xml(kind));
        case_status.set_description(xml(&beginning(&render::details(report), TEXT)));
    }
    let mut case = TestCase::new(xml(&report.test.name), case_status);
    case.set_classname(xml(&report.test.binary));
    case.set_time(report.elapsed);
    if !report.test.file.is_empty() {
        case.extra.insert("file".into(), xml(&report.test.file));
        case.extra.insert("line".into(), report.test.line.to_string().into());
    }
    let printed = report.output.text.trim_matches('\n');
    if fails && !printed.is_empty() {
        case.set_system_out(xml(&beginning(printed, TEXT)));
    } else if status != Status::Skip {
        case.set_system_out(xml(render::line(report).trim()));
    }
    case
}

/// A text that XML allows: without escape sequences, control characters and the two code points that are
/// not characters. <https://www.w3.org/TR/xml/#charsets>
fn xml(text: &str) -> XmlString {
    XmlString::new(text.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use memcheck::report::Outcome;
    use roxmltree::Document;

    use super::super::run_result::tests::{hostile, report, with_result};
    use super::*;
    use crate::runner::Inconclusive;

    fn junit(reports: &[Arc<Report>], inconclusive: Inconclusive) -> String {
        String::from_utf8(with_result(reports, inconclusive, export).unwrap()).unwrap()
    }

    #[test]
    fn each_status_becomes_one_that_ci_servers_know() {
        let broken = Outcome::Broken { message: "no /proc".into() };
        let reports = [
            report("crashes", Outcome::Crashed { signal: "SIGSEGV".into() }),
            report("broken", broken),
            report("unsure", Outcome::Passed),
            report("skipped", Outcome::Skipped { reason: None }),
        ];
        let text = junit(&reports, Inconclusive::Fail);
        let xml = Document::parse(&text).unwrap();
        let case = |name: &str| {
            let case = xml.descendants().find(|node| node.attribute("name") == Some(name));
            case.unwrap_or_else(|| panic!("{name} is missing in {text}"))
        };
        let has = |name: &str, tag: &str| case(name).children().any(|node| node.has_tag_name(tag));
        assert!(has("crashes", "failure") && has("broken", "error"));
        assert!(has("unsure", "failure") && has("skipped", "skipped"));
        let failure = case("crashes").children().find(|node| node.has_tag_name("failure")).unwrap();
        assert_eq!(failure.attribute("type"), Some("crashed"));
        assert_eq!(
            failure.attribute("message"),
            Some("the process was terminated by SIGSEGV outside its iterations")
        );
        assert_eq!(case("crashes").attribute("classname"), Some("crate"));
        assert_eq!(case("crashes").attribute("file"), Some("src/lib.rs"));
        let counts = ["tests", "failures", "errors"].map(|name| xml.root_element().attribute(name));
        assert_eq!(counts, [Some("4"), Some("2"), Some("1")]);

        let text = junit(&reports[2..3], Inconclusive::Warn);
        assert!(!text.contains("<failure"), "{text}");
    }

    #[test]
    fn characters_that_xml_forbids_are_removed() {
        let text = junit(&[hostile()], Inconclusive::Fail);
        assert!(text.len() < 1_000_000, "{}", text.len());
        let xml = Document::parse(&text).unwrap();
        let case = xml.descendants().find(|node| node.has_tag_name("testcase")).unwrap();
        let name = case.attribute("name").unwrap();
        assert!(name.starts_with("<script>alert(1)</script> ]]> -->"), "{name}");
        assert!(!text.contains("<script>") && !text.contains('\u{1b}') && !text.contains('\0'));
        let tags: Vec<_> = case.children().map(|node| node.tag_name().name()).collect();
        assert_eq!(tags.iter().filter(|tag| !tag.is_empty()).count(), 2, "{tags:?}");
    }
}
