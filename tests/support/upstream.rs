//! A TLS server on loopback that stands for a provider: it remembers what reached it,
//! byte for byte, and answers what the test says.

use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_rustls::TlsAcceptor;

use super::certificates::{self, Identity};
use super::clients::Clients;
use super::http::{Head, Reader};
use super::websocket::{self, Talk};

/// A request as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    pub method: String,
    /// Path and query, as they stood on the request line.
    pub target: String,
    pub head: Head,
    pub body: Vec<u8>,
    /// The certificate that the client showed, where it was asked for one.
    pub client: Option<Vec<u8>>,
}

impl Received {
    /// The only value of a header.
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        match self.head.all(name)[..] {
            [only] => only,
            ref others => panic!("`{name}` is there {} times in {:?}", others.len(), self.head.fields),
        }
    }

    /// The names of all headers, in lower case.
    pub fn header_names(&self) -> BTreeSet<String> {
        self.head.fields.iter().map(|(name, _)| name.to_ascii_lowercase()).collect()
    }

    /// All headers as lines of text.
    pub fn headers_as_text(&self) -> String {
        self.head.fields.iter().map(|(name, value)| format!("{name}: {value}\n")).collect()
    }
}

/// What the server says to one request.
pub struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Body,
}

/// How an answer's body is sent.
pub enum Body {
    /// With its length.
    Whole(Bytes),
    /// In chunks, each of them flushed.
    Chunks(Vec<Bytes>),
    /// In chunks as the test hands them over, until it drops its end.
    Fed(UnboundedReceiver<Bytes>),
    /// With a length that it does not reach: the connection is closed instead.
    Broken(Bytes),
    /// So many bytes, none of which is kept anywhere.
    Long(u64),
    /// Not even a head, until the client goes away.
    Silent,
    /// The whole answer, head and all, byte for byte; the connection is closed behind it.
    Raw(Bytes),
    /// No more HTTP, but the messages of a WebSocket.
    WebSocket(Talk),
}

/// The test's end of a body that is fed.
pub type Feed = UnboundedSender<Bytes>;

impl Answer {
    pub fn status(status: u16, body: impl Into<Bytes>) -> Self {
        Self { status, headers: Vec::new(), body: Body::Whole(body.into()) }
    }

    pub fn text(body: impl Into<Bytes>) -> Self {
        Self::status(200, body).with("content-type", "text/plain")
    }

    pub fn json(body: &serde_json::Value) -> Self {
        Self::status(200, body.to_string()).with("content-type", "application/json")
    }

    pub fn chunks(chunks: impl IntoIterator<Item = Bytes>) -> Self {
        Self { status: 200, headers: Vec::new(), body: Body::Chunks(chunks.into_iter().collect()) }
    }

    pub fn fed() -> (Feed, Self) {
        let (feed, fed) = unbounded_channel();
        (feed, Self { status: 200, headers: Vec::new(), body: Body::Fed(fed) })
    }

    /// An answer that breaks off.
    pub fn broken(begun: impl Into<Bytes>) -> Self {
        Self { status: 200, headers: Vec::new(), body: Body::Broken(begun.into()) }
    }

    /// So many bytes of nothing in particular.
    pub fn long(length: u64) -> Self {
        Self { status: 200, headers: Vec::new(), body: Body::Long(length) }
    }

    /// Nothing at all, for as long as the client waits.
    pub fn silence() -> Self {
        Self { status: 200, headers: Vec::new(), body: Body::Silent }
    }

    /// An answer in bytes of the test's own.
    pub fn raw(bytes: impl Into<Bytes>) -> Self {
        Self { status: 0, headers: Vec::new(), body: Body::Raw(bytes.into()) }
    }

    /// A WebSocket, as `request` asks for it.
    pub fn websocket(request: &Received, talk: Talk) -> Self {
        Self { status: 101, headers: websocket::accepts(request), body: Body::WebSocket(talk) }
    }

    pub fn redirect(status: u16, location: &str) -> Self {
        Self::status(status, "moved").with("location", location)
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn head(&self) -> String {
        let fields: String =
            self.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let framing = match &self.body {
            Body::Whole(body) => format!("content-length: {}", body.len()),
            Body::Broken(begun) => format!("content-length: {}", begun.len() + 1000),
            Body::Long(length) => format!("content-length: {length}"),
            Body::Silent => return String::new(),
            Body::Chunks(_) | Body::Fed(_) => "transfer-encoding: chunked".to_owned(),
            Body::Raw(_) => return String::new(),
            Body::WebSocket(_) => return format!("HTTP/1.1 101 Switching Protocols\r\n{fields}\r\n"),
        };
        format!("HTTP/1.1 {} Said\r\n{fields}{framing}\r\n\r\n", self.status)
    }
}

type Script = dyn Fn(&Received) -> Answer + Send + Sync;

struct State {
    received: Mutex<Vec<Received>>,
    accepted: AtomicUsize,
    /// How many connections have ended.
    ended: AtomicUsize,
    /// Whether bodies are thrown away as they come.
    forgetful: AtomicBool,
    /// How many bytes of bodies were thrown away.
    forgotten: AtomicU64,
    script: Mutex<Arc<Script>>,
}

/// The running server.
pub struct Upstream {
    pub hosts: Vec<String>,
    pub address: SocketAddr,
    pub ca_pem: String,
    state: Arc<State>,
    runtime: Option<Runtime>,
}

impl Upstream {
    /// A server with a certificate for `hosts`; it says `{"ok":true}` until told otherwise.
    pub fn serving(hosts: &[&str]) -> Self {
        Self::with_identity(hosts, certificates::identity_for(hosts))
    }

    /// The same, for clients alone who show a certificate that was issued by `clients`.
    pub fn demanding(hosts: &[&str], clients: &Clients) -> Self {
        Self::with_identity(hosts, certificates::identity_asking(hosts, clients.verifier()))
    }

    fn with_identity(hosts: &[&str], identity: Identity) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            received: Mutex::default(),
            accepted: AtomicUsize::new(0),
            ended: AtomicUsize::new(0),
            forgetful: AtomicBool::new(false),
            forgotten: AtomicU64::new(0),
            script: Mutex::new(Arc::new(|_| Answer::json(&serde_json::json!({ "ok": true })))),
        });
        runtime.spawn(accept(listener, TlsAcceptor::from(identity.server), Arc::clone(&state)));
        let hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
        Self { hosts, address, ca_pem: identity.ca_pem, state, runtime: Some(runtime) }
    }

    /// An identity for `hosts` with nobody behind it; give it an address.
    pub fn unbound(hosts: &[&str]) -> Self {
        let mut upstream = Self::serving(hosts);
        upstream.stop();
        upstream
    }

    /// From now on, each request is answered by `script`.
    pub fn answers(&self, script: impl Fn(&Received) -> Answer + Send + Sync + 'static) {
        *self.state.script.lock().unwrap() = Arc::new(script);
    }

    /// What came since the last look.
    pub fn take(&self) -> Vec<Received> {
        std::mem::take(&mut *self.state.received.lock().unwrap())
    }

    /// The only request since the last look.
    #[track_caller]
    pub fn take_one(&self) -> Received {
        let mut all = self.take();
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    /// How many connections have ended, whoever ended them.
    pub fn ended(&self) -> usize {
        self.state.ended.load(Ordering::SeqCst)
    }

    /// From now on, bodies are counted and thrown away.
    pub fn forgets_bodies(&self) {
        self.state.forgetful.store(true, Ordering::SeqCst);
    }

    /// How many bytes of bodies came since then.
    pub fn forgotten(&self) -> u64 {
        self.state.forgotten.load(Ordering::SeqCst)
    }

    /// How many connections were made to it so far.
    pub fn accepted(&self) -> usize {
        self.state.accepted.load(Ordering::SeqCst)
    }
}

impl Upstream {
    fn stop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn accept(listener: TcpListener, tls: TlsAcceptor, state: Arc<State>) {
    while let Ok((connection, _)) = listener.accept().await {
        state.accepted.fetch_add(1, Ordering::SeqCst);
        let (tls, state) = (tls.clone(), Arc::clone(&state));
        // A client that goes away mid-sentence is part of what is tested.
        tokio::spawn(async move {
            drop(serve(connection, tls, &state).await);
            state.ended.fetch_add(1, Ordering::SeqCst);
        });
    }
}

async fn serve(connection: TcpStream, tls: TlsAcceptor, state: &State) -> io::Result<()> {
    connection.set_nodelay(true)?;
    let connection = tls.accept(connection).await?;
    let client = connection.get_ref().1.peer_certificates().and_then(<[_]>::first).map(|der| der.to_vec());
    let mut reader = Reader::new(connection);
    while let Some(head) = reader.head().await? {
        let body = if state.forgetful.load(Ordering::SeqCst) {
            let forget = |read| _ = state.forgotten.fetch_add(read, Ordering::SeqCst);
            reader.skip_body(&head, forget).await?;
            Vec::new()
        } else {
            reader.body(&head).await?
        };
        let mut words = head.first_line.split(' ');
        let mut word = || words.next().unwrap_or_default().to_owned();
        let received = Received { method: word(), target: word(), head, body, client: client.clone() };
        let script = Arc::clone(&state.script.lock().unwrap());
        let answer = script(&received);
        state.received.lock().unwrap().push(received);
        send(&mut reader.stream, answer).await?;
    }
    Ok(())
}

async fn send(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), answer: Answer) -> io::Result<()> {
    stream.write_all(answer.head().as_bytes()).await?;
    match answer.body {
        Body::Whole(body) => stream.write_all(&body).await?,
        Body::Chunks(chunks) => {
            for chunk in chunks {
                send_chunk(stream, &chunk).await?;
            }
            stream.write_all(b"0\r\n\r\n").await?;
        }
        Body::Broken(begun) | Body::Raw(begun) => {
            stream.write_all(&begun).await?;
            stream.flush().await?;
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        Body::Long(length) => {
            let piece = [b'.'; 64 * 1024];
            let mut left = length;
            while left > 0 {
                let some = left.min(piece.len() as u64);
                stream.write_all(&piece[..usize::try_from(some).unwrap_or_default()]).await?;
                left -= some;
            }
        }
        Body::Silent => return gone(stream).await,
        Body::WebSocket(talk) => {
            stream.flush().await?;
            return websocket::talk(stream, talk).await;
        }
        Body::Fed(mut fed) => {
            stream.flush().await?;
            loop {
                let chunk = tokio::select! {
                    chunk = fed.recv() => chunk,
                    gone = gone(stream) => return gone,
                };
                let Some(chunk) = chunk else { break };
                send_chunk(stream, &chunk).await?;
            }
            stream.write_all(b"0\r\n\r\n").await?;
        }
    }
    stream.flush().await
}

/// Ends when the client does.
async fn gone(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<()> {
    while stream.read(&mut [0; 1024]).await? > 0 {}
    Err(io::ErrorKind::UnexpectedEof.into())
}

async fn send_chunk(stream: &mut (impl AsyncWrite + Unpin), chunk: &[u8]) -> io::Result<()> {
    // An empty chunk would be the end.
    if chunk.is_empty() {
        return Ok(());
    }
    stream.write_all(format!("{:x}\r\n", chunk.len()).as_bytes()).await?;
    stream.write_all(chunk).await?;
    stream.write_all(b"\r\n").await?;
    stream.flush().await
}
