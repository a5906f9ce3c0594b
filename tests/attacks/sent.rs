//! A4 and A15: what is allowed goes out byte for byte, the same through every door, with nothing
//! added and nothing left out.

use aivault::service::Call;

use crate::case::{Case, Findings, Name, call, names as names_of};
use crate::stage::{Stage, Way};
use crate::support::Received;

const PATHS: &[(&str, &str)] = &[
    ("A4", "/v1/models"),
    ("A4", "/v1/models?"),
    ("A4", "/v1/models??"),
    ("A4", "/v1/models?&"),
    ("A4", "/v1/models?a"),
    ("A4", "/v1/models?a="),
    ("A4", "/v1/models?=a"),
    ("A4", "/v1/models?a=1&a=2&a=1"),
    ("A4", "/v1/models?a=/../..//b"),
    ("A15", "/v1/models/gpt%20four"),
    ("A15", "/v1/models/%C3%A9"),
    ("A15", "/v1/models/%c3%a9"),
    ("A15", "/v1/models/a:b@c!$&'()*+,=~-_.d"),
    ("A15", "/v1/models/..."),
    ("A15", "/v1/models/.hidden"),
    ("A15", "/v1/models?q=%0d%0a%2f%2e%2e%2F+a"),
    ("A15", "/v1/models?redirect=https://evil.example/"),
];

const BODIES: &[&str] =
    &["{}", " {\"a\" : 1.50,\"b\":[] }\n", "{\"a\":1,\"a\":2}", "\u{feff}{}", "a=b&c", "\0\u{1}"];

#[derive(Clone)]
struct Sent {
    call: Call,
    body: Vec<u8>,
}

fn cases() -> Vec<Case<Sent>> {
    let paths = PATHS.iter().map(|(row, path)| {
        Case::new(row, *path, Sent { call: call("openai/models", "GET", path), body: Vec::new() })
    });
    let bodies = BODIES.iter().map(|body| {
        let mut call = call("openai/chat-completions", "POST", "/v1/chat/completions");
        call.has_body = true;
        call.headers.push(("content-type".to_owned(), "application/octet-stream".to_owned()));
        Case::new("A15", format!("the body {body}"), Sent { call, body: body.as_bytes().to_vec() })
    });
    paths.chain(bodies).collect()
}

pub fn names() -> Vec<Name> {
    names_of(&cases())
}

fn is_as_it_was_sent(received: &[Received], sent: &Sent) -> bool {
    let [one] = received else { return false };
    let line = format!("{} {} HTTP/1.1", one.method, sent.call.path.as_deref().unwrap_or_default());
    one.head.first_line == line && one.body == sent.body
}

#[test]
fn what_is_allowed_is_sent_as_it_is_through_every_door() {
    let stage = Stage::new();
    let mut findings = Findings::default();
    for case in cases() {
        let mut before: Option<Vec<Received>> = None;
        for way in Way::ALL {
            let ended = stage.send(way, &case.attack.call, &case.attack.body);
            let received = stage.upstream.take();
            let holds = !ended.refused
                && is_as_it_was_sent(&received, &case.attack)
                && before.as_ref().is_none_or(|before| *before == received);
            findings.hold(holds, &case.name(), || format!("{way:?} {} {received:?}", ended.shown));
            before = Some(received);
        }
    }
    findings.end();
}
