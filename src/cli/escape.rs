//! Texts from outside on a terminal: nothing in them may move the cursor, change a
//! colour, or reorder or hide what stands beside them.

use std::borrow::Cow;

/// `text` on one line, with control characters, direction marks and invisible ones escaped
/// as in a Rust literal.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    escape(text, |_| false)
}

/// `text` with its own line breaks and tabs, the rest escaped as by [`line`].
pub(crate) fn block(text: &str) -> Cow<'_, str> {
    escape(text, |character| matches!(character, '\n' | '\t'))
}

/// A text that comes in pieces, for a terminal: its lines, tabs and joined characters (of several scripts, and of
/// emoji) stand as they are, the rest is escaped as by [`line`], and what is not UTF-8 shows as `\u{fffd}`.
#[derive(Default)]
pub(crate) struct Pieces {
    /// The start of a character whose rest is in the next piece.
    cut: Vec<u8>,
}

impl Pieces {
    /// What can be shown now that `piece` has come.
    pub(crate) fn push(&mut self, piece: &[u8]) -> String {
        let bytes = [std::mem::take(&mut self.cut).as_slice(), piece].concat();
        let mut shown = String::with_capacity(bytes.len());
        let mut chunks = bytes.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            shown.push_str(&escape(chunk.valid(), is_plain));
            match chunk.invalid() {
                [] => {}
                cut if chunks.peek().is_none() && is_start(cut) => self.cut = cut.to_vec(),
                _ => shown.push(char::REPLACEMENT_CHARACTER),
            }
        }
        shown
    }

    /// What is left once no more comes.
    pub(crate) fn finish(self) -> &'static str {
        if self.cut.is_empty() { "" } else { "\u{fffd}" }
    }
}

fn is_plain(character: char) -> bool {
    matches!(character, '\n' | '\t' | '\r' | '\u{200c}' | '\u{200d}')
}

/// Whether more bytes could make a character of these.
fn is_start(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

fn escape(text: &str, keep: impl Fn(char) -> bool) -> Cow<'_, str> {
    // Nearly every text is of these alone.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Cow::Borrowed(text);
    }
    let unsafe_to_show = |character: char| is_unsafe(character) && !keep(character);
    if !text.contains(unsafe_to_show) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if unsafe_to_show(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// Controls, and the format characters that reorder text (bidirectional controls, Unicode
/// Standard Annex #9), break lines or cannot be seen.
pub(crate) fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_escape_sequence_gets_through() {
        assert_eq!(line("a\u{1b}[31mred\u{7}"), r"a\u{1b}[31mred\u{7}");
        assert_eq!(line("\u{9b}2J"), r"\u{9b}2J");
        assert_eq!(line("abc\u{202e}txt.exe"), r"abc\u{202e}txt.exe");
        assert_eq!(line("two\r\nlines"), r"two\r\nlines");
    }

    #[test]
    fn letters_of_every_script_are_left_alone() {
        for text in ["plain", "Grüße", "東京", "a\\b \"q\"", ""] {
            assert!(matches!(line(text), Cow::Borrowed(same) if same == text));
        }
    }

    fn shown(pieces: &[&[u8]]) -> String {
        let mut text = Pieces::default();
        let shown: String = pieces.iter().map(|piece| text.push(piece)).collect();
        shown + text.finish()
    }

    #[test]
    fn pieces_may_cut_a_character_but_not_hide_a_control() {
        assert_eq!(shown(&["Grüße, 👩\u{200d}🚀\r\n\t".as_bytes()]), "Grüße, 👩\u{200d}🚀\r\n\t");
        assert_eq!(shown(&[b"a\xf0\x9f", b"", b"\x9a", b"\x80z"]), "a🚀z");
        assert_eq!(shown(&[b"a\x1b", b"[2J\x07"]), r"a\u{1b}[2J\u{7}");
        assert_eq!(shown(&[b"\xc2", b"\x9b2J"]), r"\u{9b}2J");
        assert_eq!(shown(&[b"\x9b2J", b"\xf0\x9f", b"x\xf0"]), "\u{fffd}2J\u{fffd}x\u{fffd}");
    }

    #[test]
    fn a_block_keeps_its_lines() {
        assert_eq!(block("a\n\tb\u{1b}c\r"), "a\n\tb\\u{1b}c\\r");
    }
}
