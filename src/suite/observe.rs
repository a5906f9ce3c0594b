//! The cases of tests, seen by the rules that are about them.

use super::file::TestFile;
use super::policies::Policies;
use super::question::Question;
use crate::policy::owned::refuse_owned;
use crate::policy::{Body, Catalog, Facts, RuleSet, Subject, Truth, authorise, conditions};
use crate::spec::CredentialName;
use crate::spec::policy::{Effect, Rule};

/// Tests, and what they are run against.
#[derive(Clone, Copy)]
pub struct Tests<'a> {
    pub catalog: &'a dyn Catalog,
    pub policies: &'a Policies,
    pub files: &'a [TestFile],
}

impl Tests<'_> {
    /// Shows each case to each rule that is about it.
    pub(super) fn observe(&self, mut see: impl FnMut(&str, &Rule, &Subject<'_>)) {
        for file in self.files {
            let rules = self.policies.in_force(&file.policies);
            for case in &file.cases {
                let name = format!("{}: {}", file.suite, case.name);
                self.observe_one(&rules, &case.question, |rule, subject| see(&name, rule, subject));
            }
        }
    }

    /// What is denied before any rule is judged, no rule sees.
    fn observe_one(&self, rules: &RuleSet, question: &Question, mut see: impl FnMut(&Rule, &Subject<'_>)) {
        let catalog = question.switched(self.catalog);
        let admitted = question.call(&catalog).and_then(|call| {
            let credential = call.credential.clone();
            authorise(&catalog, &call).map(|admitted| (admitted, credential))
        });
        let Ok((admitted, credential)) = admitted else { return };
        let credential = credential.unwrap_or_else(|| CredentialName::from(&admitted.provider().id));
        let facts = Facts {
            caller: &question.caller,
            scope: &question.scope,
            credential: credential.as_str(),
            now: question.now,
        };
        let Ok(applicable) = rules.applicable(&admitted, &facts) else { return };
        let body = refuse_owned(admitted.provider(), admitted.request(), &question.body)
            .and_then(|()| Body::read(admitted.request(), &question.body, applicable.wanted()));
        let Ok(body) = body else { return };
        let subject = Subject { request: admitted.request(), facts, body: &body };
        applicable.rules().for_each(|rule| see(rule, &subject));
    }
}

/// Whether a rule that is about a request denies, counts, asks or redacts.
pub(super) fn acts(rule: &Rule, subject: &Subject<'_>) -> bool {
    let truth = conditions(rule, subject).truth;
    if matches!(rule.effect, Effect::Require) { truth != Truth::True } else { truth != Truth::False }
}
