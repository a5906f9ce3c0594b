//! The ways that a request can take, in bytes of the bench's own: what is measured is what is behind
//! them, not a client library.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use aivault::service::{Call, wire};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;

use crate::upstream::Server;

pub(super) enum Door {
    Direct { address: std::net::SocketAddr, host: String, tls: TlsConnector, key: String },
    Daemon { socket: PathBuf },
    Nginx { socket: PathBuf, host: String },
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A connection that is kept.
pub(super) struct Connection {
    name: &'static str,
    stream: Box<dyn Stream>,
    buffer: Vec<u8>,
}

impl Door {
    pub(super) fn direct(server: &Server, host: &str, key: &str) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(server.ca_pem.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config =
            ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_root_certificates(roots).with_no_client_auth();
        let tls = TlsConnector::from(Arc::new(config));
        Self::Direct { address: server.address, host: host.to_owned(), tls, key: key.to_owned() }
    }

    pub(super) fn daemon(socket: &Path) -> Self {
        Self::Daemon { socket: socket.to_owned() }
    }

    pub(super) fn nginx(socket: &Path, host: &str) -> Self {
        Self::Nginx { socket: socket.to_owned(), host: host.to_owned() }
    }

    pub(super) async fn connect(&self) -> Connection {
        let stream: Box<dyn Stream> = match self {
            Self::Direct { address, host, tls, .. } => {
                let stream = TcpStream::connect(address).await.unwrap();
                stream.set_nodelay(true).unwrap();
                let name = ServerName::try_from(host.clone()).unwrap();
                Box::new(tls.connect(name, stream).await.unwrap())
            }
            Self::Daemon { socket } | Self::Nginx { socket, .. } => {
                Box::new(UnixStream::connect(socket).await.unwrap())
            }
        };
        Connection { name: self.name(), stream, buffer: vec![0; 256 * 1024] }
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Direct { .. } => "direct",
            Self::Daemon { .. } => "aivault",
            Self::Nginx { .. } => "nginx",
        }
    }

    /// The bytes of a request.
    pub(super) fn request(&self, call: &Call, body: &[u8]) -> Vec<u8> {
        let (method, path) = (call.method.as_deref().unwrap(), call.path.as_deref().unwrap());
        match self {
            Self::Daemon { .. } => {
                let call = wire::encode_call(call).unwrap();
                let head = format!(
                    "POST {} HTTP/1.1\r\nhost: aivault\r\nte: trailers\r\n{}: {}\r\n{}: {}\r\ncontent-length: {}\r\n\r\n",
                    wire::INVOKE,
                    wire::VERSION_HEADER,
                    wire::VERSION,
                    wire::LENGTH_HEADER,
                    body.len(),
                    call.len() + body.len()
                );
                [head.as_bytes(), &call, body].concat()
            }
            Self::Direct { host, .. } | Self::Nginx { host, .. } => {
                let key = match self {
                    Self::Direct { key, .. } => format!("authorization: Bearer {key}\r\n"),
                    _ => String::new(),
                };
                let length = if body.is_empty() {
                    String::new()
                } else {
                    format!("content-length: {}\r\n", body.len())
                };
                let head =
                    format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\naccept: */*\r\n{key}{length}\r\n");
                [head.as_bytes(), body].concat()
            }
        }
    }
}

impl Connection {
    /// How long it takes to the last byte of the answer.
    pub(super) async fn exchange(&mut self, request: &[u8]) -> Duration {
        self.run(request).await.1
    }

    /// How long it takes to the first byte of the answer's body; the rest is read too.
    pub(super) async fn first_byte(&mut self, request: &[u8]) -> Duration {
        self.run(request).await.0
    }

    async fn run(&mut self, request: &[u8]) -> (Duration, Duration) {
        let begun = Instant::now();
        let written = self.stream.write_all(request).await;
        written.unwrap_or_else(|error| panic!("{}: {error}", self.name));
        self.stream.flush().await.unwrap();
        let (mut filled, mut head) = (0, None);
        while head.is_none() {
            filled += self.fill(filled).await;
            head = Head::parse(&self.buffer[..filled]);
        }
        let head = head.unwrap();
        let mut tail = self.buffer[head.end..filled].to_vec();
        let mut first = (!tail.is_empty()).then(|| begun.elapsed());
        let mut left = head.length.map(|length| length - tail.len());
        while left.map_or(!tail.ends_with(b"0\r\n\r\n") && !ended(&tail), |left| left > 0) {
            let read = self.fill(0).await;
            first.get_or_insert_with(|| begun.elapsed());
            match &mut left {
                Some(left) => *left -= read,
                None => {
                    tail.extend_from_slice(&self.buffer[..read]);
                    tail.drain(..tail.len().saturating_sub(256));
                }
            }
        }
        (first.unwrap_or_else(|| begun.elapsed()), begun.elapsed())
    }

    async fn fill(&mut self, from: usize) -> usize {
        let read = self.stream.read(&mut self.buffer[from..]).await.unwrap();
        assert!(read > 0, "{}: the connection was closed", self.name);
        read
    }
}

/// Whether a chunked body has come to its end, with a trailer.
fn ended(tail: &[u8]) -> bool {
    tail.ends_with(b"\r\n\r\n") && tail.windows(5).any(|window| window == b"\r\n0\r\n")
}

struct Head {
    end: usize,
    /// None: in chunks.
    length: Option<usize>,
}

impl Head {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
        let text = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
        assert!(text.starts_with("http/1.1 200"), "{text}{}", String::from_utf8_lossy(&bytes[end..]));
        let length = text.lines().find_map(|line| line.strip_prefix("content-length:"));
        Some(Self { end, length: length.map(|length| length.trim().parse().unwrap()) })
    }
}
