//! Which files a run of tests is about.

use std::path::{Path, PathBuf};

use super::SuiteError;
use crate::platform::files::{self, FileError};
use crate::policy::Catalog;
use crate::service::catalog::FullCatalog;
use crate::spec::Source;
use crate::spec::read::MAX_TEST_BYTES;
use crate::suite::{Policies, lower};

pub(super) const TEST: &str = ".test.yaml";
pub(super) const GOLDEN: &str = ".golden.yaml";
const POLICY: &str = ".policy.yaml";
/// Where policies and tests lie when nothing is said.
const POLICIES: &str = "policies";
pub(super) const TESTS: &str = "policy-tests";

/// The test files under `paths`, in a fixed order.
pub(super) fn tests(paths: &[PathBuf]) -> Result<Vec<PathBuf>, FileError> {
    let mut found = Vec::new();
    for path in paths {
        found
            .extend(files::files_below(path)?.into_iter().filter(|file| ends_in(file, TEST) || file == path));
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// The policies of `folder` (by default `policies`, and all of `policy-tests`), and those under
/// the tests' own paths and beside the test files.
pub(super) fn policies(folder: Option<&Path>, paths: &[PathBuf]) -> Result<Policies, SuiteError> {
    let mut found = Vec::new();
    match folder {
        Some(folder) => found.extend(files::files_below(folder)?.into_iter().filter(|file| is_policy(file))),
        None => {
            for usual in [POLICIES, TESTS].map(Path::new) {
                found.extend(named_policies(usual)?);
            }
        }
    }
    for path in paths {
        found.extend(named_policies(path)?);
        let is_test = ends_in(path, TEST);
        let beside = path.parent().filter(|_| is_test).map(|parent| files::list_folder(or_here(parent)));
        found.extend(beside.transpose()?.into_iter().flatten().filter(|file| ends_in(file, POLICY)));
    }
    found.sort();
    found.dedup();
    let sources = found.iter().map(|path| source(path)).collect::<Result<Vec<_>, _>>()?;
    Ok(Policies::compile(sources)?)
}

fn named_policies(folder: &Path) -> Result<Vec<PathBuf>, FileError> {
    let below = if files::exists(folder)? { files::files_below(folder)? } else { Vec::new() };
    Ok(below.into_iter().filter(|file| ends_in(file, POLICY)).collect())
}

/// In a folder that was named for its policies, every YAML file that is not a test's.
fn is_policy(file: &Path) -> bool {
    (ends_in(file, ".yaml") || ends_in(file, ".yml")) && !ends_in(file, TEST) && !ends_in(file, GOLDEN)
}

/// The built-in providers, or those of a folder.
pub(super) fn providers(folder: Option<&Path>) -> Result<Box<dyn Catalog>, SuiteError> {
    let Some(folder) = folder else { return Ok(Box::new(FullCatalog::built_in())) };
    let found = files::files_below(folder)?;
    let sources = found.iter().filter(|file| ends_in(file, ".yaml")).map(|file| source(file));
    Ok(Box::new(lower(sources.collect::<Result<Vec<_>, _>>()?)?))
}

/// A file as the compilers take it; one that is not UTF-8 is a mistake that they name.
pub(super) fn source(path: &Path) -> Result<Source, FileError> {
    let bytes = files::read_bounded(path, MAX_TEST_BYTES)?;
    Ok(Source { name: shown(path), text: String::from_utf8_lossy(&bytes).into_owned() })
}

pub(super) fn shown(path: &Path) -> String {
    let text = path.to_string_lossy();
    text.strip_prefix("./").unwrap_or(&text).to_owned()
}

fn or_here(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() { Path::new(".") } else { folder }
}

pub(super) fn ends_in(path: &Path, end: &str) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.ends_with(end))
}
