//! Reading policy and provider files, with every mistake shown where it stands.

use std::path::{Path, PathBuf};

use super::error::CliError;
use super::escape;
use crate::platform::{files, terminal};
use crate::service::SourceFile;
use crate::spec::read::MAX_BYTES;
use crate::spec::{Diagnostic, Source};

/// The texts of `paths`, in none of which `check` finds a mistake.
pub(super) fn read(
    paths: &[PathBuf],
    check: impl Fn(Source) -> Vec<Diagnostic>,
) -> Result<Vec<SourceFile>, CliError> {
    let files = paths.iter().map(|path| text(path)).collect::<Result<Vec<_>, _>>()?;
    let mistakes: Vec<String> = files.iter().flat_map(|file| shown(file, &check)).collect();
    if mistakes.is_empty() { Ok(files) } else { Err(CliError::Mistakes(mistakes)) }
}

fn shown(file: &SourceFile, check: &impl Fn(Source) -> Vec<Diagnostic>) -> Vec<String> {
    // Escape sequences of the file itself must not reach the terminal beside our own.
    let safe = escape::block(&file.text) == file.text;
    let coloured = safe && terminal::stderr_is_terminal();
    let render = |diagnostic: &Diagnostic| {
        let text = diagnostic.render(coloured);
        if coloured { text } else { escape::block(&text).into_owned() }
    };
    let source = Source { name: file.name.clone(), text: file.text.clone() };
    check(source).iter().map(render).collect()
}

fn text(path: &Path) -> Result<SourceFile, CliError> {
    let bytes = files::read_bounded(path, MAX_BYTES)?;
    let name = path.display().to_string();
    let text =
        String::from_utf8(bytes).map_err(|_| CliError::usage(format!("{name:?} is not text in UTF-8")))?;
    Ok(SourceFile { name, text })
}
