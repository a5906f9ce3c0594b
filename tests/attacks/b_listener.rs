//! B5: messages that end elsewhere for one reader than for another, at the listener on loopback, where connections are
//! kept. What can be read in two ways is refused with the connection, and nothing behind it is read.

use crate::case::{Case, Findings, Name, names as names_of};
use crate::stage::Stage;
use crate::support::gateway::exchange;

/// A head with `{…}` filled in, and the body behind it.
fn cases() -> Vec<Case<String>> {
    let post = "POST /v/openai/v1/chat/completions HTTP/1.1\r\nhost: {host}\r\nauthorization: {bearer}\r\n";
    let one = |spelling: &str, rest: &str| {
        Case::new("B5", format!("at the listener: {spelling}"), format!("{post}{rest}"))
    };
    let raw =
        |spelling: &str, all: &str| Case::new("B5", format!("at the listener: {spelling}"), all.to_owned());
    let chunked = "transfer-encoding: chunked\r\n\r\n";
    vec![
        one("a length, then chunks", "content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
        one("chunks, then a length", "transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n"),
        one("two lengths that differ", "content-length: 0\r\ncontent-length: 5\r\n\r\n"),
        one("two lengths that agree", "content-length: 0\r\ncontent-length: 0\r\n\r\n"),
        one("two lengths in one line", "content-length: 0, 0\r\n\r\n"),
        one("a signed length", "content-length: +0\r\n\r\n"),
        one("a hexadecimal length", "content-length: 0x0\r\n\r\n"),
        one("a length with a blank before the colon", "content-length : 0\r\n\r\n"),
        one("a length that overflows", "content-length: 18446744073709551616\r\n\r\n"),
        one("a coding twice", "transfer-encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
        one(
            "a coding in two lines",
            "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        ),
        one("a coding that nobody knows", "transfer-encoding: xchunked\r\n\r\n0\r\n\r\n"),
        one("a coding that is not the last", "transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
        one("a folded line", "x-a: b\r\n content-length: 9\r\n\r\n"),
        one("a bare line feed", "x-a: b\ncontent-length: 0\r\n\r\n"),
        one("a bare line feed at the end", "x-a: b\r\n\n"),
        one("a bare carriage return", "x-a: b\rcontent-length: 0\r\n\r\n"),
        one("a NUL in a value", "x-a: b\0\r\n\r\n"),
        one("a chunk's extension", &format!("{chunked}1;a=b\r\nx\r\n0\r\n\r\n")),
        one("a chunk's size with a sign", &format!("{chunked}+1\r\nx\r\n0\r\n\r\n")),
        one("a chunk's size that overflows", &format!("{chunked}10000000000000000\r\nx\r\n0\r\n\r\n")),
        one("a chunk that is longer than it says", &format!("{chunked}1\r\nxx\r\n0\r\n\r\n")),
        one("a trailer that is a length", &format!("{chunked}0\r\ncontent-length: 9\r\n\r\n")),
        raw("HTTP/0.9", "GET /healthz\r\n"),
        raw("HTTP/1.2", "GET /healthz HTTP/1.2\r\nhost: {host}\r\n\r\n"),
        raw("HTTP/2 by prior knowledge", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        raw("TLS", "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}"),
        raw(
            "an absolute form",
            "GET http://{host}/healthz HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n",
        ),
        raw(
            "a fragment",
            "GET /v/openai/v1/models#a HTTP/1.1\r\nhost: {host}\r\nauthorization: {bearer}\r\n\r\n",
        ),
        raw("CONNECT", "CONNECT api.openai.com:443 HTTP/1.1\r\nhost: api.openai.com:443\r\n\r\n"),
        raw(
            "a coding in HTTP/1.0",
            "POST /healthz HTTP/1.0\r\nhost: {host}\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        ),
        raw(
            "two hosts",
            "GET /healthz HTTP/1.1\r\nhost: {host}\r\nhost: {host}\r\nconnection: close\r\n\r\n",
        ),
        raw("no host", "GET /healthz HTTP/1.1\r\nconnection: close\r\n\r\n"),
    ]
}

pub fn names() -> Vec<Name> {
    names_of(&cases())
}

#[test]
fn what_can_be_read_in_two_ways_is_refused_with_its_connection() {
    let stage = Stage::new();
    let gateway = stage.home.gateway("openai/*");
    let bearer = format!("Bearer {}", gateway.token);
    let hidden = "GET /v/openai/v1/models HTTP/1.1\r\nhost: {host}\r\nauthorization: {bearer}\r\nconnection: close\r\n\r\n";
    let filled =
        |text: &str| text.replace("{host}", &gateway.address.to_string()).replace("{bearer}", &bearer);
    let mut findings = Findings::default();
    for case in cases() {
        let answer = exchange(gateway.address, filled(&format!("{}{hidden}", case.attack)).as_bytes());
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let is_refused =
            answer.is_empty() || answer.starts_with("HTTP/1.1 4") || answer.starts_with("HTTP/1.1 50");
        findings
            .hold(is_refused && answer.matches("HTTP/1.1 ").count() <= 1, &case.name(), || answer.clone());
        let reached = stage.upstream.take();
        findings.hold(reached.is_empty(), &case.name(), || format!("{reached:?}"));
    }
    findings.end();
    // What is hidden is no nonsense: by itself it is a call that is made.
    let answer = exchange(gateway.address, filled(hidden).as_bytes());
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    stage.upstream.take_one();
}
