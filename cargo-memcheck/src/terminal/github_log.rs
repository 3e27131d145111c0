//! Text that GitHub Actions reads as a log: no line of it may be a workflow command.
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>

/// The text without workflow commands: the output of a test may look like one. Lines that start with
/// `::` are commands, and `##[` was a command anywhere in a line.
pub(super) fn no_command(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // GitHub also starts a line at a carriage return.
    for line in text.split_inclusive(['\n', '\r']) {
        let start = line.len() - line.trim_start().len();
        let (space, rest) = line.split_at(start);
        out.push_str(space);
        if rest.starts_with("::") {
            out.push_str("| ");
        }
        out.push_str(&rest.replace("##[", "## ["));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_text_has_no_workflow_command() {
        let text = "a\n::error file=x::y\n   ::set-output\rb\r::warning::\n## ok\n##[group]\nx ::y";
        assert_eq!(
            no_command(text),
            "a\n| ::error file=x::y\n   | ::set-output\rb\r| ::warning::\n## ok\n## [group]\nx ::y"
        );
    }
}
