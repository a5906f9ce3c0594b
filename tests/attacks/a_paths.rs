//! A1 to A4: dots, control bytes, slashes. The path that is judged is not the path that is sent.

use crate::case::{Case, Name, Refused, call, names as names_of, refused};
use crate::stage::Stage;

const CHAT: &str = "openai/chat-completions";
const ODD: &str = "path.not_canonical";

/// Each behind `/v1/chat/completions/`, whose pattern ends in `*`.
const DOTS: &[&str] = &[
    "..",
    ".",
    "./messages",
    "../../files",
    "x/../../files",
    "%2e%2e/files",
    "%2E%2E/files",
    "%2e%2E",
    ".%2e/files",
    "%2E./files",
    "%2e",
    "%252e%252e/files",
    "%252E%252E",
    "%25%32%65%25%32%65",
    "%25252e%25252e/files",
    "..%20",
    "%20..",
    ".%20.",
    "..%09",
    "..%0d%0a",
    "..%00",
    "..%00.json",
    "..%C2%A0",
    "..%E3%80%80",
    "..%3F",
    "..%3f/files",
    "..%23",
    "..%3B",
    "..%252f..%252ffiles",
    "..%c0%af..%c0%affiles",
    "..%u2215files",
    "%u002e%u002e",
    "%uff0e%uff0e",
    "%EF%BC%8E%EF%BC%8E/files",
    "\u{ff0e}\u{ff0e}/files",
    "%E2%80%A5/files",
    "%E2%80%A4%E2%80%A4",
    "%EF%B9%92%EF%B9%92",
    "%E2%80%A6",
    ".%E2%80%8B.",
    ".%C2%AD.",
    ".%EF%BB%BF.",
    ".%CD%8F.",
    ".%EF%B8%8F.",
    ".%E1%A0%8B.",
    ".%E1%85%9F.",
    ".%F3%A0%84%80.",
    ".%F0%9D%85%B3.",
    ".\u{200d}.",
];

const BYTES: &[&str] = &[
    "a\\b",
    "..\\..\\files",
    "a%5cb",
    "a%5Cb",
    "..%5c..%5cfiles",
    "a%255cb",
    "a%c1%9cb",
    "a%EF%BC%BCb",
    "a%EF%B9%A8b",
    "a%E2%88%96b",
    "a%E2%A7%B5b",
    "a\tb",
    ".\t./files",
    "a%09b",
    "a\rb",
    "a\nb",
    "a\r\nb",
    "a\r\nhost: evil.example\r\n\r\n",
    "a%0d%0ahost:%20evil.example",
    "a%0Db",
    "a%0Ab",
    "a\0b",
    "a%00",
    "a%00.json",
    "a\u{1}b",
    "a\u{b}b",
    "a\u{c}b",
    "a\u{1f}b",
    "a\u{7f}b",
    "a%7Fb",
    "a%1b%5B2J",
    "a\u{85}b",
    "a%C2%85b",
    "a%C2%9Bb",
    "a\u{2028}b",
    "a%E2%80%A9b",
    "a b",
    "a HTTP/1.1",
    "a?q=\0",
    "a?q=%00",
    "a?q=\r\nx: y",
    "a?q=b\\c",
    "a?q=b c",
    "a?q=\u{7f}",
];

const SLASHES: &[&str] = &[
    "a%2fb",
    "a%2Fb",
    "%2f",
    "..%2ffiles",
    "..%2F..%2Ffiles",
    "a%252fb",
    "a%25%32%66b",
    "a%c0%afb",
    "a%e0%80%afb",
    "a%E2%81%84b",
    "a%E2%88%95b",
    "a%E2%A7%B8b",
    "a%EF%BC%8Fb",
    "a\u{2215}b",
    "a%u002fb",
];

/// Whole paths.
const EMPTY: &[(&str, &str)] = &[
    ("", ODD),
    ("?", ODD),
    ("/", "capability.path"),
    ("//", ODD),
    ("/?", "capability.path"),
    ("//v1/chat/completions", ODD),
    ("/v1//chat/completions", ODD),
    ("/v1/chat//completions", ODD),
    ("/v1/chat/completions//", ODD),
    ("/v1/chat/completions/", "capability.path"),
    ("/v1/chat/completions/?", "capability.path"),
    ("/v1/chat/completions//a", ODD),
    ("///v1/chat/completions", ODD),
    (" /v1/chat/completions", ODD),
    ("/v1/chat/completions ", ODD),
    ("/v1/chat/completions%20", "capability.path"),
];

fn behind<'a>(row: &'static str, tails: &'a [&str]) -> impl Iterator<Item = Case<Refused>> + 'a {
    let path = |tail: &str| format!("/v1/chat/completions/{tail}");
    tails.iter().map(move |tail| refused(row, tail, call(CHAT, "GET", &path(tail)), ODD))
}

pub fn cases() -> Vec<Case<Refused>> {
    let empty = EMPTY.iter().map(|(path, reason)| refused("A4", path, call(CHAT, "GET", path), reason));
    behind("A1", DOTS).chain(behind("A2", BYTES)).chain(behind("A3", SLASHES)).chain(empty).collect()
}

pub fn names() -> Vec<Name> {
    names_of(&cases())
}

#[test]
fn dots_controls_and_slashes_are_refused() {
    Stage::new().refuse(&cases());
}
