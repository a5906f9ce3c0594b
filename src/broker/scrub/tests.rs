use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use memchr::memmem;
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::sample::Index;

use super::{Needles, Scrubber};

const KEY: &str = "sk-proj-abcDEF+/123==";

fn needles_of(secrets: &[&[u8]]) -> Arc<Needles> {
    let secrets = secrets.iter().map(|secret| (*secret, &[][..]));
    Arc::new(Needles::from_secrets(secrets).expect("needles"))
}

/// The answer as the caller gets it, where it came in these chunks.
fn scrub(needles: &Arc<Needles>, chunks: &[&[u8]]) -> Vec<u8> {
    let mut scrubber = Scrubber::new(Arc::clone(needles));
    let mut out = Vec::new();
    for chunk in chunks {
        out.extend_from_slice(&scrubber.push(Bytes::copy_from_slice(chunk)));
    }
    out.extend_from_slice(&scrubber.finish());
    out
}

/// The same in the plainest way there is: no chunks, no heads, no SIMD.
fn scrub_plainly(needles: &[Vec<u8>], mark: &[u8], text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.first() {
        let longest = needles.iter().filter(|needle| rest.starts_with(needle)).map(Vec::len).max();
        if let Some(length) = longest {
            out.extend_from_slice(mark);
            rest = &rest[length..];
        } else {
            out.push(*first);
            rest = &rest[1..];
        }
    }
    out
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
fn exact_texts_are_replaced_whole() {
    let injected: &[&[u8]] = &[b"Bearer sk-proj-1"];
    let needles = Arc::new(Needles::from_secrets([(&b"sk-proj-1"[..], injected)]).unwrap());
    assert_eq!(scrub(&needles, &[b"got Bearer sk-pr", b"oj-1, sk-proj-1!"]), b"got [redacted], [redacted]!");
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
fn only_what_may_be_a_secret_is_held_back() {
    let mut scrubber = Scrubber::new(needles_of(&[KEY.as_bytes()]));
    assert_eq!(scrubber.push(Bytes::from_static(b"the key is sk-p")), "the key is ");
    assert_eq!(scrubber.push(Bytes::from_static(b"roj-abcDEF+/1")), "");
    assert_eq!(scrubber.push(Bytes::from_static(b"24 or s")), "sk-proj-abcDEF+/124 or ");
    assert_eq!(scrubber.finish(), "s");
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

#[test]
fn header_values_are_borrowed_unless_they_hold_a_secret() {
    let needles = needles_of(&[KEY.as_bytes()]);
    assert!(matches!(needles.scrub_header_value(b"application/json"), Cow::Borrowed(b"application/json")));
    let location = needles.scrub_header_value(b"/next?key=sk-proj-abcDEF%2B%2F123%3D%3D&page=2");
    assert_eq!(*location, *b"/next?key=[redacted]&page=2");
    let nothing = Needles::from_secrets([]).unwrap();
    assert!(matches!(nothing.scrub_header_value(b"x"), Cow::Borrowed(b"x")));
}

/// Few letters, among them those of the mark, so that needles overlap each other, the text and the mark.
fn letters(size: impl Into<proptest::collection::SizeRange>) -> impl Strategy<Value = Vec<u8>> {
    vec(prop_oneof![Just(b'a'), Just(b'b'), Just(b'['), Just(b']'), Just(b'd')], size)
}

/// Needles, some of them inside others.
fn some_needles() -> impl Strategy<Value = Vec<Vec<u8>>> {
    (vec(letters(6..20), 1..5), letters(1..4), letters(0..10)).prop_map(|(mut needles, before, after)| {
        let wrapped = [before, needles[0].clone(), after].concat();
        needles.push(wrapped);
        needles
    })
}

/// Text in which needles are likely, whole and in part.
fn text_around(needles: Vec<Vec<u8>>) -> impl Strategy<Value = (Vec<Vec<u8>>, Vec<u8>)> {
    let piece = (any::<Index>(), any::<Index>(), letters(0..4)).prop_map({
        let needles = needles.clone();
        move |(which, cut, noise)| {
            let needle = which.get(&needles);
            let cut = if noise.len() % 2 == 0 { needle.len() } else { cut.index(needle.len()) };
            [&noise, &needle[..cut]].concat()
        }
    });
    (Just(needles), vec(piece, 0..8).prop_map(|pieces| pieces.concat()))
}

fn exact_needles(needles: &[Vec<u8>]) -> Arc<Needles> {
    let exact: Vec<&[u8]> = needles.iter().map(Vec::as_slice).collect();
    Arc::new(Needles::from_secrets([(&[][..], &exact[..])]).expect("needles"))
}

proptest! {
    #[test]
    fn any_split_gives_the_plain_answer(
        (needles, text) in some_needles().prop_flat_map(text_around),
        cuts in vec(any::<Index>(), 0..12),
    ) {
        let built = exact_needles(&needles);
        let expected = scrub_plainly(&needles, built.mark(), &text);

        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
        cuts.extend([0, text.len()]);
        cuts.sort_unstable();
        let chunks: Vec<&[u8]> = cuts.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect();
        prop_assert_eq!(&scrub(&built, &chunks), &expected);
        prop_assert_eq!(&*built.scrub_header_value(&text), &*expected);
        for needle in &needles {
            prop_assert!(memmem::find(&expected, needle).is_none());
        }
    }

    #[test]
    fn what_is_held_back_is_the_start_of_a_needle(
        (needles, text) in some_needles().prop_flat_map(text_around),
    ) {
        let mut scrubber = Scrubber::new(exact_needles(&needles));
        let _ = scrubber.push(Bytes::from(text));
        let held = &*scrubber.held;
        let starts = needles.iter().any(|needle| needle.len() > held.len() && needle.starts_with(held));
        // A needle that a longer one might swallow is held as well, and then it is a start of the longer one.
        prop_assert!(held.is_empty() || starts);
    }

    #[test]
    fn no_spelling_of_a_secret_survives(
        secret in vec(any::<u8>(), 6..40),
        before in vec(any::<u8>(), 0..5),
        after in vec(any::<u8>(), 0..5),
    ) {
        let needles = needles_of(&[&secret]);
        let mut forms = Vec::new();
        super::forms::append_forms(&secret, &mut forms);
        for form in &forms {
            let out = scrub(&needles, &[&before, form, &after]);
            for needle in &forms {
                prop_assert!(memmem::find(&out, needle).is_none());
            }
        }
    }

    #[test]
    fn text_without_a_needle_is_unchanged(text in vec(any::<u8>(), 0..300), cut in any::<Index>()) {
        let needles = needles_of(&[b"\xf0\x9f\x94\x91-this-will-not-occur"]);
        let (left, right) = text.split_at(cut.index(text.len() + 1));
        prop_assert_eq!(scrub(&needles, &[left, right]), text);
    }
}
