//! B8: a WebSocket is no way round what a `GET` is held to, and carries nothing but messages. A15: its verdicts are
//! those of every other door.

use std::time::Duration;

use aivault::service::{Call, Message, messages};

use crate::b_headers::is_too_large_for_an_argument;
use crate::case::{Case, Findings, Name, Refused, call, names as names_of, refused};
use crate::stage::{Stage, Way};
use crate::support::websocket::{self, Talk, frame};
use crate::support::{Answer, Door, wait};

/// What the caller's side sends in place of messages, or within them.
#[derive(Clone)]
enum Frames {
    /// Down the socket, behind the call.
    FromCaller(Vec<u8>),
    FromUpstream(Vec<u8>),
}

fn asked() -> Call {
    call("openai/chat-completions", "GET", "/v1/chat/completions")
}

fn with_header(name: &str, value: &str) -> Call {
    Call { headers: vec![(name.to_owned(), value.to_owned())], ..asked() }
}

/// What is refused when a `GET` asks for it, and what only a WebSocket could be asked with.
fn refusals() -> Vec<Case<Refused>> {
    let is_get = |case: &Case<Refused>| {
        !case.attack.call.has_body && case.attack.call.method.as_deref() == Some("GET")
    };
    let paths = crate::a_paths::cases().into_iter();
    let headers = crate::b_headers::cases().into_iter().filter(|case| !is_too_large_for_an_argument(case));
    let of_get = paths.chain(headers).filter(is_get).map(|case| {
        let row = if case.row.starts_with('A') { "A15" } else { "B8" };
        Case::new(row, format!("a WebSocket, as {} {}", case.row, case.spelling), case.attack)
    });
    let method = |method: &str| {
        let call = call("openai/chat-completions", method, "/v1/chat/completions");
        refused("B8", &format!("asked for with {method}"), call, "capability.method")
    };
    let header = |name: &str, value: &str| {
        refused("B8", &format!("{name}: {value}"), with_header(name, value), "header.not_allowed")
    };
    let own = [
        method("POST"),
        method("get"),
        method("CONNECT"),
        header("Upgrade", "websocket"),
        header("upgrade", "h2c"),
        header("Connection", "Upgrade, authorization"),
        header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        header("sec-websocket-version", "8"),
        header("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
        header("sec-websocket-extensions", "permessage-deflate"),
        header("Sec-WebSocket-Protocol", "openai-insecure-api-key.mine"),
        header("sec_websocket_protocol", "realtime"),
        refused("B8", "another path", call("openai/chat-completions", "GET", "/v1/files"), "capability.path"),
        refused(
            "B8",
            "a path of two capabilities",
            call("openai/models", "GET", "/v1/realtime"),
            "capability.path",
        ),
    ];
    of_get.chain(own).collect()
}

fn frames() -> Vec<Case<Frames>> {
    let from_caller =
        |spelling: &str, sent: &[u8]| Case::new("B8", spelling, Frames::FromCaller(sent.to_vec()));
    let from_upstream = |spelling: &str, sent: Vec<u8>| Case::new("B8", spelling, Frames::FromUpstream(sent));
    let announced = |first: u8, length: u64| [&[first, 127][..], &length.to_be_bytes(), b"begun"].concat();
    let pieces = |count: usize, size: usize| -> Vec<u8> {
        let piece = vec![b'x'; size];
        (0..count).flat_map(|i| frame(false, if i == 0 { 2 } else { 0 }, &piece)).collect()
    };
    vec![
        from_caller(
            "a request in place of a message",
            b"GET /v1/files HTTP/1.1\r\nhost: api.openai.com\r\n\r\n",
        ),
        from_caller("a masked frame in place of a message", b"\x81\x85abcdhello"),
        from_caller("a control frame in place of a message", b"\x88\0\0\0\0"),
        from_caller("a message of 4 GiB", b"b\xff\xff\xff\xff"),
        from_caller("a message of a byte too many", b"t\x01\0\0\x01"),
        from_caller("a text that is none", b"t\0\0\0\x02\xc3\x28"),
        from_caller("a text with half a surrogate", b"t\0\0\0\x03\xed\xa0\x80"),
        from_caller("an end without a code", b"c\0\0\0\x01x"),
        from_caller("a message that is cut", b"b\0\0\0\x09half"),
        from_caller("a head that is cut", b"b\0\0"),
        from_upstream("a frame of 2^62 bytes", announced(0x82, 1 << 62)),
        from_upstream("a frame of more than all bytes", announced(0x82, u64::MAX)),
        from_upstream("a frame of 5 MiB", announced(0x81, 5 << 20)),
        from_upstream("a message of 18 MiB in pieces", pieces(9, 2 << 20)),
        from_upstream("a message of 17 MiB in small pieces", pieces(17 << 10, 1 << 10)),
        from_upstream("a ping of 200 bytes", frame(true, 9, &[b'x'; 200])),
        from_upstream("an end of one byte", frame(true, 8, b"x")),
        from_upstream("an end in pieces", frame(false, 8, &1000_u16.to_be_bytes())),
        from_upstream("an end with a reason that is no text", frame(true, 8, b"\x03\xe8\xff\xfe")),
        from_upstream("a compressed frame", vec![0xc1, 1, b'x']),
        from_upstream("a masked frame", vec![0x81, 0x81, 0, 0, 0, 0, b'x']),
        from_upstream("a text within a text", [frame(false, 1, b"a"), frame(true, 1, b"b")].concat()),
        from_upstream(
            "HTTP after the upgrade",
            format!("HTTP/1.1 200 OK\r\ncontent-length: 200\r\n\r\n{:200}", "ok").into_bytes(),
        ),
    ]
}

/// Those that are no single table.
const OTHERS: &[&str] = &["a message before the upgrade", "a message before an answer that is no upgrade"];

pub fn names() -> Vec<Name> {
    let others = OTHERS.iter().map(|spelling| Name { row: "B8", spelling: (*spelling).to_owned() });
    names_of(&refusals()).into_iter().chain(names_of(&frames())).chain(others).collect()
}

#[test]
fn what_a_get_may_not_ask_for_a_websocket_may_not() {
    Stage::new().refuse_by(&Way::WEBSOCKETS, &refusals());
}

#[test]
fn what_is_no_message_or_too_large_ends_the_conversation() {
    let stage = Stage::new();
    let mut findings = Findings::default();
    for case in frames() {
        let (line, talk) = websocket::line();
        let talk = std::sync::Mutex::new(Some(talk));
        stage.upstream.answers(move |request| {
            Answer::websocket(request, talk.lock().unwrap().take().expect("one request"))
        });
        match &case.attack {
            Frames::FromCaller(sent) => {
                let (head, answer) = stage.ask_for_websocket(&asked(), sent);
                let answer = String::from_utf8_lossy(&answer).into_owned();
                let holds = answer.contains("\"error\":\"invalid_request\"")
                    && answer.to_lowercase().contains("websocket");
                findings.hold(holds, &case.name(), || format!("{head:?} {answer}"));
            }
            Frames::FromUpstream(sent) => {
                line.text("before");
                line.raw(sent.clone());
                let done = stage.talk(Door::Daemon, &asked());
                let holds = done.code == Some(6) && done.stdout == b"before\n";
                findings.hold(holds, &case.name(), || format!("{done:?}"));
            }
        }
        let heard: Vec<_> =
            line.ends().into_iter().filter(|heard| heard.is_text() || heard.is_binary()).collect();
        let sent_nothing = heard.is_empty() || matches!(case.attack, Frames::FromUpstream(_));
        findings.hold(sent_nothing, &case.name(), || format!("the upstream heard {heard:?}"));
        findings.hold(stage.upstream.take().len() == 1, &case.name(), || "not one request".to_owned());
    }
    findings.end();
    stage.home.run(&["audit", "verify"]).ok();
}

/// What comes before the upgrade waits for it, and goes nowhere if there is none.
#[test]
fn messages_wait_for_the_upgrade() {
    let stage = Stage::new();
    let early = messages::encode(&Message::Text("early".to_owned()));
    stage.upstream.answers(|request| {
        // Whatever comes meanwhile would be taken for a part of the request, and never be echoed.
        std::thread::sleep(Duration::from_millis(300));
        Answer::websocket(request, Talk::Echo)
    });
    let close = messages::encode(&Message::Close(aivault::service::Close::default()));
    let (_, answer) = stage.ask_for_websocket(&asked(), &[early.clone(), close].concat());
    assert!(memchr::memmem::find(&answer, &early).is_some(), "{}", String::from_utf8_lossy(&answer));
    assert!(stage.upstream.take_one().body.is_empty());

    let ended = stage.upstream.ended();
    stage.upstream.answers(|_| Answer::status(401, "no"));
    let (head, _) = stage.ask_for_websocket(&asked(), &early);
    assert!(head.first_line.starts_with("HTTP/1.1 401"), "{head:?}");
    wait::until("the connection has ended", || (stage.upstream.ended() > ended).then_some(()));
    assert!(stage.upstream.take_one().body.is_empty(), "nothing stands behind the request either");
}
