//! What is to be done, step by step: pure, so that it can be read before anything happens.

use std::fmt;
use std::path::{Path, PathBuf};

/// One command or file after another.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) steps: Vec<Step>,
    /// What to do next, said at the end.
    pub(super) next: Vec<String>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    Run {
        /// Why, in a line.
        why: String,
        command: Vec<String>,
        unless: Unless,
        needs_root: bool,
    },
    Write {
        path: PathBuf,
        text: String,
        needs_root: bool,
    },
}

/// When a command has nothing to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unless {
    /// There is such a group.
    Group(String),
    /// There is such a user.
    User(String),
    /// The user is in the group.
    Member { user: String, group: String },
    /// The folder is there with that mode, owner and group.
    Folder { path: PathBuf, mode: u32, owner: String, group: String },
    /// No file was written.
    NothingChanged,
    /// This command ends well.
    Succeeds(Vec<String>),
    /// No file was written, and this command ends well.
    UnchangedAnd(Vec<String>),
}

pub(super) fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

impl Step {
    /// A command that only root may run.
    pub(super) fn as_root(why: &str, command: Vec<String>, unless: Unless) -> Self {
        Self::Run { why: why.to_owned(), command, unless, needs_root: true }
    }

    /// A command of any user.
    pub(super) fn as_user(why: &str, command: Vec<String>, unless: Unless) -> Self {
        Self::Run { why: why.to_owned(), command, unless, needs_root: false }
    }

    pub(super) fn file(path: &Path, text: String, needs_root: bool) -> Self {
        Self::Write { path: path.to_owned(), text, needs_root }
    }
}

impl Plan {
    /// This, and then the other.
    pub(super) fn then(mut self, mut other: Self) -> Self {
        self.steps.append(&mut other.steps);
        self.next.append(&mut other.next);
        self
    }
}

/// A command as it can be pasted into a shell.
pub(super) fn line(command: &[String]) -> String {
    let quoted = |word: &String| {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:@,".contains(c);
        if !word.is_empty() && word.chars().all(is_plain) {
            word.clone()
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    };
    command.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

/// As a script: comments, commands, and files as here-documents.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            match step {
                Step::Run { why, command, .. } => writeln!(f, "# {why}\n{}\n", line(command))?,
                Step::Write { path, text, .. } => {
                    let path = path.display();
                    writeln!(f, "# The file {path}, mode 0644\ncat > {path} <<'END'\n{text}END\n")?;
                }
            }
        }
        self.next.iter().try_for_each(|next| writeln!(f, "# {next}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_can_be_pasted() {
        assert_eq!(line(&words(&["install", "-m", "0700", "/var/lib/x"])), "install -m 0700 /var/lib/x");
        assert_eq!(line(&words(&["a b", "it's", ""])), r"'a b' 'it'\''s' ''");
    }
}
