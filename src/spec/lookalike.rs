//! Characters that somebody on the way may take for others, or not see.
//!
//! Unicode normalisation (UAX #15) folds some into ASCII, so that what was judged as data could
//! be read as a path's own characters, or as a name that a policy denies. By block rather than by
//! character, so that the next version of Unicode changes little.

/// What compatibility normalisation (NFKC) makes ASCII of, and a few of its neighbours.
const FOLDED: &[(u32, u32)] = &[
    (0x00AA, 0x00AA), // ordinal indicators and superscripts
    (0x00B2, 0x00B3),
    (0x00B9, 0x00BA),
    (0x0132, 0x0133), // letters that are two
    (0x017F, 0x017F),
    (0x01C7, 0x01CC),
    (0x01F1, 0x01F3),
    (0x02B0, 0x02B8), // modifier letters
    (0x02E0, 0x02E4),
    (0x037E, 0x037E), // the Greek question mark, a semicolon
    (0x1D2C, 0x1DBF),
    (0x1FEF, 0x1FEF),
    (0x2024, 0x2026), // dot leaders, ellipsis
    (0x203C, 0x203C),
    (0x2047, 0x2049),
    (0x2070, 0x209F), // superscripts and subscripts
    (0x20A8, 0x20A8),
    (0x2100, 0x214F), // letter-like symbols
    (0x2160, 0x217F), // Roman numerals
    (0x2460, 0x24FF), // enclosed and numbered with a full stop
    (0x2A74, 0x2A76),
    (0x2C7C, 0x2C7D),
    (0x3250, 0x325F),
    (0x32B1, 0x32CF),
    (0x3371, 0x33FF), // squared units
    (0xA7F1, 0xA7F4),
    (0xFB00, 0xFB06), // ligatures
    (0xFB29, 0xFB29),
    (0xFE10, 0xFE19), // vertical forms
    (0xFE30, 0xFE6F), // compatibility forms, small forms
    (0xFF01, 0xFF5E), // full-width ASCII
    (0x10780, 0x107BF),
    (0x1CCD6, 0x1CCF9),
    (0x1D400, 0x1D7FF), // mathematical letters and digits
    (0x1F100, 0x1F190), // enclosed, numbered with a full stop or comma
    (0x1FBF0, 0x1FBF9),
];

/// What looks like a slash or backslash, and is made one by some tables of code pages.
const SLASHES: &[char] = &['\u{2044}', '\u{2215}', '\u{2216}', '\u{29F5}', '\u{29F8}', '\u{29F9}'];

/// What is not seen, orders text anew, breaks a line, or stands for what could not be read.
const UNSEEN: &[(u32, u32)] = &[
    (0x00AD, 0x00AD), // soft hyphen
    (0x034F, 0x034F),
    (0x061C, 0x061C),
    (0x115F, 0x1160), // Hangul fillers
    (0x180E, 0x180E),
    (0x200B, 0x200F),
    (0x2028, 0x202E), // line and paragraph separators, directions
    (0x2060, 0x206F),
    (0x3164, 0x3164),
    (0xFDD0, 0xFDEF), // no characters at all
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF9, 0xFFFF),   // annotations, replacement characters, no characters
    (0x1D173, 0x1D17A), // marks of music
    (0xE0000, 0xE007F), // tags
];

/// Whether `character` is one of them.
#[must_use]
pub fn is_lookalike(character: char) -> bool {
    let code = u32::from(character);
    let within = |table: &[(u32, u32)]| table.iter().any(|(first, last)| (*first..=*last).contains(&code));
    !character.is_ascii() && (within(FOLDED) || within(UNSEEN) || SLASHES.contains(&character))
}

/// Whether `character` only says how the one before it is drawn. People write such, behind what they
/// are meant for; some readers drop them.
#[must_use]
pub fn is_variation(character: char) -> bool {
    matches!(character, '\u{180B}'..='\u{180F}' | '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}')
}

// With the crate alone: the tools compile this folder too, without what its tests need.
#[cfg(test)]
#[cfg(shipped)]
mod tests {
    use unicode_normalization::UnicodeNormalization as _;

    use super::*;

    /// Whether normalisation makes ASCII of it, or of a part of it what has a meaning in a path.
    fn is_folded(character: char) -> bool {
        let folded: String = std::iter::once(character).nfkc().collect();
        if character.is_ascii() || folded.trim().is_empty() {
            return false;
        }
        folded.is_ascii() || folded.contains(['.', '/', '\\', '%', '?', '#', ';', ':', '@'])
    }

    #[test]
    fn nothing_that_normalisation_folds_into_ascii_is_missed() {
        let missed: Vec<char> = ('\0'..=char::MAX).filter(|c| is_folded(*c) && !is_lookalike(*c)).collect();
        assert!(missed.is_empty(), "{missed:?}");
    }

    #[test]
    fn what_people_write_is_left_alone() {
        for text in ["äéñçøß", "ÅΩµ", "日本語のファイル。", "Привет", "العربية", "한국어", "“—”€°", "🙂🇫🇷❤️"]
        {
            let seen: Vec<char> = text.chars().filter(|c| is_lookalike(*c)).collect();
            assert!(seen.is_empty(), "{text}: {seen:?}");
        }
    }

    #[test]
    fn the_tables_are_in_order() {
        for table in [FOLDED, UNSEEN] {
            assert!(table.iter().all(|(first, last)| first <= last));
            assert!(table.windows(2).all(|pair| pair[0].1 < pair[1].0));
        }
    }
}
