//! The documentation of the attribute lists the options of the table.

use memcheck_options::{Grammar, OPTIONS};

#[test]
fn the_documentation_has_a_row_for_each_option() {
    let page = include_str!("../src/attribute.md");
    let rows: Vec<Vec<&str>> = page
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    assert_eq!(
        rows.iter().map(|row| row[1]).collect::<Vec<_>>(),
        OPTIONS.iter().map(|spec| format!("`{}`", spec.name)).collect::<Vec<_>>()
    );
    for (row, spec) in rows.iter().zip(OPTIONS) {
        let value = match spec.grammar {
            Grammar::Count { .. } => "whole number",
            Grammar::Size { .. } => "size",
            Grammar::Duration => "duration",
            _ => continue,
        };
        assert_eq!(row[2], value, "{}", spec.name);
    }
}
