//! `policy check` with an operator's rules, or by other providers than the built-in ones.

use std::path::Path;

use super::SuiteError;
use super::explain::{ExplainRequest, question};
use super::find;
use crate::policy::{Catalog, RuleSet};
use crate::service::catalog::FullCatalog;
use crate::service::policy::{PolicyAnswer, PolicyQuestion, check_policy};
use crate::spec::policy_test::DecisionName;
use crate::suite::{Counters, decide, json_type_of};

/// What questions are answered by.
pub struct PolicyChecker {
    catalog: Box<dyn Catalog>,
    rules: RuleSet,
    /// The built-in providers alone, which answer by a shorter way.
    plain: bool,
}

impl PolicyChecker {
    /// By the built-in providers, or those of a folder, and the policies of another.
    ///
    /// # Errors
    /// When files cannot be understood.
    pub fn of(policies: Option<&Path>, providers: Option<&Path>) -> Result<Self, SuiteError> {
        let plain = policies.is_none() && providers.is_none();
        let rules = match policies {
            Some(folder) => find::policies(Some(folder), &[])?.all_in_force(),
            None => RuleSet::default(),
        };
        Ok(Self { catalog: find::providers(providers)?, rules, plain })
    }

    /// By the built-in providers alone.
    #[must_use]
    pub fn built_in() -> Self {
        Self { catalog: Box::new(FullCatalog::built_in()), rules: RuleSet::default(), plain: true }
    }

    /// Decides one question.
    #[must_use]
    pub fn check(&self, question: PolicyQuestion) -> PolicyAnswer {
        if self.plain && question.is_plain() {
            return check_policy(&question);
        }
        self.answer(question).unwrap_or_else(PolicyAnswer::invalid)
    }

    fn answer(&self, asked: PolicyQuestion) -> Option<PolicyAnswer> {
        let body = asked.body_bytes()?;
        let mut headers: Vec<(String, String)> = asked.headers.unwrap_or_default().into_iter().collect();
        if let Some(content_type) = json_type_of(&body)
            && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"))
        {
            headers.push(("content-type".to_owned(), content_type.to_owned()));
        }
        let request = ExplainRequest {
            capability: asked.capability,
            provider: asked.provider,
            method: Some(asked.method),
            path: Some(asked.path),
            caller: asked.caller,
            scope: asked.scope,
            credential: asked.credential,
            headers,
            body,
            ..ExplainRequest::default()
        };
        let question = question(request).ok()?;
        let outcome = decide(self.catalog.as_ref(), &self.rules, &Counters::default(), &question);
        Some(PolicyAnswer {
            allowed: outcome.decision == DecisionName::Allow,
            capability: outcome.capability.map(|id| id.to_string()),
            reason: outcome.reason.to_owned(),
            rules: outcome.rules.iter().map(ToString::to_string).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(json: &str) -> PolicyAnswer {
        PolicyChecker::built_in().check(serde_json::from_str(json).unwrap())
    }

    #[test]
    fn what_a_line_says_beside_its_request_is_judged() {
        let chat = r#""capability":"openai/chat-completions","method":"POST","path":"/v1/chat/completions""#;
        assert!(
            ask(&format!(r#"{{{chat},"body":{{"model":null}},"caller":"agent:x","scope":"group:w/g"}}"#))
                .allowed
        );
        let header = ask(&format!(r#"{{{chat},"headers":{{"authorization":"x"}}}}"#));
        assert_eq!(header.reason, "header.not_allowed");
        assert_eq!(ask(&format!(r#"{{{chat},"scope":"nowhere"}}"#)), PolicyAnswer::invalid());
        assert_eq!(ask(&format!(r#"{{{chat},"credential":"UP"}}"#)), PolicyAnswer::invalid());
    }

    #[test]
    fn both_ways_give_one_answer() {
        let checker = PolicyChecker { plain: false, ..PolicyChecker::built_in() };
        for question in [
            r#"{"capability":"openai/models","method":"GET","path":"/v1/models"}"#,
            r#"{"capability":"openai/models","method":"PUT","path":"/v1/models"}"#,
            r#"{"capability":"openai/none","method":"GET","path":"/"}"#,
            r#"{"provider":"openai","method":"POST","path":"/v1/chat/completions"}"#,
            r#"{"provider":"none","method":"GET","path":"/"}"#,
            r#"{"provider":"openai","method":"GET","path":"/v1/models/../files"}"#,
            r#"{"provider":"openai","method":"GET","path":"/nowhere"}"#,
            r#"{"method":"GET","path":"/"}"#,
        ] {
            assert_eq!(checker.check(serde_json::from_str(question).unwrap()), ask(question), "{question}");
        }
    }
}
