//! `check`: all that is wrong with provider files, without a build.

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::error::ToolError;
use crate::output::say;
use crate::{files, spec};

pub fn check(named: &[String]) -> Result<ExitCode, ToolError> {
    let files = match named {
        [] => files::provider_files()?,
        named => named.iter().map(|one| files::existing(one)).collect::<Result<_, _>>()?,
    };
    let mut all = files.iter().map(|file| files::checked(file)).collect::<Result<Vec<_>, _>>()?;
    let asked: Vec<String> = all.iter().map(|one| one.source.name.clone()).collect();
    for other in beside(&files)? {
        all.push(files::checked(&other)?);
    }
    let across = spec::lint::across(&all);
    let mistakes: Vec<_> = all.iter().flat_map(|one| &one.diagnostics).chain(&across).collect();
    let mistakes: Vec<_> =
        mistakes.into_iter().filter(|one| asked.iter().any(|name| one.is_of(name))).collect();
    for mistake in &mistakes {
        say!("{}\n", mistake.render(io::stdout().is_terminal()));
    }
    say!("{} files, {} mistakes", files.len(), mistakes.len());
    if let Some(first) = mistakes.first() {
        say!("`cargo tools explain {}` says what a code means", first.finding.code.as_str());
    }
    Ok(if mistakes.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The rest of the registry, when a file of it is asked about: it must not take what is theirs.
fn beside(files: &[PathBuf]) -> Result<Vec<PathBuf>, ToolError> {
    if !files.iter().any(|file| file.parent() == Some(Path::new(files::PROVIDERS))) {
        return Ok(Vec::new());
    }
    let mut others = files::provider_files()?;
    others.retain(|other| !files.contains(other));
    Ok(others)
}
