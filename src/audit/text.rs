//! Text from outside: bounded before it is written, escaped before a person sees it.

use std::borrow::Cow;

pub(super) const NAME_MAX: usize = 256;
pub(super) const DETAIL_MAX: usize = 1024;
pub(super) const PATH_MAX: usize = 2048;

/// The first `max` bytes of `text` at most, and then a mark that tells how many are left out.
pub(super) fn cut(text: &str, max: usize) -> Cow<'_, str> {
    if text.len() <= max {
        return Cow::Borrowed(text);
    }
    let end = (0..=max).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
    let kept = &text[..end];
    Cow::Owned(format!("{kept}...[{} bytes cut]", text.len() - kept.len()))
}

/// `text` as a terminal may show it: control characters, direction marks, invisible
/// and combining characters and backslashes are escaped as in a Rust literal, so
/// that nothing logged can move the cursor, reorder a line or hide in it.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'\\') {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '\'' | '"' => shown.push(character),
            other => shown.extend(other.escape_debug()),
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_escaped() {
        assert_eq!(printable("GET /v1/files \"a\" 'b'"), "GET /v1/files \"a\" 'b'");
        assert_eq!(printable("naïve 日本"), "naïve 日本");
        for (raw, shown) in [
            ("\u{1b}[2J", "\\u{1b}[2J"),
            ("a\r\nb\tc\0", "a\\r\\nb\\tc\\0"),
            ("\u{7f}\u{9b}31m", "\\u{7f}\\u{9b}31m"),
            ("\u{202e}gpj\u{2066}", "\\u{202e}gpj\\u{2066}"),
            ("a\u{200b}\u{200d}\u{feff}\u{ad}b", "a\\u{200b}\\u{200d}\\u{feff}\\u{ad}b"),
            ("\u{2028}\u{2029}\u{e0041}", "\\u{2028}\\u{2029}\\u{e0041}"),
            ("Z\u{334}\u{301}", "Z\\u{334}\\u{301}"),
            ("\\u{1b}", "\\\\u{1b}"),
        ] {
            assert_eq!(printable(raw), shown);
        }
    }

    proptest! {
        #[test]
        fn two_texts_never_look_the_same(a in any::<String>(), b in any::<String>()) {
            prop_assert_eq!(a == b, printable(&a) == printable(&b));
            prop_assert!(!printable(&a).chars().any(char::is_control));
        }

        #[test]
        fn a_cut_keeps_a_prefix_and_a_bound(text in any::<String>(), max in 0usize..64) {
            let shown = cut(&text, max);
            prop_assert!(shown.len() <= max + 40);
            if text.len() <= max {
                prop_assert_eq!(shown.as_ref(), text.as_str());
            } else {
                let (kept, mark) = shown.rsplit_once("...[").unwrap();
                prop_assert!(text.starts_with(kept));
                prop_assert_eq!(mark, format!("{} bytes cut]", text.len() - kept.len()));
            }
        }
    }
}
