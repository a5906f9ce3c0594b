//! What goes on over a connection to a listener: streams, kept connections, WebSockets, and how each of them ends.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use support::gateway::{self, Gateway, connect, read_to_end, read_until, request, whole};
use support::websocket::{self, Message, Talk};
use support::{Answer, Door, Home, Upstream, secrets, wait};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;

const KEY: &str = "0123456789abcdef0123456789abcdef01234567";
/// At once, on a machine that may be busy.
const SOON: Duration = Duration::from_secs(6);

struct Setting {
    upstream: Upstream,
    home: Home,
    gateway: Gateway,
}

fn setting() -> Setting {
    let upstream = Upstream::serving(&["api.openai.com", "api.deepgram.com"]);
    let home = Home::with_openai(Door::Daemon, &upstream, secrets::OPENAI);
    home.store("DEEPGRAM_API_KEY", KEY);
    let gateway = home.gateway("*");
    Setting { upstream, home, gateway }
}

impl Setting {
    fn fed(&self) -> support::upstream::Feed {
        let (feed, answer) = Answer::fed();
        let answer = Mutex::new(Some(answer));
        self.upstream.answers(move |_| answer.lock().unwrap().take().expect("one request"));
        feed
    }

    /// A connection on which a request was sent.
    fn begun(&self, method: &str, target: &str, fields: &[(&str, &str)]) -> TcpStream {
        let bearer = format!("Bearer {}", self.gateway.token);
        let fields = [&[("authorization", bearer.as_str())], fields].concat();
        let mut stream = connect(self.gateway.address);
        stream.write_all(&request(self.gateway.address, method, target, &fields, b"")).unwrap();
        stream
    }

    /// An answer of which a piece has come and more is to come.
    fn under_way(&self) -> (support::upstream::Feed, TcpStream) {
        let feed = self.fed();
        let mut stream = self.begun("GET", "/v/openai/v1/models", &[]);
        feed.send(Bytes::from("begun\n")).unwrap();
        read_until(&mut stream, b"begun");
        (feed, stream)
    }

    /// One more of the upstream's connections ends than the `ended` ones.
    #[track_caller]
    fn lets_the_upstream_go(&self, ended: usize) {
        let gone = wait::within(SOON, || (self.upstream.ended() > ended).then_some(()));
        assert!(gone.is_some(), "the upstream's connection stays");
    }
}

#[test]
fn an_answer_streams_and_one_that_breaks_off_is_not_taken_for_whole() {
    let setting = setting();
    let feed = setting.fed();
    let mut stream = setting.begun("GET", "/v/openai/v1/models", &[]);
    feed.send(Bytes::from("data: one\n\n")).unwrap();
    read_until(&mut stream, b"data: one");
    feed.send(Bytes::from("data: two\n\n")).unwrap();
    read_until(&mut stream, b"data: two");
    drop(feed);
    assert!(read_to_end(&mut stream).ends_with(b"0\r\n\r\n"));
    setting.upstream.answers(|_| Answer::broken("half"));
    let mut stream = setting.begun("GET", "/v/openai/v1/models", &[]);
    let answer = read_to_end(&mut stream);
    assert!(answer.windows(4).any(|window| window == b"half"), "{}", String::from_utf8_lossy(&answer));
    assert!(!answer.ends_with(b"0\r\n\r\n"), "{}", String::from_utf8_lossy(&answer));
}

#[test]
fn a_connection_is_kept_for_the_next_request() {
    let Setting { upstream, home: _home, gateway } = setting();
    let mut stream = connect(gateway.address);
    let bearer = format!("Bearer {}", gateway.token);
    for target in
        ["/v/openai/v1/models", "/aivault/capabilities", "/v/openai/v1/nothing", "/v/openai/v1/models"]
    {
        let fields = [("authorization", bearer.as_str()), ("connection", "keep-alive")];
        stream.write_all(&request(gateway.address, "GET", target, &fields, b"")).unwrap();
        let head = String::from_utf8_lossy(&read_until(&mut stream, b"\r\n\r\n")).into_owned();
        if head.contains("chunked") {
            read_until_end_of_chunks(&mut stream, &head);
        } else {
            read_length(&mut stream, &head);
        }
    }
    assert_eq!(upstream.take().len(), 2);
}

fn read_until_end_of_chunks(stream: &mut TcpStream, begun: &str) {
    if !begun.ends_with("0\r\n\r\n") {
        read_until(stream, b"0\r\n\r\n");
    }
}

fn read_length(stream: &mut TcpStream, begun: &str) {
    let (head, body) = begun.split_once("\r\n\r\n").unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let left = length.parse::<usize>().unwrap() - body.len();
    stream.read_exact(&mut vec![0; left]).unwrap();
}

#[test]
fn a_caller_that_goes_away_takes_its_request_at_the_upstream_with_it() {
    let setting = setting();
    let ended = setting.upstream.ended();
    let (_feed, stream) = setting.under_way();
    drop(stream);
    setting.lets_the_upstream_go(ended);
}

#[test]
fn a_token_that_is_revoked_ends_what_is_under_way() {
    let setting = setting();
    let ended = setting.upstream.ended();
    let (feed, mut stream) = setting.under_way();
    setting.home.run(&["token", "revoke", "--all"]).ok();
    let rest = gateway::until_gone(&mut stream);
    assert!(rest < SOON, "{rest:?}");
    setting.lets_the_upstream_go(ended);
    drop(feed);
}

#[test]
fn a_token_that_is_revoked_ends_a_request_that_waits() {
    let setting = setting();
    setting.upstream.answers(|_| Answer::silence());
    let mut stream = setting.begun("GET", "/v/openai/v1/models", &[]);
    wait::until("the request is there", || (!setting.upstream.take().is_empty()).then_some(()));
    setting.home.run(&["token", "revoke", "--all"]).ok();
    let heard = whole(&read_to_end(&mut stream));
    assert_eq!((heard.status, heard.reason()), (401, Some("token.expired")), "{}", heard.text());
}

/// A WebSocket as clients ask for one.
const UPGRADE: [(&str, &str); 4] = [
    ("connection", "Upgrade"),
    ("upgrade", "websocket"),
    ("sec-websocket-version", "13"),
    ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
];
const PASSED: &str = "/v/deepgram/v1/listen?model=nova-3";
const NAMED: &str = "/aivault/ws?capability=deepgram%2Ftranscription&path=%2Fv1%2Flisten%3Fmodel%3Dnova-3";

/// Talks over a WebSocket that was opened.
fn talk<T>(stream: TcpStream, with: impl AsyncFnOnce(&mut WebSocketStream<tokio::net::TcpStream>) -> T) -> T {
    stream.set_nonblocking(true).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let stream = tokio::net::TcpStream::from_std(stream).unwrap();
        let mut socket = WebSocketStream::from_raw_socket(stream, Role::Client, None).await;
        tokio::time::timeout(wait::LIMIT, with(&mut socket)).await.unwrap()
    })
}

fn opened(setting: &Setting, target: &str) -> TcpStream {
    let mut stream = setting.begun("GET", target, &UPGRADE);
    let head = String::from_utf8_lossy(&read_until(&mut stream, b"\r\n\r\n")).into_owned();
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    assert!(head.contains("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), "{head}");
    stream
}

#[test]
fn a_websocket_carries_messages_both_ways_through_either_door() {
    let setting = setting();
    setting.upstream.answers(|request| Answer::websocket(request, Talk::Echo));
    for target in [PASSED, NAMED] {
        let stream = opened(&setting, target);
        talk(stream, async |socket| {
            for message in [Message::text("hello"), Message::binary(vec![7; 200_000])] {
                socket.send(message.clone()).await.unwrap();
                assert_eq!(socket.next().await.unwrap().unwrap(), message);
            }
            socket.close(None).await.unwrap();
            while let Some(Ok(_)) = socket.next().await {}
        });
        let received = setting.upstream.take_one();
        assert_eq!(received.target, "/v1/listen?model=nova-3");
        assert_eq!(received.header("authorization"), format!("Token {KEY}"));
    }
}

#[test]
fn a_websocket_ends_with_its_token_and_with_either_side() {
    let setting = setting();
    let (line, one) = websocket::line();
    let one = Mutex::new(Some(one));
    setting.upstream.answers(move |request| Answer::websocket(request, one.lock().unwrap().take().unwrap()));
    let stream = opened(&setting, PASSED);
    line.text("said");
    talk(stream, async |socket| {
        assert_eq!(socket.next().await.unwrap().unwrap(), Message::text("said"));
        setting.home.run(&["token", "revoke", "--all"]).ok();
        let Some(Ok(Message::Close(Some(close)))) = socket.next().await else { panic!("it does not close") };
        assert_eq!(u16::from(close.code), 1008);
    });
    line.ends();
}

#[test]
fn a_caller_that_goes_away_takes_its_websocket_with_it() {
    let setting = setting();
    let (line, one) = websocket::line();
    let one = Mutex::new(Some(one));
    setting.upstream.answers(move |request| Answer::websocket(request, one.lock().unwrap().take().unwrap()));
    let stream = opened(&setting, PASSED);
    line.text("said");
    talk(stream, async |socket| drop(socket.next().await));
    line.ends();
}

/// The same on a connection that ends with the answer, where no WebSocket comes of it.
fn once<'a>(fields: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let field = |(name, value): &(&'a str, &'a str)| match *name {
        "connection" => (*name, "close, Upgrade"),
        _ => (*name, *value),
    };
    fields.iter().map(field).collect()
}

#[test]
fn what_does_not_open_a_websocket_properly_opens_none() {
    let setting = setting();
    setting.upstream.answers(|request| Answer::websocket(request, Talk::Echo));
    let without = |name: &str| -> Vec<(&str, &str)> {
        UPGRADE.into_iter().filter(|(field, _)| *field != name).collect()
    };
    let with = |name: &'static str, value: &'static str| [without(name), vec![(name, value)]].concat();
    for (target, fields, status) in [
        (PASSED, without("sec-websocket-key"), 400),
        (PASSED, with("sec-websocket-key", "short"), 400),
        (PASSED, with("sec-websocket-version", "8"), 400),
        (PASSED, [UPGRADE.to_vec(), vec![("origin", "https://evil.example")]].concat(), 403),
        (PASSED, [UPGRADE.to_vec(), vec![("sec-websocket-protocol", "token, x")]].concat(), 403),
        ("/v/deepgram/v1/nothing", UPGRADE.to_vec(), 403),
        ("/aivault/ws?capability=deepgram%2Fnothing", UPGRADE.to_vec(), 404),
        ("/aivault/ws?path=%2Fv1%2Flisten", UPGRADE.to_vec(), 400),
        ("/aivault/ws?capability=a%2Fb&host=evil.example", UPGRADE.to_vec(), 400),
        (NAMED, without("upgrade"), 400),
    ] {
        let heard = whole(&read_to_end(&mut setting.begun("GET", target, &once(&fields))));
        assert_eq!(heard.status, status, "{target} {fields:?}: {}", heard.text());
    }
    assert!(setting.upstream.take().is_empty());
    // What the upstream answers instead is the answer.
    setting.upstream.answers(|_| Answer::status(426, "no"));
    let heard = whole(&read_to_end(&mut setting.begun("GET", PASSED, &once(&UPGRADE))));
    assert_eq!((heard.status, heard.text().as_str()), (426, "no"));
}

#[test]
fn frames_that_do_not_wait_for_the_upgrade_and_frames_that_are_too_long_end_it() {
    let setting = setting();
    setting.upstream.answers(|request| Answer::websocket(request, Talk::Echo));
    let bearer = format!("Bearer {}", setting.gateway.token);
    let fields = [&[("authorization", bearer.as_str())], &UPGRADE[..]].concat();
    let mut early = request(setting.gateway.address, "GET", PASSED, &fields, b"");
    early.extend_from_slice(&[0x81, 0x85, 0, 0, 0, 0, b'e', b'a', b'r', b'l', b'y']);
    let mut stream = connect(setting.gateway.address);
    stream.write_all(&early).unwrap();
    let answer = read_to_end(&mut stream);
    assert!(!answer.ends_with(b"early"), "{}", String::from_utf8_lossy(&answer));
    let stream = opened(&setting, PASSED);
    talk(stream, async |socket| {
        let _ = socket.send(Message::binary(vec![0; 5 << 20])).await;
        let last = socket.next().await;
        let is_end = matches!(&last, None | Some(Err(_)) | Some(Ok(Message::Close(_))));
        assert!(is_end, "{last:?}");
    });
}
