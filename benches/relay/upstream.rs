//! An API over TLS that answers at once: a small document, a large one, an upload's receipt, or events.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::support::certificates;

pub(super) struct Server {
    pub(super) host: String,
    pub(super) address: SocketAddr,
    pub(super) ca_pem: String,
    accepted: Arc<AtomicUsize>,
}

/// What it says to each kind of request, made once.
struct Answers {
    small: Vec<u8>,
    large: Vec<u8>,
    events: Vec<u8>,
}

impl Server {
    pub(super) async fn start(host: &str) -> Self {
        let identity = certificates::identity_for(&[host]);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let accepted = Arc::<AtomicUsize>::default();
        let (tls, counter) = (TlsAcceptor::from(identity.server), Arc::clone(&accepted));
        let answers = Arc::new(Answers::new());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::Relaxed);
                let (tls, answers) = (tls.clone(), Arc::clone(&answers));
                tokio::spawn(async move { drop(serve(stream, tls, &answers).await) });
            }
        });
        Self { host: host.to_owned(), address, ca_pem: identity.ca_pem, accepted }
    }

    pub(super) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::Relaxed)
    }
}

impl Answers {
    fn new() -> Self {
        let whole = |kind: &str, body: &[u8]| {
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n", body.len());
            [head.as_bytes(), body].concat()
        };
        let events = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n\
                      d\r\ndata: hello\n\n\r\nf\r\ndata: [DONE]\n\n\n\r\n0\r\n\r\n";
        let small = format!("{{\"object\":\"list\",\"data\":[{}]}}", "\"gpt-5.2\",".repeat(24) + "1");
        Self {
            small: whole("application/json", small.as_bytes()),
            large: whole("application/octet-stream", &vec![b'x'; crate::LARGE]),
            events: events.as_bytes().to_vec(),
        }
    }
}

async fn serve(stream: TcpStream, tls: TlsAcceptor, answers: &Answers) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::with_capacity(64 * 1024, tls.accept(stream).await?);
    loop {
        let (mut target, mut length, mut chunked, mut line) = (String::new(), 0, false, String::new());
        while stream.read_line(&mut line).await? > 2 {
            let lower = line.to_ascii_lowercase();
            if target.is_empty() {
                target = line.split(' ').nth(1).unwrap_or_default().to_owned();
            } else if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            } else if lower.starts_with("transfer-encoding:") {
                chunked = true;
            }
            line.clear();
        }
        if target.is_empty() {
            return Ok(());
        }
        if chunked {
            skip_chunks(&mut stream).await?;
        } else {
            tokio::io::copy(&mut (&mut stream).take(length), &mut tokio::io::sink()).await?;
        }
        let answer = match target.as_str() {
            "/v1/chat/completions" => &answers.events,
            target if target.ends_with("/content") => &answers.large,
            _ => &answers.small,
        };
        stream.write_all(answer).await?;
        stream.flush().await?;
    }
}

async fn skip_chunks<S: tokio::io::AsyncBufRead + Unpin>(stream: &mut S) -> std::io::Result<()> {
    let mut line = String::new();
    loop {
        line.clear();
        stream.read_line(&mut line).await?;
        let length = u64::from_str_radix(line.trim(), 16).unwrap_or(0);
        tokio::io::copy(&mut (&mut *stream).take(length + 2), &mut tokio::io::sink()).await?;
        if length == 0 {
            return Ok(());
        }
    }
}
