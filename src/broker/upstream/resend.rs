//! Sends one request, and sends it again where that is safe and likely to help.
//!
//! Safe is: no connection was made, so that the upstream has seen nothing; or a kept connection turned out to be
//! gone, and the method is one that may be carried out twice (RFC 9110 §9.2.2). The body must still be there whole.
//! Anything else fails as it failed: a call that may have been carried out is for its caller to repeat. What the
//! HTTP library repeats by itself was refused by the upstream unread, or never written to a connection.

use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::{HeaderMap, Method, Request, Response, Uri};
use hyper::body::Incoming;
use hyper_util::client::legacy;

use super::connector::Client;
use super::error::{Extent, Phase, UpstreamError};
use super::outgoing::Outbox;
use crate::broker::opening;

/// How often a request is sent at most. Several kept connections may have gone at once.
const TRIES: u32 = 4;
/// How long to leave an upstream alone that refuses connections, which it does while it starts anew.
const REST: Duration = Duration::from_millis(200);

/// A request that may be sent more than once.
pub(super) struct Sending<'c> {
    pub(super) client: &'c Client,
    pub(super) host: &'c str,
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Outbox,
    pub(super) first_byte: Duration,
}

impl Sending<'_> {
    /// The head of the answer.
    pub(super) async fn send(self) -> Result<Response<Incoming>, UpstreamError> {
        for _ in 1..TRIES {
            let (answer, opened) = opening::watch(self.once()).await;
            let Some(Err(error)) = &answer else { return self.outcome(answer) };
            match Extent::of(error) {
                Extent::NotConnected if self.body.is_whole() => tokio::time::sleep(REST).await,
                Extent::Lost if !opened && self.method.is_idempotent() && self.body.is_whole() => {}
                _ => return self.outcome(answer),
            }
        }
        let answer = self.once().await;
        self.outcome(answer)
    }

    async fn once(&self) -> Option<Result<Response<Incoming>, legacy::Error>> {
        let mut request = Request::new(self.body.body());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        wait_for_head(self.client.request(request), self.body.progress(), self.first_byte).await
    }

    fn outcome(
        &self,
        answer: Option<Result<Response<Incoming>, legacy::Error>>,
    ) -> Result<Response<Incoming>, UpstreamError> {
        let late = || UpstreamError::Timeout { host: self.host.to_owned(), phase: Phase::FirstByte };
        answer.ok_or_else(late)?.map_err(|error| UpstreamError::from_send(self.host, &error))
    }
}

/// The answer, or `None` once nothing has moved for `limit`: no answer, and no piece of the body taken.
pub(super) async fn wait_for_head<T>(
    answer: impl Future<Output = T>,
    progress: &AtomicU64,
    limit: Duration,
) -> Option<T> {
    let mut answer = pin!(answer);
    loop {
        let taken = progress.load(Ordering::Relaxed);
        match tokio::time::timeout(limit, &mut answer).await {
            Ok(answer) => return Some(answer),
            Err(_) if progress.load(Ordering::Relaxed) != taken => {}
            Err(_) => return None,
        }
    }
}
