//! A test vault with its upstream, and the doors through which a call is sent at it.

use aivault::service::{Call, Message, messages, wire};
use serde_json::Value;

use crate::case::{Case, Findings, Name, Refused};
use crate::support::http::Head;
use crate::support::{Done, Door, Home, Upstream, audit, secrets, socket};

pub const SLACK: &str = "xoxb-made-up-for-tests-0123456789";
const GEMINI: &str = "AIzaSyD-made-up-for-tests-0123456789abc";
const LINEAR: &str = "lin_api_made0up0for0tests0123456789abcdefghijklm";

/// A way into the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Bytes on the daemon's socket, as a program without the client sends them.
    Socket,
    Cli(Door),
    /// Bytes on the socket that ask for a WebSocket, with a message behind them.
    WebSocketSocket,
    /// The client, asking for one.
    WebSocket(Door),
}

impl Way {
    /// The ways of a call that has one answer.
    pub const ALL: [Self; 3] = [Self::Socket, Self::Cli(Door::Daemon), Self::Cli(Door::InProcess)];
    /// The ways to a WebSocket.
    pub const WEBSOCKETS: [Self; 3] =
        [Self::WebSocketSocket, Self::WebSocket(Door::Daemon), Self::WebSocket(Door::InProcess)];
}

/// How an attempt ended for whoever made it.
pub struct Ended {
    pub refused: bool,
    pub shown: String,
}

/// What the audit log says of one attempt.
struct Expected {
    name: Name,
    way: Way,
    reason: &'static str,
}

pub struct Stage {
    pub home: Home,
    pub upstream: Upstream,
}

impl Stage {
    /// A vault with keys of providers of several kinds, and a daemon that runs.
    pub fn new() -> Self {
        let hosts = ["api.openai.com", "generativelanguage.googleapis.com", "slack.com", "api.linear.app"];
        let upstream = Upstream::serving(&hosts);
        let home = Home::with_openai(Door::Daemon, &upstream, secrets::OPENAI);
        home.store("GEMINI_API_KEY", GEMINI);
        home.store("SLACK_BOT_TOKEN", SLACK);
        home.store("LINEAR_API_KEY", LINEAR);
        let stage = Self { home, upstream };
        stage.reaches();
        stage
    }

    /// The same with a policy in force.
    pub fn with_policy(text: &str) -> Self {
        let stage = Self::new();
        let file = stage.home.path("attacked.policy.yaml");
        std::fs::write(&file, text).unwrap();
        stage.home.run(&["policy", "apply", file.to_str().unwrap()]).ok();
        stage
    }

    /// That a call which is allowed does reach the upstream: a silence else means nothing.
    #[track_caller]
    pub fn reaches(&self) {
        self.home.run(&["invoke", "openai/models", "--method", "GET", "--path", "/v1/models"]).ok();
        self.upstream.take_one();
    }

    /// Sends a call.
    pub fn send(&self, way: Way, call: &Call, body: &[u8]) -> Ended {
        match way {
            Way::Socket => self.through_socket(&wire::encode_call(call).unwrap(), body),
            Way::Cli(door) => self.through_cli(door, call, body),
            Way::WebSocketSocket => {
                let early = messages::encode(&Message::Text("early".to_owned()));
                let (head, answer) = self.ask_for_websocket(call, &early);
                told(&head, &answer)
            }
            Way::WebSocket(door) => {
                let done = self.talk(door, call);
                let refused = matches!(done.code, Some(2 | 3 | 5)) && done.stdout.is_empty();
                Ended { refused, shown: format!("{:?} {}{}", done.code, done.text(), done.errors()) }
            }
        }
    }

    /// Sends what stands for a call to the callers' socket, framed as the client does.
    pub fn through_socket(&self, framed: &[u8], body: &[u8]) -> Ended {
        self.through_socket_with(&format!("{}: {}", wire::LENGTH_HEADER, body.len()), framed, body)
    }

    /// The same with one more field in the message's head.
    pub fn through_socket_with(&self, field: &str, framed: &[u8], body: &[u8]) -> Ended {
        let head = format!(
            "POST {} HTTP/1.1\r\nhost: aivault\r\nconnection: close\r\n{field}\r\ncontent-length: {}\r\n\r\n",
            wire::INVOKE,
            framed.len() + body.len()
        );
        let (head, answer) = socket::exchange(&self.home.socket(), &[head.as_bytes(), framed, body].concat());
        told(&head, &answer)
    }

    /// Sends what asks for a WebSocket to the callers' socket, and `rest` behind it; gives all that comes back.
    pub fn ask_for_websocket(&self, call: &Call, rest: &[u8]) -> (Head, Vec<u8>) {
        let framed = wire::encode_call(call).unwrap();
        let head = format!(
            "POST {} HTTP/1.1\r\nhost: aivault\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            wire::WEBSOCKET,
            framed.len() + rest.len()
        );
        socket::exchange(&self.home.socket(), &[head.as_bytes(), &framed, rest].concat())
    }

    /// The client with a WebSocket, on which it says a word and then listens.
    pub fn talk(&self, door: Door, call: &Call) -> Done {
        let words = ["--websocket", "--message", "early"].map(str::to_owned);
        Done::of(&mut self.home.command(door, &[request(call), words.into()].concat()), b"")
    }

    /// All that a caller gets to see of the answer to a call without a body: its head too, where there is one.
    pub fn send_to_see(&self, way: Way, call: &Call) -> String {
        match way {
            Way::Cli(door) => {
                let done = Done::of(&mut self.home.command(door, &request(call)), b"");
                done.text() + &done.errors()
            }
            Way::WebSocket(door) => {
                let done = self.talk(door, call);
                done.text() + &done.errors()
            }
            Way::WebSocketSocket => {
                let (head, body) = self.ask_for_websocket(call, b"");
                format!("{head:?}\n{}", without_framing(&body))
            }
            Way::Socket => {
                let (head, body) = socket::invoke(&self.home.socket(), call);
                format!("{head:?}\n{}", without_framing(&body))
            }
        }
    }

    fn through_cli(&self, door: Door, call: &Call, body: &[u8]) -> Ended {
        let arguments = if call.has_body { flags(call) } else { request(call) };
        let done = Done::of(&mut self.home.command(door, &arguments), body);
        let refused = matches!(done.code, Some(2 | 3 | 5)) && done.stdout.is_empty();
        Ended { refused, shown: format!("{:?} {}{}", done.code, done.text(), done.errors()) }
    }

    /// Each case through each way: refused, each on record once with its reason, and nothing more.
    #[track_caller]
    pub fn refuse(&self, cases: &[Case<Refused>]) {
        self.refuse_by(&Way::ALL, cases);
    }

    #[track_caller]
    pub fn refuse_by(&self, ways: &[Way], cases: &[Case<Refused>]) {
        let mut findings = Findings::default();
        let (accepted, last) = (self.upstream.accepted(), self.last_event());
        let mut expected = Vec::new();
        for case in cases {
            for way in ways {
                let ended = self.send(*way, &case.attack.call, &case.attack.body);
                findings.hold(ended.refused, &case.name(), || format!("{way:?} {}", ended.shown));
                expected.push(Expected { name: case.name(), way: *way, reason: case.attack.reason });
            }
        }
        let calls = self.calls_since(last);
        for (entry, Expected { name, way, reason }) in calls.iter().zip(&expected) {
            let holds = entry.event["outcome"] == "denied" && entry.event["reason"] == *reason;
            findings.hold(holds, name, || format!("{way:?}, expected {reason}: {}", entry.event));
        }
        let reached = self.upstream.take();
        findings.end();
        assert_eq!(calls.len(), expected.len(), "each attempt is on record, and once");
        assert!(
            reached.is_empty() && self.upstream.accepted() == accepted,
            "it reached the upstream: {reached:?}"
        );
        self.home.run(&["audit", "verify"]).ok();
        self.reaches();
    }

    /// The number of the newest entry in the log.
    pub fn last_event(&self) -> u64 {
        self.home.events()[0].seq
    }

    /// The calls in the log behind `last`, the oldest first.
    pub fn calls_since(&self, last: u64) -> Vec<audit::Entry> {
        let mut entries = self.home.events();
        entries.retain(|entry| entry.seq > last && entry.event["action"] == "invoke");
        entries.reverse();
        entries
    }
}

/// How an answer of the daemon's ended an attempt.
fn told(head: &Head, answer: &[u8]) -> Ended {
    let refused = head.first_line.starts_with("HTTP/1.1 4") && head.all(wire::ORIGIN) == [wire::FROM_ERROR];
    Ended { refused, shown: format!("{} {}", head.first_line, String::from_utf8_lossy(answer)) }
}

/// A body without the lines that frame its chunks, and its trailers as they are.
fn without_framing(body: &[u8]) -> String {
    let (mut rest, mut text) = (body, Vec::new());
    while let Some(end) = rest.windows(2).position(|pair| pair == b"\r\n") {
        let size =
            std::str::from_utf8(&rest[..end]).ok().and_then(|size| usize::from_str_radix(size, 16).ok());
        let Some(size @ 1..) = size.filter(|size| end + 4 + size <= rest.len()) else { break };
        text.extend_from_slice(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 4 + size..];
    }
    text.extend_from_slice(rest);
    String::from_utf8_lossy(&text).into_owned()
}

/// As one JSON text, in which any character can stand.
fn request(call: &Call) -> Vec<String> {
    let headers: Vec<Value> =
        call.headers.iter().map(|(name, value)| serde_json::json!([name, value])).collect();
    let request =
        serde_json::json!({ "method": call.method, "path": call.path, "headers": headers }).to_string();
    let mut words = vec!["invoke".to_owned(), call.capability.clone()];
    words.extend(["--request".to_owned(), request]);
    words
}

/// With the body on the standard input, byte for byte.
fn flags(call: &Call) -> Vec<String> {
    let mut words = vec!["invoke".to_owned(), call.capability.clone()];
    words.extend(call.method.iter().flat_map(|method| ["--method".to_owned(), method.clone()]));
    words.extend(call.path.iter().flat_map(|path| ["--path".to_owned(), path.clone()]));
    for (name, value) in &call.headers {
        words.extend(["--header".to_owned(), format!("{name}: {value}")]);
    }
    words.extend(["--body-file-path".to_owned(), "-".to_owned()]);
    words
}
