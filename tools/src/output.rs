//! What the tools that write provider files say at the end.

/// `say!` that gives its error to the caller: a reader that has enough, as `head` has, is none.
macro_rules! say {
    ($($words:tt)*) => {{
        use std::io::Write as _;
        writeln!(std::io::stdout(), $($words)*)?
    }};
}
pub(crate) use say;

use crate::error::ToolError;
use crate::spec::compile::Checked;
use crate::spec::{Diagnostic, lint};

/// What is wrong with one file beside all `others`.
pub fn mistakes(checked: Checked, others: Vec<Checked>) -> Vec<Diagnostic> {
    let name = checked.source.name.clone();
    let mut mistakes = checked.diagnostics.clone();
    let all: Vec<Checked> = others.into_iter().chain([checked]).collect();
    mistakes.extend(lint::across(&all).into_iter().filter(|one| one.is_of(&name)));
    mistakes
}

pub fn report(mistakes: &[Diagnostic]) -> Result<(), ToolError> {
    for mistake in mistakes {
        say!("\n{}", mistake.render(false));
    }
    Ok(())
}

/// The commands that come next.
pub fn next(id: &str) -> Result<(), ToolError> {
    let commands = [
        ("cargo tools check".to_owned(), "every mistake, in a second"),
        (format!("cargo tools tests {id} --force"), "golden tests of each capability anew"),
        (format!("cargo run -- policy test policy-tests/{id}"), "the build, and the tests"),
        ("cargo tools docs".to_owned(), "the page of all providers"),
    ];
    let width = commands.iter().map(|(command, _)| command.len()).max().unwrap_or_default();
    for (command, does) in &commands {
        say!("  {command:<width$}  # {does}");
    }
    Ok(())
}
