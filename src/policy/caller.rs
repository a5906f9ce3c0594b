//! Who is calling, as the surface established it; never taken from a request's body.

use std::fmt;
use std::sync::Arc;

use super::bounds::TokenBounds;

/// The identity of a caller: peer credentials of a socket, this very process, or an access token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller(Identity);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Identity {
    Process { uid: u32, pid: Option<u32> },
    Token(Arc<TokenBounds>),
}

impl Caller {
    /// A process on the other end of a unix socket, by its peer credentials, or this one.
    #[must_use]
    pub fn process(uid: u32, pid: Option<u32>) -> Self {
        Self(Identity::Process { uid, pid })
    }

    /// Whoever presented a token of these bounds.
    #[must_use]
    pub fn token(bounds: Arc<TokenBounds>) -> Self {
        Self(Identity::Token(bounds))
    }

    /// What it may use at most; none where that is all that is enabled.
    #[must_use]
    pub fn bounds(&self) -> Option<&TokenBounds> {
        match &self.0 {
            Identity::Process { .. } => None,
            Identity::Token(bounds) => Some(bounds),
        }
    }

    /// What policies call it: `uid:1000`, `token:agent-7`.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.0 {
            Identity::Process { uid, .. } => format!("uid:{uid}"),
            Identity::Token(bounds) => format!("token:{}", bounds.label()),
        }
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())?;
        match self.0 {
            Identity::Process { pid: Some(pid), .. } => write!(f, " pid:{pid}"),
            Identity::Process { pid: None, .. } | Identity::Token(_) => Ok(()),
        }
    }
}
