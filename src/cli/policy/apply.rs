//! Reading policy files, with every mistake shown where it stands.

use std::path::{Path, PathBuf};

use crate::cli::error::CliError;
use crate::cli::escape;
use crate::platform::{files, terminal};
use crate::service::PolicyFile;
use crate::spec::policy::compile_policy;
use crate::spec::read::MAX_BYTES;
use crate::spec::{Diagnostic, Source};

/// The texts of `paths`, each of which compiles.
pub(super) fn read(paths: &[PathBuf]) -> Result<Vec<PolicyFile>, CliError> {
    let texts = paths.iter().map(|path| text(path)).collect::<Result<Vec<_>, _>>()?;
    let mut mistakes = Vec::new();
    for file in &texts {
        let checked = compile_policy(Source { name: file.name.clone(), text: file.text.clone() });
        // Escape sequences of the file itself must not reach the terminal beside our own.
        let safe = escape::block(&file.text) == file.text;
        let coloured = safe && terminal::stderr_is_terminal();
        let render = |diagnostic: &Diagnostic| {
            let text = diagnostic.render(coloured);
            if coloured { text } else { escape::block(&text).into_owned() }
        };
        mistakes.extend(checked.diagnostics.iter().map(render));
    }
    if mistakes.is_empty() { Ok(texts) } else { Err(CliError::Mistakes(mistakes)) }
}

fn text(path: &Path) -> Result<PolicyFile, CliError> {
    let bytes = files::read_bounded(path, MAX_BYTES)?;
    let name = path.display().to_string();
    let text =
        String::from_utf8(bytes).map_err(|_| CliError::usage(format!("{name:?} is not text in UTF-8")))?;
    Ok(PolicyFile { name, text })
}
