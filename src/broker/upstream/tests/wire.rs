//! What goes out, and on which connection.

use bytes::Bytes;
use futures_util::StreamExt;
use http::header::{ACCEPT_ENCODING, AUTHORIZATION};
use http::{HeaderName, HeaderValue, StatusCode};

use super::server::{Answer, Event, Identity, Server, Then};
use super::{HOST, answer, client_of, collect, get, ok, post, send_error};
use crate::broker::upstream::{OutgoingRequest, RequestBody, UpstreamError, UrlFault};

#[tokio::test]
async fn the_second_request_to_a_host_finds_the_connection_open() {
    let mut server = Server::answering(HOST, vec![ok("one"), ok("two")]).await;
    let client = client_of(&server);
    for expected in ["one", "two"] {
        // The URL names no port: the redirect's is used.
        let response = client.send(get("/")).await.unwrap();
        assert_eq!(response.status, StatusCode::OK);
        assert_eq!(collect(response.body).await.unwrap(), expected.as_bytes());
    }
    let accepted = server.events_so_far().iter().filter(|event| **event == Event::Accepted).count();
    assert_eq!(accepted, 1);
}

#[tokio::test]
async fn a_connection_is_shared_by_requests_of_one_account_alone() {
    let mut server = Server::answering(HOST, (0..4).map(|_| ok("")).collect()).await;
    let client = client_of(&server);
    for account in ["one", "two", "one", "two"] {
        let request = OutgoingRequest { account: account.to_owned(), ..get("/") };
        collect(client.send(request).await.unwrap().body).await.unwrap();
    }
    let accepted = server.events_so_far().iter().filter(|event| **event == Event::Accepted).count();
    assert_eq!(accepted, 2);
}

#[tokio::test]
async fn the_request_goes_out_as_given_with_nothing_of_ours_but_framing() {
    let mut server = Server::answering(HOST, vec![ok("")]).await;
    let mut outgoing = post(RequestBody::Bytes(Bytes::from_static(b"{\"a\": 1}")));
    *outgoing.url = format!("https://{HOST}/v1/%41//b%2Fc;p/?q=a+b&q=%20&z");
    outgoing.headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer key"));
    outgoing.headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("br, zstd"));
    client_of(&server).send(outgoing).await.unwrap();

    let (head, body) = server.next_request().await;
    let mut lines = head.trim_end().split("\r\n");
    assert_eq!(lines.next(), Some("POST /v1/%41//b%2Fc;p/?q=a+b&q=%20&z HTTP/1.1"));
    let mut headers: Vec<&str> = lines.collect();
    headers.sort_unstable();
    let expected =
        ["accept-encoding: gzip", "authorization: Bearer key", "content-length: 8", "host: api.example.com"];
    assert_eq!(headers, expected);
    assert_eq!(body, b"{\"a\": 1}");
}

#[tokio::test]
async fn paths_and_queries_reach_the_request_line_byte_for_byte() {
    let paths =
        ["/", "/?", "/a?", "/a/", "/a//", "/%2f%5c%00", "/a:b", "/;x=1", "/a?b?c", "/a?[]|^", "/a?../b"];
    let answers = paths.iter().map(|_| ok("")).collect();
    let mut server = Server::answering(HOST, answers).await;
    let client = client_of(&server);
    for path in paths {
        client.send(get(path)).await.unwrap();
        let (head, _) = server.next_request().await;
        assert_eq!(head.lines().next(), Some(format!("GET {path} HTTP/1.1").as_str()));
    }
}

#[tokio::test]
async fn a_url_with_two_spellings_and_our_own_headers_are_refused_before_any_connection() {
    let mut server = Server::answering(HOST, vec![]).await;
    let client = client_of(&server);
    let error = send_error(&client, get("/a/../b")).await;
    assert_eq!(error, UpstreamError::Url { fault: UrlFault::Respelled });

    for name in
        ["host", "Content-Length", "transfer-encoding", "connection", "TE", "expect", "Proxy-Authorization"]
    {
        let mut outgoing = get("/");
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        outgoing.headers.insert(&name, HeaderValue::from_static("x"));
        assert_eq!(send_error(&client, outgoing).await, UpstreamError::OwnHeader { name });
    }
    assert_eq!(server.events_so_far(), []);
}

#[tokio::test]
async fn http_2_is_spoken_with_an_upstream_that_offers_it() {
    let identity = Identity { name: HOST, expired: false };
    let mut server = Server::start(&identity, &[b"h2", b"http/1.1"], vec![]).await;
    let error = send_error(&client_of(&server), get("/")).await;
    assert_eq!(error, UpstreamError::Protocol { host: HOST.to_owned() });
    assert_eq!(server.next_event().await, Event::Accepted);
    assert_eq!(server.next_event().await, Event::Secured(Some(b"h2".to_vec())));
    assert_eq!(server.next_request().await.0, "PRI * HTTP/2.0\r\n\r\n");
}

#[tokio::test]
async fn redirects_are_answers() {
    let moved = "HTTP/1.1 307 Moved\r\nlocation: https://elsewhere.example/\r\nrefresh: 0\r\ncontent-length: 0\r\n\r\n";
    let mut server = Server::answering(HOST, vec![answer(moved)]).await;
    let response = client_of(&server).send(get("/")).await.unwrap();
    assert_eq!(response.status, StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(response.headers["location"], "https://elsewhere.example/");
    let requests = server.events_so_far().into_iter().filter(|event| matches!(event, Event::Request { .. }));
    assert_eq!(requests.count(), 1);
}

#[tokio::test]
async fn a_switch_of_protocols_that_nobody_asked_for_is_an_error() {
    let switch = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\nsomething";
    let server = Server::answering(HOST, vec![answer(switch)]).await;
    let error = send_error(&client_of(&server), get("/")).await;
    assert_eq!(error, UpstreamError::Protocol { host: HOST.to_owned() });
}

#[tokio::test]
async fn dropping_the_answer_ends_the_request() {
    let endless = Answer {
        bytes: b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n".to_vec(),
        then: Then::Stall,
    };
    let mut server = Server::answering(HOST, vec![endless]).await;
    let mut response = client_of(&server).send(get("/")).await.unwrap();
    assert_eq!(response.body.next().await, Some(Ok(Bytes::from_static(b"hello"))));
    server.next_request().await;
    drop(response);
    assert_eq!(server.next_event().await, Event::ClientGone);
}
