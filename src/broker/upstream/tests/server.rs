//! A small HTTPS upstream on loopback, which records what it is sent and answers what it is told.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_rustls::TlsAcceptor;

use crate::broker::upstream::Redirect;

/// What a certificate is to look like.
#[derive(Clone)]
pub(super) struct Identity {
    pub(super) name: &'static str,
    pub(super) expired: bool,
}

/// One answer: these bytes, and then what.
pub(super) struct Answer {
    pub(super) bytes: Vec<u8>,
    pub(super) then: Then,
}

pub(super) enum Then {
    /// Reads the next request of the connection.
    KeepAlive,
    /// Ends the connection.
    Close,
    /// Says nothing more, and waits for the client to go away.
    Stall,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event {
    Accepted,
    /// The protocol agreed on with ALPN, if any.
    Secured(Option<Vec<u8>>),
    Request {
        head: String,
        body: Vec<u8>,
    },
    ClientGone,
}

pub(super) struct Server {
    pub(super) address: SocketAddr,
    pub(super) ca_pem: Vec<u8>,
    events: UnboundedReceiver<Event>,
}

impl Server {
    pub(super) async fn answering(name: &'static str, answers: Vec<Answer>) -> Self {
        Self::start(&Identity { name, expired: false }, &[b"http/1.1"], answers).await
    }

    pub(super) async fn start(identity: &Identity, protocols: &[&[u8]], answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (config, ca_pem) = tls_config(identity, protocols);
        let address = listener.local_addr().unwrap();
        let (report, events) = unbounded_channel();
        let answers = Arc::new(Mutex::new(VecDeque::from(answers)));
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let _ = report.send(Event::Accepted);
                let acceptor = TlsAcceptor::from(Arc::new(config.clone()));
                tokio::spawn(serve(connection, acceptor, Arc::clone(&answers), report.clone()));
            }
        });
        Self { address, ca_pem, events }
    }

    pub(super) fn redirect(&self) -> Redirect {
        Redirect { address: self.address, ca_pem: self.ca_pem.clone() }
    }

    pub(super) async fn next_event(&mut self) -> Event {
        self.events.recv().await.expect("a running server")
    }

    /// The next request, whatever else happened before it.
    pub(super) async fn next_request(&mut self) -> (String, Vec<u8>) {
        loop {
            if let Event::Request { head, body } = self.next_event().await {
                return (head, body);
            }
        }
    }

    /// All that has happened since the last look.
    pub(super) fn events_so_far(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.events.try_recv().ok()).collect()
    }
}

async fn serve(
    connection: TcpStream,
    acceptor: TlsAcceptor,
    answers: Arc<Mutex<VecDeque<Answer>>>,
    report: UnboundedSender<Event>,
) {
    let Ok(mut stream) = acceptor.accept(connection).await else { return };
    let protocol = stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
    let _ = report.send(Event::Secured(protocol));
    while let Some((head, body)) = read_request(&mut stream).await {
        let _ = report.send(Event::Request { head, body });
        let Some(answer) = answers.lock().unwrap().pop_front() else { return };
        if stream.write_all(&answer.bytes).await.is_err() || stream.flush().await.is_err() {
            break;
        }
        match answer.then {
            Then::KeepAlive => {}
            Then::Close => {
                let _ = stream.shutdown().await;
                return;
            }
            Then::Stall => {
                let _ = stream.read_to_end(&mut Vec::new()).await;
                break;
            }
        }
    }
    let _ = report.send(Event::ClientGone);
}

/// A head, and the body that its `content-length` announces, or that its last chunk ends.
async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<(String, Vec<u8>)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let mut body = Vec::new();
    if let Some(length) = header(&head, "content-length") {
        body.resize(length.parse().unwrap(), 0);
        stream.read_exact(&mut body).await.ok()?;
    } else if header(&head, "transfer-encoding").is_some() {
        while !body.ends_with(b"0\r\n\r\n") {
            body.push(stream.read_u8().await.ok()?);
        }
    }
    Some((head, body))
}

pub(super) fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value)
}

pub(super) fn tls_config(identity: &Identity, protocols: &[&[u8]]) -> (rustls::ServerConfig, Vec<u8>) {
    let mut ca = CertificateParams::new([]).unwrap();
    ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    // Each authority has a name of its own, so that one is not looked for in place of another.
    ca.distinguished_name.push(rcgen::DnType::CommonName, format!("{:x?}", &key.public_key_raw()[1..9]));
    let ca = CertifiedIssuer::self_signed(ca, key).unwrap();

    let key = KeyPair::generate().unwrap();
    let mut leaf = CertificateParams::new([identity.name.to_owned()]).unwrap();
    if identity.expired {
        leaf.not_after = rcgen::date_time_ymd(2001, 1, 1);
        leaf.not_before = rcgen::date_time_ymd(2000, 1, 1);
    }
    let leaf = leaf.signed_by(&key, &ca).unwrap();

    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let mut config =
        rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], key)
            .unwrap();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    (config, ca.pem().into_bytes())
}
