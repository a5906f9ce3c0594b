//! The bodies of both directions.

use async_compression::Level;
use async_compression::tokio::write::GzipEncoder;
use bytes::Bytes;
use futures_util::StreamExt;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, RANGE};
use http::{HeaderValue, Method};
use tokio::io::AsyncWriteExt as _;

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
    let codings = [
        "br",
        "deflate",
        "zstd",
        "GZIP, br",
        "gzip, gzip",
        "x-gzip",
        "unheard-of",
        "",
        "gzip\r\ncontent-encoding: gzip",
        "gzip\r\ncontent-encoding: identity",
        "identity\r\ncontent-encoding: gzip",
    ];
    let answers = codings.iter().map(|coding| encoded(coding, GZIPPED_HELLO)).collect();
    let server = Server::answering(HOST, answers).await;
    let client = client_of(&server);
    for coding in codings {
        let error = send_error(&client, get("/")).await;
        assert_eq!(error, UpstreamError::Encoding { host: HOST.to_owned() }, "{coding}");
    }
}

fn chunked(transfer_encoding: &str, body: &[u8]) -> Answer {
    let head =
        format!("HTTP/1.1 200 OK\r\ntransfer-encoding: {transfer_encoding}\r\n\r\n{:x}\r\n", body.len());
    let bytes = [head.as_bytes(), body, b"\r\n0\r\n\r\n"].concat();
    Answer { bytes, then: Then::Close }
}

#[tokio::test]
async fn a_transfer_is_chunked_and_nothing_else() {
    let others = [
        "gzip, chunked",
        "gzip\r\ntransfer-encoding: chunked",
        "chunked\r\ntransfer-encoding: chunked",
        "identity",
    ];
    let answers = others.iter().map(|coding| chunked(coding, GZIPPED_HELLO)).collect();
    let server = Server::answering(HOST, answers).await;
    let client = client_of(&server);
    for coding in others {
        let error = send_error(&client, get("/")).await;
        assert_eq!(error, UpstreamError::Encoding { host: HOST.to_owned() }, "{coding}");
    }
    let server = Server::answering(HOST, vec![chunked("Chunked", b"hello")]).await;
    let response = client_of(&server).send(get("/")).await.unwrap();
    assert_eq!(collect(response.body).await.unwrap(), b"hello");
}

/// What one answer of these bytes in gzip gives.
async fn gunzipped(body: &[u8]) -> Result<Vec<u8>, UpstreamError> {
    let server = Server::answering(HOST, vec![encoded("gzip", body)]).await;
    collect(client_of(&server).send(get("/")).await.unwrap().body).await
}

#[tokio::test]
async fn all_members_of_a_gzip_body_are_decoded() {
    assert_eq!(gunzipped(&GZIPPED_HELLO.repeat(3)).await.unwrap(), b"hellohellohello");
    assert_eq!(gunzipped(b"").await.unwrap(), b"");
}

#[tokio::test]
async fn gzip_that_is_damaged_and_gzip_that_is_cut_short_are_told_apart() {
    let damaged = Err(UpstreamError::Damaged { host: HOST.to_owned() });
    let mut flipped = GZIPPED_HELLO.to_vec();
    flipped[17] ^= 1;
    for body in [&b"not gzip at all"[..], &flipped, &[GZIPPED_HELLO, b"garbage"].concat()] {
        assert_eq!(gunzipped(body).await, damaged, "{body:?}");
    }
    let cut = Err(UpstreamError::Interrupted { host: HOST.to_owned() });
    let twice = GZIPPED_HELLO.repeat(2);
    for length in [1, 9, 10, 18, 23, GZIPPED_HELLO.len() - 1, GZIPPED_HELLO.len() + 5] {
        assert_eq!(gunzipped(&twice[..length]).await, cut, "{length}");
    }
}

#[tokio::test]
async fn what_was_compressed_so_far_is_passed_on_while_the_rest_is_waited_for() {
    let mut encoder = GzipEncoder::new(Vec::new());
    encoder.write_all(b"data: {}\n\n").await.unwrap();
    encoder.flush().await.unwrap();
    let head = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n";
    let size = format!("{:x}\r\n", encoder.get_ref().len());
    let bytes = [head.as_bytes(), size.as_bytes(), encoder.get_ref(), b"\r\n"].concat();
    let server = Server::answering(HOST, vec![Answer { bytes, then: Then::Stall }]).await;
    let mut body = client_of(&server).send(get("/")).await.unwrap().body;
    assert_eq!(body.next().await, Some(Ok(Bytes::from_static(b"data: {}\n\n"))));
}

/// 64 MiB in as many KiB: they come in small pieces, each when it is asked for.
#[tokio::test]
async fn what_expands_without_measure_takes_no_memory() {
    let mut encoder = GzipEncoder::with_quality(Vec::new(), Level::Fastest);
    for _ in 0..64 {
        encoder.write_all(&[0; 1 << 20]).await.unwrap();
    }
    encoder.shutdown().await.unwrap();
    let server = Server::answering(HOST, vec![encoded("gzip", encoder.get_ref())]).await;
    let mut body = client_of(&server).send(get("/")).await.unwrap().body;
    let mut length = 0;
    while let Some(piece) = body.next().await {
        let piece = piece.unwrap();
        assert!(piece.len() <= 16 * 1024);
        length += piece.len();
    }
    assert_eq!(length, 64 << 20);
}

#[tokio::test]
async fn a_broken_chunk_is_told_as_what_it_is() {
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\nXYZ\r\n";
    let zipped = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\nXYZ\r\n";
    for bytes in [head, zipped] {
        let broken = Answer { bytes: bytes.into(), then: Then::Close };
        let server = Server::answering(HOST, vec![broken]).await;
        let body = client_of(&server).send(get("/")).await.unwrap().body;
        assert_eq!(collect(body).await, Err(UpstreamError::Framing { host: HOST.to_owned() }));
    }
}

#[tokio::test]
async fn an_answer_without_a_body_has_nothing_to_decode() {
    for status in ["204 No Content", "304 Not Modified"] {
        let head = format!("HTTP/1.1 {status}\r\ncontent-encoding: br\r\n\r\n");
        let server = Server::answering(HOST, vec![answer(&head)]).await;
        let response = client_of(&server).send(get("/")).await.unwrap();
        assert_eq!(collect(response.body).await.unwrap(), b"", "{status}");
    }
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
