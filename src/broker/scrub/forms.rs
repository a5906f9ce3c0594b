//! How a secret is spelled by the encoders that an upstream is likely to use.
//!
//! Pure. Every form is exact: which characters an encoder escapes is what tells one encoder from another, so
//! each family of them has its own set here.

use base64::Engine as _;
use base64::engine::general_purpose::{GeneralPurpose, STANDARD, URL_SAFE};
use zeroize::Zeroizing;

/// The shortest run of base64 characters, cut out of a longer text, that is looked for.
const MIN_BASE64_CORE: usize = 8;

type Form = Zeroizing<Vec<u8>>;

/// Appends the forms of `secret`. A form may come more than once, but what is plainly the secret itself again is
/// not made: few keys hold anything that an encoder escapes.
pub(super) fn append_forms(secret: &[u8], forms: &mut Vec<Form>) {
    forms.push(Zeroizing::new(secret.to_vec()));
    append_hex(secret, forms);
    append_base64(secret, forms);
    append_percent(secret, forms);
    if let Ok(text) = std::str::from_utf8(secret) {
        append_json(text, forms);
    }
}

/// The digits of hexadecimal, in both cases.
const DIGITS: [&[u8; 16]; 2] = [b"0123456789abcdef", b"0123456789ABCDEF"];

fn append_hex(secret: &[u8], forms: &mut Vec<Form>) {
    for digits in DIGITS {
        let mut form = Form::new(Vec::with_capacity(2 * secret.len()));
        for byte in secret {
            push_hex(u32::from(*byte), 2, digits, &mut form);
        }
        forms.push(form);
    }
}

/// Base64 (RFC 4648 §4 and §5) of the secret alone, and of the secret inside a longer text.
///
/// Inside, what the secret looks like depends on how many bytes stand before it, modulo three; and the first and
/// last characters mix with its neighbours. The core is what remains: the characters that the secret alone
/// decides. Where the secret ends the text, as the password of basic auth does, its last character and the
/// padding are known as well.
fn append_base64(secret: &[u8], forms: &mut Vec<Form>) {
    for engine in [&STANDARD, &URL_SAFE] {
        for before in 0..3 {
            append_base64_at(before, secret, engine, forms);
        }
    }
}

fn append_base64_at(before: usize, secret: &[u8], engine: &GeneralPurpose, forms: &mut Vec<Form>) {
    let mut text = Form::new(vec![0; before]);
    text.extend_from_slice(secret);
    let encoded = Form::new(engine.encode(&text).into_bytes());

    let first = (before * 8).div_ceil(6);
    let core_end = text.len() * 8 / 6;
    let unpadded_end = (text.len() * 8).div_ceil(6);
    if core_end - first >= MIN_BASE64_CORE {
        for end in [core_end, unpadded_end, encoded.len()] {
            forms.push(Form::new(encoded[first..end].to_vec()));
        }
    }
}

/// Percent-encoding (RFC 3986 §2.1), as the encoders of the field do it: each keeps other characters.
fn append_percent(secret: &[u8], forms: &mut Vec<Form>) {
    const KEPT: [fn(u8) -> bool; 6] = [
        // RFC 3986 "unreserved".
        |byte| is_unreserved(byte),
        // encodeURIComponent.
        |byte| is_unreserved(byte) || b"!'()*".contains(&byte),
        // application/x-www-form-urlencoded (WHATWG URL).
        |byte| byte.is_ascii_alphanumeric() || b"*-._".contains(&byte),
        // A path: "unreserved" and the slash.
        |byte| is_unreserved(byte) || byte == b'/',
        // Letters and digits alone.
        |byte| byte.is_ascii_alphanumeric(),
        // Nothing: every byte is escaped.
        |_| false,
    ];
    let spaces: &[&str] = if secret.contains(&b' ') { &["%20", "+"] } else { &["%20"] };
    for keeps in KEPT {
        if secret.iter().copied().all(keeps) {
            continue;
        }
        for digits in DIGITS {
            for space in spaces {
                forms.push(percent_encode(secret, keeps, digits, space));
            }
        }
    }
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

fn percent_encode(secret: &[u8], keeps: fn(u8) -> bool, digits: &[u8; 16], space: &str) -> Form {
    let mut form = Form::new(Vec::with_capacity(3 * secret.len()));
    for byte in secret.iter().copied() {
        if keeps(byte) {
            form.push(byte);
        } else if byte == b' ' {
            form.extend_from_slice(space.as_bytes());
        } else {
            form.push(b'%');
            push_hex(u32::from(byte), 2, digits, &mut form);
        }
    }
    form
}

/// JSON strings (RFC 8259 §7), as the encoders of the field write them: all escape what they must, some more.
fn append_json(secret: &str, forms: &mut Vec<Form>) {
    const ESCAPED: [fn(char) -> bool; 6] = [
        // What must be.
        |_| false,
        // ASCII output.
        |c| !c.is_ascii(),
        // Safe inside HTML.
        |c| "<>&".contains(c),
        |c| "<>&'".contains(c) || !c.is_ascii(),
        // Safe inside HTML attributes too, with quotes as code points.
        |c| "<>&'\"+`".contains(c) || !c.is_ascii(),
        // Every character.
        |_| true,
    ];
    let slashes: &[&str] = if secret.contains('/') { &["/", "\\/"] } else { &["/"] };
    let must = |c| short_escape(c).is_some() || is_control(c) || c == '/';
    for escapes in ESCAPED {
        if !secret.contains(|c| must(c) || escapes(c)) {
            continue;
        }
        for digits in DIGITS {
            for slash in slashes {
                forms.push(json_escape(secret, escapes, digits, slash));
            }
        }
    }
}

fn json_escape(secret: &str, escapes: fn(char) -> bool, digits: &[u8; 16], slash: &str) -> Form {
    // The longest escape of a byte of UTF-8 is six bytes, so that this never grows and leaves a copy behind.
    let mut form = Form::new(Vec::with_capacity(6 * secret.len()));
    for c in secret.chars() {
        match short_escape(c) {
            _ if escapes(c) => push_code_units(c, digits, &mut form),
            Some(escape) => form.extend_from_slice(escape.as_bytes()),
            None if c == '/' => form.extend_from_slice(slash.as_bytes()),
            None if is_control(c) => push_code_units(c, digits, &mut form),
            None => form.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    form
}

/// True for what RFC 8259 wants escaped beside the quote and the backslash.
fn is_control(c: char) -> bool {
    c < ' '
}

fn short_escape(c: char) -> Option<&'static str> {
    Some(match c {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\x08' => "\\b",
        '\x0c' => "\\f",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        _ => return None,
    })
}

fn push_code_units(c: char, digits: &[u8; 16], form: &mut Form) {
    for unit in c.encode_utf16(&mut [0; 2]) {
        form.extend_from_slice(b"\\u");
        push_hex(u32::from(*unit), 4, digits, form);
    }
}

/// The lowest `width` hexadecimal digits of `value`.
fn push_hex(value: u32, width: u32, digits: &[u8; 16], form: &mut Form) {
    for place in (0..width).rev() {
        form.push(digits[(value >> (4 * place)) as usize & 0xf]);
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};

    use super::append_forms;

    fn forms_of(secret: &[u8]) -> Vec<Vec<u8>> {
        let mut forms = Vec::new();
        append_forms(secret, &mut forms);
        forms.iter().map(|form| form.to_vec()).collect()
    }

    #[track_caller]
    fn assert_form(secret: &str, form: &str) {
        assert!(forms_of(secret.as_bytes()).contains(&form.as_bytes().to_vec()), "{form}");
    }

    #[test]
    fn encoders_of_the_field_are_covered() {
        let secret = "a+b/c=d e'f\"g~h*i";
        for form in [
            secret,
            "a%2Bb%2Fc%3Dd%20e%27f%22g~h%2Ai",
            "a%2bb%2fc%3dd%20e%27f%22g~h%2ai",
            "a%2Bb%2Fc%3Dd+e%27f%22g~h%2Ai",
            "a%2Bb%2Fc%3Dd+e%27f%22g%7Eh*i",
            "a%2Bb%2Fc%3Dd%20e'f%22g~h*i",
            "a%2Bb/c%3Dd%20e%27f%22g~h%2Ai",
            "a+b/c=d e'f\\\"g~h*i",
            "a+b\\/c=d e'f\\\"g~h*i",
            "a\\u002Bb/c=d e\\u0027f\\u0022g~h*i",
            "612b622f633d642065276622677e682a69",
        ] {
            assert_form(secret, form);
        }
    }

    #[test]
    fn escapes_cover_control_characters_and_all_of_unicode() {
        assert_form("line\nline\x01", "line\\nline\\u0001");
        assert_form("clé-é😀", "cl\\u00e9-\\u00e9\\ud83d\\ude00");
        assert_form("clé-é😀", "cl\\u00E9-\\u00E9\\uD83D\\uDE00");
        assert_form("sk-key", "\\u0073\\u006b\\u002d\\u006b\\u0065\\u0079");
        assert_form("sk-key", "%73%6B%2D%6B%65%79");
    }

    #[test]
    fn base64_finds_the_secret_at_every_alignment_of_a_longer_text() {
        let secret = b"sk-proj-\xff\xfe\xfd-0123456789";
        let forms = forms_of(secret);
        for before in 0..6 {
            for after in 0..4 {
                let text = [&vec![b'x'; before][..], secret, &vec![b'y'; after]].concat();
                for engine in [&STANDARD, &URL_SAFE] {
                    let encoded = engine.encode(&text).into_bytes();
                    let found = forms.iter().any(|form| memchr::memmem::find(&encoded, form).is_some());
                    assert!(found, "{before} before, {after} after");
                }
            }
        }
    }

    #[test]
    fn base64_cores_too_short_to_be_telling_are_left_out() {
        // Six bytes: 48 bits, eight characters where nothing stands before, seven otherwise.
        let shortest = forms_of(b"sk-key").iter().map(Vec::len).min();
        assert_eq!(shortest, Some(6));
        assert!(!forms_of(b"sk-key").iter().any(|form| form.len() == 7));
    }

    #[test]
    fn bytes_that_are_not_text_have_every_form_but_json() {
        let forms = forms_of(b"\xff\x00\xfe\x01\xfd\x02");
        assert!(forms.contains(&b"ff00fe01fd02".to_vec()));
        assert!(forms.contains(&b"%FF%00%FE%01%FD%02".to_vec()));
        assert!(!forms.iter().any(|form| form.starts_with(b"\\u")));
    }
}
