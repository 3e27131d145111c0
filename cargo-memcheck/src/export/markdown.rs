//! Markdown for GitHub and GitLab: a table with the worst results first, and the failures in full below.
//! Names and messages of tests never become markup, mentions or links, and every part has a size limit.

use std::fmt::Write as _;
use std::io;

use anstream::adapter::strip_str;
use memcheck::tool::render;
use memcheck::tool::report::{Report, Status};

use super::run_result::{RunResult, SourceLine, beginning, shown_status};
use crate::symbolize::short_file;

/// The largest comment that GitHub accepts: 65,536 characters. A text has at least as many bytes.
const COMMENT: usize = 65_536;
/// The largest name or message in the table, in bytes.
const CELL: usize = 300;
/// The largest description of a test below the table, in bytes.
const DETAILS: usize = 4_000;
/// The number of tests that are described below the table.
const MOST_DETAILS: usize = 20;
/// Space that is reserved for the sentences about omitted tests.
const RESERVE: usize = 400;

/// The run as a comment on a pull request: the tests that did not simply pass.
pub(super) fn export(result: &RunResult<'_>) -> io::Result<Vec<u8>> {
    Ok(comment(result).into_bytes())
}

fn comment(result: &RunResult<'_>) -> String {
    let plain = |report: &Report| matches!(report.status(), Status::Pass | Status::Skip);
    document(result, COMMENT, |report| result.fails(report) || !plain(report))
}

/// The run as a step summary of CI: every test that ran, in at most `limit` bytes.
pub(super) fn step_summary(result: &RunResult<'_>, limit: usize) -> String {
    document(result, limit, |report| report.status() != Status::Skip)
}

fn document(result: &RunResult<'_>, limit: usize, shown: impl Fn(&Report) -> bool) -> String {
    let reports: Vec<&Report> =
        result.worst_first().into_iter().filter(|report| shown(report)).collect();
    let mut text = format!("### memcheck: {}\n\n", headline(result));
    let _ = writeln!(text, "{}\n", escaped(&counts(result)));
    if text.len() + RESERVE > limit {
        return String::new();
    }
    // The table gets half of the space, so that the worst failures are shown in full.
    let table = text.len() + (limit - text.len() - RESERVE) / 2;
    let mut left_out = 0;
    for (at, report) in reports.iter().enumerate() {
        let row = table_row(result, report);
        let head = if at == 0 { "| | test | what | where |\n|---|---|---|---|\n" } else { "" };
        if text.len() + head.len() + row.len() > table {
            left_out = reports.len() - at;
            break;
        }
        text.push_str(head);
        text.push_str(&row);
    }
    if left_out > 0 {
        let _ = writeln!(text, "\n… and {left_out} more.");
    }
    let failing: Vec<&&Report> = reports.iter().filter(|report| result.fails(report)).collect();
    for (at, report) in failing.iter().enumerate() {
        let block = details(report);
        if at == MOST_DETAILS || text.len() + block.len() + RESERVE > limit {
            let _ = writeln!(text, "\nSee the log for the other {} failures.", failing.len() - at);
            break;
        }
        text.push_str(&block);
    }
    text
}

/// The counts in one line: `2 tests run: 1 passed, 1 leaked · Proof 1 proven`.
fn counts(result: &RunResult<'_>) -> String {
    let joined = |parts: Vec<(String, _)>| {
        let texts: Vec<String> = parts.into_iter().map(|(text, _)| text).collect();
        texts.join(", ")
    };
    let (run, parts) = result.summary.in_words();
    let colon = if parts.is_empty() { "" } else { ": " };
    let proofs = result.summary.proofs_in_words().map(joined);
    let proofs = proofs.map_or_else(String::new, |proofs| format!(" · Proof {proofs}"));
    format!("{run}{colon}{}{proofs}", joined(parts))
}

fn headline(result: &RunResult<'_>) -> String {
    let run = result.run();
    let tests = if run == 1 { "test" } else { "tests" };
    let failed = result.count(|report| result.fails(report));
    match (failed, result.summary.not_run) {
        (0, 0) if run == 1 => "the test passed".to_owned(),
        (0, 0) => format!("all {run} tests passed"),
        (0, not_run) => format!("{run} {tests} passed, {not_run} did not run"),
        (failed, _) => format!("{failed} of {run} {tests} did not pass"),
    }
}

fn table_row(result: &RunResult<'_>, report: &Report) -> String {
    let status = report.status();
    let what = match render::reasons(report).first() {
        Some(reason) => reason.message.clone(),
        None => match &report.options.known_leak {
            Some(reason) if status == Status::Known => reason.clone(),
            _ => render::measured(report),
        },
    };
    let status = match result.fails(report) {
        true => format!("**{}**", shown_status(report)),
        false => status.text().to_owned(),
    };
    let place = match SourceLine::of(report) {
        Some(place) => code(&format!("{}:{}", short_file(&place.file), place.line)),
        None => String::new(),
    };
    let name = code(&render::name(report));
    format!("| {status} | {name} | {} | {place} |\n", escaped(&beginning(&what, CELL)))
}

/// The failure of a test, folded.
fn details(report: &Report) -> String {
    let text = strip_str(&render::details(report)).to_string();
    let text: String = text.chars().filter(|&c| printable(c)).collect();
    let text = beginning(text.trim_end(), DETAILS);
    let fence = "`".repeat((longest_run(&text, '`') + 1).max(3));
    let status = shown_status(report);
    let name = entities(&one_line(&beginning(&render::name(report), CELL)));
    format!(
        "\n<details><summary>{status} <code>{name}</code></summary>\n\n{fence}text\n{text}\n{fence}\n\n</details>\n"
    )
}

/// A name as code, also in a table cell.
fn code(text: &str) -> String {
    let text = one_line(&beginning(text, CELL));
    match text.contains(['`', '|', '\\']) || text.trim() != text || text.is_empty() {
        true => format!("<code>{}</code>", entities(&text)),
        false => format!("`{text}`"),
    }
}

/// A sentence on one line without markup. Outside code, GitHub turns mentions, addresses and issue numbers
/// into links, so they get an invisible break.
fn escaped(text: &str) -> String {
    let text = one_line(text).replace('@', "@\u{200b}").replace("://", ":\u{200b}//");
    let text = text.replace("www.", "www\u{200b}.").replace('#', "#\u{200b}");
    entities(&text)
}

/// A text in which each character that may be markup is a numeric entity.
fn entities(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' | '>' | '&' | '"' | '\'' | '`' | '*' | '_' | '~' | '[' | ']' | '\\' | '|' | '#'
            | '$' | '!' => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// A text without control characters, and with spaces instead of line breaks.
fn one_line(text: &str) -> String {
    let text = text.replace(['\n', '\r', '\t'], " ");
    let text = strip_str(&text).to_string();
    text.chars().filter(|&c| printable(c)).collect()
}

/// Whether a character is safe to show. Characters that change the text direction are not.
fn printable(c: char) -> bool {
    c == '\n'
        || !(c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
}

fn longest_run(text: &str, of: char) -> usize {
    text.split(|c| c != of).map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use memcheck::report::Outcome;

    use super::super::run_result::tests::{hostile, report, with_result};
    use super::*;
    use crate::runner::Inconclusive;

    fn with<T>(reports: &[Arc<Report>], write: impl FnOnce(&RunResult<'_>) -> T) -> T {
        with_result(reports, Inconclusive::Fail, write)
    }

    #[test]
    fn a_comment_is_a_table_and_the_failures() {
        let reports = [
            report("tests::ignored", Outcome::Skipped { reason: None }),
            report("tests::exits", Outcome::Exited { status: 0 }),
            report("tests::crashes", Outcome::Crashed { signal: "SIGSEGV".into() }),
        ];
        insta::assert_snapshot!(with(&reports, comment), @r"
        ### memcheck: 2 of 2 tests did not pass

        2 tests run: 1 skipped, 1 crashed, 1 exited

        | | test | what | where |
        |---|---|---|---|
        | **EXIT** | `crate tests::exits` | the process exited with status 0 outside its iterations, before the check was finished; let the test return instead | `src/lib.rs:7` |
        | **CRASH** | `crate tests::crashes` | the process was terminated by SIGSEGV outside its iterations | `src/lib.rs:7` |

        <details><summary>EXIT <code>crate tests::exits</code></summary>

        ```text
        error[exited]: the process exited with status 0 outside its iterations, before the check was finished; let the test return instead
          --> src/lib.rs:7:5
           | tests::exits
        ```

        </details>

        <details><summary>CRASH <code>crate tests::crashes</code></summary>

        ```text
        error[crashed]: the process was terminated by SIGSEGV outside its iterations
          --> src/lib.rs:7:5
           | tests::crashes
        ```

        </details>
        ");
    }

    #[test]
    fn a_comment_always_fits() {
        let name = |at: usize| format!("tests::{}{at}", "long_".repeat(50));
        let many: Vec<_> = (0..3000).map(|at| report(&name(at), Outcome::Lost)).collect();
        let text = with(&many, comment);
        assert!(text.len() <= COMMENT, "{}", text.len());
        assert!(text.contains("more.") && text.contains("See the log for"), "{text}");
        let text = with(&[hostile(), hostile()], comment);
        assert!(text.len() <= COMMENT, "{}", text.len());
        for limit in [0, 100, 600, 1000, 5000] {
            let length = with(&many, |result| step_summary(result, limit)).len();
            assert!(length <= limit, "{length} > {limit}");
        }
    }

    #[test]
    fn text_of_tests_is_not_markup() {
        let text = with(&[hostile()], comment);
        // Outside the fence, nothing can be markup.
        let fence = "`".repeat(4);
        let (before, rest) = text.split_once(&fence).expect("a fence begins");
        let (inside, after) = rest.rsplit_once(&fence).expect("a fence ends");
        assert!(!inside.lines().skip(1).any(|line| line.trim_start().starts_with(&fence)));
        assert_eq!(after.trim(), "</details>");
        let table = before.trim_start_matches("### memcheck").split("<details>").next().unwrap();
        for wrong in ["<script", "::y\n", "\n#", "\u{1b}", "\0", "31m"] {
            assert!(!table.contains(wrong), "{wrong:?} in {table}");
        }
        // GitHub makes no mentions in code.
        let code = |text: &str| text.split_once("</code>").map(|(_, after)| after.to_owned());
        let no_code: String = table.split("<code>").filter_map(code).collect();
        assert!(no_code.len() > 100 && !no_code.contains("@user"), "{no_code}");
        // A row has four cells with any name.
        let row = before.lines().find(|line| line.starts_with("| **FAIL**")).unwrap();
        assert_eq!(row.matches('|').count(), 5, "{row}");
    }

    #[test]
    fn names_are_code() {
        assert_eq!(code("tests::a"), "`tests::a`");
        assert_eq!(code("a`|b"), "<code>a&#96;&#124;b</code>");
        assert_eq!(code(""), "<code></code>");
    }
}
