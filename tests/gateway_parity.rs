//! One table of calls through every door: the command line, the socket, the envelope, passthrough and an agent's tool
//! come to one verdict for each, and to one request at the upstream for each that is allowed. Another of WebSockets,
//! through every door that opens them.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::io::Write as _;
use std::os::unix::net::UnixStream;

use aivault::service::{Close, Message, messages, wire};
use serde_json::{Value, json};
use support::gateway::{self, Gateway};
use support::mcp::{Agent, Session};
use support::websocket::Talk;
use support::{Answer, Door, Home, Received, Upstream, secrets, socket, wait};

/// A call, and the reason code that it is decided with.
struct Row {
    capability: &'static str,
    method: &'static str,
    path: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
    reason: &'static str,
}

const fn row(
    capability: &'static str,
    method: &'static str,
    path: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
    reason: &'static str,
) -> Row {
    Row { capability, method, path, headers, body, reason }
}

const JSON: (&str, &str) = ("content-type", "application/json");
const MODELS: &str = "openai/models";
const CHAT: &str = "openai/chat-completions";
const ALLOWED: &str = "grant.matched";

#[rustfmt::skip]
const ROWS: &[Row] = &[
    row(MODELS, "GET", "/v1/models", &[], "", ALLOWED),
    row(MODELS, "GET", "/v1/models/gpt%20four", &[], "", ALLOWED),
    row(MODELS, "GET", "/v1/models/%C3%A9?q=%2F..%2F&a", &[], "", ALLOWED),
    row(MODELS, "GET", "/v1/models?a=b", &[("x-a", "é")], "", ALLOWED),
    row(CHAT, "POST", "/v1/chat/completions", &[JSON], "{\"model\":\"gpt-5.2\"}", ALLOWED),
    row(CHAT, "POST", "/v1/chat/completions", &[JSON], "{\"model\":\"o1-pro\"}", "forbid.matched"),
    row(CHAT, "POST", "/v1/chat/completions", &[JSON], "{\"model\":\"a\",\"model\":\"o1-pro\"}", "body.duplicate_key"),
    row(MODELS, "GET", "/v1/models/../chat/completions", &[], "", "path.not_canonical"),
    row(MODELS, "GET", "/v1/models/%2e%2e/x", &[], "", "path.not_canonical"),
    row(MODELS, "GET", "/v1/models/a%2fb", &[], "", "path.not_canonical"),
    row(MODELS, "GET", "/v1//models", &[], "", "path.not_canonical"),
    row(MODELS, "GET", "/v1/models/%zz", &[], "", "path.not_canonical"),
    row(MODELS, "GET", "/v1/modelsandmore", &[], "", "capability.path"),
    row(MODELS, "PATCH", "/v1/models", &[], "", "capability.method"),
    row(MODELS, "get", "/v1/models", &[], "", "capability.method"),
    row(MODELS, "GET", "/v1/models?_method=DELETE", &[], "", "query.not_allowed"),
    row(MODELS, "GET", "/v1/models", &[("x-api-key", "k")], "", "header.not_allowed"),
    row(MODELS, "GET", "/v1/models", &[("x-forwarded-host", "evil.example")], "", "header.not_allowed"),
    row(MODELS, "GET", "/v1/models", &[("OpenAI_Organization", "org")], "", "header.not_allowed"),
    row(MODELS, "GET", "/v1/models", &[("x-original-url", "/v1/files")], "", "header.not_allowed"),
    row(MODELS, "GET", "/v1/models", &[("a", "1"), ("a", "2")], "", "header.not_allowed"),
];

const POLICY: &str = "policy: parity\nversion: 1\nrules:\n  - { id: no-pro, effect: forbid, why: Tests., \
    capabilities: [openai/chat-completions], when: { body: { json: { /model: { glob: '*-pro*', absent: skip } } } } }\n";

struct Setting {
    upstream: Upstream,
    home: Home,
    gateway: Gateway,
}

type Way = (&'static str, fn(&Setting, &Row));
const WAYS: [Way; 7] = [
    ("the command line", through_cli),
    ("the socket", through_socket),
    ("an envelope on the socket", through_local_envelope),
    ("an envelope", through_envelope),
    ("passthrough", through_passthrough),
    ("an agent's tool", through_tool),
    ("an agent's tool over HTTP", through_remote_tool),
];

fn through_cli(setting: &Setting, row: &Row) {
    let headers: Vec<_> = row.headers.iter().map(|(name, value)| json!([name, value])).collect();
    let mut request = json!({ "method": row.method, "path": row.path, "headers": headers });
    if !row.body.is_empty() {
        request["body"] = row.body.into();
    }
    setting.home.run(&["invoke", row.capability, "--request", &request.to_string()]);
}

fn through_socket(setting: &Setting, row: &Row) {
    let mut call = socket::call(row.capability, row.method, row.path);
    call.headers =
        row.headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    call.has_body = !row.body.is_empty();
    let head = aivault::service::wire::encode_call(&call).unwrap();
    let all = [&head, row.body.as_bytes()].concat();
    let request = format!(
        "POST /invoke HTTP/1.1\r\nhost: a\r\nconnection: close\r\naivault-body-length: {}\r\ncontent-length: {}\r\n\r\n",
        row.body.len(),
        all.len()
    );
    socket::exchange(&setting.home.socket(), &[request.as_bytes(), &all].concat());
}

fn envelope(row: &Row) -> Value {
    let headers: Vec<_> = row.headers.iter().map(|(name, value)| json!([name, value])).collect();
    let mut request = json!({ "method": row.method, "path": row.path, "headers": headers });
    if !row.body.is_empty() {
        request["body"] = row.body.into();
    }
    json!({ "capability": row.capability, "request": request })
}

fn through_local_envelope(setting: &Setting, row: &Row) {
    let body = envelope(row).to_string();
    let request = format!(
        "POST /aivault/proxy HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    socket::exchange(&setting.home.socket(), request.as_bytes());
}

fn through_envelope(setting: &Setting, row: &Row) {
    setting.gateway.envelope(&envelope(row));
}

fn through_passthrough(setting: &Setting, row: &Row) {
    let bearer = format!("Bearer {}", setting.gateway.token);
    let fields = [&[("authorization", bearer.as_str())], row.headers].concat();
    let target = format!("/v/openai{}", row.path);
    setting.gateway.send(row.method, &target, &fields, row.body.as_bytes());
}

fn through_tool(setting: &Setting, row: &Row) {
    let mut arguments = envelope(row)["request"].take();
    arguments["capability"] = row.capability.into();
    let mut agent = Session::begin(&setting.home, &[]);
    agent.call("invoke", &arguments);
    agent.close().ok();
}

fn through_remote_tool(setting: &Setting, row: &Row) {
    let mut arguments = envelope(row)["request"].take();
    arguments["capability"] = row.capability.into();
    Agent::begin(&setting.gateway, "").call("invoke", &arguments);
}

#[rustfmt::skip]
const SOCKETS: &[Row] = &[
    row(MODELS, "GET", "/v1/models", &[], "", ALLOWED),
    row(MODELS, "GET", "/v1/models/%C3%A9?q=%2F..%2F&a", &[("x-a", "b")], "", ALLOWED),
    row(MODELS, "GET", "/v1/models/../chat/completions", &[], "", "path.not_canonical"),
    row(MODELS, "GET", "/v1/models/a%2fb", &[], "", "path.not_canonical"),
    row(MODELS, "GET", "/v1/modelsandmore", &[], "", "capability.path"),
    row(MODELS, "GET", "/v1/models?_method=DELETE", &[], "", "query.not_allowed"),
    row(MODELS, "GET", "/v1/models", &[("x-api-key", "k")], "", "header.not_allowed"),
    row(MODELS, "GET", "/v1/models", &[("sec-websocket-protocol", "openai-insecure-api-key.k")], "", "header.not_allowed"),
    row(MODELS, "GET", "/v1/models", &[("x-forwarded-host", "evil.example")], "", "header.not_allowed"),
    row(CHAT, "GET", "/v1/chat/completions", &[], "", "body.required"),
];

const SOCKET_WAYS: [Way; 4] = [
    ("the command line", socket_through_cli),
    ("the socket", socket_through_socket),
    ("/aivault/ws", socket_through_named),
    ("passthrough", socket_through_passthrough),
];

const UPGRADE: [(&str, &str); 4] = [
    ("connection", "Upgrade"),
    ("upgrade", "websocket"),
    ("sec-websocket-version", "13"),
    ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
];

fn socket_through_cli(setting: &Setting, row: &Row) {
    let headers: Vec<_> = row.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let mut words = vec!["invoke", row.capability, "--path", row.path, "--websocket", "--close-on-eof"];
    headers.iter().for_each(|header| words.extend(["--header", header]));
    setting.home.run(&words);
}

fn socket_through_socket(setting: &Setting, row: &Row) {
    let mut call = socket::call(row.capability, row.method, row.path);
    call.headers =
        row.headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let close = messages::encode(&Message::Close(Close::default()));
    let all = [&wire::encode_call(&call).unwrap()[..], &close].concat();
    let head = format!(
        "POST {} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        wire::WEBSOCKET,
        all.len()
    );
    let mut stream = UnixStream::connect(setting.home.socket()).unwrap();
    stream.set_read_timeout(Some(wait::LIMIT)).unwrap();
    stream.write_all(&[head.as_bytes(), &all].concat()).unwrap();
    std::io::copy(&mut stream, &mut std::io::sink()).unwrap();
}

/// An upgrade that is asked for at the listener; what comes of it is for the log and the upstream to say.
fn upgrade(setting: &Setting, target: &str, row: &Row) {
    let bearer = format!("Bearer {}", setting.gateway.token);
    let fields = [&[("authorization", bearer.as_str())], &UPGRADE[..], row.headers].concat();
    let address = setting.gateway.address;
    let mut stream = gateway::connect(address);
    stream.write_all(&gateway::request(address, "GET", target, &fields, b"")).unwrap();
    gateway::read_until(&mut stream, b"\r\n\r\n");
}

fn socket_through_named(setting: &Setting, row: &Row) {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("capability", row.capability)
        .append_pair("path", row.path)
        .finish();
    upgrade(setting, &format!("/aivault/ws?{query}"), row);
}

fn socket_through_passthrough(setting: &Setting, row: &Row) {
    upgrade(setting, &format!("/v/openai{}", row.path), row);
}

/// The request without what differs from one to the next by itself.
fn as_sent(received: &Received) -> (String, Vec<(String, String)>, Vec<u8>) {
    let mut fields: Vec<_> =
        received.head.fields.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())).collect();
    // What announces a length one time comes in chunks another.
    fields.retain(|(name, _)| {
        !["content-length", "transfer-encoding", "sec-websocket-key"].contains(&name.as_str())
    });
    fields.sort();
    (received.head.first_line.clone(), fields, received.body.clone())
}

fn setting() -> Setting {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = Home::with_openai(Door::Daemon, &upstream, secrets::OPENAI);
    let gateway = home.gateway("openai/*");
    let file = home.path("parity.policy.yaml");
    std::fs::write(&file, POLICY).unwrap();
    home.run(&["policy", "apply", file.to_str().unwrap()]).ok();
    Setting { upstream, home, gateway }
}

/// What differs from what the rows say, a line each.
fn differences(setting: &Setting, rows: &[Row], ways: &[Way]) -> Vec<String> {
    let mut wrong = Vec::new();
    for row in rows {
        let mut first: Option<(String, Vec<_>, Vec<u8>)> = None;
        for (way, send) in ways {
            // The parser of HTTP itself takes no method in lower case.
            if row.method == "get" && *way == "passthrough" {
                continue;
            }
            let before = setting.home.events()[0].seq;
            send(setting, row);
            let received = setting.upstream.take();
            let events = setting.home.events();
            let decided: Vec<_> =
                events.iter().filter(|one| one.seq > before && one.event["action"] == "invoke").collect();
            let verdict = match decided[..] {
                [one] if one.event["outcome"] == "allowed" => ALLOWED,
                [one] => one.event["reason"].as_str().unwrap_or("none"),
                _ => "not one decision",
            };
            let sent = received.first().map(as_sent);
            let is_same = first.is_none() || sent == first;
            if verdict != row.reason || received.len() != usize::from(row.reason == ALLOWED) || !is_same {
                wrong.push(format!(
                    "{} {} {way}: {verdict}, {sent:?}, before {first:?}",
                    row.method, row.path
                ));
            }
            first = first.or(sent);
        }
    }
    wrong
}

#[test]
fn every_door_has_the_same_verdict() {
    let wrong = differences(&setting(), ROWS, &WAYS);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_door_that_opens_websockets_has_the_same_verdict() {
    let setting = setting();
    setting.upstream.answers(|request| Answer::websocket(request, Talk::Echo));
    let wrong = differences(&setting, SOCKETS, &SOCKET_WAYS);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
