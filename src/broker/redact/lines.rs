//! Answers that come as lines: each is held to its end, redacted, and passed on.

use bytes::{Bytes, BytesMut};

use super::append_redacted;
use super::error::Why;
use crate::broker::format::EventLine;
use crate::broker::lines::{Ends, Line, Lines, TooLong};
use crate::broker::spans::{NotJson, Wanted};

/// A longer line is refused: 1 MiB.
const MAX_LINE: usize = 1024 * 1024;

/// Redacts server-sent events, or lines of JSON.
///
/// The data of an event may stand on several lines, which a client joins. Since each of them must
/// be a JSON text by itself, none that was split can pass.
pub(super) struct RedactedLines {
    lines: Lines,
    wanted: Wanted,
    /// Where in a line JSON begins, if anywhere.
    begins: fn(&[u8]) -> Result<Option<usize>, Why>,
}

impl RedactedLines {
    pub(super) fn events(wanted: Wanted) -> Self {
        let begins = |line: &[u8]| match EventLine::of(line) {
            EventLine::Json(from) => Ok(Some(from)),
            EventLine::Plain => Ok(None),
            EventLine::Unknown => Err(Why::NotAnEvent),
        };
        Self { lines: Lines::new(Ends::NewlineOrReturn, MAX_LINE), wanted, begins }
    }

    pub(super) fn json(wanted: Wanted) -> Self {
        let begins = |line: &[u8]| Ok((!line.trim_ascii().is_empty()).then_some(0));
        Self { lines: Lines::new(Ends::Newline, MAX_LINE), wanted, begins }
    }

    pub(super) fn push(&mut self, chunk: &[u8]) -> Result<Bytes, Why> {
        let Self { lines, wanted, begins } = self;
        let mut passed = BytesMut::with_capacity(chunk.len());
        lines.push(chunk, &mut |line| append_line(line, wanted, *begins, &mut passed))?;
        Ok(passed.freeze())
    }

    pub(super) fn finish(&mut self) -> Result<Bytes, Why> {
        let Self { lines, wanted, begins } = self;
        let mut passed = BytesMut::new();
        lines.finish(&mut |line| append_line(line, wanted, *begins, &mut passed))?;
        Ok(passed.freeze())
    }
}

fn append_line(
    (line, end): Line<'_>,
    wanted: &Wanted,
    begins: fn(&[u8]) -> Result<Option<usize>, Why>,
    to: &mut BytesMut,
) -> Result<(), Why> {
    let (plain, json) = line.split_at(begins(line)?.unwrap_or(line.len()));
    to.extend_from_slice(plain);
    if !json.is_empty() {
        append_redacted(json, wanted, to).map_err(|NotJson| Why::NotJson)?;
    }
    to.extend(end);
    Ok(())
}

impl From<TooLong> for Why {
    fn from(_: TooLong) -> Self {
        Self::TooLong { limit: MAX_LINE }
    }
}
