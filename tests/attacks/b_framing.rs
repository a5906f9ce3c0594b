//! B5: messages that end elsewhere for one reader than for another, on the daemon's own socket. A
//! call that is hidden in another must never be made.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use aivault::service::wire;

use crate::case::{Case, Findings, Name, call, names as names_of};
use crate::stage::Stage;

/// A call in its frame, for the front of a body.
fn framed(capability: &str, method: &str, path: &str) -> Vec<u8> {
    wire::encode_call(&call(capability, method, path)).unwrap().to_vec()
}

/// A whole message with a call that is allowed, to be hidden somewhere.
fn hidden() -> Vec<u8> {
    let body = framed("openai/models", "GET", "/v1/models");
    [format!("POST /invoke HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n", body.len()).as_bytes(), &body]
        .concat()
}

/// A message with a call that is refused, and the hidden one behind it.
fn behind(head: &str, body: &[u8]) -> Vec<u8> {
    [format!("{head}\r\n\r\n").as_bytes(), body, &hidden()].concat()
}

fn cases() -> Vec<Case<Vec<u8>>> {
    let denied = framed("openai/models", "DELETE", "/v1/models");
    let length = denied.len();
    let start = "POST /invoke HTTP/1.1\r\nhost: a";
    let chunked = |extension: &str| {
        let size = format!("{length:x}{extension}\r\n");
        [size.as_bytes(), &denied, b"\r\n0\r\n\r\n"].concat()
    };
    let both = |first: &str, second: &str| behind(&format!("{start}\r\n{first}\r\n{second}"), &chunked(""));
    let lengths = |more: &str| behind(&format!("{start}\r\ncontent-length: {length}\r\n{more}"), &denied);
    let plain = |head: &str| behind(head, &denied);
    let one = |spelling: &str, bytes: Vec<u8>| Case::new("B5", spelling, bytes);
    let all = length + hidden().len();
    vec![
        one("a second message behind the first", plain(&format!("{start}\r\ncontent-length: {length}"))),
        one(
            "a length, then chunks",
            both(&format!("content-length: {length}"), "transfer-encoding: chunked"),
        ),
        one("chunks, then a length", both("transfer-encoding: chunked", "content-length: 4")),
        one(
            "a length of all, then chunks",
            both(&format!("content-length: {all}"), "transfer-encoding: chunked"),
        ),
        one("two lengths that differ", lengths("content-length: 4")),
        one("two lengths that agree", lengths(&format!("content-length: {length}"))),
        one("two lengths in one line", plain(&format!("{start}\r\ncontent-length: {length}, {length}"))),
        one("two lengths in one line that differ", plain(&format!("{start}\r\ncontent-length: {length}, 4"))),
        one("a signed length", plain(&format!("{start}\r\ncontent-length: +{length}"))),
        one("a negative length", plain(&format!("{start}\r\ncontent-length: -1"))),
        one("a hexadecimal length", plain(&format!("{start}\r\ncontent-length: 0x{length:x}"))),
        one(
            "a length beyond all numbers",
            plain(&format!("{start}\r\ncontent-length: 18446744073709551616")),
        ),
        one(
            "a length with a blank before the colon",
            plain(&format!("{start}\r\ncontent-length : {length}")),
        ),
        one(
            "a coding with a blank before the colon",
            behind(&format!("{start}\r\ntransfer-encoding : chunked"), &chunked("")),
        ),
        one(
            "a coding that is not the last",
            behind(&format!("{start}\r\ntransfer-encoding: chunked, identity"), &chunked("")),
        ),
        one(
            "a coding twice",
            behind(&format!("{start}\r\ntransfer-encoding: chunked, chunked"), &chunked("")),
        ),
        one(
            "a coding with a vertical tab",
            behind(&format!("{start}\r\ntransfer-encoding: \u{b}chunked"), &chunked("")),
        ),
        one(
            "a coding that nobody knows",
            behind(&format!("{start}\r\ntransfer-encoding: xchunked"), &chunked("")),
        ),
        one(
            "a coding in HTTP/1.0",
            behind("POST /invoke HTTP/1.0\r\nhost: a\r\ntransfer-encoding: chunked", &chunked("")),
        ),
        one(
            "a folded line",
            plain(&format!("{start}\r\nx-a: b\r\n content-length: 4\r\ncontent-length: {length}")),
        ),
        one("a folded coding", behind(&format!("{start}\r\ntransfer-encoding:\r\n chunked"), &chunked(""))),
        one(
            "bare line feeds",
            behind(&format!("POST /invoke HTTP/1.1\nhost: a\ncontent-length: {length}\n"), &denied),
        ),
        one(
            "a bare carriage return",
            plain(&format!("{start}\r\nx-a: b\rcontent-length: 4\r\ncontent-length: {length}")),
        ),
        one("a NUL in a value", plain(&format!("{start}\r\nx-a: b\0\r\ncontent-length: {length}"))),
        one(
            "a chunk's extension",
            behind(&format!("{start}\r\ntransfer-encoding: chunked"), &chunked(";a=b")),
        ),
        one(
            "a chunk's extension with a line feed",
            behind(&format!("{start}\r\ntransfer-encoding: chunked"), &chunked(";a\nb")),
        ),
        one(
            "a chunk's size with a sign",
            behind(&format!("{start}\r\ntransfer-encoding: chunked"), &[b"+", &chunked("")[..]].concat()),
        ),
        one(
            "a chunk's size with 0x",
            behind(&format!("{start}\r\ntransfer-encoding: chunked"), &[b"0x", &chunked("")[..]].concat()),
        ),
        one(
            "a chunk's size that overflows",
            behind(
                &format!("{start}\r\ntransfer-encoding: chunked"),
                &[b"10000000000000000", &chunked("")[..]].concat(),
            ),
        ),
        one(
            "a trailer that is a length",
            behind(
                &format!("{start}\r\ntransfer-encoding: chunked\r\ntrailer: content-length"),
                &[&chunked("")[..chunked("").len() - 2], b"content-length: 4\r\n\r\n"].concat(),
            ),
        ),
        one("HTTP/0.9", [b"GET /healthz\r\n".as_slice(), &hidden()].concat()),
        one("HTTP/1.2", plain(&format!("POST /invoke HTTP/1.2\r\nhost: a\r\ncontent-length: {length}"))),
        one(
            "HTTP/2 by prior knowledge",
            [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice(), &hidden()].concat(),
        ),
        one(
            "an upgrade to HTTP/2",
            plain(&format!(
                "{start}\r\nconnection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\ncontent-length: {length}"
            )),
        ),
        one(
            "an upgrade to a WebSocket",
            plain(&format!(
                "GET /aivault/ws HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\ncontent-length: {length}"
            )),
        ),
        one("CONNECT", plain("CONNECT api.openai.com:443 HTTP/1.1\r\nhost: api.openai.com:443")),
        one(
            "a request line with an absolute form",
            plain(&format!(
                "POST http://evil.example/invoke/../retire HTTP/1.1\r\nhost: a\r\ncontent-length: {length}"
            )),
        ),
        one(
            "kept alive by request",
            plain(&format!(
                "{start}\r\nconnection: keep-alive\r\nkeep-alive: timeout=60\r\ncontent-length: {length}"
            )),
        ),
        one("an expectation", plain(&format!("{start}\r\nexpect: 100-continue\r\ncontent-length: {length}"))),
        one(
            "a head of 64 KiB",
            plain(&format!("{start}\r\nx-a: {}\r\ncontent-length: {length}", "a".repeat(65_536))),
        ),
        one("200 fields", plain(&format!("{start}\r\n{}content-length: {length}", "x-a: b\r\n".repeat(200)))),
    ]
}

pub fn names() -> Vec<Name> {
    names_of(&cases())
}

/// What comes back within a while; a connection that is dropped gives nothing.
fn answer(stage: &Stage, bytes: &[u8]) -> String {
    let mut stream = UnixStream::connect(stage.home.socket()).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(700))).unwrap();
    stream.set_write_timeout(Some(Duration::from_secs(5))).unwrap();
    // A daemon that has seen enough may hang up before it has read all.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn a_call_that_is_hidden_in_another_is_never_made() {
    let stage = Stage::new();
    let mut findings = Findings::default();
    let (accepted, pid, last) = (stage.upstream.accepted(), stage.home.daemon(), stage.last_event());
    for case in cases() {
        let answer = answer(&stage, &case.attack);
        let calls = stage.calls_since(last);
        let denied = calls.iter().all(|entry| entry.event["outcome"] == "denied");
        findings.hold(denied, &case.name(), || format!("{:?}", calls.last()));
        let answers = answer.matches("HTTP/1.1 ").count();
        let refusal =
            answer.is_empty() || answer.starts_with("HTTP/1.1 4") || answer.starts_with("HTTP/1.1 100");
        findings.hold(answers <= 2 && refusal, &case.name(), || answer.clone());
        findings.hold(!answer.contains("HTTP/1.1 200"), &case.name(), || answer.clone());
    }
    findings.end();
    assert_eq!((stage.upstream.take(), stage.upstream.accepted()), (Vec::new(), accepted));
    assert_eq!(stage.home.daemon(), pid, "it is still the same daemon");
    // What is hidden is no nonsense: by itself it is a call that is made.
    assert!(answer(&stage, &hidden()).starts_with("HTTP/1.1 200"));
    stage.upstream.take_one();
}
