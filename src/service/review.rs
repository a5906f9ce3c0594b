//! What authors of policies ask before a policy is in force: is it wise, and what would it change?
//! Texts in, findings out; no vault and no call.

mod changes;

use crate::registry;
use crate::spec::policy::Instant;
use crate::spec::{Diagnostic, Provider, Source, compile_provider};
use crate::suite::known::Known;
use crate::suite::lint::{Context, policies, provider_files};

pub use changes::{ChangeView, Comparison, DiffQuestion, Facet, RequestView, StandingView, diff};

/// Policy files, and provider files that they may speak of beside those of the registry.
#[derive(Debug)]
pub struct LintQuestion {
    pub policies: Vec<Source>,
    pub providers: Vec<Source>,
    pub now: Instant,
}

/// Everything that is wrong or unwise in these files.
#[must_use]
pub fn lint(question: LintQuestion) -> Vec<Diagnostic> {
    let checked: Vec<_> = question.providers.into_iter().map(compile_provider).collect();
    let mut found = provider_files(&checked);
    let own: Vec<&Provider> = checked.iter().filter_map(|one| one.provider.as_ref()).collect();
    let known = with_registry(&own);
    found.extend(policies(question.policies, &Context { known: &known, now: question.now, tested: None }));
    found
}

/// Providers of files, before those of the registry that have the same id.
fn with_registry<'a>(own: &[&'a Provider]) -> Known<'a> {
    let built_in = registry::providers().iter().copied();
    let others = built_in.filter(|provider| !own.iter().any(|mine| mine.id == provider.id));
    Known::new(own.iter().copied().chain(others))
}
