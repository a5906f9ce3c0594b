//! `policy new`: the first tests of a capability, written beside those that are there.

use std::path::{Path, PathBuf};

use super::SuiteError;
use super::find;
use super::run::{golden_path, written};
use crate::platform::files;
use crate::policy::{Catalog, unknown_capability};
use crate::registry;
use crate::service::error::{ErrorKind, ServiceError};
use crate::spec::{Capability, Provider, Source};
use crate::suite::{self, Policies, TestFile};

/// What to write tests for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewTests {
    Capability(String),
    /// Of every built-in provider all capabilities, one file each.
    AllProviders,
}

/// Writes tests and their golden files below `folder`, and gives the tests' paths. Nothing that
/// is there is overwritten.
///
/// # Errors
/// When the capability is unknown, or a file cannot be written.
pub fn new_tests(
    what: &NewTests,
    folder: &Path,
    providers: Option<&Path>,
) -> Result<Vec<PathBuf>, SuiteError> {
    let catalog = find::providers(providers)?;
    let mut drafts = Vec::new();
    match what {
        NewTests::Capability(id) => {
            let unknown = || ServiceError::from(unknown_capability(catalog.as_ref(), id));
            let capability = catalog.capability(id).ok_or_else(unknown)?.capability;
            let path = folder.join(capability.id.provider()).join(capability.id.name());
            drafts.push(draft(&path, id, &[capability], catalog.as_ref())?);
        }
        NewTests::AllProviders => {
            for provider in registry::providers() {
                let path = folder.join(provider.id.as_str()).join("grants");
                drafts.push(draft(&path, &suite_name(provider), &capabilities(provider), catalog.as_ref())?);
            }
        }
    }
    for one in &drafts {
        free(&one.path)?;
        free(&golden_path(&one.path))?;
    }
    for one in &drafts {
        files::create_document(&one.path, &one.text)?;
        files::create_document(&golden_path(&one.path), &one.golden)?;
    }
    Ok(drafts.into_iter().map(|one| one.path).collect())
}

fn suite_name(provider: &Provider) -> String {
    format!("the grants of {}", provider.id)
}

fn capabilities(provider: &Provider) -> Vec<&Capability> {
    provider.capabilities.iter().collect()
}

struct Draft {
    path: PathBuf,
    text: String,
    golden: String,
}

/// The texts of a test file and its golden file, the one run to get the other.
fn draft(
    stem: &Path,
    suite: &str,
    capabilities: &[&Capability],
    catalog: &dyn Catalog,
) -> Result<Draft, SuiteError> {
    let path = stem.with_file_name(format!(
        "{}{}",
        stem.file_name().unwrap_or_default().to_string_lossy(),
        find::TEST
    ));
    let text = suite::skeleton(suite, capabilities, catalog);
    let policies = Policies::default();
    let source = Source { name: find::shown(&path), text: text.clone() };
    let file = TestFile::parse(source, catalog, &policies)?;
    let results = suite::run(&file, catalog, &policies, |_| true);
    Ok(Draft { golden: written(&results)?, path, text })
}

fn free(path: &Path) -> Result<(), SuiteError> {
    if !files::exists(path)? {
        return Ok(());
    }
    let message = format!("{} is there already, and is not overwritten", find::shown(path));
    Err(ServiceError::new(ErrorKind::Conflict, message).help("move it away, or name another --dir").into())
}
