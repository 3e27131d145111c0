//! Markdown as GitHub and GitLab show it: a table, the worst first, and what is wrong in full below.
//! What tests say is shown and never obeyed: names and messages make no markup, no mention and no
//! link, and everything is bounded.

use std::fmt::Write as _;

use anstream::adapter::strip_str;
use memcheck::render;
use memcheck::report::{Report, Status};

use super::human::summary;
use super::whole::{Place, Whole, beginning};
use crate::sites::short_file;

/// Most that GitHub takes as a comment: 65,536 characters. These are bytes, which are never fewer.
const COMMENT: usize = 65_536;
/// Bytes of a name, and of a message, in the table.
const CELL: usize = 300;
/// Bytes of what is said of one test below the table.
const DETAILS: usize = 4_000;
/// Tests of which more is said below the table.
const MOST_DETAILS: usize = 20;
/// Kept free for the sentences that say what was left out.
const RESERVE: usize = 400;

/// The run as a comment on a pull request: the tests that are no plain success.
pub(super) fn comment(whole: &Whole<'_>) -> String {
    let plain = |report: &Report| matches!(report.status(), Status::Pass | Status::Skip);
    document(whole, COMMENT, |report| whole.fails(report) || !plain(report))
}

/// The run for the summary of a step of CI: every test that ran, in at most `limit` bytes.
pub(super) fn step_summary(whole: &Whole<'_>, limit: usize) -> String {
    document(whole, limit, |report| report.status() != Status::Skip)
}

fn document(whole: &Whole<'_>, limit: usize, shown: impl Fn(&Report) -> bool) -> String {
    let reports: Vec<&Report> =
        whole.worst_first().into_iter().filter(|report| shown(report)).collect();
    let mut text = format!("### memcheck: {}\n\n", headline(whole));
    // A line each, indented for a terminal.
    let counts = strip_str(&summary(whole.summary)).to_string();
    let counts: Vec<&str> = counts.lines().map(str::trim).collect();
    let counts = counts.join(" · ");
    let counts = counts.split_once("] ").map_or(counts.as_str(), |(_, counts)| counts);
    let _ = writeln!(text, "{}\n", escaped(counts.trim()));
    if text.len() + RESERVE > limit {
        return String::new();
    }
    // The table may take half of the room that there is, so that the worst are told in full.
    let table = text.len() + (limit - text.len() - RESERVE) / 2;
    let mut left_out = 0;
    for (at, report) in reports.iter().enumerate() {
        let row = row(whole, report);
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
    let failing: Vec<&&Report> = reports.iter().filter(|report| whole.fails(report)).collect();
    for (at, report) in failing.iter().enumerate() {
        let block = details(report);
        if at == MOST_DETAILS || text.len() + block.len() + RESERVE > limit {
            let _ = writeln!(text, "\nThe others, {}, in full: in the log.", failing.len() - at);
            break;
        }
        text.push_str(&block);
    }
    text
}

fn headline(whole: &Whole<'_>) -> String {
    let run = whole.run();
    let tests = if run == 1 { "test" } else { "tests" };
    let failed = whole.count(|report| whole.fails(report));
    match (failed, whole.summary.not_run) {
        (0, 0) if run == 1 => "the test passed".to_owned(),
        (0, 0) => format!("all {run} tests passed"),
        (0, not_run) => format!("{run} {tests} passed, {not_run} did not run"),
        (failed, _) => format!("{failed} of {run} {tests} did not pass"),
    }
}

fn row(whole: &Whole<'_>, report: &Report) -> String {
    let status = report.status();
    let what = match render::reasons(report).first() {
        Some(reason) => reason.message.clone(),
        None => match &report.options.known_leak {
            Some(reason) if status == Status::Known => reason.clone(),
            _ => render::measured(report),
        },
    };
    let status = match whole.fails(report) {
        true => format!("**{}**", Whole::status(report)),
        false => status.text().to_owned(),
    };
    let place = match Place::of(report) {
        Some(place) => code(&format!("{}:{}", short_file(&place.file), place.line)),
        None => String::new(),
    };
    let name = code(&render::name(report));
    format!("| {status} | {name} | {} | {place} |\n", escaped(&beginning(&what, CELL)))
}

/// What is wrong with one test, folded away.
fn details(report: &Report) -> String {
    let text = strip_str(&render::details(report)).to_string();
    let text: String = text.chars().filter(|&c| printable(c)).collect();
    let text = beginning(text.trim_end(), DETAILS);
    let fence = "`".repeat((longest_run(&text, '`') + 1).max(3));
    let status = Whole::status(report);
    let name = entities(&one_line(&beginning(&render::name(report), CELL)));
    format!(
        "\n<details><summary>{status} <code>{name}</code></summary>\n\n{fence}text\n{text}\n{fence}\n\n</details>\n"
    )
}

/// A name as code, also in a cell of a table.
fn code(text: &str) -> String {
    let text = one_line(&beginning(text, CELL));
    match text.contains(['`', '|', '\\']) || text.trim() != text || text.is_empty() {
        true => format!("<code>{}</code>", entities(&text)),
        false => format!("`{text}`"),
    }
}

/// A sentence in one line, without any markup in it. GitHub makes links of mentions, addresses and
/// numbers of issues in what is no code, so these get an invisible break.
fn escaped(text: &str) -> String {
    let text = one_line(text).replace('@', "@\u{200b}").replace("://", ":\u{200b}//");
    let text = text.replace("www.", "www\u{200b}.").replace('#', "#\u{200b}");
    entities(&text)
}

/// A text in which each character that may be markup is written as its number.
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

/// Without control characters, breaks of lines as spaces.
fn one_line(text: &str) -> String {
    let text = text.replace(['\n', '\r', '\t'], " ");
    let text = strip_str(&text).to_string();
    text.chars().filter(|&c| printable(c)).collect()
}

/// Whether a character may stand in a document that others show.
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

    use super::super::whole::tests::{hostile, report};
    use super::*;
    use crate::cli::Inconclusive;
    use crate::run::Summary;

    fn with<T>(reports: &[Arc<Report>], tell: impl FnOnce(&Whole<'_>) -> T) -> T {
        let mut summary = Summary::default();
        reports.iter().for_each(|report| summary.count(report.status()));
        tell(&Whole { reports, summary: &summary, inconclusive: Inconclusive::Fail })
    }

    #[test]
    fn a_comment_is_a_table_and_what_is_wrong() {
        let reports = [
            report("tests::ignored", Outcome::Skipped),
            report("tests::exits", Outcome::Exited { status: 0 }),
            report("tests::crashes", Outcome::Crashed { signal: "SIGSEGV".into() }),
        ];
        insta::assert_snapshot!(with(&reports, comment), @r"
        ### memcheck: 2 of 2 tests did not pass

        2 tests run: 1 skipped, 1 crashed, 1 exited

        | | test | what | where |
        |---|---|---|---|
        | **EXIT** | `crate tests::exits` | the process exited with status 0 outside its iterations, before the check was finished | `src/lib.rs:7` |
        | **CRASH** | `crate tests::crashes` | ended by SIGSEGV outside its iterations | `src/lib.rs:7` |

        <details><summary>EXIT <code>crate tests::exits</code></summary>

        ```text
        error[exited]: the process exited with status 0 outside its iterations, before the check was finished
          --> src/lib.rs:7:5
           | tests::exits
        ```

        </details>

        <details><summary>CRASH <code>crate tests::crashes</code></summary>

        ```text
        error[crashed]: ended by SIGSEGV outside its iterations
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
        assert!(text.contains("more.") && text.contains("in full: in the log"), "{text}");
        let text = with(&[hostile(), hostile()], comment);
        assert!(text.len() <= COMMENT, "{}", text.len());
        for limit in [0, 100, 600, 1000, 5000] {
            let length = with(&many, |whole| step_summary(whole, limit)).len();
            assert!(length <= limit, "{length} > {limit}");
        }
    }

    #[test]
    fn what_tests_say_is_no_markup() {
        let text = with(&[hostile()], comment);
        // Outside of the fence nothing of it is left that could be markup.
        let fence = "`".repeat(4);
        let (before, rest) = text.split_once(&fence).expect("a fence begins");
        let (inside, after) = rest.rsplit_once(&fence).expect("a fence ends");
        assert!(!inside.lines().skip(1).any(|line| line.trim_start().starts_with(&fence)));
        assert_eq!(after.trim(), "</details>");
        let table = before.trim_start_matches("### memcheck").split("<details>").next().unwrap();
        for wrong in ["<script", "::y\n", "\n#", "\u{1b}", "\0", "31m"] {
            assert!(!table.contains(wrong), "{wrong:?} in {table}");
        }
        // GitHub makes no mention of what stands in code.
        let code = |text: &str| text.split_once("</code>").map(|(_, after)| after.to_owned());
        let no_code: String = table.split("<code>").filter_map(code).collect();
        assert!(no_code.len() > 100 && !no_code.contains("@user"), "{no_code}");
        // One row has four cells, whatever the names are.
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
