use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use memchr::memmem;
use proptest::collection::vec;
use proptest::prelude::{
    Just, Strategy, any, prop_assert, prop_assert_eq, prop_assume, prop_oneof, proptest,
};
use proptest::sample::{Index, select};

use super::escapes::Escape;
use super::{Needles, Scrubber};

const KEY: &str = "sk-proj-abcDEF+/123==";

fn needles_of(secrets: &[&[u8]]) -> Arc<Needles> {
    Arc::new(Needles::new(secrets.iter().copied(), []).expect("needles"))
}

fn exact_needles(needles: &[Vec<u8>]) -> Arc<Needles> {
    Arc::new(Needles::new([], needles.iter().map(Vec::as_slice)).expect("needles"))
}

/// What comes out at each chunk, and at the end.
fn pieces(needles: &Arc<Needles>, chunks: &[&[u8]]) -> Vec<Bytes> {
    let mut scrubber = Scrubber::new(Arc::clone(needles));
    let mut out: Vec<Bytes> =
        chunks.iter().map(|chunk| scrubber.push(Bytes::copy_from_slice(chunk))).collect();
    out.push(scrubber.finish());
    out
}

/// The answer as the caller gets it, where it came in these chunks.
fn scrub(needles: &Arc<Needles>, chunks: &[&[u8]]) -> Vec<u8> {
    pieces(needles, chunks).concat()
}

/// The same in the plainest way there is: no chunks, no heads, no SIMD.
fn scrub_plainly(needles: &[Vec<u8>], mark: &[u8], text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut covered_to = 0;
    for (at, byte) in text.iter().enumerate() {
        let end = needles.iter().filter_map(|needle| plain_end(needle, &text[at..])).max();
        if let Some(length) = end {
            if covered_to <= at {
                out.extend_from_slice(mark);
            }
            covered_to = covered_to.max(at + length);
        }
        if covered_to <= at {
            out.push(*byte);
        }
    }
    out
}

/// How much of `text` spells `needle`, at the most.
fn plain_end(needle: &[u8], text: &[u8]) -> Option<usize> {
    let Some(first) = needle.first() else { return Some(0) };
    let plain = text.strip_prefix(&[*first]).and_then(|text| plain_end(&needle[1..], text));
    let escape = Escape::read(text);
    let escaped = escape.iter().flat_map(|escape| {
        let rests = escape.covers(needle).map(|covered| &needle[covered..]);
        rests.filter_map(|rest| Some(escape.length + plain_end(rest, &text[escape.length..])?))
    });
    escaped.chain(plain.map(|end| end + 1)).max()
}

#[test]
fn every_spelling_is_replaced_one_byte_at_a_time() {
    let needles = needles_of(&[KEY.as_bytes()]);
    for spelling in [
        KEY,
        "736b2d70726f6a2d6162634445462b2f3132333d3d",
        "736B2D70726F6A2D6162634445462B2F3132333D3D",
        "c2stcHJvai1hYmNERUYrLzEyMz09",
        "sk-proj-abcDEF%2B%2F123%3D%3D",
        "sk-proj-abcDEF%2b%2f123%3d%3d",
        "sk-proj-abcDEF+\\/123==",
        "sk-proj-abcDEF\\u002B/123==",
        "sk\\u002dproj\\u002DabcDEF+/123\\u003d=",
        "s\\u006b-\\u0070ro&#106;-abcDEF%2b&sol;1\\x323\\u003D=",
        "c2stcHJvai1hYmNERUYrLzEyMz09",
        "c2stcHJvai1hYmNERUYrLzEyMz0\\u0039",
        "%37%33\\u0036b2d70726f6a2d6162634445462b2f3132333d3d",
    ] {
        let text = format!("{{\"echo\":\"{spelling}\"}}");
        let bytes: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
        assert_eq!(scrub(&needles, &bytes), b"{\"echo\":\"[redacted]\"}", "{spelling}");
    }
}

#[test]
fn basic_auth_is_replaced_whatever_the_user_name() {
    let needles = needles_of(&[b"hunter2hunter2"]);
    // base64 of "u:", "us:", "use:", each followed by the secret. What stays is the user name, and the character
    // that mixes its last bits with the first ones of the secret.
    for (encoded, expected) in [
        ("dTpodW50ZXIyaHVudGVyMg==", "dTp[redacted]"),
        ("dXM6aHVudGVyMmh1bnRlcjI=", "dXM6[redacted]"),
        ("dXNlOmh1bnRlcjJodW50ZXIy", "dXNlOm[redacted]"),
    ] {
        assert_eq!(scrub(&needles, &[encoded.as_bytes()]), expected.as_bytes());
    }
}

#[test]
fn of_an_exact_text_that_holds_a_secret_the_secret_is_enough() {
    let needles = Arc::new(Needles::new([&b"sk-proj-1"[..]], [&b"Bearer sk-proj-1"[..]]).unwrap());
    assert_eq!(scrub(&needles, &[b"got Bearer sk-pr", b"oj-1!"]), b"got Bearer [redacted]!");
    let short = Arc::new(Needles::new([&b"12345"[..]], [&b"Bearer 12345"[..]]).unwrap());
    assert_eq!(scrub(&short, &[b"got Bearer 12", b"345 or 12345!"]), b"got [redacted] or 12345!");
}

#[test]
fn short_secrets_leave_the_answer_alone() {
    let needles = needles_of(&[b"", b"a", b"12345"]);
    assert!(needles.is_empty());
    assert_eq!(scrub(&needles, &[b"a 12345 ", b"12345"]), b"a 12345 12345");
}

#[test]
fn untouched_chunks_are_passed_on_uncopied() {
    let mut scrubber = Scrubber::new(needles_of(&[KEY.as_bytes()]));
    let chunk = Bytes::from_static(b"data: {\"delta\":\"hello\"}\n\n");
    let out = scrubber.push(chunk.clone());
    assert_eq!((out.as_ptr(), out.len()), (chunk.as_ptr(), chunk.len()));
    assert!(scrubber.finish().is_empty());
}

#[test]
fn what_is_held_back_comes_with_the_first_byte_that_no_secret_holds() {
    let needles = needles_of(&[KEY.as_bytes()]);
    let out = pieces(&needles, &[b"the key is sk-p", b"roj-abcDEF+/1", b"24 or s", b"o"]);
    assert_eq!(out, ["the key is ", "", "sk-proj-abcDEF+/124 or ", "", "so"]);
}

/// Each chunk a guess: the right ones must come no later than the wrong ones.
#[test]
fn a_right_guess_is_held_back_like_a_wrong_one() {
    let needles = needles_of(&[KEY.as_bytes()]);
    let [right, wrong] =
        [["s", "k", "sk-proj-abc", "\\u0073k", "c2st"], ["t", "K", "sk-proj-abd", "\\u0074k", "c2su"]].map(
            |guesses| {
                let chunks = guesses.map(|guess| [guess.as_bytes(), b"\n", guess.as_bytes()]).concat();
                pieces(&needles, &chunks).iter().map(Bytes::len).collect::<Vec<_>>()
            },
        );
    assert_eq!(right, wrong);
}

#[test]
fn honest_streams_are_not_delayed() {
    let needles = needles_of(&[KEY.as_bytes()]);
    for chunk in [
        "data: {\"delta\":\"s\"}\n\n",
        "{\"a\":\"sk\"}",
        "{\"a\":\"sk\"}\n",
        "[1,2]",
        "<p>sk</p>",
        "words \n",
    ] {
        let out = pieces(&needles, &[chunk.as_bytes(), chunk.as_bytes()]);
        assert_eq!(out, [chunk, chunk, ""]);
    }
}

#[test]
fn a_stream_without_any_end_is_held_back_by_no_more_than_the_limit() {
    let needles = needles_of(&[KEY.as_bytes()]);
    let mut scrubber = Scrubber::new(needles);
    let passed: usize = (0..100).map(|_| scrubber.push(Bytes::from_static(&[b'A'; 100])).len()).sum();
    assert_eq!(passed, 100 * 100 - 1024);
    assert_eq!(scrubber.finish().len(), 1024);
}

#[test]
fn a_longer_spelling_is_waited_for_and_a_shorter_one_taken_at_the_end() {
    let secrets = needles_of(&[b"abcdefg", b"abcdefg-and-more"]);
    assert_eq!(scrub(&secrets, &[b"abcdefg-and", b"-more"]), b"[redacted]");
    assert_eq!(scrub(&secrets, &[b"abcdefg-and", b"-less"]), b"[redacted]-and-less");
    assert_eq!(scrub(&secrets, &[b"abcdefg-and"]), b"[redacted]-and");
}

#[test]
fn a_spelling_inside_a_longer_one_does_not_win_because_it_is_complete_first() {
    let secrets = needles_of(&[b"key-one", b"the-key-one-and-its-brother"]);
    assert_eq!(scrub(&secrets, &[b"the-key-one", b"-and-its-brother"]), b"[redacted]");
    assert_eq!(scrub(&secrets, &[b"the-key-one", b"-alone"]), b"the-[redacted]-alone");
    assert_eq!(scrub(&secrets, &[b"the-key-one"]), b"the-[redacted]");
}

#[test]
fn spellings_that_overlap_are_replaced_as_one_and_neighbours_are_not() {
    let secrets = needles_of(&[b"abcdefgh", b"fghijkl"]);
    assert_eq!(scrub(&secrets, &[b"<abcdefghijkl>"]), b"<[redacted]>");
    let bytes: Vec<&[u8]> = b"<abcdefghijklabcdefgh>".chunks(1).collect();
    assert_eq!(scrub(&secrets, &bytes), b"<[redacted][redacted]>");
}

/// A mark may have been passed on while what it stands for still comes.
#[test]
fn a_spelling_across_the_limit_is_replaced_once() {
    let long = "k".repeat(100) + "-and-the-end";
    let secrets = needles_of(&[long.as_bytes()]);
    let text = format!("{}{long}", "x".repeat(2000));
    for split in [1000, 1999, 2000, 2001, 2050, 2111] {
        let (left, right) = text.as_bytes().split_at(split);
        let out = scrub(&secrets, &[left, right, &[b'x'; 3000]]);
        assert_eq!(out, ["x".repeat(2000), "[redacted]".to_owned(), "x".repeat(3000)].concat().into_bytes());
    }
}

#[test]
fn blanks_around_a_stored_secret_do_not_hide_it() {
    for stored in ["hunter2-hunter2\t", "hunter2-hunter2\n", " hunter2-hunter2\r\n"] {
        let needles = needles_of(&[stored.as_bytes()]);
        for (echo, expected) in [
            ("hunter2-hunter2 ", "[redacted] "),
            ("hunter2-hunter2%0A", "[redacted]%0A"),
            ("\"hunter2-hunter2\\n\"", "\"[redacted]\\n\""),
        ] {
            assert_eq!(scrub(&needles, &[echo.as_bytes()]), expected.as_bytes(), "{stored:?}");
        }
        let encoded = STANDARD.encode(stored);
        assert_eq!(scrub(&needles, &[encoded.as_bytes()]), b"[redacted]", "{stored:?}");
    }
}

#[test]
fn a_secret_that_looks_like_the_mark_changes_the_mark() {
    for secret in
        ["[redacted]", "redacted", "xx[redacted]xx", "secret[", "]secret", "secret[red", "cted]secret"]
    {
        let needles = needles_of(&[secret.as_bytes()]);
        let out = scrub(&needles, &[format!("{secret}{secret}").as_bytes()]);
        assert!(memmem::find(&out, secret.as_bytes()).is_none(), "{}", String::from_utf8_lossy(&out));
    }
}

#[test]
fn a_mark_between_honest_bytes_does_not_spell_another_secret() {
    for secret in ["xx[redacted]yy", "xx[redacted]", "[redacted]yy", "xx[redac", "acted]yy"] {
        let needles = needles_of(&[secret.as_bytes(), b"other-secret"]);
        let out = scrub(&needles, &[b"xxother-secretyy"]);
        assert!(memmem::find(&out, secret.as_bytes()).is_none(), "{}", String::from_utf8_lossy(&out));
        assert!(memmem::find(&out, b"other-secret").is_none());
    }
}

/// Few letters, among them those of the mark and of escapes, so that needles overlap each other, the text and the mark.
fn letters(size: impl Into<proptest::collection::SizeRange>) -> impl Strategy<Value = Vec<u8>> {
    vec(select(b"aab[]d\\%61".as_slice()), size)
}

/// Needles, some of them inside others.
fn some_needles() -> impl Strategy<Value = Vec<Vec<u8>>> {
    (vec(letters(6..20), 1..5), letters(1..4), letters(0..10)).prop_map(|(mut needles, before, after)| {
        let wrapped = [before, needles[0].clone(), after].concat();
        needles.push(wrapped);
        needles
    })
}

/// A byte in one of its spellings.
fn spelled(byte: u8, notation: u8) -> Vec<u8> {
    match notation {
        0 => format!("\\u{byte:04x}").into_bytes(),
        1 => format!("\\u{byte:04X}").into_bytes(),
        2 => format!("%{byte:02x}").into_bytes(),
        3 => format!("%{byte:02X}").into_bytes(),
        4 => format!("&#{byte};").into_bytes(),
        5 => format!("&#x{byte:x};").into_bytes(),
        6 if byte.is_ascii_punctuation() => vec![b'\\', byte],
        _ => vec![byte],
    }
}

/// A spelling of a text, each byte in a notation of its own.
fn spelling(text: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    vec(0..24_u8, text.len()).prop_map(move |notations| {
        text.iter().zip(notations).flat_map(|(byte, notation)| spelled(*byte, notation)).collect()
    })
}

/// Text in which needles are likely, whole and in part, as they are and escaped.
fn text_around(needles: Vec<Vec<u8>>) -> impl Strategy<Value = (Vec<Vec<u8>>, Vec<u8>)> {
    let whole = select(needles.clone()).prop_flat_map(spelling);
    let part = (select(needles.clone()).prop_flat_map(spelling), any::<Index>())
        .prop_map(|(text, cut)| text[..cut.index(text.len())].to_vec());
    let piece = (prop_oneof![whole, part], letters(0..4)).prop_map(|(text, noise)| [noise, text].concat());
    (Just(needles), vec(piece, 0..8).prop_map(|pieces| pieces.concat()))
}

fn split<'t>(text: &'t [u8], cuts: &[Index]) -> Vec<&'t [u8]> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
    cuts.extend([0, text.len()]);
    cuts.sort_unstable();
    cuts.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect()
}

/// Two secrets that differ, and chunks full of the starts of both.
fn guesses() -> impl Strategy<Value = ([Vec<u8>; 2], Vec<Vec<u8>>)> {
    let secret = || vec(select(b"abcXYZ019-_/+".as_slice()), 24);
    [secret(), secret()].prop_flat_map(|secrets| {
        let encoded = secrets.clone().map(|secret| STANDARD.encode(secret).into_bytes());
        let forms = [secrets.as_slice(), &encoded].concat();
        let guess = (select(forms).prop_flat_map(spelling), any::<Index>(), select(vec!["", "\"", " ", "x"]))
            .prop_map(|(text, cut, end)| [&text[..cut.index(text.len())], end.as_bytes()].concat());
        (Just(secrets), vec(guess, 1..20))
    })
}

proptest! {
    #[test]
    fn any_split_gives_the_plain_answer(
        (needles, text) in some_needles().prop_flat_map(text_around),
        cuts in vec(any::<Index>(), 0..12),
    ) {
        let built = exact_needles(&needles);
        let expected = scrub_plainly(&needles, built.mark(), &text);
        prop_assert_eq!(&scrub(&built, &split(&text, &cuts)), &expected);
        let lines = built.scrub_header([text.as_slice()].into_iter());
        prop_assert_eq!(&lines[..], [expected.as_slice()]);
        prop_assert_eq!(&scrub(&built, &[&expected]), &expected);
        for needle in &needles {
            prop_assert!(memmem::find(&expected, needle).is_none());
        }
    }

    /// What comes out, and when, is the same whatever the secret is, as long as none is replaced.
    #[test]
    fn output_tells_nothing_of_a_secret_that_did_not_come_whole((secrets, chunks) in guesses()) {
        let chunks: Vec<&[u8]> = chunks.iter().map(Vec::as_slice).collect();
        let [one, other] = secrets.map(|secret| pieces(&needles_of(&[&secret]), &chunks));
        let text = chunks.concat();
        prop_assume!(one.concat() == text && other.concat() == text);
        prop_assert_eq!(one, other);
    }

    #[test]
    fn no_spelling_of_a_secret_survives(
        (secret, text) in vec(any::<u8>(), 6..40).prop_flat_map(|secret| {
            let mut forms = Vec::new();
            super::forms::append_forms(&secret, &mut forms);
            let forms: Vec<Vec<u8>> = forms.iter().map(|form| form.to_vec()).collect();
            (Just(secret), select(forms).prop_flat_map(spelling))
        }),
        before in vec(any::<u8>(), 0..5),
        after in vec(any::<u8>(), 0..5),
        cuts in vec(any::<Index>(), 0..5),
    ) {
        let needles = needles_of(&[&secret]);
        let whole = [before, text.clone(), after].concat();
        let out = scrub(&needles, &split(&whole, &cuts));
        prop_assert!(memmem::find(&out, &text).is_none());
        prop_assert!(memmem::find(&out, needles.mark()).is_some());
        prop_assert_eq!(&scrub(&needles, &[&out]), &out);
    }

    #[test]
    fn text_without_a_needle_is_unchanged(text in vec(any::<u8>(), 0..300), cut in any::<Index>()) {
        let needles = needles_of(&[b"\xf0\x9f\x94\x91-this-will-not-occur"]);
        let (left, right) = text.split_at(cut.index(text.len() + 1));
        prop_assert_eq!(scrub(&needles, &[left, right]), text);
    }
}
