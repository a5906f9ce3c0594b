//! What is sent once more, and what is not.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::Method;
use tokio::net::TcpListener;

use super::server::{Answer, Event, Identity, Server, Then};
use super::{HOST, client_of, collect, get, ok, pieces, post, request, send_error};
use crate::broker::upstream::{OutgoingRequest, Redirect, RequestBody, UpstreamClient, UpstreamError};

/// The connection is closed when the request is there.
fn closed() -> Answer {
    Answer { bytes: vec![], then: Then::Close }
}

fn requests(server: &mut Server) -> usize {
    server.events_so_far().iter().filter(|event| matches!(event, Event::Request { .. })).count()
}

/// Sends a first request, so that a connection is kept, and then `second`.
async fn after_a_first(
    answers: Vec<Answer>,
    second: OutgoingRequest,
) -> (Result<Vec<u8>, UpstreamError>, usize) {
    let mut server = Server::answering(HOST, answers).await;
    let client = client_of(&server);
    assert_eq!(collect(client.send(get("/")).await.unwrap().body).await.unwrap(), b"one");
    let answer = match client.send(second).await {
        Ok(response) => collect(response.body).await,
        Err(error) => Err(error),
    };
    (answer, requests(&mut server) - 1)
}

fn lost() -> UpstreamError {
    UpstreamError::Protocol { host: HOST.to_owned() }
}

#[tokio::test]
async fn a_kept_connection_that_is_gone_is_no_failure_of_what_may_be_done_twice() {
    for method in [Method::GET, Method::HEAD, Method::OPTIONS, Method::PUT, Method::DELETE] {
        let second = request(method.clone(), &format!("https://{HOST}/"));
        let answers = vec![ok("one"), closed(), ok(if method == Method::HEAD { "" } else { "two" })];
        let (answer, sent) = after_a_first(answers, second).await;
        let expected: &[u8] = if method == Method::HEAD { b"" } else { b"two" };
        assert_eq!((answer.as_deref(), sent), (Ok(expected), 2), "{method}");
    }
    let body = RequestBody::Bytes(Bytes::from_static(b"again"));
    let second = OutgoingRequest { body, method: Method::PUT, ..get("/") };
    let (answer, sent) = after_a_first(vec![ok("one"), closed(), ok("two")], second).await;
    assert_eq!((answer.as_deref(), sent), (Ok(&b"two"[..]), 2));
}

#[tokio::test]
async fn what_may_have_been_done_is_not_done_again() {
    for method in [Method::POST, Method::PATCH] {
        let second = OutgoingRequest { method: method.clone(), ..post(RequestBody::Empty) };
        let (answer, sent) = after_a_first(vec![ok("one"), closed(), ok("two")], second).await;
        assert_eq!((answer, sent), (Err(lost()), 1), "{method}");
    }
    // A stream that was begun cannot be had again.
    let streamed = OutgoingRequest { method: Method::PUT, ..post(pieces(&[Ok(b"body")], Some(4))) };
    let (answer, sent) = after_a_first(vec![ok("one"), closed(), ok("two")], streamed).await;
    assert_eq!((answer, sent), (Err(lost()), 1));
}

#[tokio::test]
async fn a_connection_of_its_own_that_is_closed_is_a_failure() {
    let mut server = Server::answering(HOST, vec![closed(), ok("two")]).await;
    assert_eq!(send_error(&client_of(&server), get("/")).await, lost());
    assert_eq!(requests(&mut server), 1);
}

#[tokio::test]
async fn an_answer_that_is_no_http_is_not_asked_for_again() {
    let nonsense = Answer { bytes: b"nonsense\r\n\r\n".to_vec(), then: Then::Close };
    let (answer, sent) = after_a_first(vec![ok("one"), nonsense, ok("two")], get("/")).await;
    assert_eq!((answer, sent), (Err(lost()), 1));
}

/// Whatever the method: nobody has seen the request, and its body is still there.
#[tokio::test]
async fn an_upstream_that_starts_anew_is_waited_for_a_moment() {
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let identity = Identity { name: HOST, expired: false };
    let late = Server::start(&identity, &[], vec![ok("")]).await;
    let redirect = Redirect { address, ca_pem: late.ca_pem.clone() };
    let client = UpstreamClient::with_redirects([(HOST.to_owned(), redirect)]).unwrap();
    let forward = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(250)).await;
        let (mut here, _) = TcpListener::bind(address).await.unwrap().accept().await.unwrap();
        let mut there = tokio::net::TcpStream::connect(late.address).await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut here, &mut there).await;
    });
    let body = stream::iter([Ok(Bytes::from_static(b"body"))]).boxed();
    let response = client.send(post(RequestBody::Stream { stream: body, length: Some(4) })).await;
    assert_eq!(response.map(|response| response.status.as_u16()), Ok(200));
    forward.abort();
}
