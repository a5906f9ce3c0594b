//! The short form of a policy: what one capability may use, in one line of flags. It writes a
//! policy like any other, which can be shown, compared and removed.

use std::fmt::Write as _;

use super::Local;
use crate::policy::{Caller, Catalog as _, unknown_capability};
use crate::service::command::{Bounds, SourceFile};
use crate::service::error::{ErrorKind, ServiceError};
use crate::service::outcome::Outcome;
use crate::spec::{CapabilityId, PolicyId};

impl Local {
    pub(super) fn bound_capability(
        &self,
        caller: &Caller,
        id: &str,
        bounds: &Bounds,
    ) -> Result<Outcome, ServiceError> {
        if *bounds == Bounds::default() {
            return self.unbound_capability(caller, id);
        }
        let catalog = self.session(caller)?.catalog()?;
        let Some(granted) = catalog.capability(id) else {
            return Err(unknown_capability(catalog.as_ref(), id).into());
        };
        let id = granted.capability.id.clone();
        let policy = policy_id(&id)?;
        self.refuse_another(caller, &policy, &id)?;
        let text = policy_text(&policy, &id, bounds);
        let file = SourceFile { name: format!("{policy}.policy.yaml"), text: text.clone() };
        self.apply_policies(caller, vec![file], false)?;
        Ok(Outcome::CapabilityBounded { id, policy, text: Some(text) })
    }

    /// Also of a capability that is gone, and has left its policy behind.
    fn unbound_capability(&self, caller: &Caller, id: &str) -> Result<Outcome, ServiceError> {
        let id = CapabilityId::parse(id)
            .map_err(|error| ServiceError::new(ErrorKind::InvalidRequest, error.to_string()))?;
        let policy = policy_id(&id)?;
        self.refuse_another(caller, &policy, &id)?;
        self.remove_policy(caller, &policy)?;
        Ok(Outcome::CapabilityBounded { id, policy, text: None })
    }

    /// A policy of that id that somebody wrote, or that is about another capability, is left alone.
    fn refuse_another(
        &self,
        caller: &Caller,
        policy: &PolicyId,
        id: &CapabilityId,
    ) -> Result<(), ServiceError> {
        let stored = self.session(caller)?.desk.vault().policies()?;
        match stored.iter().find(|one| one.id == *policy) {
            Some(other) if !other.text.starts_with(&head(id)) => {
                let message = format!("there is a policy `{policy}` that was written otherwise");
                Err(ServiceError::new(ErrorKind::Conflict, message)
                    .help(format!("change it, or remove it: aivault policy remove {policy}")))
            }
            _ => Ok(()),
        }
    }
}

fn policy_id(id: &CapabilityId) -> Result<PolicyId, ServiceError> {
    PolicyId::parse(&format!("set-{}-{}", id.provider(), id.name()))
        .map_err(|error| ServiceError::new(ErrorKind::InvalidRequest, error.to_string()))
}

fn head(id: &CapabilityId) -> String {
    format!("# Bounds of {id}, written by `aivault capability policy set`.\n")
}

fn policy_text(policy: &PolicyId, id: &CapabilityId, bounds: &Bounds) -> String {
    let mut text = head(id);
    // Writing to a text cannot fail, here and below.
    let _ = write!(text, "policy: {policy}\nversion: 1\nrules:\n");
    let mut rule = |name: &str, effect: &str, why: &str, what: String| {
        let _ = write!(
            text,
            "  - id: {name}\n    effect: {effect}\n    why: {why}\n    capabilities: [{id}]\n    {what}\n"
        );
    };
    if let Some(max) = bounds.requests_per_minute {
        let why = format!("At most {max} requests a minute, of all callers together.");
        rule(
            "rate",
            "limit",
            &why,
            format!("limit: {{ max: {max}, per: 1m, by: capability, cost: requests }}"),
        );
    }
    if let Some(max) = bounds.max_request_bytes {
        let why = format!("A request's body has at most {max} bytes.");
        rule("request-size", "require", &why, format!("when: {{ body: {{ max_bytes: {max} }} }}"));
    }
    if let Some(what) = answer(bounds) {
        rule("answer", "redact", "What comes back is bounded.", what);
    }
    text
}

fn answer(bounds: &Bounds) -> Option<String> {
    let quoted = |text: &String| serde_json::Value::from(text.as_str()).to_string();
    let (pointers, fields): (Vec<&String>, Vec<&String>) =
        bounds.response_block.iter().partition(|name| name.starts_with('/'));
    let mut parts = Vec::new();
    for (key, names) in [("pointers", pointers), ("fields", fields)] {
        if !names.is_empty() {
            let names: Vec<String> = names.into_iter().map(quoted).collect();
            parts.push(format!("{key}: [{}]", names.join(", ")));
        }
    }
    parts.extend(bounds.max_response_bytes.map(|max| format!("max_bytes: {max}")));
    (!parts.is_empty()).then(|| format!("redact: {{ {} }}", parts.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Source;
    use crate::spec::policy::compile_policy;

    #[test]
    fn every_policy_that_is_written_compiles() {
        let id = CapabilityId::parse("openai/chat-completions").unwrap();
        let policy = policy_id(&id).unwrap();
        let all = Bounds {
            requests_per_minute: Some(60),
            max_request_bytes: Some(1024),
            max_response_bytes: Some(4096),
            response_block: vec!["api_key".to_owned(), "/choices/*/message: \"x\"".to_owned()],
        };
        let one = |change: fn(&mut Bounds)| {
            let mut bounds = Bounds::default();
            change(&mut bounds);
            bounds
        };
        let some = [
            (all, 3),
            (one(|bounds| bounds.requests_per_minute = Some(1)), 1),
            (one(|bounds| bounds.max_request_bytes = Some(0)), 1),
            (one(|bounds| bounds.response_block = vec!["email".to_owned()]), 1),
        ];
        for (bounds, rules) in some {
            let text = policy_text(&policy, &id, &bounds);
            let checked = compile_policy(Source { name: "p.yaml".to_owned(), text });
            let written = checked.policy.unwrap_or_else(|| panic!("{:?}", checked.diagnostics));
            assert_eq!((written.rules.len(), written.id), (rules, policy.clone()));
        }
    }
}
