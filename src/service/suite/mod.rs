//! Tests of policies as surfaces run them: files are found, read, and goldens rewritten; what
//! comes out is for a surface to show. No vault is opened and nothing is sent.

mod check;
mod explain;
mod find;
mod new;
mod run;
mod study;

pub use check::PolicyChecker;
pub use explain::{ExplainRequest, explain_policy};
pub use new::{NewTests, new_tests};
pub use run::{CaseReport, FileReport, SuiteReport, SuiteRequest, test_policies};
pub use study::{Studied, Study, study};

pub use crate::spec::policy_test::DecisionName;
pub use crate::suite::{
    Change, Condition, ConditionCoverage, Coverage, Explanation, Failure, Mutation, Record, RuleCoverage,
    RuleView, Spot, json_type_of,
};

use super::error::{ErrorKind, ServiceError};
use crate::platform::files::FileError;
use crate::spec::Diagnostic;

/// Why tests could not be run at all.
#[derive(Debug)]
pub enum SuiteError {
    /// Files that cannot be understood, each mistake at its place.
    Broken(Vec<Diagnostic>),
    Other(ServiceError),
}

impl From<Vec<Diagnostic>> for SuiteError {
    fn from(mistakes: Vec<Diagnostic>) -> Self {
        Self::Broken(mistakes)
    }
}

impl From<ServiceError> for SuiteError {
    fn from(error: ServiceError) -> Self {
        Self::Other(error)
    }
}

impl From<FileError> for SuiteError {
    fn from(error: FileError) -> Self {
        Self::Other(ServiceError::new(ErrorKind::InvalidRequest, error.to_string()).help(error.help()))
    }
}

#[cfg(test)]
mod tests;
