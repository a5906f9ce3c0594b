//! HTTP/2, with an upstream that speaks nothing else.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use futures_util::StreamExt as _;
use http::{Request, Response, StatusCode, Version};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::server::{Identity, tls_config};
use super::{HOST, collect, get, post};
use crate::broker::upstream::{Redirect, RequestBody, UpstreamClient};

const LONG: usize = 3 << 20;

struct Server {
    redirect: Redirect,
    accepted: Arc<AtomicUsize>,
}

impl Server {
    async fn start() -> Self {
        let (config, ca_pem) = tls_config(&Identity { name: HOST, expired: false }, &[b"h2"]);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let accepted = Arc::<AtomicUsize>::default();
        let counter = Arc::clone(&accepted);
        tokio::spawn(async move {
            let acceptor = TlsAcceptor::from(Arc::new(config));
            while let Ok((connection, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::SeqCst);
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let stream = TokioIo::new(acceptor.accept(connection).await.unwrap());
                    let serving = http2::Builder::new(TokioExecutor::new());
                    let _ = serving.serve_connection(stream, service_fn(answer)).await;
                });
            }
        });
        Self { redirect: Redirect { address, ca_pem }, accepted }
    }

    fn client(&self) -> UpstreamClient {
        UpstreamClient::with_redirects([(HOST.to_owned(), self.redirect.clone())]).unwrap()
    }
}

/// Says what was asked, and how long the body was; under `/long`, a long body instead.
async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    assert_eq!(request.version(), Version::HTTP_2);
    let (method, uri) = (request.method().clone(), request.uri().clone());
    if uri.path() == "/long" {
        return Ok(Response::new(Full::new(Bytes::from(vec![b'.'; LONG]))));
    }
    let length = request.into_body().collect().await?.to_bytes().len();
    Ok(Response::new(Full::new(Bytes::from(format!("{method} {uri} {length}")))))
}

#[tokio::test]
async fn requests_share_a_connection_and_bodies_of_any_length_pass_both_ways() {
    let server = Server::start().await;
    let client = server.client();
    let response = client.send(get("/v1/%41?b=%20")).await.unwrap();
    assert_eq!(response.status, StatusCode::OK);
    let told = collect(response.body).await.unwrap();
    assert_eq!(String::from_utf8(told).unwrap(), format!("GET https://{HOST}/v1/%41?b=%20 0"));

    let pieces = futures_util::stream::iter((0..LONG / 1024).map(|_| Ok(Bytes::from(vec![b'x'; 1024]))));
    let up = client.send(post(RequestBody::Stream { stream: pieces.boxed(), length: None }));
    let down = client.send(get("/long"));
    let (up, down) = tokio::join!(up, down);
    let told = collect(up.unwrap().body).await.unwrap();
    assert_eq!(String::from_utf8(told).unwrap(), format!("POST https://{HOST}/v1 {LONG}"));
    assert_eq!(collect(down.unwrap().body).await.unwrap().len(), LONG);
    assert_eq!(server.accepted.load(Ordering::SeqCst), 1);
}

/// A reader that goes away ends its own request, and the connection serves the next.
#[tokio::test]
async fn an_answer_that_is_dropped_leaves_the_connection_to_others() {
    let server = Server::start().await;
    let client = server.client();
    let mut long = client.send(get("/long")).await.unwrap();
    assert!(long.body.next().await.unwrap().is_ok());
    drop(long);
    let told = collect(client.send(get("/after")).await.unwrap().body).await.unwrap();
    assert_eq!(String::from_utf8(told).unwrap(), format!("GET https://{HOST}/after 0"));
    assert_eq!(server.accepted.load(Ordering::SeqCst), 1);
}
