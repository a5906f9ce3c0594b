//! What the caller gets: status, headers that may pass, and the body, scrubbed as it
//! streams. A buffered answer is this stream, collected.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::ending::Ending;
use super::scrub::{Needles, Scrubber};
use super::upstream::{ResponseBody, UpstreamError, UpstreamResponse};
use super::{BrokerError, headers};

/// An upstream's answer, sanitised.
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: ReplyBody,
}

impl Reply {
    pub(super) fn sanitised(response: UpstreamResponse, needles: Needles, mut ending: Ending) -> Self {
        let needles = Arc::new(needles);
        let status = response.status.as_u16();
        let headers = passing(&response.headers, &needles);
        ending.answered(status);
        let scrubber = Some(Scrubber::new(needles));
        let body = ReplyBody { inner: response.body, scrubber, failure: None, ending };
        Self { status, headers, body }
    }
}

fn passing(all: &HeaderMap, needles: &Needles) -> HeaderMap {
    let listed = |name: &HeaderName| {
        let mut connection = all.get_all(http::header::CONNECTION).iter();
        connection.any(|value| headers::listed_in_connection(value.as_bytes(), name))
    };
    let pass = |name: &HeaderName| {
        headers::passes(name) && !listed(name) && !needles.is_in_header_name(name.as_str())
    };
    let mut kept = HeaderMap::with_capacity(all.len());
    for name in all.keys().filter(|name| pass(name)) {
        let lines = all.get_all(name).iter().map(HeaderValue::as_bytes);
        for line in needles.scrub_header(lines) {
            if let Ok(value) = HeaderValue::from_bytes(&line) {
                kept.append(name, value);
            }
        }
    }
    kept
}

/// The answer's body; its end, or its being dropped, is written to the audit log.
pub struct ReplyBody {
    inner: ResponseBody,
    scrubber: Option<Scrubber>,
    /// What broke the answer off, to be told once all that came before is out.
    failure: Option<UpstreamError>,
    ending: Ending,
}

impl Stream for ReplyBody {
    type Item = Result<Bytes, BrokerError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let Some(mut scrubber) = self.scrubber.take() else {
                let failure = self.failure.take().map(BrokerError::Upstream);
                return Poll::Ready(failure.map(Err));
            };
            match Pin::new(&mut self.inner).poll_next(cx) {
                Poll::Pending => {
                    self.scrubber = Some(scrubber);
                    return Poll::Pending;
                }
                Poll::Ready(Some(Ok(chunk))) => {
                    let clean = scrubber.push(chunk);
                    self.scrubber = Some(scrubber);
                    if !clean.is_empty() {
                        return Poll::Ready(Some(Ok(clean)));
                    }
                }
                Poll::Ready(end) => {
                    self.failure = end.and_then(Result::err);
                    let reason = self.failure.as_ref().map(|_| "interrupted");
                    self.ending.write(reason);
                    let last = scrubber.finish();
                    if !last.is_empty() {
                        return Poll::Ready(Some(Ok(last)));
                    }
                }
            }
        }
    }
}
