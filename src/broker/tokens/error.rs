//! Why there is no access token. Never holds a value, nor more of an answer than its error's code.

use std::sync::Arc;

use http::StatusCode;
use thiserror::Error;

use super::assertion::KeyFault;
use crate::audit::AuditError;
use crate::broker::auth::AuthError;
use crate::broker::upstream::{ClientError, UpstreamError};
use crate::platform::files::FileError;
use crate::spec::Host;
use crate::vault::VaultError;

/// What stopped the fetching of an access token.
#[derive(Debug, Error)]
pub enum TokenError {
    /// `code` is the server's own word for it, such as `invalid_grant` (RFC 6749, section 5.2).
    #[error("{host} gave no access token: it answered {status}{}", in_brackets(code.as_deref()))]
    Refused { host: Host, status: StatusCode, code: Option<String> },
    #[error("{host} answered the request for an access token with what is none: {what}")]
    Answer { host: Host, what: &'static str },
    #[error("the key stored for `{placeholder}` cannot sign: {fault}")]
    Key { placeholder: String, fault: KeyFault },
    #[error(transparent)]
    Auth(#[from] AuthError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error("no access token was fetched, because that could not be recorded: {0}")]
    Audit(#[from] AuditError),
    #[error("no access token could be fetched: {0}")]
    Upstream(#[from] UpstreamError),
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("no access token was fetched, because others could not be kept from fetching one too: {0}")]
    Lock(#[from] FileError),
    #[error("{host} took too long to answer the request for an access token")]
    Late { host: Host },
    #[error("no access token was fetched: another process has been fetching one for too long")]
    Busy,
    /// Whoever waited while somebody else failed has failed with them.
    #[error(transparent)]
    Shared(Arc<TokenError>),
    /// The secrets changed again and again while tokens were fetched with them.
    #[error("no access token was fetched: the secrets that it is fetched with keep changing")]
    Restless,
    #[error("no access token was fetched: the attempt was broken off")]
    BrokenOff,
}

impl TokenError {
    /// The word for it in the audit log.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "token.refused",
            Self::Answer { .. } => "token.malformed",
            Self::Key { .. } | Self::Auth(_) => "auth",
            Self::Vault(_) => "vault",
            Self::Audit(_) => "audit",
            Self::Upstream(UpstreamError::Timeout { .. }) => "upstream.timeout",
            Self::Upstream(UpstreamError::Identity(_) | UpstreamError::ClientCertificate { .. }) => "auth",
            Self::Upstream(_) => "upstream.unreachable",
            Self::Client(_) => "client",
            Self::Late { .. } => "upstream.timeout",
            Self::Shared(error) => error.reason(),
            Self::Lock(_) | Self::Busy | Self::Restless | Self::BrokenOff => "token.busy",
        }
    }

    /// Whether it is what the endpoint did, so that whoever asks at the same time gets the same.
    pub(super) fn is_the_endpoints(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::Answer { .. } | Self::Upstream(_) | Self::Late { .. })
    }

    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Refused { code: Some(code), .. } if code == "invalid_grant" => {
                "the consent ended or was withdrawn: log in again with `aivault oauth login PROVIDER`"
            }
            Self::Shared(error) => error.help(),
            Self::Refused { status, .. } if status.is_server_error() => "try again later",
            Self::Refused { .. } => "check the stored client's id and secret, and rotate what is wrong",
            Self::Key { .. } | Self::Auth(_) => "rotate the secret to the right value",
            _ => "try again",
        }
    }
}

fn in_brackets(code: Option<&str>) -> String {
    code.map(|code| format!(" ({code})")).unwrap_or_default()
}
