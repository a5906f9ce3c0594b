//! The bodies of both directions.

use bytes::Bytes;
use futures_util::StreamExt;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, RANGE};
use http::{HeaderValue, Method};

use super::server::{Answer, Server, Then, header};
use super::{
    GZIPPED_HELLO, HOST, answer, client_of, collect, encoded, get, ok, pieces, post, request, send_error,
};
use crate::broker::upstream::{CallerBodyFault, RequestBody, UpstreamError};

#[tokio::test]
async fn a_stream_of_known_length_announces_it() {
    let mut server = Server::answering(HOST, vec![ok("")]).await;
    client_of(&server).send(post(pieces(&[Ok(b"hel"), Ok(b"lo")], Some(5)))).await.unwrap();
    let (head, body) = server.next_request().await;
    assert_eq!(header(&head, "content-length"), Some("5"));
    assert_eq!(header(&head, "transfer-encoding"), None);
    assert_eq!(body, b"hello");
}

#[tokio::test]
async fn a_stream_of_unknown_length_is_chunked() {
    let mut server = Server::answering(HOST, vec![ok("")]).await;
    client_of(&server).send(post(pieces(&[Ok(b"hel"), Ok(b"lo")], None))).await.unwrap();
    let (head, body) = server.next_request().await;
    assert_eq!(header(&head, "content-length"), None);
    assert_eq!(body, b"3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n");
}

#[tokio::test]
async fn no_body_is_framed_as_its_method_wants() {
    let mut server = Server::answering(HOST, vec![ok(""), ok(""), ok(""), ok("")]).await;
    let client = client_of(&server);
    client.send(get("/")).await.unwrap();
    let (head, _) = server.next_request().await;
    assert_eq!((header(&head, "content-length"), header(&head, "transfer-encoding")), (None, None));
    for body in [RequestBody::Empty, RequestBody::Bytes(Bytes::new()), pieces(&[], Some(0))] {
        client.send(post(body)).await.unwrap();
        let (head, _) = server.next_request().await;
        assert_eq!((header(&head, "content-length"), header(&head, "transfer-encoding")), (Some("0"), None));
    }
}

#[tokio::test]
async fn a_stream_that_is_not_what_it_announced_breaks_the_request_off() {
    let cases = [
        (pieces(&[Ok(b"hel")], Some(5)), CallerBodyFault::TooShort),
        (pieces(&[Ok(b"hello"), Ok(b""), Ok(b"!")], Some(5)), CallerBodyFault::TooLong),
        (pieces(&[Ok(b"hello!")], Some(5)), CallerBodyFault::TooLong),
        (pieces(&[Ok(b"hel"), Err(CallerBodyFault::BrokenOff)], None), CallerBodyFault::BrokenOff),
    ];
    for (body, fault) in cases {
        let server = Server::answering(HOST, vec![]).await;
        let error = send_error(&client_of(&server), post(body)).await;
        assert_eq!(error, UpstreamError::BodyFromCaller { host: HOST.to_owned(), fault });
    }
}

#[tokio::test]
async fn gzip_is_decoded_and_no_longer_announced() {
    let server = Server::answering(HOST, vec![encoded("gzip", GZIPPED_HELLO)]).await;
    let response = client_of(&server).send(get("/")).await.unwrap();
    assert!(!response.headers.contains_key(CONTENT_ENCODING));
    assert!(!response.headers.contains_key(CONTENT_LENGTH));
    assert_eq!(collect(response.body).await.unwrap(), b"hello");
}

#[tokio::test]
async fn what_cannot_be_decoded_is_refused() {
    let codings = ["br", "deflate", "zstd", "GZIP, br", "gzip, gzip", "x-gzip", "unheard-of", ""];
    let answers = codings.iter().map(|coding| encoded(coding, GZIPPED_HELLO)).collect();
    let server = Server::answering(HOST, answers).await;
    let client = client_of(&server);
    for coding in codings {
        let error = send_error(&client, get("/")).await;
        assert_eq!(error, UpstreamError::Encoding { host: HOST.to_owned() }, "{coding}");
    }
}

#[tokio::test]
async fn gzip_that_is_not_gzip_is_an_encoding_error_and_a_short_one_an_interruption() {
    let answers = vec![encoded("gzip", b"not gzip at all"), encoded("gzip", &GZIPPED_HELLO[..18])];
    let server = Server::answering(HOST, answers).await;
    let client = client_of(&server);
    let response = client.send(get("/")).await.unwrap();
    assert_eq!(collect(response.body).await, Err(UpstreamError::Encoding { host: HOST.to_owned() }));
    let response = client.send(get("/")).await.unwrap();
    assert_eq!(collect(response.body).await, Err(UpstreamError::Interrupted { host: HOST.to_owned() }));
}

#[tokio::test]
async fn a_head_request_has_nothing_to_decode() {
    let head = "HTTP/1.1 200 OK\r\ncontent-encoding: br\r\ncontent-length: 12\r\n\r\n";
    let zipped = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 12\r\n\r\n";
    let server = Server::answering(HOST, vec![answer(head), answer(zipped)]).await;
    let client = client_of(&server);
    for _ in 0..2 {
        let response = client.send(request(Method::HEAD, &format!("https://{HOST}/"))).await.unwrap();
        assert_eq!(collect(response.body).await.unwrap(), b"");
    }
}

#[tokio::test]
async fn a_range_is_asked_for_uncompressed() {
    let mut server = Server::answering(HOST, vec![ok("")]).await;
    let mut outgoing = get("/");
    outgoing.headers.insert(RANGE, HeaderValue::from_static("bytes=0-4"));
    client_of(&server).send(outgoing).await.unwrap();
    assert_eq!(header(&server.next_request().await.0, "accept-encoding"), Some("identity"));
}

#[tokio::test]
async fn an_answer_cut_short_is_an_interruption_and_ends_the_stream() {
    let short =
        Answer { bytes: b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello".to_vec(), then: Then::Close };
    let server = Server::answering(HOST, vec![short]).await;
    let mut body = client_of(&server).send(get("/")).await.unwrap().body;
    assert_eq!(body.next().await, Some(Ok(Bytes::from_static(b"hello"))));
    assert_eq!(body.next().await, Some(Err(UpstreamError::Interrupted { host: HOST.to_owned() })));
    assert_eq!(body.next().await, None);
}
