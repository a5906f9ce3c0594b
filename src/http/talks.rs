//! The WebSockets that are open, and how many of them one token may have: each holds two connections for as long as its
//! caller likes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::task::TaskTracker;

use crate::service::{Caller, ErrorKind, ServiceError};

/// More at once than one agent has use for.
pub(super) const MOST: usize = 64;

#[derive(Clone, Default)]
pub(super) struct Talks {
    /// What goes on when a request has been answered.
    pub(super) tasks: TaskTracker,
    /// By the tokens' ids.
    open: Arc<Mutex<HashMap<String, usize>>>,
}

/// One that is open, or about to be.
pub(super) struct Talk {
    token: Option<String>,
    talks: Talks,
}

impl Talks {
    /// Counts one more of the caller's.
    ///
    /// # Errors
    /// When its token has as many as it may have.
    pub(super) fn begin(&self, caller: &Caller) -> Result<Talk, ServiceError> {
        let token = caller.bounds().map(|bounds| bounds.id().to_owned());
        if let Some(token) = &token {
            let mut open = self.open();
            let count = open.entry(token.clone()).or_default();
            if *count >= MOST {
                return Err(too_many());
            }
            *count += 1;
        }
        Ok(Talk { token, talks: self.clone() })
    }

    fn open(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        // A panic elsewhere leaves the counts as they were.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        let Some(token) = &self.token else { return };
        let mut open = self.talks.open();
        if let Some(count) = open.get_mut(token) {
            *count -= 1;
            if *count == 0 {
                open.remove(token);
            }
        }
    }
}

fn too_many() -> ServiceError {
    let message = format!("this token has {MOST} WebSockets open, which is as many as one may have");
    ServiceError::new(ErrorKind::RateLimited, message)
        .reason("websocket.too_many")
        .help("close one, or use another token for other work: aivault token mint")
}
