//! A11: the parameter that carries the secret, in any spelling, in a query and in a form.

use crate::case::{Case, Name, Refused, call, names as names_of, refused, refused_with};
use crate::stage::{Stage, Way};
use crate::support::gzip;

const OWNED: &str = "query.owned_by_auth";
const OWNED_FIELD: &str = "body.owned_by_auth";
const PAIRS: &str = "application/x-www-form-urlencoded";

const QUERIES: &[&str] = &[
    "key=mine",
    "KEY=mine",
    "kEy=",
    "key",
    "key=mine&key=other",
    "alt=sse&key=mine",
    "alt=sse;key=mine",
    "alt=sse&amp;key=mine",
    "&key=mine",
    "=&key=mine",
    "%6bey=mine",
    "%6B%65%79=mine",
    "k%45Y=mine",
    "key%20=mine",
    "+key=mine",
    "%09key=mine",
    "%0Akey=mine",
    "key%C2%A0=mine",
    "key[]=mine",
    "key[0]=mine",
    "key%5B%5D=mine",
    "key[=mine",
    "access_token=mine",
    "access-token=mine",
    "access.token=mine",
    "Access%5FToken=mine",
    "oauth_token=mine",
    "bearer_token=mine",
    "$userProject=mine",
    "%24userProject=mine",
];

const FORMS: &[&str] = &[
    "token=mine",
    "TOKEN=mine",
    "channel=C1&token=mine",
    "channel=C1;token=mine",
    "t%6Fken=mine",
    "%74%6f%6b%65%6e=mine",
    "+token=mine",
    "token%20=mine",
    "token[]=mine",
    "token%5B0%5D=mine",
    "token",
    "access.token=mine",
    "_method=DELETE",
];

/// The head of a part that is to be taken for `token`.
const PARTS: &[&str] = &[
    "Content-Disposition: form-data; name=\"token\"",
    "content-disposition:form-data;name=token",
    "CONTENT-DISPOSITION: form-data; filename=\"x\"; name=\"token\"",
    "Content-Disposition: form-data;\r\n\tname=\"token\"",
    "Content-Disposition: form-data; name=\"t\\oken\"",
    "Content-Disposition: form-data; name=\"%74oken\"",
    "Content-Disposition: form-data; name*=utf-8''token",
    "Content-Disposition: form-data; name*0=\"to\"; name*1=\"ken\"",
    "Content-Disposition: form-data; name=\"a\"; name=\"token\"",
    "Content-Type: text/plain\r\nContent-Disposition: form-data; name=\"token\"",
    "X-A: b\nContent-Disposition: form-data; name=\"token\"",
];

fn slack(content_type: &str) -> aivault::service::Call {
    let mut call = call("slack/chat", "POST", "/api/chat.postMessage");
    call.headers.push(("content-type".to_owned(), content_type.to_owned()));
    call
}

fn encoded(coding: &str) -> aivault::service::Call {
    let mut call = slack(PAIRS);
    call.headers.push(("content-encoding".to_owned(), coding.to_owned()));
    call
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Bodies that only read as a form with `token` in it once somebody has decoded them.
fn wrapped() -> Vec<Case<Refused>> {
    let charset = |charset: &str| slack(&format!("{PAIRS}; charset={charset}"));
    let wrapped = |spelling, call, body| refused_with("A11", spelling, call, body, OWNED_FIELD);
    // The bytes of `token=mine` in code page 37, as Java has it.
    let ebcdic = vec![0xa3, 0x96, 0x92, 0x85, 0x95, 0x7e, 0x94, 0x89, 0x95, 0x85];
    let multipart = slack("multipart/form-data; boundary=b; charset=utf-16le");
    let part = utf16("--b\r\ncontent-disposition: form-data; name=\"token\"\r\n\r\nmine\r\n--b--");
    vec![
        wrapped("a form in gzip", encoded("gzip"), gzip::stored(b"token=mine")),
        wrapped("a form in gzip, spelled otherwise", encoded("X-GZIP"), gzip::stored(b"token=mine")),
        wrapped("a form that is said to be brotli", encoded("br"), b"\x0b\x04\x80token=mine\x03".to_vec()),
        wrapped("a form in UTF-16", charset("utf-16le"), utf16("token=mine")),
        wrapped("a form in UTF-7", charset("utf-7"), b"+AHQ-oken=mine".to_vec()),
        wrapped("a form in EBCDIC", charset("ibm037"), ebcdic),
        wrapped("parts in UTF-16", multipart, part),
        wrapped(
            "pairs that are called multipart",
            slack("multipart/form-data"),
            b"\ncontent-disposition: a; name=token".to_vec(),
        ),
        wrapped(
            "a form of two types",
            slack("text/plain, application/x-www-form-urlencoded"),
            b"token=mine".to_vec(),
        ),
    ]
}

/// The type with an underscore, which is none for some; the client itself would add another.
fn folded() -> Vec<Case<Refused>> {
    let folded = |kind: &str| {
        let mut call = call("slack/chat", "POST", "/api/chat.postMessage");
        call.headers.push(("content_type".to_owned(), kind.to_owned()));
        call
    };
    vec![
        refused_with(
            "A11",
            "a form that content_type calls JSON",
            folded("application/json"),
            "token=mine",
            OWNED_FIELD,
        ),
        refused_with("A11", "a form that content_type calls one", folded(PAIRS), "token=mine", OWNED_FIELD),
        refused_with(
            "A11",
            "a form of no type",
            call("slack/chat", "POST", "/api/chat.postMessage"),
            "token=mine",
            OWNED_FIELD,
        ),
    ]
}

fn cases() -> Vec<Case<Refused>> {
    let queries = QUERIES.iter().map(|query| {
        refused("A11", query, call("gemini/models", "GET", &format!("/v1beta/models?{query}")), OWNED)
    });
    let forms = FORMS
        .iter()
        .map(|form| refused_with("A11", &format!("the form {form}"), slack(PAIRS), *form, OWNED_FIELD));
    let parts = PARTS.iter().map(|head| {
        let body = format!("--b\r\n{head}\r\n\r\nmine\r\n--b--\r\n");
        let spelling = format!("the part {head}");
        refused_with("A11", &spelling, slack("multipart/form-data; boundary=b"), body, OWNED_FIELD)
    });
    queries.chain(forms).chain(parts).chain(wrapped()).collect()
}

pub fn names() -> Vec<Name> {
    [names_of(&cases()), names_of(&folded())].concat()
}

#[test]
fn the_secrets_own_parameter_is_refused() {
    let stage = Stage::new();
    stage.refuse(&cases());
    stage.refuse_by(&[Way::Socket], &folded());
}
