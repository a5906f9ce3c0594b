//! How long silence is borne.

use std::future::pending;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};

use super::server::{Answer, Server, Then};
use super::{HOST, SOON, client_of, collect, get, send_error};
use crate::broker::upstream::resend::wait_for_head;
use crate::broker::upstream::{
    OutgoingRequest, Patience, Phase, Redirect, ResponseBody, UpstreamClient, UpstreamError,
};

#[tokio::test]
async fn an_upstream_that_never_answers_times_out() {
    let server = Server::answering(HOST, vec![Answer { bytes: vec![], then: Then::Stall }]).await;
    let error = send_error(&client_of(&server), OutgoingRequest { patience: SOON, ..get("/") }).await;
    assert_eq!(error, UpstreamError::Timeout { host: HOST.to_owned(), phase: Phase::FirstByte });
}

#[tokio::test]
async fn an_answer_that_stops_in_the_middle_times_out() {
    let half =
        Answer { bytes: b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello".to_vec(), then: Then::Stall };
    let server = Server::answering(HOST, vec![half]).await;
    let patience = Patience { idle: SOON.idle, ..Patience::default() };
    let mut body = client_of(&server).send(OutgoingRequest { patience, ..get("/") }).await.unwrap().body;
    assert_eq!(body.next().await, Some(Ok(Bytes::from_static(b"hello"))));
    let timeout = UpstreamError::Timeout { host: HOST.to_owned(), phase: Phase::Idle };
    assert_eq!(body.next().await, Some(Err(timeout)));
    assert_eq!(body.next().await, None);
}

/// A connection that nobody goes on with: the clock stands still but for waiting, so that ten seconds take none.
#[tokio::test(start_paused = true)]
async fn a_connection_has_ten_seconds_to_be_made() {
    let server = Server::answering(HOST, vec![]).await;
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let redirect = Redirect { address: silent.local_addr().unwrap(), ..server.redirect() };
    let client = UpstreamClient::with_redirects([(HOST.to_owned(), redirect)]).unwrap();
    let begun = tokio::time::Instant::now();
    let error = send_error(&client, get("/")).await;
    assert_eq!(error, UpstreamError::Timeout { host: HOST.to_owned(), phase: Phase::Connect });
    let took = begun.elapsed();
    assert!(took >= Duration::from_secs(10) && took < Duration::from_secs(11), "{took:?}");
}

#[test]
fn silence_is_borne_for_two_minutes() {
    let two = Duration::from_secs(120);
    assert_eq!(Patience::default(), Patience { first_byte: two, idle: two });
}

#[tokio::test(start_paused = true)]
async fn a_body_that_keeps_moving_is_waited_for_and_one_that_stops_is_not() {
    let limit = Duration::from_secs(10);
    let progress = AtomicU64::new(0);
    let slow = async {
        for _ in 0..9 {
            tokio::time::sleep(limit * 9 / 10).await;
            progress.fetch_add(1, Ordering::Relaxed);
        }
    };
    assert_eq!(wait_for_head(slow, &progress, limit).await, Some(()));
    assert_eq!(wait_for_head(pending::<()>(), &progress, limit).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_is_not_a_silent_upstream() {
    let limit = Duration::from_secs(10);
    let answers = stream::iter([Ok(Bytes::from_static(b"a")), Ok(Bytes::from_static(b"b"))]);
    let mut body = ResponseBody::new(HOST.to_owned(), limit, answers);
    for expected in ["a", "b"] {
        tokio::time::sleep(limit * 2).await;
        assert_eq!(body.next().await, Some(Ok(Bytes::from(expected))));
    }
    assert_eq!(body.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn silence_is_counted_anew_after_each_piece() {
    let limit = Duration::from_secs(10);
    let slow = stream::iter([b"a", b"b", b"c"]).then(move |piece| async move {
        tokio::time::sleep(limit * 9 / 10).await;
        Ok(Bytes::from_static(piece))
    });
    let body = ResponseBody::new(HOST.to_owned(), limit, slow);
    assert_eq!(collect(body).await.unwrap(), b"abc");
}
