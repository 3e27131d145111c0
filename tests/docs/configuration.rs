//! `docs/src/reference/configuration.md` has every key, and its example is a valid file.

use crate::support::{Project, root};

/// Every key, with its variable if there is one.
#[test]
fn the_configuration_page_has_every_key() {
    let page = std::fs::read_to_string(root().join("docs/src/reference/configuration.md")).unwrap();
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
    for spec in memcheck_options::check_options() {
        let start = match spec.variable() {
            None => format!("| `{}` | – |", spec.name),
            Some(variable) => format!("| `{}` | `{variable}` |", spec.name),
        };
        assert!(rows.iter().any(|line| line.starts_with(&start)), "no row {start}");
    }
    let of_runs =
        ["jobs", "fail-fast", "inconclusive", "sites", "backtrace", "report", "junit", "markdown"];
    for run in of_runs {
        let variable = format!("MEMCHECK_{}", run.to_uppercase().replace('-', "_"));
        let start = format!("| `{run}` | `{variable}` |");
        assert!(rows.iter().any(|line| line.starts_with(&start)), "no row {start}");
    }
    let keys = ["test", "binary", "function", "reason", "overrides"];
    assert_eq!(rows.len(), memcheck_options::check_options().count() + of_runs.len() + keys.len());
    for key in keys {
        assert!(rows.iter().any(|line| line.starts_with(&format!("| `{key}` | – |"))), "{key}");
    }
    // The example on the page is a valid file.
    let example = page.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let project = Project::new("page").without_library().file(".config/memcheck.toml", example);
    project.memcheck(&["config", "--profile", "ci"]).code(0);
}
