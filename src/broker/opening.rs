//! Whether a request opened a connection of its own, or found one that was open.
//!
//! The HTTP library does not say. But it asks for a host's addresses at each new connection, and does so while
//! the request is waited for: whoever waits looks whether it did. Where it asked and a kept connection came free
//! meanwhile, this says "opened", which is the careful answer: only what went out on a kept connection is repeated.

use std::cell::Cell;

tokio::task_local! {
    static OPENED: Cell<bool>;
}

/// What `request` gives, and whether a connection was begun for it.
pub(super) async fn watch<T>(request: impl Future<Output = T>) -> (T, bool) {
    let watched = async { (request.await, OPENED.with(Cell::get)) };
    OPENED.scope(Cell::new(false), watched).await
}

/// A connection is begun. Says nothing where nobody watches.
pub(super) fn note() {
    let _ = OPENED.try_with(|opened| opened.set(true));
}

#[cfg(test)]
mod tests {
    use super::{note, watch};

    #[tokio::test]
    async fn each_request_hears_of_its_own_connection_alone() {
        assert_eq!(watch(async { 1 }).await, (1, false));
        assert_eq!(watch(async { note() }).await, ((), true));
        let elsewhere = watch(async { tokio::spawn(async { note() }).await.unwrap() });
        assert_eq!(elsewhere.await, ((), false));
        note();
        assert_eq!(watch(async {}).await, ((), false));
    }
}
