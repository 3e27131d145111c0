//! A command that prints itself quoted for a shell, so that every failure names the exact command.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::process::Command;

/// A command under construction.
#[derive(Clone, Debug)]
pub(crate) struct CommandLine {
    program: OsString,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, Option<OsString>)>,
}

impl CommandLine {
    /// A call of `program`.
    pub(crate) fn new(program: impl Into<OsString>) -> Self {
        CommandLine { program: program.into(), arguments: Vec::new(), environment: Vec::new() }
    }

    /// Adds an argument.
    pub(crate) fn argument(&mut self, argument: impl Into<OsString>) -> &mut Self {
        self.arguments.push(argument.into());
        self
    }

    /// Adds arguments.
    pub(crate) fn arguments<T: Into<OsString>>(
        &mut self,
        arguments: impl IntoIterator<Item = T>,
    ) -> &mut Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Sets environment variables, and removes those without a value.
    pub(crate) fn environment(
        &mut self,
        changes: impl IntoIterator<Item = (OsString, Option<OsString>)>,
    ) -> &mut Self {
        self.environment.extend(changes);
        self
    }

    /// The command, ready to be started.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments);
        for (name, value) in &self.environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }
}

/// The program and its arguments, quoted for a shell. cargo is printed without its folder, because it
/// is in `PATH`.
impl fmt::Display for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = std::path::Path::new(&self.program);
        let program = match path.file_name() {
            Some(name) if name == "cargo" => name,
            _ => self.program.as_os_str(),
        };
        f.write_str(&quoted(program))?;
        self.arguments.iter().try_for_each(|argument| write!(f, " {}", quoted(argument)))
    }
}

/// One word for a POSIX shell.
fn quoted(word: &OsStr) -> String {
    let text = word.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=+:,./@%^".contains(c);
    match !text.is_empty() && text.chars().all(plain) {
        true => text.into_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_itself_quoted_for_a_shell() {
        let mut command = CommandLine::new("/toolchain/bin/cargo");
        command
            .argument("test")
            .arguments(["--features", "a b", "--config", "env.X=\"it's\"", ""])
            .environment([("OUT_DIR".into(), None)]);
        assert_eq!(
            command.to_string(),
            r#"cargo test --features 'a b' --config 'env.X="it'\''s"' ''"#
        );
    }

    #[test]
    fn other_programs_are_printed_with_their_folder() {
        assert_eq!(CommandLine::new("/opt/my tool").to_string(), "'/opt/my tool'");
    }

    #[test]
    fn runs_the_command_that_it_prints() {
        let mut command = CommandLine::new("sh");
        command.arguments(["-c", "printf '%s %s' \"$1\" \"${X-unset}\"", "sh", "a b"]);
        command.environment([("X".into(), Some("1".into()))]);
        let output = command.command().output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "a b 1");
    }
}
