//! Who is calling, as the surface established it; never taken from a request's body.

use std::fmt;
use std::sync::Arc;

use crate::spec::{CapabilityId, CredentialName, Scope};

/// The identity of a caller: peer credentials of a socket, this very process, or a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    Process { uid: u32, pid: Option<u32> },
    Token(Arc<TokenBounds>),
}

/// What a token may be used for.
#[derive(Debug, PartialEq, Eq)]
pub struct TokenBounds {
    pub name: String,
    pub capabilities: Vec<String>,
    pub credential: Option<CredentialName>,
    pub scope: Scope,
    pub expires_ms: u64,
}

impl TokenBounds {
    #[must_use]
    pub fn permits(&self, capability: &CapabilityId) -> bool {
        self.capabilities.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(beginning) => capability.as_str().starts_with(beginning),
            None => capability.as_str() == pattern,
        })
    }

    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    #[must_use]
    pub fn credential(&self) -> Option<&CredentialName> {
        self.credential.as_ref()
    }
}

impl Caller {
    /// A process on the other end of a unix socket, by its peer credentials, or this one.
    #[must_use]
    pub fn process(uid: u32, pid: Option<u32>) -> Self {
        Self::Process { uid, pid }
    }

    #[must_use]
    pub fn token(bounds: Arc<TokenBounds>) -> Self {
        Self::Token(bounds)
    }

    #[must_use]
    pub fn bounds(&self) -> Option<&TokenBounds> {
        match self {
            Self::Token(bounds) => Some(bounds),
            Self::Process { .. } => None,
        }
    }

    /// What policies call it: `uid:1000`.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Process { uid, .. } => format!("uid:{uid}"),
            Self::Token(bounds) => format!("token:{}", bounds.name),
        }
    }

    #[must_use]
    pub fn uid(&self) -> u32 {
        match self {
            Self::Process { uid, .. } => *uid,
            Self::Token(_) => u32::MAX,
        }
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process { uid, pid: Some(pid) } => write!(f, "uid:{uid} pid:{pid}"),
            _ => f.write_str(&self.name()),
        }
    }
}
