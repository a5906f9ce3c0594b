//! The texts of files that are named one by one or by their folder.

use std::path::{Path, PathBuf};

use crate::cli::error::CliError;
use crate::platform::files;
use crate::spec::Source;
use crate::spec::read::MAX_BYTES;

/// What the names of policy files end in.
const POLICY: &str = ".policy.yaml";
const TEST: &str = ".test.yaml";

/// The policies at `paths`, each once.
pub(super) fn policies(paths: &[PathBuf]) -> Result<Vec<Source>, CliError> {
    let mut found = Vec::new();
    for path in paths {
        found.extend(ending_in(POLICY, path)?);
    }
    found.sort();
    found.dedup();
    found.iter().map(|path| source(path)).collect()
}

/// The tests at `paths`, each once.
pub(super) fn tests(paths: &[PathBuf]) -> Result<Vec<Source>, CliError> {
    let mut found = Vec::new();
    for path in paths {
        found.extend(ending_in(TEST, path)?);
    }
    found.sort();
    found.dedup();
    found.iter().map(|path| source(path)).collect()
}

/// The provider files of a folder.
pub(super) fn providers(folder: Option<&Path>) -> Result<Vec<Source>, CliError> {
    let Some(folder) = folder else { return Ok(Vec::new()) };
    ending_in(".yaml", folder)?.iter().map(|path| source(path)).collect()
}

/// The files below `path` that are called so; a path that is a file is itself, whatever its name.
fn ending_in(ending: &str, path: &Path) -> Result<Vec<PathBuf>, CliError> {
    let is_meant = |file: &PathBuf| {
        file == path
            || file.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.ends_with(ending))
    };
    Ok(files::files_below(path)?.into_iter().filter(is_meant).collect())
}

fn source(path: &Path) -> Result<Source, CliError> {
    // One byte more than a file may have, so that the reader can say so at its place.
    let bytes = files::read_bounded(path, MAX_BYTES + 1)?;
    // What stands in the current folder is called as people call it.
    let name = path.strip_prefix(".").unwrap_or(path).display().to_string();
    let text =
        String::from_utf8(bytes).map_err(|_| CliError::usage(format!("{name:?} is not text in UTF-8")))?;
    Ok(Source { name, text })
}
