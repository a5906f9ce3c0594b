//! What tests have seen of policies, and what they would not notice.

use std::path::PathBuf;

use super::{SuiteError, SuiteRequest, find};
use crate::policy::Catalog;
use crate::suite::{Coverage, Mutation, Policies, TestFile, Tests, coverage, mutate};

/// What to find out about tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Study {
    Coverage,
    Mutation,
}

/// What was found out.
#[derive(Debug)]
pub enum Studied {
    Coverage(Coverage),
    Mutation(Mutation),
}

/// Runs the cases of tests to learn about the tests themselves.
///
/// # Errors
/// When files cannot be found, read or understood.
pub fn study(request: &SuiteRequest, what: Study) -> Result<Studied, SuiteError> {
    let paths =
        if request.paths.is_empty() { vec![PathBuf::from(find::TESTS)] } else { request.paths.clone() };
    let catalog = find::providers(request.providers.as_deref())?;
    let policies = find::policies(request.policies.as_deref(), &paths)?;
    let files = parsed(&paths, catalog.as_ref(), &policies)?;
    let tests = Tests { catalog: catalog.as_ref(), policies: &policies, files: &files };
    Ok(match what {
        Study::Coverage => Studied::Coverage(coverage(&tests)),
        Study::Mutation => Studied::Mutation(mutate(&tests)),
    })
}

fn parsed(
    paths: &[PathBuf],
    catalog: &dyn Catalog,
    policies: &Policies,
) -> Result<Vec<TestFile>, SuiteError> {
    let mut files = Vec::new();
    let mut mistakes = Vec::new();
    for path in find::tests(paths)? {
        match TestFile::parse(find::source(&path)?, catalog, policies) {
            Ok(file) => files.push(file),
            Err(more) => mistakes.extend(more),
        }
    }
    if mistakes.is_empty() { Ok(files) } else { Err(SuiteError::Broken(mistakes)) }
}
