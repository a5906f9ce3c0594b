//! Takes out of an answer what operators' rules name, as the answer streams by.
//!
//! Pure. A value that a pointer or a field's name leads to is replaced by the text `[redacted]`,
//! and nothing else is touched. What cannot be looked into is not handed out: not JSON in a format
//! that is known, broken JSON, a part of a document, or more than may be held at once. A document
//! is held to its end; of a stream of lines, one line.
//!
//! The scrubber goes first. It must see the secret as the upstream wrote it: a value taken out of
//! the midst of a secret (which may well be a JSON document itself) would leave pieces that no
//! spelling matches. And everything that goes out has been through it: what is added here is a
//! fixed text between quotes, and completes no secret. Where the scrubber's mark breaks JSON, the
//! answer is refused like any other that cannot be read.

mod error;
mod lines;

#[cfg(test)]
mod tests;

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_LENGTH, CONTENT_RANGE};
use http::{HeaderMap, StatusCode};

pub use error::{RedactError, Why};
use lines::RedactedLines;

use super::format::Format;
use super::spans::{self, NotJson, Wanted};
use crate::policy::Redaction;
use crate::spec::RuleId;

/// A longer document is refused: 8 MiB.
const MAX_DOCUMENT: usize = 8 * 1024 * 1024;
/// What stands in the place of a value.
const MARK: &[u8] = b"\"[redacted]\"";

/// Redacts one answer.
pub(super) struct Redactor {
    /// The rules that name values, for errors.
    rules: Vec<RuleId>,
    cap: Option<Cap>,
    body: Body,
}

/// How many bytes an answer may have, by which rule.
struct Cap {
    rule: RuleId,
    max: u64,
    seen: u64,
}

enum Body {
    /// No rule names a value.
    Unread,
    /// Each chunk is a message, and a JSON text.
    Messages(Wanted),
    /// Must turn out to be empty.
    Refused(Why),
    Document(BytesMut, Wanted),
    Lines(RedactedLines),
}

impl Redactor {
    /// `None` where no rule takes anything out.
    ///
    /// # Errors
    /// When the answer announces that it is too large.
    pub(super) fn new(
        redactions: &[Redaction],
        status: StatusCode,
        headers: &HeaderMap,
    ) -> Result<Option<Self>, RedactError> {
        if redactions.is_empty() {
            return Ok(None);
        }
        let cap = cap(redactions);
        refuse_announced(cap.as_ref(), headers)?;
        let naming = redactions.iter().filter(|one| names_values(one));
        let rules: Vec<_> = naming.map(|one| one.rule.clone()).collect();
        let body = if rules.is_empty() { Body::Unread } else { body(wanted(redactions), status, headers) };
        Ok(Some(Self { rules, cap, body }))
    }

    /// For the messages of a WebSocket: each is pushed whole. `None` where no rule takes anything out.
    pub(super) fn of_messages(redactions: &[Redaction]) -> Option<Self> {
        if redactions.is_empty() {
            return None;
        }
        let rules: Vec<_> =
            redactions.iter().filter(|one| names_values(one)).map(|one| one.rule.clone()).collect();
        let body = if rules.is_empty() { Body::Unread } else { Body::Messages(wanted(redactions)) };
        Some(Self { rules, cap: cap(redactions), body })
    }

    /// Whether nothing is handed out before the answer's end, so that an error may take its place.
    pub(super) fn holds_all(&self) -> bool {
        matches!(self.body, Body::Refused(_) | Body::Document(..))
    }

    /// Whether what is handed out may differ from what came.
    pub(super) fn changes(&self) -> bool {
        !matches!(self.body, Body::Unread)
    }

    /// What can be passed on now that `chunk` has come. May be empty.
    ///
    /// # Errors
    /// Then nothing more may be handed out.
    pub(super) fn push(&mut self, chunk: Bytes) -> Result<Bytes, RedactError> {
        if let Some(cap) = &mut self.cap {
            cap.count(chunk.len())?;
        }
        let passed = match &mut self.body {
            Body::Unread => Ok(chunk),
            Body::Refused(_) if chunk.is_empty() => Ok(chunk),
            Body::Refused(why) => Err(why.clone()),
            Body::Document(held, _) if held.len() + chunk.len() > MAX_DOCUMENT => {
                Err(Why::TooLong { limit: MAX_DOCUMENT })
            }
            Body::Document(held, _) => {
                held.extend_from_slice(&chunk);
                Ok(Bytes::new())
            }
            Body::Lines(lines) => lines.push(&chunk),
            Body::Messages(_) if chunk.is_empty() => Ok(chunk),
            Body::Messages(_) if chunk.len() > MAX_DOCUMENT => Err(Why::TooLong { limit: MAX_DOCUMENT }),
            Body::Messages(wanted) => redacted(&chunk, wanted).map_err(|NotJson| Why::Message),
        };
        passed.map_err(|why| self.unreadable(why))
    }

    /// What was held back, now that nothing more comes.
    ///
    /// # Errors
    /// When that cannot be looked into.
    pub(super) fn finish(&mut self) -> Result<Bytes, RedactError> {
        let last = match &mut self.body {
            Body::Unread | Body::Messages(_) | Body::Refused(_) => Ok(Bytes::new()),
            Body::Document(held, _) if held.is_empty() => Ok(Bytes::new()),
            Body::Document(held, wanted) => redacted(held, wanted).map_err(|NotJson| Why::NotJson),
            Body::Lines(lines) => lines.finish(),
        };
        last.map_err(|why| self.unreadable(why))
    }

    fn unreadable(&self, why: Why) -> RedactError {
        RedactError::Unreadable { rules: self.rules.clone(), why }
    }
}

impl Cap {
    fn count(&mut self, more: usize) -> Result<(), RedactError> {
        self.seen = self.seen.saturating_add(more as u64);
        if self.seen > self.max { Err(self.exceeded()) } else { Ok(()) }
    }

    fn exceeded(&self) -> RedactError {
        RedactError::TooLarge { rule: self.rule.clone(), max: self.max }
    }
}

/// A JSON text with the wanted values replaced.
fn redacted(text: &[u8], wanted: &Wanted) -> Result<Bytes, NotJson> {
    let mut passed = BytesMut::with_capacity(text.len());
    append_redacted(text, wanted, &mut passed)?;
    Ok(passed.freeze())
}

fn append_redacted(text: &[u8], wanted: &Wanted, to: &mut BytesMut) -> Result<(), NotJson> {
    let mut copied_to = 0;
    for span in spans::find(text, wanted)? {
        to.extend_from_slice(&text[copied_to..span.start]);
        to.extend_from_slice(MARK);
        copied_to = span.end;
    }
    to.extend_from_slice(&text[copied_to..]);
    Ok(())
}

fn names_values(one: &Redaction) -> bool {
    !one.redact.pointers.is_empty() || !one.redact.fields.is_empty()
}

fn wanted(redactions: &[Redaction]) -> Wanted {
    Wanted {
        pointers: redactions.iter().flat_map(|one| one.redact.pointers.iter().cloned()).collect(),
        fields: redactions.iter().flat_map(|one| one.redact.fields.iter().cloned()).collect(),
    }
}

/// The smallest of the rules' bounds.
fn cap(redactions: &[Redaction]) -> Option<Cap> {
    let bounds = redactions.iter().filter_map(|one| Some((one.redact.max_bytes?, &one.rule)));
    bounds.min().map(|(max, rule)| Cap { rule: rule.clone(), max, seen: 0 })
}

fn refuse_announced(cap: Option<&Cap>, headers: &HeaderMap) -> Result<(), RedactError> {
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    match cap {
        Some(cap) if length.is_some_and(|length| length > cap.max) => Err(cap.exceeded()),
        _ => Ok(()),
    }
}

/// A part of a document may be a JSON text of its own, in which no pointer finds what it would
/// find in the whole.
fn body(wanted: Wanted, status: StatusCode, headers: &HeaderMap) -> Body {
    if status == StatusCode::PARTIAL_CONTENT || headers.contains_key(CONTENT_RANGE) {
        return Body::Refused(Why::Part);
    }
    match Format::of(headers) {
        Format::Json => Body::Document(BytesMut::new(), wanted),
        Format::Events => Body::Lines(RedactedLines::events(wanted)),
        Format::JsonLines => Body::Lines(RedactedLines::json(wanted)),
        Format::Other => Body::Refused(Why::Format),
    }
}
