//! An answer as the rest of the broker sees it: with its body in the clear, or not at all.

use std::io;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

use super::coding::{self, Coding};
use super::{ResponseBody, Upgraded, UpstreamError};

/// An answer, decoded, neither stripped nor scrubbed.
pub struct UpstreamResponse {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: ResponseBody,
    /// The connection itself, where a WebSocket was asked for and granted.
    pub upgraded: Option<Upgraded>,
}

impl UpstreamResponse {
    /// What `host` answered to a request that `wants_body`.
    pub(super) fn of(
        host: String,
        answer: Response<Incoming>,
        wants_body: bool,
        idle: Duration,
    ) -> Result<Self, UpstreamError> {
        let (http::response::Parts { status, mut headers, .. }, body) = answer.into_parts();
        if status.is_informational() {
            // The connection is no longer HTTP (RFC 9110 §15.2.2), and nobody asked for anything else.
            return Err(UpstreamError::Protocol { host });
        }
        let has_body = wants_body && ![StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED].contains(&status);
        let coding = if has_body { Coding::of(&headers) } else { Some(Coding::Identity) };
        let pieces = body.into_data_stream().map_err(io::Error::other);
        let body = match coding {
            None => return Err(UpstreamError::Encoding { host }),
            Some(Coding::Identity) => ResponseBody::new(host, idle, pieces),
            Some(Coding::Gzip) => {
                headers.remove(CONTENT_ENCODING);
                headers.remove(CONTENT_LENGTH);
                ResponseBody::new(host, idle, coding::gunzip(pieces))
            }
        };
        Ok(Self { status, headers, body, upgraded: None })
    }
}
