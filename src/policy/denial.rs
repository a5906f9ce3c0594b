//! A refusal is a value: its stable reason code, what happened, and what to do next.

use std::fmt;
use std::num::NonZeroU32;

use super::trace::Trace;
use crate::spec::RuleId;

/// Why a call was decided as it was. The codes are stable and documented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    GrantMatched,
    CapabilityUnknown,
    CapabilityMethod,
    CapabilityPath,
    CapabilityDisabled,
    CredentialMissing,
    CredentialAmbiguous,
    CredentialHost,
    AuthUnsupported,
    PathNotCanonical,
    HeaderNotAllowed,
    QueryOwnedByAuth,
    BodyDuplicateKey,
    BodyNotJson,
    BodyNotForm,
    BodyRequired,
    BodyContentType,
    BodyTooLarge,
    ForbidMatched,
    RequireFailed,
    LimitExceeded,
    ApprovalRefused,
    ApprovalTimedOut,
    PolicyBroken,
    QueryNotAllowed,
    BodyOwnedByAuth,
    TokenScope,
    TokenExpired,
    Internal,
}

impl Reason {
    pub const ALL: [Self; 29] = [
        Self::QueryNotAllowed,
        Self::BodyOwnedByAuth,
        Self::GrantMatched,
        Self::CapabilityUnknown,
        Self::CapabilityMethod,
        Self::CapabilityPath,
        Self::CapabilityDisabled,
        Self::CredentialMissing,
        Self::CredentialAmbiguous,
        Self::CredentialHost,
        Self::AuthUnsupported,
        Self::PathNotCanonical,
        Self::HeaderNotAllowed,
        Self::QueryOwnedByAuth,
        Self::BodyDuplicateKey,
        Self::BodyNotJson,
        Self::BodyNotForm,
        Self::BodyRequired,
        Self::BodyContentType,
        Self::BodyTooLarge,
        Self::ForbidMatched,
        Self::RequireFailed,
        Self::LimitExceeded,
        Self::ApprovalRefused,
        Self::ApprovalTimedOut,
        Self::PolicyBroken,
        Self::TokenScope,
        Self::TokenExpired,
        Self::Internal,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GrantMatched => "grant.matched",
            Self::CapabilityUnknown => "capability.unknown",
            Self::CapabilityMethod => "capability.method",
            Self::CapabilityPath => "capability.path",
            Self::CapabilityDisabled => "capability.disabled",
            Self::CredentialMissing => "credential.missing",
            Self::CredentialAmbiguous => "credential.ambiguous",
            Self::CredentialHost => "credential.host",
            Self::AuthUnsupported => "auth.unsupported",
            Self::PathNotCanonical => "path.not_canonical",
            Self::HeaderNotAllowed => "header.not_allowed",
            Self::QueryOwnedByAuth => "query.owned_by_auth",
            Self::BodyDuplicateKey => "body.duplicate_key",
            Self::BodyNotJson => "body.not_json",
            Self::BodyNotForm => "body.not_form",
            Self::BodyRequired => "body.required",
            Self::BodyContentType => "body.content_type",
            Self::BodyTooLarge => "body.too_large",
            Self::ForbidMatched => "forbid.matched",
            Self::RequireFailed => "require.failed",
            Self::LimitExceeded => "limit.exceeded",
            Self::ApprovalRefused => "approval.refused",
            Self::ApprovalTimedOut => "approval.timed_out",
            Self::PolicyBroken => "policy.broken",
            Self::QueryNotAllowed => "query.not_allowed",
            Self::BodyOwnedByAuth => "body.owned_by_auth",
            Self::TokenScope => "token.scope",
            Self::TokenExpired => "token.expired",
            Self::Internal => "internal",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A call that may not go out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    pub reason: Reason,
    pub message: String,
    pub help: Option<String>,
    pub trace: Trace,
    /// The rules that deny, sorted.
    pub rules: Vec<RuleId>,
    /// When the same call may succeed, in seconds from now, where that is known. Small, as denials are passed on often.
    pub retry_after_s: Option<NonZeroU32>,
}

impl Denial {
    #[must_use]
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        let (message, trace) = (message.into(), Trace::default());
        Self { reason, message, help: None, trace, rules: Vec::new(), retry_after_s: None }
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    #[must_use]
    pub fn retry_after(mut self, seconds: Option<u64>) -> Self {
        let at_least_one = |seconds| {
            u32::try_from(seconds)
                .map_or(NonZeroU32::MAX, |seconds| NonZeroU32::new(seconds).unwrap_or(NonZeroU32::MIN))
        };
        self.retry_after_s = seconds.map(at_least_one);
        self
    }

    #[must_use]
    pub fn by(mut self, rules: Vec<RuleId>) -> Self {
        self.rules = rules;
        self
    }

    pub(super) fn traced(mut self, trace: Trace) -> Self {
        self.trace = trace;
        self
    }
}
