//! The doors of a daemon that runs, as whoever attacks the daemon itself finds them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;

use aivault::platform::descriptors;
use aivault::service::{Call, wire};
use serde_json::json;

use crate::case::call;
use crate::stage::Stage;
use crate::support::gateway::{Gateway, Heard, whole};
use crate::support::machine::Usage;
use crate::support::wait::LIMIT;
use crate::support::{Home, Upstream};

/// What somebody can connect to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    Callers,
    Operators,
    Loopback,
}

/// How a call for `POST /v1/chat/completions` goes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Socket,
    LocalEnvelope,
    LocalPassthrough,
    Envelope,
    Passthrough,
}

impl Way {
    pub const ALL: [Self; 5] =
        [Self::Socket, Self::LocalEnvelope, Self::LocalPassthrough, Self::Envelope, Self::Passthrough];
    /// Those whose bodies go on as they come.
    pub const STREAMING: [Self; 3] = [Self::Socket, Self::LocalPassthrough, Self::Passthrough];
    /// Those that need a token.
    pub const BY_TOKEN: [Self; 2] = [Self::Envelope, Self::Passthrough];

    pub fn entry(self) -> Entry {
        match self {
            Self::Socket | Self::LocalEnvelope | Self::LocalPassthrough => Entry::Callers,
            Self::Envelope | Self::Passthrough => Entry::Loopback,
        }
    }
}

/// A connection to either kind of socket.
pub trait Wire: Read + Write + Send {}

impl Wire for UnixStream {}

impl Wire for TcpStream {}

/// A vault whose daemon serves at all of its doors.
pub struct House {
    pub stage: Stage,
    pub gateway: Gateway,
    pub daemon: u32,
}

impl House {
    pub fn new() -> Self {
        // The attacker has as many connections as he likes.
        descriptors::allow_many(u64::MAX - 1);
        let stage = Stage::new();
        let gateway = stage.home.gateway("*");
        let daemon = stage.home.daemon().expect("a daemon");
        Self { stage, gateway, daemon }
    }

    pub fn home(&self) -> &Home {
        &self.stage.home
    }

    pub fn upstream(&self) -> &Upstream {
        &self.stage.upstream
    }

    pub fn usage(&self) -> Usage {
        Usage::of(self.daemon)
    }

    pub fn connect(&self, entry: Entry) -> Box<dyn Wire> {
        self.try_connect(entry).unwrap()
    }

    pub fn try_connect(&self, entry: Entry) -> std::io::Result<Box<dyn Wire>> {
        let socket = self.home().socket();
        let unix = |path| {
            let stream = UnixStream::connect(path)?;
            stream.set_read_timeout(Some(LIMIT))?;
            Ok(Box::new(stream) as Box<dyn Wire>)
        };
        match entry {
            Entry::Callers => unix(socket),
            Entry::Operators => unix(socket.with_extension("operator.sock")),
            Entry::Loopback => {
                let stream = TcpStream::connect(self.gateway.address)?;
                stream.set_read_timeout(Some(LIMIT))?;
                Ok(Box::new(stream))
            }
        }
    }

    /// A head for `POST path` whose body has `length` bytes.
    pub fn head(&self, path: &str, length: usize, more: &str) -> String {
        format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\nconnection: close\r\n{more}\
             content-length: {length}\r\n\r\n",
            self.gateway.address, self.gateway.token
        )
    }

    /// The bytes of a call with `body`.
    pub fn request(&self, way: Way, body: &[u8]) -> Vec<u8> {
        self.begun(way, body, body.len())
    }

    /// The bytes of a call whose body has `length` bytes, of which `begun` is sent.
    pub fn begun(&self, way: Way, begun: &[u8], length: usize) -> Vec<u8> {
        match way {
            Way::Socket => {
                let call = Call { has_body: true, ..call("openai/chat-completions", "POST", CHAT) };
                let call = wire::encode_call(&call).unwrap();
                let more = format!("{}: {length}\r\n", wire::LENGTH_HEADER);
                let head =
                    self.head(wire::INVOKE, call.len() + length, &more).replace("authorization", "x-a");
                [head.as_bytes(), &call, begun].concat()
            }
            Way::LocalPassthrough => {
                let head = self.head(&format!("/v/openai{CHAT}"), length, JSON);
                let head: Vec<&str> = head.split("\r\n").filter(|line| !line.starts_with("auth")).collect();
                [head.join("\r\n").as_bytes(), begun].concat()
            }
            Way::Passthrough => {
                [self.head(&format!("/v/openai{CHAT}"), length, JSON).as_bytes(), begun].concat()
            }
            Way::Envelope | Way::LocalEnvelope => {
                let body = String::from_utf8(begun.to_vec()).unwrap();
                let request = json!({ "method": "POST", "path": CHAT, "body": body,
                    "headers": { "content-type": "application/json" } });
                let envelope =
                    json!({ "capability": "openai/chat-completions", "request": request }).to_string();
                let missing = length - begun.len();
                let head = self.head("/aivault/proxy", envelope.len() + missing, "");
                [head.as_bytes(), envelope.as_bytes()].concat()
            }
        }
    }

    /// What asks for a WebSocket in passthrough.
    pub fn upgrade(&self) -> String {
        format!(
            "GET /v/openai/v1/realtime?model=gpt-realtime HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\n\
             connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
             sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            self.gateway.address, self.gateway.token
        )
    }

    /// Makes a call to its end.
    #[track_caller]
    pub fn ask(&self, way: Way, body: &[u8]) -> Heard {
        whole(&self.exchange(way.entry(), &self.request(way, body)))
    }

    /// Sends bytes, and reads to the end of the connection.
    pub fn exchange(&self, entry: Entry, bytes: &[u8]) -> Vec<u8> {
        let mut stream = self.connect(entry);
        // A server may refuse, and be gone, before all was sent.
        let _ = stream.write_all(bytes);
        read_to_end(&mut *stream)
    }
}

pub const CHAT: &str = "/v1/chat/completions";
const JSON: &str = "content-type: application/json\r\n";

pub fn read_to_end(stream: &mut dyn Wire) -> Vec<u8> {
    let (mut answer, mut buffer) = (Vec::new(), [0; 16 * 1024]);
    while let Ok(some @ 1..) = stream.read(&mut buffer) {
        answer.extend_from_slice(&buffer[..some]);
    }
    answer
}
