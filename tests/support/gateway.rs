//! The daemon's listeners on TCP, as a client that knows nothing of the program sees them.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Home;
use super::http::Head;
use super::wait::LIMIT;

/// A listener, and a token to speak at it with.
pub struct Gateway {
    pub address: SocketAddr,
    pub token: String,
}

/// An answer that came whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    pub status: u16,
    pub head: Head,
    pub body: Vec<u8>,
}

impl Heard {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// The reason code of a refusal.
    pub fn reason(&self) -> Option<&str> {
        self.head.all("aivault-reason").first().copied()
    }

    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.status, 200, "{}: {}", self.head.first_line, self.text());
        self
    }
}

impl Home {
    /// Has the daemon listen on loopback, and mints a token for `capabilities`.
    pub fn gateway(&self, capabilities: &str) -> Gateway {
        Gateway { address: self.listener(&[]), token: self.mint(&["--capability", capabilities]) }
    }

    /// The address of a listener, opened if need be.
    pub fn listener(&self, more: &[&str]) -> SocketAddr {
        let opened = self.run(&[&["gateway", "open", "--json"], more].concat()).ok().json();
        opened["address"].as_str().unwrap().parse().unwrap()
    }

    /// The text of a new token.
    pub fn mint(&self, more: &[&str]) -> String {
        self.run(&[&["token", "mint"], more].concat()).ok().text().trim_end().to_owned()
    }
}

impl Gateway {
    /// A request with the token as a bearer's.
    pub fn ask(&self, method: &str, target: &str, body: &[u8]) -> Heard {
        let bearer = format!("Bearer {}", self.token);
        self.send(method, target, &[("authorization", &bearer)], body)
    }

    /// The same with fields of one's own, and no token but in these.
    pub fn send(&self, method: &str, target: &str, fields: &[(&str, &str)], body: &[u8]) -> Heard {
        whole(&exchange(self.address, &request(self.address, method, target, fields, body)))
    }

    /// An envelope.
    pub fn envelope(&self, envelope: &Value) -> Heard {
        self.ask("POST", "/aivault/proxy", envelope.to_string().as_bytes())
    }
}

/// A request as bytes; the connection ends with its answer.
pub fn request(
    address: SocketAddr,
    method: &str,
    target: &str,
    fields: &[(&str, &str)],
    body: &[u8],
) -> Vec<u8> {
    let mut head = format!("{method} {target} HTTP/1.1\r\n");
    if !fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        head += &format!("host: {address}\r\n");
    }
    if !fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("connection")) {
        head += "connection: close\r\n";
    }
    if !body.is_empty() {
        head += &format!("content-length: {}\r\n", body.len());
    }
    let fields: String = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    [head.as_bytes(), fields.as_bytes(), b"\r\n", body].concat()
}

pub fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream
}

/// Sends bytes, and reads to the end of the connection, however it comes.
pub fn exchange(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = connect(address);
    // A server may refuse, and be gone, before all was sent.
    let _ = stream.write_all(bytes);
    read_to_end(&mut stream)
}

pub fn read_to_end(stream: &mut TcpStream) -> Vec<u8> {
    let (mut answer, mut buffer) = (Vec::new(), [0; 4096]);
    while let Ok(some @ 1..) = stream.read(&mut buffer) {
        answer.extend_from_slice(&buffer[..some]);
    }
    answer
}

/// Reads until `what` has come.
#[track_caller]
pub fn read_until(stream: &mut TcpStream, what: &[u8]) -> Vec<u8> {
    let (mut read, mut buffer) = (Vec::new(), [0; 1024]);
    while memchr::memmem::find(&read, what).is_none() {
        match stream.read(&mut buffer) {
            Ok(some @ 1..) => read.extend_from_slice(&buffer[..some]),
            end => panic!("{end:?} behind {}", String::from_utf8_lossy(&read)),
        }
    }
    read
}

/// How long it takes until the other end is gone.
pub fn until_gone(stream: &mut TcpStream) -> Duration {
    let begun = Instant::now();
    read_to_end(stream);
    begun.elapsed()
}

/// An answer and nothing else.
#[track_caller]
pub fn whole(bytes: &[u8]) -> Heard {
    let shown = || String::from_utf8_lossy(bytes).into_owned();
    let end =
        memchr::memmem::find(bytes, b"\r\n\r\n").unwrap_or_else(|| panic!("no answer: {}", shown())) + 4;
    let head = Head::parse(&bytes[..end]).unwrap_or_else(|| panic!("no head: {}", shown()));
    let status = head.first_line.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap();
    let body = if head.all("transfer-encoding") == ["chunked"] {
        dechunked(&bytes[end..]).unwrap_or_else(|| panic!("it broke off: {}", shown()))
    } else {
        bytes[end..].to_vec()
    };
    Heard { status, head, body }
}

/// The content of chunks that came to their end, and nothing behind it.
pub fn dechunked(mut bytes: &[u8]) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    loop {
        let end = memchr::memmem::find(bytes, b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&bytes[..end]).ok()?, 16).ok()?;
        let chunk = bytes.get(end + 2..end + 2 + size)?;
        bytes = bytes.get(end + 2 + size..)?.strip_prefix(b"\r\n")?;
        if size == 0 {
            return bytes.is_empty().then_some(content);
        }
        content.extend_from_slice(chunk);
    }
}

/// A connection over TLS to who is vouched for by `ca_pem` as `name`.
pub fn exchange_tls(address: SocketAddr, name: &str, ca_pem: &str, bytes: &[u8]) -> Vec<u8> {
    use rustls::pki_types::pem::PemObject as _;
    let mut roots = rustls::RootCertStore::empty();
    roots.add(rustls::pki_types::CertificateDer::from_pem_slice(ca_pem.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = rustls::pki_types::ServerName::try_from(name.to_owned()).unwrap();
    let connection = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = rustls::StreamOwned::new(connection, connect(address));
    stream.write_all(bytes).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    answer
}
