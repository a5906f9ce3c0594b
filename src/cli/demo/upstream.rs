//! A stand-in for the provider: a TLS server on loopback that remembers what it was sent.
//!
//! Its answer repeats the `authorization` header, cut into two pieces in the middle of the key, as
//! the worst of upstreams would. It must never listen anywhere but on loopback.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::stream;
use http::{Request, Response, header};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// The host that it plays.
pub(super) const HOST: &str = "api.openai.com";

/// Why there is no stand-in.
#[derive(Debug, Error)]
pub(super) enum UpstreamError {
    #[error("no certificate could be made for the local upstream: {0}")]
    Certify(#[from] rcgen::Error),
    #[error("the local upstream's TLS cannot be set up: {0}")]
    SetUpTls(#[from] rustls::Error),
    #[error("the local upstream cannot listen on 127.0.0.1: {0}; check that loopback is up")]
    Listen(#[from] io::Error),
}

/// One request as it arrived.
#[derive(Clone)]
pub(super) struct Received {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) authorization: String,
    pub(super) body: Bytes,
}

/// The running server; it ends with the runtime that it was started on.
pub(super) struct Upstream {
    pub(super) address: SocketAddr,
    /// What a client must trust to believe it.
    pub(super) ca_pem: String,
    log: Log,
}

type Log = Arc<Mutex<Vec<Received>>>;

impl Upstream {
    pub(super) async fn start() -> Result<Self, UpstreamError> {
        let (tls, ca_pem) = identity()?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let log = Log::default();
        tokio::spawn(accept(listener, TlsAcceptor::from(Arc::new(tls)), Arc::clone(&log)));
        Ok(Self { address, ca_pem, log })
    }

    /// All requests so far, the oldest first.
    pub(super) fn received(&self) -> Vec<Received> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A certificate for [`HOST`] from an authority that exists for this run only.
fn identity() -> Result<(ServerConfig, String), UpstreamError> {
    let mut authority = CertificateParams::new([])?;
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    authority.distinguished_name.push(rcgen::DnType::CommonName, "aivault demo");
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;

    let key = KeyPair::generate()?;
    let leaf = CertificateParams::new([HOST.to_owned()])?.signed_by(&key, &authority)?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok((config, authority.pem()))
}

async fn accept(listener: TcpListener, tls: TlsAcceptor, log: Log) {
    while let Ok((connection, _)) = listener.accept().await {
        tokio::spawn(serve(connection, tls.clone(), Arc::clone(&log)));
    }
}

async fn serve(connection: TcpStream, tls: TlsAcceptor, log: Log) {
    // A client that breaks off is seen by the call that is missing.
    let Ok(connection) = tls.accept(connection).await else { return };
    let answering = service_fn(|request| answer(request, &log));
    let _ = http1::Builder::new().serve_connection(TokioIo::new(connection), answering).await;
}

type Pieces = StreamBody<stream::Iter<std::array::IntoIter<Result<Frame<Bytes>, Infallible>, 2>>>;

async fn answer(request: Request<Incoming>, log: &Log) -> Result<Response<Pieces>, hyper::Error> {
    let (head, body) = request.into_parts();
    let authorization = head.headers.get(header::AUTHORIZATION).map(|value| value.as_bytes());
    let received = Received {
        method: head.method.to_string(),
        target: head.uri.to_string(),
        authorization: String::from_utf8_lossy(authorization.unwrap_or_default()).into_owned(),
        body: body.collect().await?.to_bytes(),
    };
    let mut response = Response::new(pieces(&received.authorization));
    let json = http::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    log.lock().unwrap_or_else(PoisonError::into_inner).push(received);
    Ok(response)
}

/// The answer in two pieces, with the cut in the middle of what it repeats.
fn pieces(authorization: &str) -> Pieces {
    let mut text = Bytes::from(completion(authorization));
    let cut =
        memchr::memmem::find(&text, authorization.as_bytes()).map(|start| start + authorization.len() / 2);
    let first = text.split_to(cut.unwrap_or_default());
    StreamBody::new(stream::iter([first, text].map(|piece| Ok(Frame::data(piece)))))
}

/// A chat completion as small as they come, and the echo beside it.
fn completion(authorization: &str) -> String {
    serde_json::json!({
        "object": "chat.completion",
        "model": "gpt-5.2",
        "choices": [{
            "index": 0,
            "message": { "role": "assistant", "content": "Hello from the local upstream!" },
            "finish_reason": "stop",
        }],
        "echo": { "authorization": authorization },
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt as _;

    use super::*;

    #[tokio::test]
    async fn the_answer_repeats_the_header_across_a_cut() {
        let frames: Vec<Bytes> =
            pieces("Bearer sk-demo-1234").into_data_stream().map(|piece| piece.unwrap()).collect().await;
        let whole = frames.concat();
        let json: serde_json::Value = serde_json::from_slice(&whole).unwrap();
        assert_eq!(json["echo"]["authorization"], "Bearer sk-demo-1234");
        let in_one_piece = frames.iter().any(|frame| memchr::memmem::find(frame, b"sk-demo-1234").is_some());
        assert!(!in_one_piece);
    }

    #[test]
    fn a_request_without_the_header_is_answered_too() {
        drop(pieces(""));
        assert!(completion("").contains("\"authorization\":\"\""));
    }
}
