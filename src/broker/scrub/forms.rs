//! The forms of a secret: the texts that stand for it, before any of them is escaped.
//!
//! Pure. Escapes are not made here but read where they stand, see [`super::escapes`]: each encoder escapes other
//! characters, and an answer may be put together from the work of several.

use base64::Engine as _;
use base64::engine::general_purpose::{GeneralPurpose, STANDARD, URL_SAFE};
use zeroize::Zeroizing;

use super::MIN_LENGTH;

/// The shortest run of base64 characters, cut out of a longer text, that is looked for.
const MIN_BASE64_CORE: usize = 8;

pub(super) type Form = Zeroizing<Vec<u8>>;

/// Appends the forms of `secret`. A form may come more than once.
pub(super) fn append_forms(secret: &[u8], forms: &mut Vec<Form>) {
    let bare = bare(secret);
    append_text(bare, forms);
    append_encoded(bare, forms);
    if bare.len() != secret.len() {
        append_encoded(secret, forms);
    }
}

/// The secret without blanks and controls around it: a key is stored as it was given, with the line break of its
/// file, and servers echo it trimmed. A secret that would be too short without them keeps them.
pub(super) fn bare(secret: &[u8]) -> &[u8] {
    let around = |c: char| c.is_whitespace() || c.is_control() || c == '\u{feff}';
    let bare = match std::str::from_utf8(secret) {
        Ok(text) => text.trim_matches(around).as_bytes(),
        Err(_) => secret.trim_ascii(),
    };
    if bare.len() < MIN_LENGTH { secret } else { bare }
}

/// As it is, and with spaces as `application/x-www-form-urlencoded` (WHATWG URL) has them: that is no escape, since
/// elsewhere a plus stands for itself.
fn append_text(secret: &[u8], forms: &mut Vec<Form>) {
    forms.push(Form::new(secret.to_vec()));
    if secret.contains(&b' ') {
        let plus = |byte: &u8| if *byte == b' ' { b'+' } else { *byte };
        forms.push(Form::new(secret.iter().map(plus).collect()));
    }
}

fn append_encoded(secret: &[u8], forms: &mut Vec<Form>) {
    append_hex(secret, forms);
    append_base64(secret, forms);
}

fn append_hex(secret: &[u8], forms: &mut Vec<Form>) {
    for digits in [b"0123456789abcdef", b"0123456789ABCDEF"] {
        let mut form = Form::new(vec![0; 2 * secret.len()]);
        for (byte, pair) in secret.iter().zip(form.chunks_exact_mut(2)) {
            pair[0] = digits[usize::from(byte >> 4)];
            pair[1] = digits[usize::from(byte & 0xf)];
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
    for before in 0..3 {
        let encoded = append_base64_at(before, secret, &STANDARD, forms);
        // The two alphabets differ in two characters.
        if encoded.iter().any(|character| b"+/".contains(character)) {
            append_base64_at(before, secret, &URL_SAFE, forms);
        }
    }
}

fn append_base64_at(before: usize, secret: &[u8], engine: &GeneralPurpose, forms: &mut Vec<Form>) -> Form {
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
    encoded
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

    fn has(secret: &[u8], form: &[u8]) -> bool {
        forms_of(secret).contains(&form.to_vec())
    }

    #[test]
    fn text_hexadecimal_and_form_encoding_are_covered() {
        for form in ["a b+c/d", "a+b+c/d", "6120622b632f64", "6120622B632F64", "YSBiK2MvZA=="] {
            assert!(has(b"a b+c/d", form.as_bytes()), "{form}");
        }
    }

    #[test]
    fn blanks_around_a_secret_are_not_waited_for() {
        for stored in [&b"sk-key\t"[..], b"sk-key\r\n", b" \n sk-key ", b"\xef\xbb\xbfsk-key", b"sk-key\0"] {
            assert!(has(stored, b"sk-key") && !has(stored, stored));
            assert!(has(stored, STANDARD.encode(stored).as_bytes()) && has(stored, b"c2sta2V5"));
        }
        assert!(has(b"\xff-key-\xfe\n", b"\xff-key-\xfe"));
        assert!(has(b"abc\n\n\n", b"abc\n\n\n") && !has(b"abc\n\n\n", b"abc"), "too short without them");
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
}
