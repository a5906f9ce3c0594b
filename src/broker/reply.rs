//! What the caller gets: status, headers that may pass, and the body, scrubbed and
//! redacted as it streams. A buffered answer is this stream, collected.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;
use futures_util::StreamExt as _;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::deadline::Deadline;
use super::ending::Ending;
use super::redact::{RedactError, Redactor};
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
        redactor: Option<Redactor>,
        tally: Option<Tally>,
        mut ending: Ending,
        deadline: Deadline,
    ) -> Self {
        let needles = Arc::new(needles);
        let status = response.status.as_u16();
        let mut headers = passing(&response.headers, &needles);
        if redactor.as_ref().is_some_and(Redactor::changes) {
            let digests: Vec<_> =
                headers.keys().filter(|name| headers::digests_body(name)).cloned().collect();
            digests.iter().for_each(|name| drop(headers.remove(name)));
        }
        ending.answered(status);
        let cleaner = Some(Cleaner { scrubber: Scrubber::new(needles), redactor });
        let (inner, ready, failure) = (response.body, None, None);
        let body = ReplyBody { inner, ready, cleaner, tally, failure, ending, deadline };
        Self { status, headers, body }
    }

    /// Where nothing is handed out before the answer's end, waits for that: should the answer be
    /// withheld, the caller gets an error, not the head of an answer that breaks off.
    pub(super) async fn once_it_may_begin(mut self) -> Result<Self, BrokerError> {
        if self.body.holds_all() {
            self.body.ready = self.body.next().await.transpose()?;
        }
        Ok(self)
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
    /// Comes before anything else: waited for before the head was handed out, or the end of what broke off.
    ready: Option<Bytes>,
    /// `None` once it has ended.
    cleaner: Option<Cleaner>,
    tally: Option<Tally>,
    /// What broke the answer off, to be told once all that came before is out.
    failure: Option<BrokerError>,
    ending: Ending,
    deadline: Deadline,
}

impl ReplyBody {
    fn holds_all(&self) -> bool {
        let redactor = self.cleaner.as_ref().and_then(|cleaner| cleaner.redactor.as_ref());
        redactor.is_some_and(Redactor::holds_all)
    }
}

/// What every piece goes through: first the scrubber, which must see the bytes as they came.
struct Cleaner {
    scrubber: Scrubber,
    redactor: Option<Redactor>,
}

impl Cleaner {
    fn push(&mut self, chunk: Bytes) -> Result<Bytes, RedactError> {
        let scrubbed = self.scrubber.push(chunk);
        match &mut self.redactor {
            Some(redactor) => redactor.push(scrubbed),
            None => Ok(scrubbed),
        }
    }

    /// What may still go out of an answer that broke off: of one that is redacted nothing, since what is
    /// held back was not looked at as a whole.
    fn break_off(self) -> Bytes {
        if self.redactor.is_some() { Bytes::new() } else { self.scrubber.finish() }
    }

    fn finish(self) -> Result<Bytes, RedactError> {
        let scrubbed = self.scrubber.finish();
        let Some(mut redactor) = self.redactor else { return Ok(scrubbed) };
        let passed = redactor.push(scrubbed)?;
        let last = redactor.finish()?;
        Ok(if passed.is_empty() { last } else { [passed, last].concat().into() })
    }
}

impl Stream for ReplyBody {
    type Item = Result<Bytes, BrokerError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(ready) = self.ready.take() {
                return Poll::Ready(Some(Ok(ready)));
            }
            let Some(mut cleaner) = self.cleaner.take() else {
                return Poll::Ready(self.failure.take().map(Err));
            };
            // First, since an upstream that never stops would otherwise never be late.
            if let Poll::Ready(limit) = self.deadline.poll(cx) {
                // The upstream is let go at once.
                self.inner.end();
                let error = self.ending.failed(BrokerError::OutOfTime { limit, sent: true });
                self.break_off(cleaner, error);
                continue;
            }
            match Pin::new(&mut self.inner).poll_next(cx) {
                Poll::Pending => {
                    self.cleaner = Some(cleaner);
                    return Poll::Pending;
                }
                Poll::Ready(Some(Ok(chunk))) => {
                    self.tally.iter_mut().for_each(|tally| tally.see(&chunk));
                    match cleaner.push(chunk) {
                        Ok(clean) => {
                            self.cleaner = Some(cleaner);
                            if !clean.is_empty() {
                                return Poll::Ready(Some(Ok(clean)));
                            }
                        }
                        Err(error) => return Poll::Ready(Some(Err(self.withheld(error)))),
                    }
                }
                Poll::Ready(Some(Err(error))) => {
                    self.ending.write(Some("interrupted"));
                    self.break_off(cleaner, error.into());
                }
                Poll::Ready(None) => return Poll::Ready(self.finish(cleaner)),
            }
        }
    }
}

impl ReplyBody {
    /// Ends an answer that did not come whole: what may still go out of it comes before the error.
    fn break_off(&mut self, cleaner: Cleaner, error: BrokerError) {
        self.ready = Some(cleaner.break_off()).filter(|last| !last.is_empty());
        self.failure = Some(error);
    }

    /// The last piece of an answer that came whole, if anything is left of it.
    fn finish(&mut self, cleaner: Cleaner) -> Option<Result<Bytes, BrokerError>> {
        self.tally.iter_mut().for_each(Tally::end);
        match cleaner.finish() {
            Ok(last) => {
                self.ending.write(None);
                (!last.is_empty()).then_some(Ok(last))
            }
            Err(error) => Some(Err(self.withheld(error))),
        }
    }

    fn withheld(&mut self, error: RedactError) -> BrokerError {
        self.ending.write(Some(error.reason()));
        BrokerError::Withheld(error)
    }
}
