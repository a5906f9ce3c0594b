//! The names of a form's fields, as the most lenient reader may find them.
//!
//! A `multipart` body is scanned by lines, whatever its boundary is said to be: each line that
//! could be a part's `content-disposition` is read, and bytes are let go only once it is known
//! what their line is. So no reader finds a part here that was not seen. What is found in a file
//! that merely looks like such a line is refused too.

use bytes::{Bytes, BytesMut};
use memchr::memchr2;
use percent_encoding::percent_decode_str;

/// The longest `content-disposition` that is taken, folded lines and all.
const LONGEST_HEADER: usize = 8 * 1024;
const DISPOSITION: &[u8] = b"content-disposition";

/// Why a form is not let through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It has a field of that name.
    Owned(String),
    /// A name that could be read in two ways.
    Unclear,
    /// It is spelled in other bytes than it seems.
    Encoded,
    /// More than is looked through.
    TooLarge,
}

/// The names of an `application/x-www-form-urlencoded` body, decoded.
pub(super) fn of_pairs(body: &[u8]) -> impl Iterator<Item = String> {
    let pairs = body.split(|byte| matches!(byte, b'&' | b';'));
    pairs.map(|pair| {
        let name = pair.split(|byte| *byte == b'=').next().unwrap_or_default();
        decoded(&String::from_utf8_lossy(name).replace('+', " "))
    })
}

/// Lets a `multipart` body through once its parts' names were looked at.
pub struct Parts<F> {
    is_owned: F,
    /// What came and was not let through: it may be the beginning of a header.
    held: BytesMut,
    at_line_start: bool,
}

/// What begins at a line's start.
enum Line {
    Header {
        end: usize,
    },
    Other,
    /// More must come to tell.
    Unfinished,
}

impl<F: Fn(&str) -> bool> Parts<F> {
    #[must_use]
    pub fn new(is_owned: F) -> Self {
        Self { is_owned, held: BytesMut::new(), at_line_start: true }
    }

    /// What can be let through now that `piece` has come.
    ///
    /// # Errors
    /// When a name in it is owned, or not clear.
    pub fn push(&mut self, piece: &[u8]) -> Result<Bytes, Fault> {
        self.held.extend_from_slice(piece);
        let passed = self.scan(false)?;
        Ok(self.held.split_to(passed).freeze())
    }

    /// The rest, at the body's end.
    ///
    /// # Errors
    /// When a name in it is owned, or not clear.
    pub fn finish(&mut self) -> Result<Bytes, Fault> {
        self.scan(true)?;
        Ok(self.held.split().freeze())
    }

    /// Looks at what is held; gives how much of it is clear.
    fn scan(&mut self, is_all: bool) -> Result<usize, Fault> {
        let mut at = 0;
        while at < self.held.len() {
            let rest = &self.held[at..];
            if !self.at_line_start {
                let Some(end) = memchr2(b'\r', b'\n', rest) else { return Ok(self.held.len()) };
                at += end + 1;
                self.at_line_start = true;
                continue;
            }
            match line(rest, is_all) {
                Line::Unfinished if rest.len() > LONGEST_HEADER => return Err(Fault::Unclear),
                Line::Unfinished => return Ok(at),
                Line::Other => {}
                Line::Header { end } => {
                    self.judge(&rest[..end])?;
                    at += end;
                }
            }
            self.at_line_start = false;
        }
        Ok(at)
    }

    fn judge(&self, header: &[u8]) -> Result<(), Fault> {
        let header = String::from_utf8_lossy(header);
        for name in of_part(&header) {
            let name = name.ok_or(Fault::Unclear)?;
            if (self.is_owned)(&name) {
                return Err(Fault::Owned(name));
            }
        }
        Ok(())
    }
}

/// `is_all`: nothing more will come behind `rest`.
fn line(rest: &[u8], is_all: bool) -> Line {
    let text = rest.trim_ascii_start();
    let known = text.len().min(DISPOSITION.len());
    if !text[..known].eq_ignore_ascii_case(&DISPOSITION[..known]) {
        return Line::Other;
    }
    if known < DISPOSITION.len() {
        return if is_all { Line::Other } else { Line::Unfinished };
    }
    match (header_end(rest), is_all) {
        (Some(end), _) => Line::Header { end },
        (None, true) => Line::Header { end: rest.len() },
        (None, false) => Line::Unfinished,
    }
}

/// Where a header ends: at a line break behind which no folded line follows, once that is known.
fn header_end(rest: &[u8]) -> Option<usize> {
    let begin = rest.len() - rest.trim_ascii_start().len();
    let mut from = begin;
    loop {
        let end = from + memchr2(b'\r', b'\n', rest.get(from..)?)?;
        let next = if rest[end..].starts_with(b"\r\n") { end + 2 } else { end + 1 };
        // Behind a `\r` that is the last byte so far, a `\n` may still come.
        match rest.get(next)? {
            b' ' | b'\t' => from = next,
            _ => return Some(end),
        }
    }
}

/// Every value that a reader may take for the name of a part; none where one is not clear.
fn of_part(header: &str) -> impl Iterator<Item = Option<String>> {
    let lower = header.to_ascii_lowercase();
    let places: Vec<usize> = lower.match_indices("name").map(|(at, _)| at).collect();
    let is_own_word =
        move |at: &usize| !lower[..*at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    places.into_iter().filter(is_own_word).filter_map(|at| {
        let rest = header[at + "name".len()..].trim_start();
        if rest.starts_with('*') {
            return Some(None);
        }
        rest.strip_prefix('=').map(|value| clear(value.trim_start()))
    })
}

/// A parameter's value without quotes and escapes, where there is one way to read it.
fn clear(value: &str) -> Option<String> {
    let value = match value.strip_prefix(['"', '\'']) {
        Some(quoted) => unquoted(quoted, value.as_bytes()[0] as char),
        None => value.split([';', ',', ' ', '\t', '\r', '\n']).next().unwrap_or_default().to_owned(),
    };
    let is_clear = !value.contains("=?") && !value.contains(['\r', '\n', '\u{fffd}']);
    is_clear.then(|| decoded(&value))
}

fn unquoted(quoted: &str, quote: char) -> String {
    let mut value = String::new();
    let mut characters = quoted.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => value.extend(characters.next()),
            character if character == quote => break,
            character => value.push(character),
        }
    }
    value
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_owned(name: &str) -> bool {
        name.trim().eq_ignore_ascii_case("token")
    }

    /// What comes out of a body that is given in pieces of `size`.
    fn through(body: &[u8], size: usize) -> Result<Vec<u8>, Fault> {
        let mut parts = Parts::new(is_owned);
        let mut out = Vec::new();
        for piece in body.chunks(size) {
            out.extend_from_slice(&parts.push(piece)?);
        }
        out.extend_from_slice(&parts.finish()?);
        Ok(out)
    }

    #[test]
    fn names_of_pairs_are_decoded() {
        let names: Vec<_> = of_pairs(b"a=b&to%6ben=x;c+d&&e[]=%").collect();
        assert_eq!(names, ["a", "token", "c d", "", "e[]"]);
    }

    #[test]
    fn an_owned_part_is_seen_however_it_is_written_and_cut() {
        for header in [
            "Content-Disposition: form-data; name=\"token\"",
            "content-disposition:form-data;NAME=token",
            "CONTENT-DISPOSITION : form-data ; filename=\"a; b\" ; name = \"TOKEN\"",
            "Content-Disposition: form-data;\r\n name=\"token\"",
            "Content-Disposition: form-data; name=\"to\\ken\"",
            "Content-Disposition: form-data; name=\"t%6Fken\"",
            "Content-Disposition: form-data; name='token'",
            "Content-Disposition: form-data; name=\"a\"; name=\"token\"",
            " Content-Disposition: form-data; name=token",
        ] {
            for line_break in ["\r\n", "\n", "\r"] {
                let body = format!("--b\r\nX-A: b{line_break}{header}{line_break}\r\nxoxb-1\r\n--b--");
                for size in [1, 2, 7, 19, 20, 64, 4096] {
                    let fault = through(body.as_bytes(), size).unwrap_err();
                    assert!(matches!(fault, Fault::Owned(_)), "{header:?} {line_break:?} {size}");
                }
            }
        }
        let at_once = b"content-disposition: form-data; name=token";
        assert!(through(at_once, 5).is_err(), "at the body's very end");
    }

    #[test]
    fn a_name_that_is_not_clear_is_refused() {
        for name in [
            "name*=UTF-8''token",
            "name*0=to; name*1=ken",
            "name=\"=?utf-8?B?dG9rZW4=?=\"",
            "name=\"to\r\n ken\"",
        ] {
            let body = format!("--b\r\nContent-Disposition: form-data; {name}\r\n\r\nx\r\n--b--");
            assert_eq!(through(body.as_bytes(), 9), Err(Fault::Unclear), "{name}");
        }
        let endless = format!("Content-Disposition: form-data; a={}", "b".repeat(20_000));
        assert_eq!(through(endless.as_bytes(), 1000), Err(Fault::Unclear));
    }

    #[test]
    fn what_is_allowed_comes_out_as_it_came() {
        let file: Vec<u8> = (0..50_000_u32).map(|n| (n % 251) as u8).collect();
        let head = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"token\"\r\n\r\n";
        let text = "\r\n--b\r\ncontent-disposition: form-data; name=note\r\n\r\nname=\"token\"\ncontent-\r\n--b--\r\n";
        let body = [head.as_bytes(), &file, text.as_bytes()].concat();
        for size in [1, 3, 100, 8192, 1 << 20] {
            assert_eq!(through(&body, size).unwrap(), body, "{size}");
        }
    }
}
