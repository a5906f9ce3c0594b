//! Where a request ends, held to one reading.
//!
//! The parser behind this takes bare line feeds, a length beside chunks, and other things that two readers may take in
//! two ways, and drops a fragment from a path. Nothing here is repaired: the first byte that is wrong becomes a NUL,
//! which no head may have, so that the parser refuses the request and ends the connection. Pure.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The longest line of a head that is looked at; the parser refuses a longer head by itself.
const LONGEST_LINE: usize = 64 * 1024;
/// More digits than any length or size of a chunk has.
const MOST_DIGITS: usize = 16;
const REFUSED: u8 = 0;

/// Thrown when a connection is about to stop speaking HTTP.
#[derive(Debug, Clone, Default)]
pub(super) struct Switch(Arc<AtomicBool>);

impl Switch {
    pub(super) fn throw(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn is_thrown(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// What is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing of a request has come yet.
    Between,
    Head,
    Body,
    /// No more HTTP.
    Switched,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Between,
    Head,
    Body(u64),
    ChunkSize,
    Chunk(u64),
    /// The line's end behind a chunk.
    ChunkEnd,
    /// The empty line behind the last one.
    End,
    Refused,
    Switched,
}

/// What the head's fields say of the body.
#[derive(Debug, Default)]
struct Body {
    length: Option<u64>,
    is_chunked: bool,
}

/// Follows the bytes of one connection.
#[derive(Debug)]
pub(super) struct Framing {
    state: State,
    line: Vec<u8>,
    is_first_line: bool,
    body: Body,
    switch: Switch,
}

impl Framing {
    pub(super) fn new(switch: Switch) -> Self {
        Self { state: State::Between, line: Vec::new(), is_first_line: true, body: Body::default(), switch }
    }

    pub(super) fn phase(&self) -> Phase {
        match self.state {
            State::Between => Phase::Between,
            State::Head | State::Refused => Phase::Head,
            State::Switched => Phase::Switched,
            _ => Phase::Body,
        }
    }

    /// Looks at what has come next; what must not be read is made unreadable.
    pub(super) fn admit(&mut self, bytes: &mut [u8]) {
        let mut at = 0;
        while at < bytes.len() {
            at += self.step(&mut bytes[at..]);
        }
    }

    /// How many bytes were dealt with.
    fn step(&mut self, bytes: &mut [u8]) -> usize {
        match self.state {
            State::Between if self.switch.is_thrown() => {
                self.state = State::Switched;
                bytes.len()
            }
            State::Switched => bytes.len(),
            State::Refused => {
                bytes.fill(REFUSED);
                bytes.len()
            }
            State::Body(left) | State::Chunk(left) => self.pass(left, bytes.len()),
            State::Between | State::Head | State::ChunkSize | State::ChunkEnd | State::End => {
                if self.take(bytes[0]).is_none() {
                    self.state = State::Refused;
                    bytes[0] = REFUSED;
                }
                1
            }
        }
    }

    fn pass(&mut self, left: u64, there: usize) -> usize {
        let some = usize::try_from(left).map_or(there, |left| left.min(there));
        let left = left - some as u64;
        self.state = match self.state {
            State::Chunk(_) if left == 0 => State::ChunkEnd,
            State::Chunk(_) => State::Chunk(left),
            _ if left == 0 => State::Between,
            _ => State::Body(left),
        };
        some
    }

    /// Takes one byte of a line; none where it is wrong.
    fn take(&mut self, byte: u8) -> Option<()> {
        if self.state == State::Between {
            // Not even an empty line goes before a request.
            byte.is_ascii_uppercase().then_some(())?;
            (self.state, self.is_first_line, self.body) = (State::Head, true, Body::default());
        }
        let ends = self.line.last() == Some(&b'\r');
        if ends != (byte == b'\n') || byte == REFUSED || self.line.len() > LONGEST_LINE {
            return None;
        }
        self.line.push(byte);
        if byte != b'\n' {
            return Some(());
        }
        let mut line = std::mem::take(&mut self.line);
        line.truncate(line.len() - 2);
        self.end_line(&line)?;
        line.clear();
        self.line = line;
        Some(())
    }

    fn end_line(&mut self, line: &[u8]) -> Option<()> {
        self.state = match self.state {
            State::Head if std::mem::take(&mut self.is_first_line) => {
                is_request_line(line).then_some(State::Head)?
            }
            State::Head if line.is_empty() => self.body.follows()?,
            State::Head => self.body.field(line).map(|()| State::Head)?,
            State::ChunkSize => match chunk_size(line)? {
                0 => State::End,
                size => State::Chunk(size),
            },
            State::ChunkEnd => line.is_empty().then_some(State::ChunkSize)?,
            State::End => line.is_empty().then_some(State::Between)?,
            _ => return None,
        };
        Some(())
    }
}

impl Body {
    /// Takes in one field of the head; none where it is wrong.
    fn field(&mut self, line: &[u8]) -> Option<()> {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        // A folded line begins with white space, and white space before the colon hides a field from some.
        if name.is_empty() || name.iter().any(|byte| byte.is_ascii_whitespace() || byte.is_ascii_control()) {
            return None;
        }
        if name.eq_ignore_ascii_case(b"content-length") {
            self.length.is_none().then_some(())?;
            self.length = Some(number(value)?);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            (!self.is_chunked && value.eq_ignore_ascii_case(b"chunked")).then_some(())?;
            self.is_chunked = true;
        }
        Some(())
    }

    fn follows(&self) -> Option<State> {
        match (self.is_chunked, self.length) {
            (true, Some(_)) => None,
            (true, None) => Some(State::ChunkSize),
            (false, None | Some(0)) => Some(State::Between),
            (false, Some(length)) => Some(State::Body(length)),
        }
    }
}

/// Three words, the last of them a version that is spoken here; no fragment, which would be dropped.
fn is_request_line(line: &[u8]) -> bool {
    let words: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
    let [method, target, version] = words[..] else { return false };
    let is_spoken = [b"HTTP/1.1".as_slice(), b"HTTP/1.0"].contains(&version);
    !method.is_empty() && !target.is_empty() && !target.contains(&b'#') && is_spoken
}

fn number(digits: &[u8]) -> Option<u64> {
    let is_plain = (1..=MOST_DIGITS).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
    is_plain.then(|| std::str::from_utf8(digits).ok()?.parse().ok()).flatten()
}

/// Hexadecimal digits and nothing else: extensions are nobody's here.
fn chunk_size(line: &[u8]) -> Option<u64> {
    // One digit less than would overflow.
    let is_plain = (1..MOST_DIGITS).contains(&line.len()) && line.iter().all(u8::is_ascii_hexdigit);
    is_plain.then(|| u64::from_str_radix(std::str::from_utf8(line).ok()?, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes out of bytes in pieces of `size`, and what is being read then.
    fn through(bytes: &[u8], size: usize) -> (Vec<u8>, Phase) {
        let mut framing = Framing::new(Switch::default());
        let mut out = bytes.to_vec();
        out.chunks_mut(size).for_each(|piece| framing.admit(piece));
        (out, framing.phase())
    }

    const GET: &str = "GET /a?b HTTP/1.1\r\nHost: x\r\n\r\n";

    #[test]
    fn requests_pass_one_behind_the_other_however_they_are_cut() {
        let body = "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\na\n\0";
        let chunks = "POST / HTTP/1.1\r\ntransfer-encoding: Chunked\r\n\r\n3\r\n\r\n\0\r\nA\r\n0123456789\r\n0\r\n\r\n";
        for all in [GET, body, chunks, &[GET, body, chunks, body, GET].concat()] {
            for size in [1, 2, 3, 7, 1000] {
                assert_eq!(
                    through(all.as_bytes(), size),
                    (all.as_bytes().to_vec(), Phase::Between),
                    "{all:?}"
                );
            }
        }
        assert_eq!(through(b"POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\nab", 9).1, Phase::Body);
        assert_eq!(through(b"GET", 9).1, Phase::Head);
    }

    #[test]
    fn what_can_be_read_in_two_ways_cannot_be_read_at_all() {
        let post = "POST / HTTP/1.1\r\n";
        let chunked = "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n";
        for bad in [
            format!("{post}content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n"),
            format!("{post}transfer-encoding: chunked\r\ncontent-length: 1\r\n\r\n"),
            format!("{post}content-length: 1\r\ncontent-length: 1\r\n\r\n"),
            format!("{post}content-length: 1, 1\r\n\r\n"),
            format!("{post}content-length: +1\r\n\r\n"),
            format!("{post}content-length: \r\n\r\n"),
            format!("{post}content-length: 99999999999999999999\r\n\r\n"),
            format!("{post}content-length : 1\r\n\r\n"),
            format!("{post}transfer-encoding: chunked, chunked\r\n\r\n"),
            format!("{post}transfer-encoding: gzip\r\n\r\n"),
            format!("{post}a: b\r\n c: d\r\n\r\n"),
            format!("{post}a: b\nc: d\r\n\r\n"),
            format!("{post}a: b\rc: d\r\n\r\n"),
            format!("{post}a\r\n\r\n"),
            format!("{post}: a\r\n\r\n"),
            format!("{chunked}1;a=b\r\nx\r\n0\r\n\r\n"),
            format!("{chunked}0x1\r\nx\r\n0\r\n\r\n"),
            format!("{chunked}+1\r\nx\r\n0\r\n\r\n"),
            format!("{chunked}1\nx\r\n0\r\n\r\n"),
            format!("{chunked}1\r\nxx\r\n0\r\n\r\n"),
            format!("{chunked}ffffffffffffffff\r\n"),
            format!("{chunked}0\r\ncontent-length: 1\r\n\r\n"),
            "GET /\r\n\r\n".to_owned(),
            "GET /#a HTTP/1.1\r\n\r\n".to_owned(),
            "GET  / HTTP/1.1\r\n\r\n".to_owned(),
            "GET / HTTP/1.2\r\n\r\n".to_owned(),
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
            "\r\nGET / HTTP/1.1\r\n\r\n".to_owned(),
            "get / HTTP/1.1\r\n\r\n".to_owned(),
            "\u{16}\u{3}\u{1}".to_owned(),
        ] {
            for size in [1, 5, 1000] {
                let hidden = [bad.as_bytes(), GET.as_bytes()].concat();
                let (out, phase) = through(&hidden, size);
                assert_eq!(phase, Phase::Head, "{bad:?}");
                assert!(out.ends_with(&[REFUSED; GET.len()]), "{bad:?}: {:?}", String::from_utf8_lossy(&out));
            }
        }
    }

    #[test]
    fn behind_the_switch_there_is_no_http() {
        let switch = Switch::default();
        let mut framing = Framing::new(switch.clone());
        framing.admit(&mut GET.as_bytes().to_vec());
        switch.throw();
        let mut frames = b"\x81\x05hello\n".to_vec();
        framing.admit(&mut frames);
        assert_eq!((frames.as_slice(), framing.phase()), (b"\x81\x05hello\n".as_slice(), Phase::Switched));
        let mut early = [GET.as_bytes(), b"\x81\x05hello\n"].concat();
        Framing::new(Switch::default()).admit(&mut early);
        assert!(early.ends_with(&[REFUSED; 8]), "frames before the upgrade");
    }
}
