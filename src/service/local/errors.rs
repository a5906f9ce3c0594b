//! From the layers' errors to the one that surfaces tell.

use crate::audit::AuditError;
use crate::broker::guard::GuardError;
use crate::broker::{BrokerError, ConversationError, TokenError, UpstreamError};
use crate::meter::MeterError;
use crate::platform::files::FileError;
use crate::service::error::{ErrorKind, ServiceError};
use crate::vault::{Existing, VaultError, VaultErrorKind};

impl From<VaultError> for ServiceError {
    fn from(error: VaultError) -> Self {
        let (kind, reason) = match error.kind() {
            // What is left of a vault is no conflict but a vault that cannot be used.
            _ if matches!(&error, VaultError::AlreadyExists { what } if is_remains(what)) => {
                (ErrorKind::VaultUnavailable, "vault.remains")
            }
            VaultErrorKind::Absent => (ErrorKind::VaultUnavailable, "vault.absent"),
            VaultErrorKind::Locked => (ErrorKind::VaultLocked, "vault.key"),
            VaultErrorKind::WrongKey => (ErrorKind::VaultLocked, "vault.wrong_key"),
            VaultErrorKind::Rekeyed => (ErrorKind::VaultLocked, "vault.rekeyed"),
            VaultErrorKind::Unavailable => (ErrorKind::VaultUnavailable, "vault.unavailable"),
            VaultErrorKind::Tampered => (ErrorKind::VaultUnavailable, "vault.tampered"),
            VaultErrorKind::Conflict => (ErrorKind::VaultUnavailable, "vault.busy"),
            VaultErrorKind::AlreadyExists => (ErrorKind::Conflict, "exists"),
            VaultErrorKind::SecretNotFound => (ErrorKind::NotFound, "secret.missing"),
            VaultErrorKind::SecretAmbiguous => (ErrorKind::Conflict, "secret.ambiguous"),
            VaultErrorKind::CredentialNotFound => (ErrorKind::CredentialNotFound, "credential.missing"),
            VaultErrorKind::CredentialAmbiguous => (ErrorKind::CredentialAmbiguous, "credential.ambiguous"),
            VaultErrorKind::PinMismatch => (ErrorKind::PolicyViolation, "secret.pinned"),
            VaultErrorKind::Invalid => (ErrorKind::InvalidRequest, "invalid"),
        };
        Self::new(kind, error.to_string()).reason(reason).help(error.help())
    }
}

/// Of a file that the operator named; those of the vault are its own errors.
impl From<FileError> for ServiceError {
    fn from(error: FileError) -> Self {
        Self::new(ErrorKind::Conflict, error.to_string()).reason("file").help(error.help())
    }
}

fn is_remains(what: &Existing) -> bool {
    matches!(what, Existing::Remains(_) | Existing::Key(_) | Existing::AuditLog(_))
}

impl From<AuditError> for ServiceError {
    fn from(error: AuditError) -> Self {
        let (kind, reason) = match &error {
            AuditError::Broken(_) => (ErrorKind::VaultUnavailable, "audit.broken"),
            AuditError::CheckpointRetired { .. } => (ErrorKind::Conflict, "audit.retired"),
            AuditError::ForeignCheckpoint => (ErrorKind::InvalidRequest, "audit.checkpoint"),
            _ => (ErrorKind::VaultUnavailable, "audit.unavailable"),
        };
        Self::new(kind, error.to_string()).reason(reason).help(error.help())
    }
}

impl From<MeterError> for ServiceError {
    fn from(error: MeterError) -> Self {
        let reason = if error.is_tampering() { "usage.tampered" } else { "usage.unavailable" };
        Self::new(ErrorKind::VaultUnavailable, error.to_string()).reason(reason).help(error.help())
    }
}

impl From<BrokerError> for ServiceError {
    fn from(error: BrokerError) -> Self {
        let message = error.to_string();
        match error {
            BrokerError::Denied(denial) => denial.into(),
            BrokerError::Vault(error) => error.into(),
            BrokerError::Audit(error) => Self { message, ..error.into() },
            BrokerError::Meter(error) => Self { message, ..error.into() },
            BrokerError::Auth(_) => Self::new(ErrorKind::AuthFailed, message),
            BrokerError::Token(error) => token(error, message),
            BrokerError::Withheld(error) => {
                Self::new(ErrorKind::PolicyViolation, message).reason(error.reason()).help(error.help())
            }
            BrokerError::OutOfTime { .. } => Self::new(ErrorKind::UpstreamTimeout, message)
                .reason("call.timeout")
                .help("allow it more time with --timeout-ms"),
            BrokerError::Conversation(error) => conversation(&error, message),
            BrokerError::Client(_) => Self::new(ErrorKind::UpstreamUnreachable, message),
            BrokerError::Upstream(error) => upstream(&error, message),
        }
    }
}

fn token(error: TokenError, message: String) -> ServiceError {
    match error {
        TokenError::Vault(error) => error.into(),
        TokenError::Audit(error) => ServiceError { message, ..error.into() },
        TokenError::Upstream(error) => upstream(&error, message),
        TokenError::Shared(error) => shared(&error, message),
        error => shared(&error, message),
    }
}

fn shared(error: &TokenError, message: String) -> ServiceError {
    match error {
        TokenError::Upstream(error) => upstream(error, message),
        TokenError::Late { .. } => {
            ServiceError::new(ErrorKind::UpstreamTimeout, message).reason(error.reason())
        }
        error => ServiceError::new(ErrorKind::AuthFailed, message).reason(error.reason()).help(error.help()),
    }
}

fn conversation(error: &ConversationError, message: String) -> ServiceError {
    let kind = match error {
        ConversationError::Caller(_) => ErrorKind::InvalidRequest,
        _ => ErrorKind::UpstreamUnreachable,
    };
    ServiceError::new(kind, message).reason(error.reason())
}

fn upstream(error: &UpstreamError, message: String) -> ServiceError {
    let (kind, reason) = match error {
        UpstreamError::Timeout { .. } => (ErrorKind::UpstreamTimeout, "upstream.timeout"),
        UpstreamError::Guard(GuardError::NotGlobal { .. } | GuardError::LocalName { .. }) => {
            (ErrorKind::PolicyViolation, "host.not_global")
        }
        UpstreamError::Url { .. } => (ErrorKind::PolicyViolation, "path.not_canonical"),
        UpstreamError::OwnHeader { .. } => (ErrorKind::PolicyViolation, "header.not_allowed"),
        UpstreamError::BodyFromCaller { .. } => (ErrorKind::InvalidRequest, "body.incomplete"),
        UpstreamError::Identity(_) | UpstreamError::ClientCertificate { .. } => {
            (ErrorKind::AuthFailed, "auth")
        }
        _ => (ErrorKind::UpstreamUnreachable, "upstream.unreachable"),
    };
    ServiceError::new(kind, message).reason(reason)
}
