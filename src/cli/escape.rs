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

fn escape(text: &str, keep: impl Fn(char) -> bool) -> Cow<'_, str> {
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

    #[test]
    fn a_block_keeps_its_lines() {
        assert_eq!(block("a\n\tb\u{1b}c\r"), "a\n\tb\\u{1b}c\\r");
    }
}
