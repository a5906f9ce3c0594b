//! One escape of a text, and what it stands for.
//!
//! Pure. The notations that an answer is likely to be written in: JSON and the languages with its backslash, URLs,
//! HTML and XML. Everything that a decoder of one of them would take back is read, not only what an encoder must
//! escape: encoders escape more, each in its own way.

/// What every escape starts with.
pub(super) const INTRODUCERS: [u8; 3] = [b'\\', b'%', b'&'];

/// Where in `text` an escape may start.
pub(super) fn introducers(text: &[u8]) -> impl Iterator<Item = usize> {
    let [one, two, three] = INTRODUCERS;
    memchr::memchr3_iter(one, two, three, text)
}

/// The longest name or number between `&` and `;`: `#` and seven digits, or `#x` and six.
const MAX_ENTITY: usize = 8;

/// An escape as it was found.
pub(super) struct Escape {
    /// How much of the text it is.
    pub(super) length: usize,
    meaning: Meaning,
}

enum Meaning {
    Byte(u8),
    Char(char),
}

impl Escape {
    /// The escape that `text` starts with.
    pub(super) fn read(text: &[u8]) -> Option<Self> {
        let (introducer, rest) = text.split_first()?;
        match introducer {
            b'\\' => backslash(rest),
            b'%' => hex(rest.get(..2)?).and_then(|value| of_byte(3, u8::try_from(value).ok()?)),
            b'&' => entity(rest),
            _ => None,
        }
    }

    /// What the bytes that it stands for may start with.
    pub(super) fn first_bytes(&self) -> impl Iterator<Item = u8> {
        let (first, other) = match self.meaning {
            Meaning::Byte(byte) => (byte, None),
            Meaning::Char(c) => (c.encode_utf8(&mut [0; 4]).as_bytes()[0], latin1(c)),
        };
        [Some(first), other].into_iter().flatten()
    }

    /// How many of the bytes that `wanted` starts with it stands for, in each way to read it.
    pub(super) fn covers(&self, wanted: &[u8]) -> impl Iterator<Item = usize> {
        let starts = |byte: u8| (wanted.first() == Some(&byte)).then_some(1);
        let (first, other) = match self.meaning {
            Meaning::Byte(byte) => (starts(byte), None),
            Meaning::Char(c) => {
                let whole = wanted.starts_with(c.encode_utf8(&mut [0; 4]).as_bytes()).then_some(c.len_utf8());
                (whole, latin1(c).and_then(starts))
            }
        };
        [first, other].into_iter().flatten()
    }
}

/// The byte that a program made `c` of, if it took bytes for Latin-1, as many do with headers.
fn latin1(c: char) -> Option<u8> {
    u8::try_from(c).ok().filter(|byte| !byte.is_ascii())
}

fn of_byte(length: usize, byte: u8) -> Option<Escape> {
    Some(Escape { length, meaning: Meaning::Byte(byte) })
}

fn of_char(length: usize, c: char) -> Option<Escape> {
    Some(Escape { length, meaning: Meaning::Char(c) })
}

/// What follows a backslash, in JSON (RFC 8259 §7), JavaScript, C and their kin.
fn backslash(rest: &[u8]) -> Option<Escape> {
    match rest.first()? {
        b'u' => code_units(rest),
        b'x' => of_char(4, char::from_u32(hex(rest.get(1..3)?)?)?),
        letter => of_byte(2, short(*letter)?),
    }
}

/// What a backslash and one more character stand for.
pub(super) fn short(letter: u8) -> Option<u8> {
    Some(match letter {
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        plain if plain.is_ascii_punctuation() || plain == b' ' => plain,
        _ => return None,
    })
}

/// `uXXXX`, or two of them that are a surrogate pair.
fn code_units(rest: &[u8]) -> Option<Escape> {
    let high = hex(rest.get(1..5)?)?;
    if let Some(c) = char::from_u32(high) {
        return of_char(6, c);
    }
    let low = hex(rest.get(5..11)?.strip_prefix(b"\\u")?)?;
    let pair = [high, low].map(|unit| u16::try_from(unit).ok());
    let c = char::decode_utf16([pair[0]?, pair[1]?]).next()?.ok()?;
    of_char(12, c)
}

/// A character reference of HTML (or XML): by number, or by the name of a character of ASCII.
fn entity(rest: &[u8]) -> Option<Escape> {
    let end = rest.iter().take(MAX_ENTITY + 1).position(|byte| *byte == b';')?;
    let (name, length) = (&rest[..end], end + 2);
    match name.strip_prefix(b"#") {
        None => of_byte(length, NAMED.iter().find(|(known, _)| *known == name)?.1),
        Some([b'x' | b'X', digits @ ..]) => of_char(length, char::from_u32(hex(digits)?)?),
        Some(digits) => of_char(length, char::from_u32(decimal(digits)?)?),
    }
}

fn hex(digits: &[u8]) -> Option<u32> {
    number(digits, 16)
}

fn decimal(digits: &[u8]) -> Option<u32> {
    number(digits, 10)
}

/// Of eight digits at most, as all who ask see to.
fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let place = |value: u32, digit: &u8| Some(value * radix + char::from(*digit).to_digit(radix)?);
    if digits.is_empty() { None } else { digits.iter().try_fold(0, place) }
}

/// The names that HTML has for what a key may hold beside letters and digits; the usual ones first.
pub(super) const NAMED: [(&[u8], u8); 42] = [
    (b"amp", b'&'),
    (b"AMP", b'&'),
    (b"lt", b'<'),
    (b"LT", b'<'),
    (b"gt", b'>'),
    (b"GT", b'>'),
    (b"quot", b'"'),
    (b"QUOT", b'"'),
    (b"apos", b'\''),
    (b"Tab", b'\t'),
    (b"NewLine", b'\n'),
    (b"excl", b'!'),
    (b"num", b'#'),
    (b"dollar", b'$'),
    (b"percnt", b'%'),
    (b"lpar", b'('),
    (b"rpar", b')'),
    (b"ast", b'*'),
    (b"midast", b'*'),
    (b"plus", b'+'),
    (b"comma", b','),
    (b"period", b'.'),
    (b"sol", b'/'),
    (b"colon", b':'),
    (b"semi", b';'),
    (b"equals", b'='),
    (b"quest", b'?'),
    (b"commat", b'@'),
    (b"lsqb", b'['),
    (b"lbrack", b'['),
    (b"bsol", b'\\'),
    (b"rsqb", b']'),
    (b"rbrack", b']'),
    (b"Hat", b'^'),
    (b"lowbar", b'_'),
    (b"UnderBar", b'_'),
    (b"grave", b'`'),
    (b"lcub", b'{'),
    (b"lbrace", b'{'),
    (b"verbar", b'|'),
    (b"vert", b'|'),
    (b"rcub", b'}'),
];

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::{any, prop_assert, proptest};
    use proptest::sample::select;

    use super::{Escape, INTRODUCERS};

    /// The escape that a text starts with is of this length and stands for these bytes, among others.
    #[track_caller]
    fn assert_read(text: &str, length: usize, bytes: &[u8]) {
        let escape = Escape::read(text.as_bytes()).unwrap_or_else(|| panic!("{text} is no escape"));
        assert_eq!(escape.length, length, "{text}");
        assert!(escape.covers(bytes).any(|covered| covered == bytes.len()), "{text}");
        assert!(escape.first_bytes().any(|first| first == bytes[0]), "{text}");
    }

    #[test]
    fn each_notation_is_read_in_either_case() {
        for text in
            ["\\u002d", "\\u002D", "%2d", "%2D", "\\x2d", "\\-", "&#45;", "&#0045;", "&#x2d;", "&#X2D;"]
        {
            assert_read(&format!("{text}rest"), text.len(), b"-");
        }
        assert_read("\\/", 2, b"/");
        assert_read("\\n", 2, b"\n");
        assert_read("\\\\", 2, b"\\");
        assert_read("&amp;", 5, b"&");
        assert_read("&lowbar;", 8, b"_");
        assert_read("&#0000115;", 10, b"s");
    }

    #[test]
    fn characters_beyond_ascii_are_their_utf8_or_one_byte() {
        assert_read("\\u00e9", 6, "é".as_bytes());
        assert_read("\\u00e9", 6, b"\xe9");
        assert_read("%e9", 3, b"\xe9");
        assert_read("\\ud83d\\uDE00", 12, "😀".as_bytes());
        assert_read("&#128512;", 9, "😀".as_bytes());
    }

    #[test]
    fn what_only_begins_like_an_escape_is_none() {
        for text in [
            "",
            "-",
            "\\",
            "\\u",
            "\\u00",
            "\\u00g0",
            "\\ud83d",
            "\\ud83d\\u0041",
            "\\ude00",
            "\\x2",
            "\\a",
            "%",
            "%2",
            "%g0",
            "%+1",
            "&",
            "&;",
            "&#;",
            "&#x;",
            "&amp",
            "&nbsp;",
            "&#x110000;",
            "&#99999999;",
            "& amp;",
        ] {
            assert!(Escape::read(text.as_bytes()).is_none(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_looked_at(introducer in select(INTRODUCERS.as_slice()), text in vec(any::<u8>(), 0..16)) {
            let text = [&[introducer], &text[..]].concat();
            if let Some(escape) = Escape::read(&text) {
                prop_assert!((2..=12).contains(&escape.length) && escape.length <= text.len());
            }
        }
    }
}
