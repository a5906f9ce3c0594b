//! The request for a token on its way, and its answer whole: bounded in time and size.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use http::{Method, StatusCode};
use zeroize::Zeroizing;

use super::ask::Ask;
use super::error::TokenError;
use crate::broker::guard::Reach;
use crate::broker::identity::ClientIdentity;
use crate::broker::upstream::{OutgoingRequest, Patience, RequestBody, UpstreamClient, UpstreamResponse};
use crate::spec::Host;

/// How long a token endpoint may keep silent.
const PATIENCE: Patience = Patience { first_byte: Duration::from_secs(30), idle: Duration::from_secs(30) };
/// How long a token endpoint may take in all, and how long another process is waited for.
pub(super) const TOTAL: Duration = Duration::from_secs(60);
/// No answer with a token is longer.
const MAX_ANSWER: usize = 256 * 1024;

/// Who asks, and how.
pub(super) struct Sender<'a> {
    pub(super) client: &'a UpstreamClient,
    pub(super) reach: Reach,
    pub(super) account: String,
    pub(super) identity: Option<Arc<ClientIdentity>>,
}

impl Sender<'_> {
    pub(super) async fn post(
        self,
        host: &Host,
        ask: Ask,
    ) -> Result<(StatusCode, Zeroizing<Vec<u8>>), TokenError> {
        let Self { client, reach, account, identity } = self;
        let Ask { url, headers, body } = ask;
        let body = if body.is_empty() { RequestBody::Empty } else { RequestBody::Bytes(body) };
        let (method, patience) = (Method::POST, PATIENCE);
        let request = OutgoingRequest { method, url, headers, body, reach, account, identity, patience };
        let answered = async {
            let response = client.send(request).await?;
            let status = response.status;
            Ok((status, whole(host, response).await?))
        };
        let late = |_| TokenError::Late { host: host.clone() };
        tokio::time::timeout(TOTAL, answered).await.map_err(late)?
    }
}

/// The body of an answer, unless it is larger than any with a token.
async fn whole(host: &Host, response: UpstreamResponse) -> Result<Zeroizing<Vec<u8>>, TokenError> {
    // Reserved whole, so that no earlier copy of a token is left behind by growing.
    let mut whole = Zeroizing::new(Vec::with_capacity(MAX_ANSWER));
    let mut body = response.body;
    while let Some(piece) = body.next().await {
        let piece = piece?;
        if whole.len() + piece.len() > MAX_ANSWER {
            return Err(TokenError::Answer { host: host.clone(), what: "it is too long" });
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole)
}
