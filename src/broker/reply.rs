//! What the caller gets: status, headers that may pass, and the body, scrubbed as it
//! streams. A buffered answer is this stream, collected.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;
use http::{HeaderMap, HeaderValue};

use super::ending::Ending;
use super::scrub::{Needles, Scrubber};
use super::tally::Tally;
use super::upstream::{ResponseBody, UpstreamResponse};
use super::{BrokerError, headers};

/// An upstream's answer, sanitised.
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: ReplyBody,
}

impl Reply {
    pub(super) fn sanitised(
        response: UpstreamResponse,
        needles: Needles,
        tally: Option<Tally>,
        mut ending: Ending,
    ) -> Self {
        let needles = Arc::new(needles);
        let status = response.status.as_u16();
        let headers = passing(&response.headers, &needles);
        ending.answered(status);
        let body = ReplyBody { inner: response.body, scrubber: Some(Scrubber::new(needles)), tally, ending };
        Self { status, headers, body }
    }
}

fn passing(all: &HeaderMap, needles: &Needles) -> HeaderMap {
    let listed = |name| {
        let mut connection = all.get_all(http::header::CONNECTION).iter();
        connection.any(|value| headers::listed_in_connection(value.as_bytes(), name))
    };
    let pass = |name| headers::passes(name) && !listed(name);
    let mut kept = HeaderMap::with_capacity(all.len());
    for (name, value) in all.iter().filter(|(name, _)| pass(name)) {
        if let Ok(value) = HeaderValue::from_bytes(&needles.scrub_header_value(value.as_bytes())) {
            kept.append(name, value);
        }
    }
    kept
}

/// The answer's body; its end, or its being dropped, is written to the audit log.
pub struct ReplyBody {
    inner: ResponseBody,
    scrubber: Option<Scrubber>,
    tally: Option<Tally>,
    ending: Ending,
}

impl Stream for ReplyBody {
    type Item = Result<Bytes, BrokerError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let Some(mut scrubber) = self.scrubber.take() else { return Poll::Ready(None) };
            match Pin::new(&mut self.inner).poll_next(cx) {
                Poll::Pending => {
                    self.scrubber = Some(scrubber);
                    return Poll::Pending;
                }
                Poll::Ready(Some(Ok(chunk))) => {
                    self.tally.iter_mut().for_each(|tally| tally.see(&chunk));
                    let clean = scrubber.push(chunk);
                    self.scrubber = Some(scrubber);
                    if !clean.is_empty() {
                        return Poll::Ready(Some(Ok(clean)));
                    }
                }
                Poll::Ready(Some(Err(error))) => {
                    self.ending.write(Some("interrupted"));
                    return Poll::Ready(Some(Err(BrokerError::Upstream(error))));
                }
                Poll::Ready(None) => {
                    self.tally.iter_mut().for_each(Tally::end);
                    let last = scrubber.finish();
                    self.ending.write(None);
                    return Poll::Ready((!last.is_empty()).then_some(Ok(last)));
                }
            }
        }
    }
}
