//! What can go wrong, as every surface tells it: one table of kinds, and one error.

use serde::{Deserialize, Serialize};

use crate::policy::{Denial, Reason};

/// Whose doing an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    Caller,
    Operator,
    Upstream,
}

/// The kinds of errors. The codes are part of the interface: scripts rely on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    PolicyViolation,
    CapabilityNotFound,
    CredentialNotFound,
    CredentialAmbiguous,
    VaultLocked,
    VaultUnavailable,
    AuthFailed,
    RateLimited,
    ApprovalRequired,
    UpstreamUnreachable,
    UpstreamTimeout,
    TokenInvalid,
    InvalidRequest,
    /// A thing that was named is not there; `invalid_request` on the wire.
    NotFound,
    /// A well-formed request that the state of things rules out; `invalid_request` on the wire.
    Conflict,
}

/// One row of the table.
struct Row {
    code: &'static str,
    exit: u8,
    status: u16,
    fault: Fault,
    may_retry: bool,
}

impl ErrorKind {
    #[rustfmt::skip]
    const fn row(self) -> Row {
        use Fault::{Caller, Operator, Upstream};
        const fn row(code: &'static str, exit: u8, status: u16, fault: Fault, may_retry: bool) -> Row {
            Row { code, exit, status, fault, may_retry }
        }
        match self {
            Self::PolicyViolation     => row("policy_violation",     3, 403, Caller,   false),
            Self::CapabilityNotFound  => row("capability_not_found", 5, 404, Caller,   false),
            Self::CredentialNotFound  => row("credential_not_found", 5, 404, Operator, false),
            Self::CredentialAmbiguous => row("credential_ambiguous", 3, 409, Caller,   false),
            Self::VaultLocked         => row("vault_locked",         4, 423, Operator, false),
            Self::VaultUnavailable    => row("vault_unavailable",    4, 503, Operator, false),
            Self::AuthFailed          => row("auth_failed",          1, 502, Operator, false),
            Self::RateLimited         => row("rate_limited",         3, 429, Caller,   true),
            Self::ApprovalRequired    => row("approval_required",    3, 403, Operator, true),
            Self::UpstreamUnreachable => row("upstream_unreachable", 6, 502, Upstream, true),
            Self::UpstreamTimeout     => row("upstream_timeout",     6, 504, Upstream, true),
            Self::TokenInvalid        => row("token_invalid",        3, 401, Caller,   false),
            Self::InvalidRequest      => row("invalid_request",      2, 400, Caller,   false),
            Self::NotFound            => row("invalid_request",      5, 404, Caller,   false),
            Self::Conflict            => row("invalid_request",      1, 409, Caller,   false),
        }
    }

    /// The code on the wire and in `--json`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.row().code
    }

    /// The exit code of the command line.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        self.row().exit
    }

    /// The HTTP status of the daemon's answer.
    #[must_use]
    pub const fn http_status(self) -> u16 {
        self.row().status
    }

    #[must_use]
    pub const fn fault(self) -> Fault {
        self.row().fault
    }

    /// Whether the same request may succeed later as it is.
    #[must_use]
    pub const fn may_retry(self) -> bool {
        self.row().may_retry
    }
}

/// An error as a person or program is told of it. Never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceError {
    pub kind: ErrorKind,
    /// A finer code than the kind's, when there is one.
    #[serde(default)]
    pub reason: Option<String>,
    pub message: String,
    /// What to do next.
    #[serde(default)]
    pub help: Option<String>,
    /// In how many seconds the same request may succeed, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u64>,
}

impl ServiceError {
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, reason: None, message: message.into(), help: None, retry_after_s: None }
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    #[must_use]
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }
}

impl std::fmt::Display for ServiceError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ServiceError {}

impl From<Denial> for ServiceError {
    fn from(denial: Denial) -> Self {
        let kind = match denial.reason {
            Reason::CapabilityUnknown => ErrorKind::CapabilityNotFound,
            Reason::CredentialMissing => ErrorKind::CredentialNotFound,
            Reason::CredentialAmbiguous => ErrorKind::CredentialAmbiguous,
            Reason::LimitExceeded => ErrorKind::RateLimited,
            Reason::TokenExpired => ErrorKind::TokenInvalid,
            Reason::ApprovalRefused | Reason::ApprovalTimedOut => ErrorKind::ApprovalRequired,
            _ => ErrorKind::PolicyViolation,
        };
        Self {
            kind,
            reason: Some(denial.reason.as_str().to_owned()),
            message: denial.message,
            help: denial.help,
            retry_after_s: denial.retry_after_s.map(|seconds| u64::from(seconds.get())),
        }
    }
}
