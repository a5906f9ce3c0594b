//! Asking an upstream to make its connection a WebSocket, and holding it to its answer (RFC 6455, section 4).
//!
//! No extension and no subprotocol is offered, so that what comes is what was sent, uncompressed, and can be scrubbed;
//! an answer that names one all the same is refused.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::stream;
use http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::{ClientError, Patience, ResponseBody, UpstreamError, UpstreamResponse};
use crate::platform::entropy;

/// What is left of the connection: bytes.
pub type UpgradedStream = TokioIo<hyper::upgrade::Upgraded>;

/// The connection to an upstream, no longer HTTP.
pub struct Upgraded {
    pub host: String,
    pub stream: UpgradedStream,
}

/// One request to upgrade.
pub(super) struct Handshake {
    key: String,
}

impl Handshake {
    pub(super) fn new() -> Result<Self, ClientError> {
        let nonce = entropy::bytes::<16>().map_err(|_| ClientError::Build)?;
        Ok(Self { key: STANDARD.encode(nonce) })
    }

    /// Puts what asks for the upgrade among the headers, which hold none of it yet.
    pub(super) fn ask(&self, headers: &mut HeaderMap) -> Result<(), ClientError> {
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        let key = HeaderValue::from_str(&self.key).map_err(|_| ClientError::Build)?;
        headers.insert(SEC_WEBSOCKET_KEY, key);
        Ok(())
    }

    /// The answer to it: upgraded, or an answer like any other.
    pub(super) async fn finish(
        self,
        host: String,
        answer: Response<Incoming>,
        patience: Patience,
    ) -> Result<UpstreamResponse, UpstreamError> {
        if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            return UpstreamResponse::of(host, answer, true, patience.idle);
        }
        let (status, headers) = (answer.status(), answer.headers().clone());
        if !self.is_accepted(&headers) {
            return Err(UpstreamError::Upgrade { host });
        }
        let Ok(stream) = hyper::upgrade::on(answer).await else {
            return Err(UpstreamError::Upgrade { host });
        };
        let stream = TokioIo::new(stream);
        let body = ResponseBody::new(host.clone(), patience.idle, stream::empty());
        Ok(UpstreamResponse { status, headers, body, upgraded: Some(Upgraded { host, stream }) })
    }

    fn is_accepted(&self, headers: &HeaderMap) -> bool {
        let only = |name: &HeaderName| {
            let mut lines = headers.get_all(name).iter();
            lines.next().filter(|_| lines.next().is_none()).map(HeaderValue::as_bytes)
        };
        let upgrades = |value: &[u8]| value.eq_ignore_ascii_case(b"websocket");
        let lists_upgrade = headers.get_all(CONNECTION).iter().any(|line| {
            line.as_bytes()
                .split(|byte| *byte == b',')
                .any(|one| one.trim_ascii().eq_ignore_ascii_case(b"upgrade"))
        });
        let accept = derive_accept_key(self.key.as_bytes());
        only(&UPGRADE).is_some_and(upgrades)
            && lists_upgrade
            && only(&SEC_WEBSOCKET_ACCEPT) == Some(accept.as_bytes())
            && !headers.contains_key(SEC_WEBSOCKET_EXTENSIONS)
            && !headers.contains_key(SEC_WEBSOCKET_PROTOCOL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 6455, section 1.3.
    fn handshake() -> Handshake {
        Handshake { key: "dGhlIHNhbXBsZSBub25jZQ==".to_owned() }
    }

    fn answer(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let of = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        fields.iter().map(of).collect()
    }

    const RIGHT: [(&str, &str); 3] = [
        ("upgrade", "websocket"),
        ("connection", "Upgrade"),
        ("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
    ];

    #[test]
    fn the_answer_of_the_standards_example_is_accepted() {
        assert!(handshake().is_accepted(&answer(&RIGHT)));
        let [upgrade, _, accept] = RIGHT;
        assert!(handshake().is_accepted(&answer(&[upgrade, ("connection", "keep-alive, upgrade"), accept])));
    }

    #[test]
    fn any_other_is_not() {
        for left_out in RIGHT {
            let fields: Vec<_> = RIGHT.into_iter().filter(|field| *field != left_out).collect();
            assert!(!handshake().is_accepted(&answer(&fields)), "without {left_out:?}");
        }
        for more in [
            ("sec-websocket-extensions", "permessage-deflate"),
            ("sec-websocket-protocol", "chat"),
            ("upgrade", "h2c"),
            ("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
        ] {
            let headers = RIGHT.iter().copied().chain([more]);
            let mut all = HeaderMap::new();
            headers.for_each(|(name, value)| {
                all.append(HeaderName::from_static(name), HeaderValue::from_static(value));
            });
            assert!(!handshake().is_accepted(&all), "with {more:?}");
        }
        let [upgrade, connection, _] = RIGHT;
        let other = ("sec-websocket-accept", "dGhlIHNhbXBsZSBub25jZQ==");
        assert!(!handshake().is_accepted(&answer(&[upgrade, connection, other])));
    }

    #[test]
    fn each_request_has_a_key_of_its_own() {
        let key = || {
            let mut headers = HeaderMap::new();
            Handshake::new().unwrap().ask(&mut headers).unwrap();
            headers.remove(SEC_WEBSOCKET_KEY).unwrap()
        };
        assert_ne!(key(), key());
    }
}
