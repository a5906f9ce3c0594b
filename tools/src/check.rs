//! `check`: all that is wrong with provider files, without a build.

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::error::ToolError;
use crate::output::say;
use crate::{files, spec};

pub fn check(mut files: Vec<PathBuf>) -> Result<ExitCode, ToolError> {
    if files.is_empty() {
        files = files::provider_files(Path::new(files::PROVIDERS))?;
    }
    let all = files.iter().map(|file| files::checked(file)).collect::<Result<Vec<_>, _>>()?;
    let across = spec::lint::across(&all);
    let mistakes: Vec<_> = all.iter().flat_map(|one| &one.diagnostics).chain(&across).collect();
    for mistake in &mistakes {
        say!("{}\n", mistake.render(io::stdout().is_terminal()));
    }
    say!("{} files, {} mistakes", files.len(), mistakes.len());
    if let Some(first) = mistakes.first() {
        say!("`cargo tools explain {}` says what a code means", first.finding.code.as_str());
    }
    Ok(if mistakes.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
