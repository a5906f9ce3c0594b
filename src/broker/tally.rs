//! Reads what an answer says it cost, in passing, and settles what was reserved for it.
//!
//! It looks at the bytes that came from the upstream and changes none of them. Only what is JSON
//! is looked into, and of that no more than a bound; where the answer does not tell, or is not
//! read to its end, what was reserved stands, unless it has already told of more.

use http::HeaderMap;

use super::format::{EventLine, Format};
use super::limits::Reserved;
use super::lines::{Ends, Line, Lines, TooLong};
use super::spans::{self, Wanted};
use crate::spec::policy::{Decimal, Pointer};

/// A longer JSON text is not looked into: 8 MiB.
const MAX_DOCUMENT: usize = 8 * 1024 * 1024;
/// Behind a longer line, nothing is looked into: 1 MiB.
const MAX_LINE: usize = 1024 * 1024;

/// What is known of an answer's cost so far.
pub(super) struct Tally {
    /// `None` once settled.
    reserved: Option<Reserved>,
    reader: Reader,
}

impl Tally {
    /// `None` where nothing waits for what the answer tells.
    pub(super) fn of(reserved: Reserved, headers: &HeaderMap) -> Option<Self> {
        if reserved.reservations.is_empty() {
            return None;
        }
        let pointers = reserved.reservations.iter().map(|one| one.pointer.clone());
        let reader = Reader::new(Format::of(headers), pointers);
        Some(Self { reserved: Some(reserved), reader })
    }

    /// The same for the messages of a WebSocket: each is seen whole.
    pub(super) fn of_messages(reserved: Reserved) -> Option<Self> {
        if reserved.reservations.is_empty() {
            return None;
        }
        let pointers = reserved.reservations.iter().map(|one| one.pointer.clone());
        let reader = Reader { body: Body::Messages, ..Reader::new(Format::Other, pointers) };
        Some(Self { reserved: Some(reserved), reader })
    }

    pub(super) fn see(&mut self, chunk: &[u8]) {
        self.reader.see(chunk);
    }

    /// The answer came whole.
    pub(super) fn end(&mut self) {
        self.reader.end();
        self.settle(true);
    }

    /// A failure leaves what was reserved, which is the safe side; the next charge meets it again.
    fn settle(&mut self, whole: bool) {
        let Some(reserved) = self.reserved.take() else { return };
        let whole = whole && !self.reader.is_cut();
        let at_least = reserved.reservations.iter().map(|one| if whole { 0 } else { one.amount() });
        let costs: Vec<_> = self
            .reader
            .told
            .iter()
            .zip(at_least)
            .map(|(told, least)| told.map(|cost| cost.max(least)))
            .collect();
        let _ = reserved.settle(costs.into_iter());
    }
}

/// A caller that went away before the end got what it got: had the answer told already, more than
/// what was reserved is not forgotten.
impl Drop for Tally {
    fn drop(&mut self) {
        self.settle(false);
    }
}

/// Finds numbers in an answer; of a stream of JSON texts, the last that has one counts.
struct Reader {
    wanted: Vec<Wanted>,
    told: Vec<Option<u64>>,
    body: Body,
}

enum Body {
    Document(Vec<u8>),
    Lines(Lines, Format),
    /// Each chunk is a JSON text, or none.
    Messages,
    /// Not looked into from the start.
    Closed,
    /// No more looked into.
    Cut,
}

impl Reader {
    fn new(format: Format, pointers: impl Iterator<Item = Pointer>) -> Self {
        let wanted: Vec<_> =
            pointers.map(|pointer| Wanted { pointers: vec![pointer], fields: Vec::new() }).collect();
        let told = vec![None; wanted.len()];
        let body = match format {
            Format::Json => Body::Document(Vec::new()),
            Format::Events => Body::Lines(Lines::new(Ends::NewlineOrReturn, MAX_LINE), format),
            Format::JsonLines => Body::Lines(Lines::new(Ends::Newline, MAX_LINE), format),
            Format::Other => Body::Closed,
        };
        Self { wanted, told, body }
    }

    fn is_cut(&self) -> bool {
        matches!(self.body, Body::Cut)
    }

    fn see(&mut self, chunk: &[u8]) {
        let Self { wanted, told, body } = self;
        let seen = match body {
            Body::Document(held) if held.len() + chunk.len() > MAX_DOCUMENT => Err(TooLong),
            Body::Document(held) => {
                held.extend_from_slice(chunk);
                Ok(())
            }
            Body::Lines(lines, format) => lines.push(chunk, &mut |line| {
                read_line(line, *format, wanted, told);
                Ok::<_, TooLong>(())
            }),
            Body::Messages if chunk.len() > MAX_DOCUMENT => Err(TooLong),
            Body::Messages => {
                read(chunk, wanted, told);
                Ok(())
            }
            Body::Closed | Body::Cut => Ok(()),
        };
        if seen.is_err() {
            self.body = Body::Cut;
        }
    }

    fn end(&mut self) {
        let Self { wanted, told, body } = self;
        match body {
            Body::Document(held) => read(&std::mem::take(held), wanted, told),
            Body::Lines(lines, format) => {
                let mut take = |line: Line<'_>| {
                    read_line(line, *format, wanted, told);
                    Ok::<_, TooLong>(())
                };
                // What it takes never fails.
                let _ = lines.finish(&mut take);
            }
            Body::Messages | Body::Closed | Body::Cut => {}
        }
    }
}

fn read_line((line, _): Line<'_>, format: Format, wanted: &[Wanted], told: &mut [Option<u64>]) {
    match (format, EventLine::of(line)) {
        (Format::Events, EventLine::Json(from)) => read(&line[from..], wanted, told),
        (Format::Events, _) => {}
        _ => read(line, wanted, told),
    }
}

fn read(text: &[u8], wanted: &[Wanted], told: &mut [Option<u64>]) {
    for (wanted, told) in wanted.iter().zip(told) {
        if let Some(cost) = number(text, wanted) {
            *told = Some(cost);
        }
    }
}

/// The number at a pointer; where a key comes twice, the larger.
fn number(text: &[u8], wanted: &Wanted) -> Option<u64> {
    let spans = spans::find(text, wanted).ok()?;
    let texts = spans.into_iter().filter_map(|span| std::str::from_utf8(&text[span]).ok());
    texts.filter_map(|text| Decimal::parse(text)?.round_up()).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(format: Format, chunks: &[&str]) -> Option<u64> {
        let pointer = Pointer::parse("/usage/total_tokens").unwrap();
        let mut reader = Reader::new(format, std::iter::once(pointer));
        chunks.iter().for_each(|chunk| reader.see(chunk.as_bytes()));
        reader.end();
        reader.told[0]
    }

    #[test]
    fn of_messages_the_last_that_tells_counts() {
        let pointer = Pointer::parse("/usage").unwrap();
        let of = |messages: &[&str]| {
            let reader = Reader::new(Format::Other, std::iter::once(pointer.clone()));
            let mut reader = Reader { body: Body::Messages, ..reader };
            messages.iter().for_each(|message| reader.see(message.as_bytes()));
            (reader.told[0], reader.is_cut())
        };
        assert_eq!(of(&["{\n\"usage\":1}", "{\"usage\":3}", "{\"a\":9}", "bytes"]), (Some(3), false));
        assert_eq!(of(&["{\"us", "age\":1}"]), (None, false), "a message is a text of its own");
        assert_eq!(of(&["{\"usage\":1}", &" ".repeat(MAX_DOCUMENT + 1), "{\"usage\":2}"]), (Some(1), true));
    }

    #[test]
    fn a_document_tells_at_its_end() {
        let pieces = [r#"{"id":"x","usage":{"total_"#, r#"tokens":12},"more":[]}"#];
        assert_eq!(told(Format::Json, &pieces), Some(12));
        assert_eq!(told(Format::Json, &pieces[..1]), None);
        assert_eq!(told(Format::Other, &pieces), None);
        for (number, cost) in
            [("1.2e1", Some(12)), ("11.5", Some(12)), ("-1", None), ("\"12\"", None), ("1e99", None)]
        {
            assert_eq!(told(Format::Json, &[&format!(r#"{{"usage":{{"total_tokens":{number}}}}}"#)]), cost);
        }
        assert_eq!(
            told(Format::Json, &[r#"{"usage":{"total_tokens":5,"total_tokens":7,"total_tokens":6}}"#]),
            Some(7)
        );
    }

    #[test]
    fn of_a_stream_the_last_that_tells_counts() {
        let events = "event: a\r\ndata: {\"usage\":{\"total_tokens\":3}}\r\n\r\ndata: {\"usage\":null}\n\n\
                      data: {\"usage\":{\"total_tokens\":9}}\n\ndata: {}\n\ndata: [DONE]\n\n";
        let (a, b) = events.split_at(70);
        assert_eq!(told(Format::Events, &[a, b]), Some(9));
        assert_eq!(told(Format::Events, &["data: {\"usage\":{\"total_tokens\":4}}"]), Some(4), "cut short");
        assert_eq!(
            told(
                Format::JsonLines,
                &["{\"usage\":{\"total_tokens\":1}}\n{\"usage\":{\"total_", "tokens\":2}}\n"]
            ),
            Some(2)
        );
    }

    #[test]
    fn no_more_is_held_than_the_bound() {
        let pointer = Pointer::parse("/a").unwrap();
        for format in [Format::Json, Format::Events, Format::JsonLines] {
            let mut reader = Reader::new(format, std::iter::once(pointer.clone()));
            reader.see(b"{\"a\":1}\ndata: {\"a\":1}\n");
            let mebibyte = vec![b' '; 1024 * 1024];
            (0..9).for_each(|_| reader.see(&mebibyte));
            assert!(reader.is_cut(), "{format:?}");
        }
    }
}
