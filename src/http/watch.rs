//! Whose answer a connection is busy with, so that the connection ends when that one's token is lost: whoever takes
//! nothing of an answer would else keep it, and its place, for as long as the daemon waits for a reader.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::response::Response;

use crate::service::{Caller, Local};

/// How often the token is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// How long what breaks off may take to be told before the connection is cut.
const LAST_WORD: Duration = Duration::from_secs(1);

/// Says, on an answer, for whom it is.
#[derive(Clone)]
struct For(Caller);

/// Marks an answer that ends with its caller's token.
pub(super) fn mark(response: &mut Response, caller: &Caller) {
    if caller.bounds().is_some() {
        response.extensions_mut().insert(For(caller.clone()));
    }
}

/// One connection's.
#[derive(Clone, Default)]
pub(super) struct Watch(Arc<Mutex<Option<Caller>>>);

impl Watch {
    /// Takes note of the answer that is about to be sent.
    pub(super) fn notice(&self, response: &mut Response) {
        let caller = response.extensions_mut().remove::<For>().map(|found| found.0);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = caller;
    }

    /// Ends once the token that the connection is busy with no longer holds.
    pub(super) async fn is_lost(&self, local: &Local) {
        loop {
            tokio::time::sleep(LOOK).await;
            let caller = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if caller.is_some_and(|caller| !local.still_holds(&caller)) {
                tokio::time::sleep(LAST_WORD).await;
                return;
            }
        }
    }
}
