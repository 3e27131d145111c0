//! The tables of the reference are those of `--help`, of the attribute and of the code.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::process::Command;

use super::{Page, files_below};
use crate::support::session::bless;
use crate::support::{clean, run};

#[test]
fn flags_are_those_of_the_help() {
    let help = help(&["--help"]);
    let headings = ["Filters", "Running", "Configuration", "Display", "Results for other tools"];
    check(
        "docs/src/reference/flags.md",
        &[
            ("commands", commands(&help)),
            ("flags", flags(&help, &headings)),
            ("inspect", flags(&self::help(&["inspect", "--help"]), &["Options"])),
            ("config", flags(&self::help(&["config", "--help"]), &["Options"])),
        ],
    );
}

#[test]
fn options_are_those_of_the_attribute() {
    let attribute = Page::read("memcheck-lib/src/attribute.md").text;
    let others = attribute.split("# Other attributes on the same function\n\n").nth(1);
    let others = others.expect("the attribute's page has the section");
    check(
        "docs/src/reference/attribute.md",
        &[("options", options(&attribute, &help(&["--help"]))), ("attributes", others.to_owned())],
    );
}

#[test]
fn statuses_are_those_of_the_schema() {
    let schema = Page::read("docs/src/reference/report.schema.json").text;
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    let definitions = schema["$defs"].as_object().unwrap();
    let status = definitions.values().find_map(|of| {
        let values = of["oneOf"].as_array()?;
        let names: Option<BTreeSet<&str>> =
            values.iter().map(|value| value["const"].as_str()).collect();
        names.filter(|names| names.contains("PASS"))
    });
    let page = Page::read("docs/src/reference/statuses.md");
    let rows = first_cells(&page, "statuses");
    let rows: BTreeSet<&str> = rows.iter().map(String::as_str).collect();
    assert_eq!(rows, status.expect("the schema lists the statuses"));
}

#[test]
fn exit_codes_are_those_of_the_code() {
    let code = Page::read("cargo-memcheck/src/exit.rs").text;
    let constants = code.lines().filter_map(|line| {
        let (_, value) = line.strip_prefix("pub(crate) const ")?.split_once(": u8 = ")?;
        Some(value.trim_end_matches(';'))
    });
    let page = Page::read("docs/src/reference/exit-codes.md");
    let rows = first_cells(&page, "exit codes");
    let rows: BTreeSet<&str> =
        rows.iter().map(|row| row.split(' ').next().unwrap_or_default()).collect();
    assert_eq!(rows, constants.collect::<BTreeSet<&str>>());
}

#[test]
fn messages_of_unsure_tests_are_those_of_the_code() {
    let code: String =
        files_below("memcheck-lib/src", "rs").iter().map(|name| Page::read(name).text).collect();
    let page = Page::read("docs/src/guide/unsure.md");
    let messages = page.text.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let mut found = 0;
    for message in messages {
        for part in message.split('…').map(str::trim).filter(|part| !part.is_empty()) {
            assert!(code.contains(part), "{}: no message contains `{part}`", page.name);
        }
        found += 1;
    }
    assert!(found >= 7, "only {found} messages");
}

/// Compares the sections of a page, or writes them.
fn check(name: &str, sections: &[(&str, String)]) {
    let page = Page::read(name);
    let mut text = page.text.clone();
    for (section, table) in sections {
        text = replaced(&text, section, table);
    }
    if bless() {
        std::fs::write(page.path(), text).unwrap();
    } else {
        assert_eq!(text, page.text, "run `BLESS=1 cargo test --test e2e docs::` to update {name}");
    }
}

fn help(arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-memcheck"));
    command.arg("memcheck").args(arguments);
    clean(&mut command);
    run(&mut command).code(0).stdout
}

/// The text between `<!-- NAME -->` and `<!-- /NAME -->`, with what is before and after.
fn section<'a>(text: &'a str, name: &str) -> [&'a str; 3] {
    let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let start = text.find(&open).unwrap_or_else(|| panic!("{open} is missing")) + open.len();
    let end = text.find(&close).unwrap_or_else(|| panic!("{close} is missing"));
    [&text[..start], &text[start..end], &text[end..]]
}

fn replaced(text: &str, name: &str, table: &str) -> String {
    let [before, _, after] = section(text, name);
    format!("{before}{table}{after}")
}

/// The first cell of each row of a table.
fn first_cells(page: &Page, name: &str) -> Vec<String> {
    let [_, table, _] = section(&page.text, name);
    let rows = table.lines().skip(2);
    rows.map(|row| row.split('|').nth(1).unwrap_or_default().trim().to_owned()).collect()
}

/// The commands as a table.
fn commands(help: &str) -> String {
    let mut table = String::from("| command | what it does |\n|---|---|\n");
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    for line in lines.take_while(|line| !line.is_empty()) {
        let (name, what) = line.trim().split_once("  ").expect("a name and what it does");
        let _ = writeln!(table, "| `cargo memcheck {name}` | {} |", what.trim());
    }
    table
}

/// A flag of `--help`: how it is written, and what it does.
struct Flag {
    usage: String,
    what: String,
}

/// The flags under a heading of `--help`.
fn flags_under(help: &str, heading: &str) -> Vec<Flag> {
    let mut flags: Vec<Flag> = Vec::new();
    let lines = help.lines().skip_while(|line| line.trim_end_matches(':') != heading).skip(1);
    for line in lines.take_while(|line| line.is_empty() || line.starts_with(' ')) {
        let text = line.trim();
        if text.starts_with('-') && !text.starts_with("- ") && line.find('-') < Some(8) {
            flags.push(Flag { usage: text.to_owned(), what: String::new() });
        } else if let Some(flag) = flags.last_mut()
            && !text.is_empty()
        {
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|");
            // The values that a flag takes make one sentence.
            let (separator, text) = match text.strip_prefix("- ") {
                Some(value) => (" – ", value),
                None if text == "Possible values:" => continue,
                None if flag.what.is_empty() => ("", text.as_str()),
                None => (" ", text.as_str()),
            };
            flag.what.push_str(separator);
            flag.what.push_str(text);
        }
    }
    flags
}

/// The flags under some headings as a table.
fn flags(help: &str, headings: &[&str]) -> String {
    let mut table = String::from("| flag | what it does |\n|---|---|\n");
    for heading in headings {
        let flags = flags_under(help, heading);
        assert!(!flags.is_empty(), "--help has no {heading}");
        for Flag { usage, what } in flags {
            let _ = writeln!(table, "| `{usage}` | {what} |");
        }
    }
    table
}

/// The attribute's own table, with the flag that sets the same for all tests.
fn options(attribute: &str, help: &str) -> String {
    let rows = attribute.lines().skip_while(|line| !line.starts_with("| option |")).skip(2);
    let flags = flags_under(help, "Options of the attribute, for every test of this run");
    let mut known: Vec<String> = flags.iter().map(|flag| flag.usage.clone()).collect();
    let mut table =
        String::from("| option | value | default | meaning | flag |\n|---|---|---|---|---|\n");
    for row in rows.take_while(|row| row.starts_with('|')) {
        let name = row.split('`').nth(1).expect("a name");
        // The value is that of the option.
        let flag = format!("--{}", name.replace('_', "-"));
        let at = known.iter().position(|usage| usage.split(' ').next() == Some(flag.as_str()));
        let flag = match at {
            Some(at) => {
                known.remove(at);
                format!("`{flag}`")
            }
            None => "–".to_owned(),
        };
        let _ = writeln!(table, "{row} {flag} |");
    }
    assert!(known.is_empty(), "flags without an option of the attribute: {known:?}");
    table
}
