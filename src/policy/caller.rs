//! Who is calling, as the surface established it; never taken from a request's body.

use std::fmt;

/// The identity of a caller: peer credentials of a socket, or this very process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    uid: u32,
    pid: Option<u32>,
}

impl Caller {
    /// A process on the other end of a unix socket, by its peer credentials, or this one.
    #[must_use]
    pub fn process(uid: u32, pid: Option<u32>) -> Self {
        Self { uid, pid }
    }

    /// What policies call it: `uid:1000`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("uid:{}", self.uid)
    }

    #[must_use]
    pub fn uid(&self) -> u32 {
        self.uid
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "uid:{}", self.uid)?;
        match self.pid {
            Some(pid) => write!(f, " pid:{pid}"),
            None => Ok(()),
        }
    }
}
