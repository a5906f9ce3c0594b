//! D1: an upstream that gives back what it was sent, in every notation that encoders have. It does
//! not reach the caller.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use bytes::Bytes;
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};

use crate::case::{Case, Findings, Name, call, names as names_of};
use crate::stage::{Stage, Way};
use crate::support::{Answer, gzip, secrets};

pub type Spell = fn(&str) -> String;

/// How the key is written in a body.
pub const SPELLINGS: &[(&str, Spell)] = &[
    ("as it is", str::to_owned),
    ("with its scheme", |key| format!("Bearer {key}")),
    ("in JSON", |key| format!("{{\"error\":{{\"message\":\"Incorrect API key provided: {key}.\"}}}}")),
    ("in JSON within JSON", |key| {
        serde_json::json!({ "a": serde_json::json!({ "k": key }).to_string() }).to_string()
    }),
    ("twice", |key| format!("{key}{key}")),
    ("beginning twice", |key| format!("{}{key}", &key[..9])),
    ("base64", |key| STANDARD.encode(key)),
    ("base64 without padding", |key| STANDARD_NO_PAD.encode(key)),
    ("base64 for URLs", |key| URL_SAFE.encode(key)),
    ("base64 for URLs without padding", |key| URL_SAFE_NO_PAD.encode(key)),
    ("base64 behind a user", |key| STANDARD.encode(format!("user:{key}"))),
    ("base64 behind a longer user", |key| STANDARD.encode(format!("user1:{key}"))),
    ("base64 before a colon", |key| STANDARD.encode(format!("{key}:"))),
    ("base64 within JSON", |key| STANDARD.encode(format!("{{\"authorization\":\"Bearer {key}\"}}"))),
    ("base64 with escaped slashes", |key| STANDARD.encode(key).replace('/', "\\/")),
    ("base64 in a URL", |key| {
        STANDARD.encode(key).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
    }),
    ("hexadecimal", |key| hex(key, "")),
    ("hexadecimal in capitals", |key| hex(key, "").to_uppercase()),
    ("percent", |key| percent_encode(key.as_bytes(), NON_ALPHANUMERIC).to_string()),
    ("all percent", |key| hex(key, "%")),
    ("percent in lower case", |key| {
        let escape =
            |c: char| if c.is_alphanumeric() { c.to_string() } else { format!("%{:02x}", u32::from(c)) };
        key.chars().map(escape).collect()
    }),
    ("JSON escapes", |key| key.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect()),
    ("JSON escapes in capitals", |key| key.chars().map(|c| format!("\\u{:04X}", u32::from(c))).collect()),
    ("every third escaped", |key| some(key, |c| format!("\\u{:04x}", u32::from(c)))),
    ("escapes of C", |key| hex(key, "\\x")),
    ("HTML by numbers", |key| key.chars().map(|c| format!("&#{};", u32::from(c))).collect()),
    ("HTML by hexadecimal numbers", |key| key.chars().map(|c| format!("&#x{:X};", u32::from(c))).collect()),
    ("HTML with zeroes", |key| some(key, |c| format!("&#{:07};", u32::from(c)))),
    ("HTML by names", |key| key.replace('+', "&plus;").replace('/', "&sol;").replace('_', "&lowbar;")),
    ("a mixture", |key| {
        some(key, |c| format!("%{:02x}", u32::from(c))).replacen('s', "&#x73;", 1).replace('/', "\\/")
    }),
    ("between other keys", |key| format!("sk-proj-sk-proj-{key}sk-proj-")),
    ("behind what is cut", |key| format!("\\{key}%{key}&{key}")),
];

fn hex(key: &str, before: &str) -> String {
    key.bytes().map(|byte| format!("{before}{byte:02x}")).collect()
}

fn some(key: &str, write: impl Fn(char) -> String) -> String {
    key.chars().enumerate().map(|(i, c)| if i % 3 == 0 { write(c) } else { c.to_string() }).collect()
}

/// How the body is sent, of whatever is in it.
type Send = fn(Bytes) -> Answer;

const SENDINGS: &[(&str, Send)] = &[
    ("whole", |body| Answer::text(body)),
    ("in an error", |body| Answer::status(401, body)),
    ("in a server's error", |body| Answer::status(500, body)),
    ("a byte a chunk", |body| chunks(&body, 1)),
    ("two bytes a chunk", |body| chunks(&body, 2)),
    ("seven bytes a chunk", |body| chunks(&body, 7)),
    ("in halves", |body| chunks(&body, body.len().div_ceil(2))),
    ("in gzip", |body| Answer::text(gzip::stored(&body)).with("content-encoding", "gzip")),
    ("in gzip in chunks", |body| chunks(&gzip::stored(&body).into(), 5).with("content-encoding", "gzip")),
    ("in members of gzip", |body| {
        let members: Vec<u8> = body.chunks(4).flat_map(gzip::stored).collect();
        Answer::text(members).with("content-encoding", "gzip")
    }),
    ("as JSON that is none", |body| Answer::text(body).with("content-type", "application/json")),
    ("as an event", |body| {
        Answer::text([b"data: ", &body[..], b"\n\n"].concat()).with("content-type", "text/event-stream")
    }),
    ("as bytes", |body| Answer::text(body).with("content-type", "application/octet-stream")),
    ("broken off", |body| Answer::broken(body)),
];

fn chunks(body: &Bytes, size: usize) -> Answer {
    Answer::chunks(body.chunks(size.max(1)).map(Bytes::copy_from_slice))
}

/// Where else in an answer it may stand; `{}` is the key.
const PLACES: &[(&str, &str)] = &[
    ("the status line", "HTTP/1.1 200 {}\r\ncontent-length: 2\r\n\r\nok"),
    ("a header", "HTTP/1.1 200 OK\r\nx-echo: Bearer {}\r\ncontent-length: 2\r\n\r\nok"),
    ("a header's name", "HTTP/1.1 200 OK\r\nx-sk-proj: 1\r\nx-{name}: 1\r\ncontent-length: 2\r\n\r\nok"),
    (
        "two lines of one header",
        "HTTP/1.1 200 OK\r\nx-echo: {half}\r\nx-echo: {rest}\r\ncontent-length: 2\r\n\r\nok",
    ),
    ("a cookie", "HTTP/1.1 200 OK\r\nset-cookie: k={}\r\ncontent-length: 2\r\n\r\nok"),
    ("a location", "HTTP/1.1 302 Found\r\nlocation: /?key={}\r\ncontent-length: 2\r\n\r\nok"),
    (
        "a trailer",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-echo\r\n\r\n2\r\nok\r\n0\r\nx-echo: {}\r\n\r\n",
    ),
    ("a chunk's extension", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2;a={}\r\nok\r\n0\r\n\r\n"),
    (
        "an answer in advance",
        "HTTP/1.1 103 Early Hints\r\nlink: </{}>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
    ),
    ("the content type", "HTTP/1.1 200 OK\r\ncontent-type: text/{}\r\ncontent-length: 2\r\n\r\nok"),
    (
        "a second answer",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\ncontent-length: 60\r\n\r\n{}",
    ),
    (
        "a switch of protocols",
        "HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n{}",
    ),
    ("an answer of HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\n{}"),
    ("what is no HTTP", "{}\r\n\r\n"),
    ("a head that does not end", "HTTP/1.1 200 OK\r\nx-echo: {}"),
    ("a length that is none", "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\nok"),
    ("a chunk's size", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{}\r\n"),
    ("a coding", "HTTP/1.1 200 OK\r\ncontent-encoding: {}\r\ncontent-length: 2\r\n\r\nok"),
];

#[derive(Clone)]
enum Echo {
    Body(Spell, Send),
    Raw(&'static str),
}

fn cases() -> Vec<Case<Echo>> {
    let plain: Send = |body| Answer::text(body);
    let spellings = SPELLINGS.iter().map(|(name, spell)| Case::new("D1", *name, Echo::Body(*spell, plain)));
    let as_it_is: Spell = str::to_owned;
    let sendings = SENDINGS.iter().map(|(name, send)| Case::new("D1", *name, Echo::Body(as_it_is, *send)));
    let places = PLACES.iter().map(|(name, raw)| Case::new("D1", *name, Echo::Raw(raw)));
    spellings.chain(sendings).chain(places).collect()
}

pub fn names() -> Vec<Name> {
    names_of(&cases())
}

fn answer(echo: &Echo, key: &str) -> Answer {
    match echo {
        Echo::Body(spell, send) => send(Bytes::from(spell(key))),
        Echo::Raw(raw) => {
            let name = key.to_lowercase().replace(['/', '+'], "-");
            let filled = raw.replace("{}", key).replace("{name}", &name);
            Answer::raw(filled.replace("{half}", &key[..20]).replace("{rest}", &key[20..]))
        }
    }
}

/// What of the key can be read in `shown` by somebody who undoes what encoders do.
pub fn leaks(shown: &str) -> bool {
    let spelled = |key: &str| {
        let mut all: Vec<Vec<u8>> = secrets::spellings(key);
        all.extend(SPELLINGS.iter().map(|(_, spell)| spell(key).into_bytes()));
        all.iter().any(|needle| memchr::memmem::find(shown.as_bytes(), needle).is_some())
    };
    let halves = shown.contains(&secrets::OPENAI[..20]) && shown.contains(&secrets::OPENAI[20..]);
    spelled(secrets::OPENAI) || halves || shown.to_lowercase().contains(&secrets::OPENAI[8..].to_lowercase())
}

#[test]
fn an_echo_of_the_key_does_not_come_back() {
    let stage = Stage::new();
    let mut findings = Findings::default();
    let call = call("openai/chat-completions", "GET", "/v1/chat/completions");
    for case in cases() {
        let echo = case.attack.clone();
        stage.upstream.answers(move |received| {
            answer(&echo, received.header("authorization").trim_start_matches("Bearer "))
        });
        for way in Way::ALL {
            let shown = stage.send_to_see(way, &call);
            findings.hold(!leaks(&shown), &case.name(), || format!("{way:?} {shown}"));
            let reached = stage.upstream.take().len();
            findings.hold(reached == 1, &case.name(), || format!("{way:?} reached {reached} times"));
        }
    }
    findings.end();
}
