mod bodies;
mod http2;
mod patience;
mod reach;
mod resend;
mod server;
mod trust;
mod wire;

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Method};
use zeroize::Zeroizing;

use self::server::{Answer, Identity, Server, Then};
use crate::broker::guard::Reach;
use crate::broker::upstream::{
    CallerBodyFault, OutgoingRequest, Patience, RequestBody, ResponseBody, UpstreamClient, UpstreamError,
    UpstreamResponse,
};

const HOST: &str = "api.example.com";
const SOON: Patience = Patience { first_byte: Duration::from_millis(50), idle: Duration::from_millis(50) };

fn ok(body: &str) -> Answer {
    answer(&format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()))
}

fn answer(text: &str) -> Answer {
    Answer { bytes: text.as_bytes().to_vec(), then: Then::KeepAlive }
}

fn request(method: Method, url: &str) -> OutgoingRequest {
    OutgoingRequest {
        method,
        url: Zeroizing::new(url.to_owned()),
        headers: HeaderMap::new(),
        body: RequestBody::Empty,
        reach: Reach::Global,
        account: "one".to_owned(),
        identity: None,
        patience: Patience::default(),
    }
}

fn get(path: &str) -> OutgoingRequest {
    request(Method::GET, &format!("https://{HOST}{path}"))
}

fn post(body: RequestBody) -> OutgoingRequest {
    OutgoingRequest { body, ..request(Method::POST, &format!("https://{HOST}/v1")) }
}

fn pieces(pieces: &'static [Result<&'static [u8], CallerBodyFault>], length: Option<u64>) -> RequestBody {
    let stream = stream::iter(pieces).map(|piece| piece.map(Bytes::from_static));
    RequestBody::Stream { stream: Box::pin(stream), length }
}

fn client_of(server: &Server) -> UpstreamClient {
    UpstreamClient::with_redirects([(HOST.to_owned(), server.redirect())]).unwrap()
}

async fn collect(mut body: ResponseBody) -> Result<Vec<u8>, UpstreamError> {
    let mut collected = Vec::new();
    while let Some(piece) = body.next().await {
        collected.extend_from_slice(&piece?);
    }
    Ok(collected)
}

async fn send_error(client: &UpstreamClient, request: OutgoingRequest) -> UpstreamError {
    match client.send(request).await {
        Ok(response) => panic!("an answer: {}", response.status),
        Err(error) => error,
    }
}

/// A gzip member (RFC 1952) of one stored block, holding `hello`.
const GZIPPED_HELLO: &[u8] = b"\x1f\x8b\x08\0\0\0\0\0\0\xff\x01\x05\0\xfa\xffhello\x86\xa6\x10\x36\x05\0\0\0";

fn encoded(coding: &str, body: &[u8]) -> Answer {
    let head =
        format!("HTTP/1.1 200 OK\r\ncontent-encoding: {coding}\r\ncontent-length: {}\r\n\r\n", body.len());
    Answer { bytes: [head.as_bytes(), body].concat(), then: Then::KeepAlive }
}

/// Each way to fail, with a key in the URL and in a header: no error, nor what is under it, shows the key.
#[tokio::test]
async fn errors_never_show_the_request() {
    const KEY: &str = "s3cr3t-n33dle";
    let keyed = |path: &str| {
        let mut outgoing = get(&format!("/{KEY}{path}?key={KEY}"));
        outgoing.headers.insert(AUTHORIZATION, HeaderValue::from_static(KEY));
        outgoing
    };
    let answers = vec![
        encoded("br", b""),
        answer(&format!("not http {KEY}\r\n\r\n")),
        Answer { bytes: vec![], then: Then::Close },
        Answer { bytes: vec![], then: Then::Stall },
    ];
    let answered = answers.len() - 1;
    let server = Server::answering(HOST, answers).await;
    let client = client_of(&server);
    let mut errors = Vec::new();
    for _ in 0..answered {
        errors.push(send_error(&client, keyed("")).await);
    }
    errors.push(send_error(&client, OutgoingRequest { patience: SOON, ..keyed("") }).await);
    errors.push(send_error(&client, keyed("/../")).await);
    errors.push(send_error(&client, OutgoingRequest { body: pieces(&[], Some(1)), ..keyed("") }).await);
    let elsewhere = |host: &str| {
        let url = Zeroizing::new(format!("https://{host}/{KEY}?key={KEY}"));
        OutgoingRequest { url, ..keyed("") }
    };
    errors.push(send_error(&client, elsewhere("localhost")).await);
    errors.push(send_error(&client, elsewhere("api.example.com:1")).await);
    errors.push(send_error(&client, elsewhere("u@api.example.com")).await);
    let expired = Server::start(&Identity { name: HOST, expired: true }, &[], vec![]).await;
    errors.push(send_error(&client_of(&expired), keyed("")).await);

    let kinds: std::collections::HashSet<_> = errors.iter().map(std::mem::discriminant).collect();
    assert_eq!(kinds.len(), 8, "{errors:?}");
    for error in errors {
        assert!(!format!("{error} {error:?} {error:#?}").contains(KEY), "{error}");
        assert!(error.source().is_none_or(|source| !format!("{source} {source:?}").contains(KEY)), "{error}");
    }
}

#[test]
fn a_client_can_be_shared_and_its_parts_moved_between_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    fn moved<T: Send + 'static>() {}
    fn movable<T: Send>(_: &T) {}
    shared::<UpstreamClient>();
    moved::<OutgoingRequest>();
    moved::<UpstreamResponse>();
    let client = Arc::new(UpstreamClient::new());
    movable(&client.send(get("/")));
}
