//! What authors of policies ask before a policy is in force: is it wise, and what would it change?
//! Texts in, findings out; no vault and no call.

mod changes;

use crate::registry;
use crate::spec::policy::Instant;
use crate::spec::policy_test::DecisionName;
use crate::spec::{Diagnostic, Provider, Source, compile_provider};
use crate::suite::known::Known;
use crate::suite::lint::{Context, Tested, policies, provider_files};
use crate::suite::{Policies, TestFile, decide};

pub use changes::{
    AlterationView, ChangeView, Comparison, DiffQuestion, Facet, RequestView, StandingView, diff,
};

/// Policy files, and provider files that they may speak of beside those of the registry.
#[derive(Debug)]
pub struct LintQuestion {
    pub policies: Vec<Source>,
    pub providers: Vec<Source>,
    /// Tests of the policies; without any, nobody is told what is not tested.
    pub tests: Vec<Source>,
    pub now: Instant,
}

/// Everything that is wrong or unwise in these files.
#[must_use]
pub fn lint(question: LintQuestion) -> Vec<Diagnostic> {
    let checked: Vec<_> = question.providers.into_iter().map(compile_provider).collect();
    let mut found = provider_files(&checked);
    let own: Vec<&Provider> = checked.iter().filter_map(|one| one.provider.as_ref()).collect();
    let known = with_registry(&own);
    let tested = match tested(question.tests, &question.policies, &known) {
        Ok(tested) => tested,
        Err(mistakes) => {
            found.extend(mistakes);
            None
        }
    };
    let context = Context { known: &known, now: question.now, tested: tested.as_ref() };
    found.extend(policies(question.policies, &context));
    found
}

/// Which rules the tests see at work; none where there are no tests, or policies that do not
/// compile, of which the lint tells itself.
fn tested(
    tests: Vec<Source>,
    policies: &[Source],
    known: &Known<'_>,
) -> Result<Option<Tested>, Vec<Diagnostic>> {
    let Ok(policies) = Policies::compile(policies.to_vec()) else { return Ok(None) };
    if tests.is_empty() {
        return Ok(None);
    }
    let (mut tested, mut mistakes) = (Tested::default(), Vec::new());
    for source in tests {
        match TestFile::parse(source, known, &policies) {
            Ok(file) => note(&file, known, &policies, &mut tested),
            Err(more) => mistakes.extend(more),
        }
    }
    if mistakes.is_empty() { Ok(Some(tested)) } else { Err(mistakes) }
}

fn note(file: &TestFile, known: &Known<'_>, policies: &Policies, tested: &mut Tested) {
    let rules = policies.in_force(&file.policies);
    for case in &file.cases {
        let outcome = decide(known, &rules, &case.counters, &case.question);
        let (seen, ids) = match outcome.decision {
            DecisionName::Allow => (&mut tested.passing, outcome.heard),
            _ => (&mut tested.stopping, outcome.rules),
        };
        seen.extend(ids.iter().map(ToString::to_string));
    }
}

/// Providers of files, before those of the registry that have the same id.
fn with_registry<'a>(own: &[&'a Provider]) -> Known<'a> {
    let built_in = registry::providers();
    let others = built_in.filter(|provider| !own.iter().any(|mine| mine.id == provider.id));
    Known::new(own.iter().copied().chain(others))
}
