//! A whole request that shows a change, and how each side decides it.

use super::Side;
use crate::policy::owned::refuse_owned;
use crate::policy::{Body, Call, Denial, Facts, Request, Subject, Verdict, authorise, verdict};
use crate::spec::policy::{Effect, Instant};
use crate::spec::{CapabilityId, Method, Provider, RuleId, Scope};
use crate::suite::include;

/// A request, and the circumstances in which it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    pub capability: CapabilityId,
    pub caller: String,
    pub scope: Scope,
    pub credential: String,
    pub now: Instant,
    pub method: Method,
    /// With its query.
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Option<String>,
    /// As many bytes as the body has, with white space behind it.
    pub body_bytes: Option<u64>,
}

/// How a request stands with one side.
#[derive(Debug, Clone)]
pub enum Standing {
    Denied {
        reason: &'static str,
        rules: Vec<RuleId>,
    },
    /// Not denied; `effects` are the limits, questions and redactions that it meets.
    Passes {
        effects: Vec<(RuleId, Effect)>,
    },
}

impl Witness {
    /// The decision of that side, up to the point where people are asked and limits are charged.
    #[must_use]
    pub fn held_against(&self, side: Side<'_>) -> Standing {
        match self.decide(side) {
            Ok(verdict) => Standing::Passes { effects: effects(verdict) },
            Err(denial) => Standing::Denied { reason: denial.reason.as_str(), rules: denial.rules },
        }
    }

    fn decide(&self, side: Side<'_>) -> Result<Verdict, Denial> {
        let call = Call {
            capability: self.capability.to_string(),
            credential: None,
            scope: self.scope.clone(),
            method: Some(self.method.as_str().to_owned()),
            path: Some(self.path.clone()),
            headers: self.headers.clone(),
            has_body: self.body.is_some(),
        };
        let admitted = authorise(side.known, &call)?;
        let facts = self.facts();
        let applicable = side.rules.applicable(&admitted, &facts)?;
        refuse_owned(admitted.provider(), admitted.request(), self.bytes())?;
        let mut body = Body::read(admitted.request(), self.bytes(), applicable.wanted())?;
        body.length = self.body_bytes.unwrap_or(body.length);
        verdict(applicable.rules(), &Subject { request: admitted.request(), facts, body: &body })
    }

    pub(super) fn facts(&self) -> Facts<'_> {
        Facts { caller: &self.caller, scope: &self.scope, credential: &self.credential, now: self.now }
    }

    /// The body without the white space behind it, which says nothing but its length.
    pub(super) fn bytes(&self) -> &[u8] {
        self.body.as_deref().unwrap_or_default().as_bytes()
    }

    /// The request in its canonical form, whether or not a capability grants it; none where no
    /// caller may send it.
    pub(super) fn canonical(&self, provider: &Provider) -> Option<Request> {
        let request = Request::canonical(provider, self.method, &self.path, &self.headers).ok()?;
        refuse_owned(provider, &request, self.bytes()).ok().map(|()| request)
    }
}

fn effects(verdict: Verdict) -> Vec<(RuleId, Effect)> {
    let charges = verdict.charges.into_iter().map(|charge| (charge.rule, Effect::Limit(charge.limit)));
    let approvals = verdict.approvals.into_iter().map(|one| (one.rule, Effect::Approve(one.show)));
    let redactions = verdict.redactions.into_iter().map(|one| (one.rule, Effect::Redact(one.redact)));
    charges.chain(approvals).chain(redactions).collect()
}

impl Standing {
    #[must_use]
    pub fn is_denied(&self) -> bool {
        matches!(self, Self::Denied { .. })
    }

    /// Whether it passes, and meets exactly that effect.
    pub(super) fn has_effect(&self, effect: &Effect) -> bool {
        matches!(self, Self::Passes { effects } if effects.iter().any(|(_, one)| one == effect))
    }

    /// Whether it passes, and meets nothing that is as strict.
    pub(super) fn lacks_effect(&self, effect: &Effect) -> bool {
        matches!(self, Self::Passes { effects } if !effects.iter().any(|(_, one)| include::at_least(one, effect)))
    }
}
