//! WebSockets of an upstream: opened by a call that is judged as `GET`, relayed both ways, scrubbed, bounded, and on
//! record as any call is.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use aivault::service::{Call, wire};
use aivault::spec::Scope;
use bytes::Bytes;
use support::proxy::Proxy;
use support::websocket::{self, Line, Message, Talk, fragments, frame};
use support::{Answer, Done, Door, Home, Upstream, secrets, wait};

const KEY: &str = "0123456789abcdef0123456789abcdef01234567";
const LISTEN: &[&str] =
    &["invoke", "deepgram/transcription", "--path", "/v1/listen?model=nova-3", "--websocket"];
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const MORE: u8 = 0;

struct Setting {
    upstream: Upstream,
    home: Home,
}

impl Setting {
    fn new(door: Door) -> Self {
        let upstream = Upstream::serving(&["api.deepgram.com"]);
        let home = Home::with(door, &upstream);
        home.store("DEEPGRAM_API_KEY", KEY);
        Self { upstream, home }
    }

    fn echoing(door: Door) -> Self {
        let setting = Self::new(door);
        setting.upstream.answers(|request| Answer::websocket(request, Talk::Echo));
        setting
    }

    /// The next WebSocket is this one.
    fn line(&self) -> Line {
        let (line, talk) = websocket::line();
        let talk = Mutex::new(Some(talk));
        self.upstream.answers(move |request| {
            Answer::websocket(request, talk.lock().unwrap().take().expect("one request"))
        });
        line
    }

    fn run(&self, more: &[&str], input: &str) -> Done {
        self.home.run_with_input(&[LISTEN, more].concat(), input.as_bytes())
    }

    fn start(&self, more: &[&str]) -> Running {
        let mut command = self.home.command(self.home.door, &[LISTEN, more].concat());
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (input, output) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Running { child, input, output }
    }

    /// Puts a rule in force for what is called here.
    fn policy(&self, rule: &str) {
        let file = self.home.path("test.policy.yaml");
        let rule = format!("{{ id: test, why: Tests., capabilities: [deepgram/transcription], {rule} }}");
        std::fs::write(&file, format!("policy: test\nversion: 1\nrules:\n  - {rule}\n")).unwrap();
        self.home.run(&["policy", "apply", file.to_str().unwrap()]).ok();
    }

    /// The two entries of the one call, the decision first.
    #[track_caller]
    fn recorded(&self) -> [serde_json::Value; 2] {
        let is_of_a_call =
            |event: &serde_json::Value| ["invoke", "response"].map(Into::into).contains(&event["action"]);
        let events = wait::until("the end is on record", || {
            let events: Vec<_> =
                self.home.events().into_iter().map(|entry| entry.event).filter(is_of_a_call).collect();
            (events.len() >= 2).then_some(events)
        });
        let [end, decision] = events.try_into().expect("two entries");
        [decision, end]
    }
}

/// A client that is talked to line by line.
struct Running {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Running {
    fn write(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().unwrap();
        input.write_all(bytes).unwrap();
        input.flush().unwrap();
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line
    }

    /// What else it says, once it has ended.
    fn end(mut self) -> Done {
        drop(self.input.take());
        let mut rest = Vec::new();
        self.output.read_to_end(&mut rest).unwrap();
        Done { stdout: rest, ..Done::wait_for(self.child, b"") }
    }
}

#[test]
fn lines_become_messages_and_messages_lines_through_both_doors() {
    for door in Door::BOTH {
        let setting = Setting::echoing(door);
        let done = setting.run(&["--message", "first", "--close-on-eof"], "{\"a\":1}\n\nlast").ok();
        assert_eq!(done.text(), "first\n{\"a\":1}\n\nlast\n", "{door:?}");
        assert_eq!(done.errors(), "");
        let request = setting.upstream.take_one();
        assert_eq!(request.head.first_line, "GET /v1/listen?model=nova-3 HTTP/1.1");
        assert_eq!(request.header("authorization"), format!("Token {KEY}"));
        assert_eq!((request.header("upgrade"), request.header("connection")), ("websocket", "Upgrade"));
        assert_eq!(request.header("sec-websocket-version"), "13");
        assert!(!request.head.has("sec-websocket-extensions") && !request.head.has("sec-websocket-protocol"));
        let [decision, end] = setting.recorded();
        assert_eq!((&decision["outcome"], &decision["method"]), (&"allowed".into(), &"GET".into()));
        assert_eq!(
            (&decision["path"], &decision["detail"]),
            (&"/v1/listen?model".into(), &"opens a WebSocket".into())
        );
        assert_eq!((&end["outcome"], &end["status"]), (&"ok".into(), &101.into()));
    }
}

#[test]
fn each_side_speaks_when_it_likes() {
    for door in Door::BOTH {
        let setting = Setting::new(door);
        let line = setting.line();
        let mut running = setting.start(&[]);
        line.text("hello");
        assert_eq!(running.line(), "hello\n");
        running.write(b"one\n");
        assert_eq!(line.hears(), Message::text("one"));
        running.write("zwö\n".as_bytes());
        assert_eq!(line.hears(), Message::text("zwö"));
        line.text("answer");
        assert_eq!(running.line(), "answer\n");
        drop(running.input.take());
        assert_eq!(line.hears_soon(), None, "the end of the input is no wish to close");
        line.text("and more");
        line.close(1000, "done");
        assert_eq!(running.end().ok().text(), "and more\n");
        assert!(matches!(line.ends()[..], [Message::Close(_)]), "it says that it ends as well");
    }
}

#[test]
fn bytes_go_both_ways_as_they_are() {
    for door in Door::BOTH {
        let setting = Setting::new(door);
        let line = setting.line();
        let mut running = setting.start(&["--binary", "--close-on-eof"]);
        running.write(b"\0\xff\n");
        assert_eq!(line.hears(), Message::binary(&b"\0\xff\n"[..]));
        line.say(Message::binary(&b"\xfe\0"[..]));
        line.say(Message::binary(&b"\n"[..]));
        let mut came = [0; 3];
        running.output.read_exact(&mut came).unwrap();
        assert_eq!(came, *b"\xfe\0\n");
        let done = running.end().ok();
        assert!(done.stdout.is_empty());
        assert!(matches!(line.ends()[..], [Message::Close(Some(_))]));
    }
}

#[test]
fn what_policy_refuses_reaches_nobody() {
    for door in Door::BOTH {
        let setting = Setting::echoing(door);
        let refused = |words: &[&str], reason: &str| {
            let done = setting
                .home
                .run_with_input(&[words, &["--websocket", "--json"][..1]].concat(), b"early\n")
                .ends(3);
            assert!(done.stdout.is_empty(), "{words:?}");
            assert_eq!(setting.home.events()[0].event["reason"], reason, "{words:?}");
        };
        let listen = "deepgram/transcription";
        refused(&["invoke", listen, "--path", "/v1/auth/grant"], "capability.path");
        refused(&["invoke", listen, "--path", "/v1/listen/../auth/grant"], "path.not_canonical");
        refused(&["invoke", listen, "--path", "/v1/listen", "--method", "POST"], "capability.method");
        refused(&["invoke", "deepgram/text-intelligence", "--path", "/v1/read"], "capability.method");
        for header in
            ["authorization", "upgrade", "connection", "Sec-WebSocket-Protocol", "sec_websocket_key"]
        {
            let header = format!("{header}: x");
            refused(&["invoke", listen, "--path", "/v1/listen", "--header", &header], "header.not_allowed");
        }
        let body = r#"{"body":"x"}"#;
        refused(&["invoke", listen, "--path", "/v1/listen", "--request", body], "body.required");
        setting.policy("effect: forbid, when: { methods: [GET] }");
        refused(&["invoke", listen, "--path", "/v1/listen"], "forbid.matched");
        assert_eq!(setting.upstream.accepted(), 0, "{door:?}");
    }
}

#[test]
fn what_rules_look_for_in_bodies_is_not_to_be_had_through_messages() {
    let setting = Setting::echoing(Door::InProcess);
    setting.policy("effect: forbid, when: { body: { json: { /url: { glob: \"*\", absent: skip } } } }");
    let done = setting.run(&["--close-on-eof"], "{\"url\":1}\n").ends(3);
    assert!(done.errors().contains("messages of a WebSocket"), "{}", done.errors());
    assert_eq!(setting.upstream.accepted(), 0);
}

#[test]
fn a_secret_that_is_echoed_is_scrubbed_however_it_is_framed() {
    for door in Door::BOTH {
        let setting = Setting::new(door);
        let line = setting.line();
        let running = setting.start(&[]);
        let mut messages = 0;
        for spelling in secrets::spellings(KEY) {
            let text = format!("<{}>", String::from_utf8(spelling).unwrap());
            line.text(&text);
            line.say(Message::binary(Bytes::from(format!("{text}\n"))));
            for size in [1, 7] {
                line.raw(fragments(TEXT, text.as_bytes(), size));
                line.raw(fragments(BINARY, format!("{text}\n").as_bytes(), size));
            }
            messages += 6;
        }
        line.raw(
            [
                frame(false, TEXT, b"Token 0123456789abcdef"),
                frame(true, 9, b"ping in the midst"),
                frame(true, MORE, b"0123456789abcdef01234567"),
            ]
            .concat(),
        );
        line.close(4001, &format!("the key {KEY} is bad"));
        let done = running.end().ends(22);
        secrets::assert_absent(KEY, &done.stdout, "the output");
        secrets::assert_absent(KEY, &done.stderr, "the errors");
        let marks = done.text().lines().filter(|line| line.contains("[redacted]>")).count();
        assert_eq!(marks, messages, "{}", done.text());
        assert!(done.text().ends_with("[redacted]\n"), "{}", done.text());
        assert!(done.errors().contains("with 4001: the key [redacted] is bad"), "{}", done.errors());
        let pong = |message: &Message| matches!(message, Message::Pong(said) if said.as_ref() == b"ping in the midst");
        assert!(line.ends().iter().any(pong), "pings are answered");
    }
}

#[test]
fn what_rules_take_out_of_answers_is_taken_out_of_messages() {
    let setting = Setting::new(Door::Daemon);
    setting.policy("effect: redact, redact: { fields: [name] }");
    let line = setting.line();
    let mut running = setting.start(&[]);
    line.text(r#"{"name":"Ada","words":1}"#);
    assert_eq!(running.line(), "{\"name\":\"[redacted]\",\"words\":1}\n");
    line.text("name: Ada");
    let done = running.end().ends(3);
    assert!(
        done.stdout.is_empty() && done.errors().contains("a message that is not JSON"),
        "{}",
        done.errors()
    );
    assert_eq!(setting.recorded()[1]["reason"], "answer.unreadable");
}

#[test]
fn more_at_once_than_is_taken_ends_it() {
    for door in Door::BOTH {
        let giant_frame = [&[0x82, 127][..], &(1_u64 << 40).to_be_bytes(), &[b'x'; 1000]].concat();
        let giant_message = fragments(BINARY, &vec![b'x'; 18 << 20], 3 << 20);
        for sent in [giant_frame, giant_message] {
            let setting = Setting::new(door);
            let line = setting.line();
            let running = setting.start(&[]);
            line.text("before");
            line.raw(sent);
            let done = running.end().ends(6);
            assert_eq!(done.text(), "before\n");
            assert!(done.errors().contains("sent more at once than is taken"), "{}", done.errors());
            let [_, end] = setting.recorded();
            assert_eq!((&end["outcome"], &end["reason"]), (&"failed".into(), &"websocket.too_large".into()));
        }
    }
}

#[test]
fn an_upstream_that_breaks_the_rules_or_off_is_told_of() {
    let setting = Setting::new(Door::Daemon);
    let ended = |sent: &[u8], says: &str| {
        let line = setting.line();
        let running = setting.start(&[]);
        line.text("begun");
        line.raw(sent.to_vec());
        if sent.is_empty() {
            drop(line);
        }
        let done = running.end().ends(6);
        assert_eq!(done.text(), "begun\n", "{sent:?}");
        assert!(done.errors().contains(says), "{sent:?} {}", done.errors());
    };
    ended(b"", "went away without closing");
    ended(&frame(true, TEXT, b"\xff\xfe"), "broke the rules");
    ended(&frame(true, MORE, b"continues nothing"), "broke the rules");
    ended(&frame(true, 3, b"unknown"), "broke the rules");
    ended(&[0xc1, 1, b'x'], "broke the rules");
    ended(&[0x81, 0x81, 0, 0, 0, 0, b'x'], "broke the rules");
    ended(&[frame(false, TEXT, b"a"), frame(true, TEXT, b"b")].concat(), "broke the rules");
}

#[test]
fn an_answer_in_place_of_a_websocket_is_handed_back() {
    for door in Door::BOTH {
        let setting = Setting::new(door);
        let answered = |answer: fn() -> Answer| {
            setting.upstream.answers(move |_| answer());
            setting.run(&["--message", "early"], "")
        };
        let done = answered(|| Answer::status(401, format!("bad key {KEY}"))).ends(22);
        assert_eq!(
            (done.text().as_str(), done.errors().as_str()),
            ("bad key [redacted]", "error: the upstream answered 401 Unauthorized\n")
        );
        answered(|| Answer::status(403, "no")).ends(22).says("no");
        let done = answered(|| Answer::text("just a page")).ends(22);
        assert_eq!(
            (done.text().as_str(), done.errors().as_str()),
            ("just a page", "error: the upstream opened no WebSocket\n")
        );
        let done = answered(|| Answer::redirect(302, "https://api.deepgram.com/v2/listen")).ends(22);
        assert!(done.errors().contains("not followed"), "{}", done.errors());
        assert_eq!(setting.upstream.take().len(), 4, "no redirect is followed");
        const WRONG: &str = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\
                     sec-websocket-accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n";
        let done = answered(|| Answer::raw(WRONG)).ends(6);
        assert!(done.errors().contains("opens none"), "{}", done.errors());
    }
}

#[test]
fn whoever_goes_away_takes_the_upstreams_connection_with_it() {
    let setting = Setting::new(Door::Daemon);
    for closes_input in [false, true] {
        let (line, ended) = (setting.line(), setting.upstream.ended());
        let mut running = setting.start(&[]);
        line.text("begun");
        running.line();
        if closes_input {
            drop(running.input.take());
            assert_eq!(line.hears_soon(), None);
        }
        running.child.kill().unwrap();
        running.child.wait().unwrap();
        let gone = wait::within(Duration::from_secs(5), || (setting.upstream.ended() > ended).then_some(()));
        assert!(gone.is_some(), "the upstream's connection stays");
        let end = wait::within(Duration::from_secs(5), || {
            setting.home.events().into_iter().next().filter(|one| one.is("response", "failed"))
        });
        assert_eq!(end.expect("the end is on record").event["reason"], "abandoned");
    }
}

#[test]
fn the_whole_of_it_has_its_time() {
    for door in Door::BOTH {
        let setting = Setting::new(door);
        let line = setting.line();
        let begun = Instant::now();
        let mut running = setting.start(&["--timeout-ms", "1500"]);
        line.text("begun");
        assert_eq!(running.line(), "begun\n");
        let done = Done::wait_for(running.child, b"").ends(6);
        assert!(
            done.errors().contains("1500 ms") && begun.elapsed() < Duration::from_secs(20),
            "{}",
            done.errors()
        );
        assert_eq!(setting.recorded()[1]["reason"], "call.timeout");
    }
}

#[test]
fn a_quiet_upstream_that_lives_is_asked_for_signs_of_life() {
    let setting = Setting::new(Door::Daemon);
    let line = setting.line();
    // Half of the time that an upstream may keep silent is when it is asked.
    let running = setting.start(&["--timeout-ms", "3000"]);
    assert!(matches!(line.hears(), Message::Ping(_)));
    line.close(1000, "");
    running.end().ok();
}

#[test]
fn lines_that_are_no_text_are_the_callers_mistake() {
    for door in Door::BOTH {
        let setting = Setting::echoing(door);
        let mut running = setting.start(&[]);
        running.write(b"fine\n");
        assert_eq!(running.line(), "fine\n");
        running.write(b"\xff\n");
        let done = Done::wait_for(running.child, b"").ends(2);
        assert!(
            done.errors().contains("not UTF-8") && done.errors().contains("--binary"),
            "{}",
            done.errors()
        );
    }
}

#[test]
fn a_reader_that_stops_holds_the_upstream_up() {
    let setting = Setting::new(Door::Daemon);
    let line = setting.line();
    let mut running = setting.start(&[]);
    line.text("begun");
    assert_eq!(running.line(), "begun\n");
    let pid = setting.home.daemon().expect("a daemon");
    for _ in 0..64 {
        line.say(Message::binary(vec![b'x'; 1 << 20]));
    }
    std::thread::sleep(Duration::from_secs(1));
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: u64 = peak.split_whitespace().next().unwrap().parse().unwrap();
    assert!(peak < 60 * 1024, "the daemon grew to {peak} KiB");
    line.close(1000, "");
    assert_eq!(running.end().ok().stdout.len(), 64 << 20);
}

#[test]
fn it_goes_through_the_egress_proxy_like_any_request() {
    let setting = Setting::echoing(Door::InProcess);
    // What a test vault redirects is connected to straight, so this is a real one.
    let home = Home::empty(Door::InProcess);
    let proxy = Proxy::leading_to(setting.upstream.address);
    let authority = home.path("ca.pem");
    std::fs::write(&authority, &setting.upstream.ca_pem).unwrap();
    home.run(&["config", "set", "egress-proxy", &proxy.url()]).ok();
    home.run(&["config", "set", "extra-ca", authority.to_str().unwrap()]).ok();
    home.store("DEEPGRAM_API_KEY", KEY);
    let done = home.run_with_input(&[LISTEN, &["--close-on-eof"]].concat(), b"through\n").ok();
    assert_eq!(done.text(), "through\n");
    assert_eq!(proxy.take()[0].first_line, "CONNECT api.deepgram.com:443 HTTP/1.1");
}

/// A program at the socket, without the client.
#[test]
fn the_socket_takes_nothing_but_messages() {
    let setting = Setting::echoing(Door::Daemon);
    setting.run(&["--close-on-eof"], "x\n").ok();
    setting.upstream.take();
    let call = |has_body| Call {
        capability: "deepgram/transcription".to_owned(),
        credential: None,
        scope: Scope::Global,
        method: None,
        path: Some("/v1/listen".to_owned()),
        headers: Vec::new(),
        has_body,
    };
    let send = |has_body, rest: &[u8]| {
        let head = wire::encode_call(&call(has_body)).unwrap();
        let request = format!(
            "POST {} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            wire::WEBSOCKET,
            head.len() + rest.len()
        );
        let mut stream = UnixStream::connect(setting.home.socket()).unwrap();
        stream.set_read_timeout(Some(wait::LIMIT)).unwrap();
        stream.write_all(&[request.as_bytes(), &head, rest].concat()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    };
    for (rest, says) in [
        (&b"GET / HTTP/1.1\r\n\r\n"[..], "a message has at most 16 MiB"),
        (b"x\0\0\0\x01y", "it is of no known kind"),
        (b"t\0\0\0\x01\xff", "its text is not UTF-8"),
        (b"b\xff\xff\xff\xff", "a message has at most 16 MiB"),
        (b"t\0\0\0\x05cut", "not sent to the end"),
    ] {
        let answer = send(false, rest);
        assert!(
            answer.contains("\"error\":\"invalid_request\"") && answer.contains(says),
            "{rest:?} {answer}"
        );
    }
    assert!(send(true, b"").starts_with("HTTP/1.1 403"), "a call with a body is none of this kind");
    let answer = send(false, b"t\0\0\0\x02hic\0\0\0\x02\0\0");
    assert!(answer.contains("aivault-origin: conversation") && answer.contains("t\0\0\0\x02hi"), "{answer}");
}

/// The last word is not lost on a caller that goes on speaking.
#[test]
fn an_upstream_that_has_heard_enough_is_heard() {
    for door in Door::BOTH {
        let setting = Setting::new(door);
        for _ in 0..5 {
            let line = setting.line();
            let mut running = setting.start(&["--binary"]);
            let mut input = running.input.take().unwrap();
            let speaking = std::thread::spawn(move || while input.write_all(&[b'x'; 64 * 1024]).is_ok() {});
            assert!(line.hears().is_binary());
            line.close(4008, "enough");
            let done = running.end().ends(22);
            assert!(done.errors().contains("with 4008: enough"), "{door:?} {}", done.errors());
            speaking.join().unwrap();
        }
    }
}
