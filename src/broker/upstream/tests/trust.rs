//! Whose certificates are believed.

use http::Method;

use super::server::{Event, Identity, Server};
use super::{HOST, client_of, get, ok, request, send_error};
use crate::broker::upstream::error::TlsFault;
use crate::broker::upstream::{ClientError, Redirect, UpstreamClient, UpstreamError};

async fn tls_fault(client: &UpstreamClient) -> TlsFault {
    match send_error(client, get("/")).await {
        UpstreamError::Tls { fault, .. } => fault,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn the_authority_of_one_redirected_host_is_not_trusted_for_another() {
    let ours = Server::answering(HOST, vec![]).await;
    let mut theirs = Server::answering(HOST, vec![ok("")]).await;
    let redirects = [
        (HOST.to_owned(), Redirect { address: theirs.address, ..ours.redirect() }),
        ("other.example.com".to_owned(), theirs.redirect()),
    ];
    let client = UpstreamClient::with_redirects(redirects).unwrap();
    assert_eq!(tls_fault(&client).await, TlsFault::UnknownIssuer);
    assert!(!theirs.events_so_far().iter().any(|event| matches!(event, Event::Request { .. })));
}

#[tokio::test]
async fn a_certificate_must_carry_the_name_and_be_in_date() {
    for (name, expired, fault) in
        [("other.example.com", false, TlsFault::WrongName), (HOST, true, TlsFault::Expired)]
    {
        let server = Server::start(&Identity { name, expired }, &[], vec![]).await;
        assert_eq!(tls_fault(&client_of(&server)).await, fault);
    }
}

#[tokio::test]
async fn an_upstream_that_does_not_speak_tls_is_not_spoken_to() {
    let server = Server::answering(HOST, vec![]).await;
    let plain = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let redirect = Redirect { address: plain.local_addr().unwrap(), ..server.redirect() };
    let client = UpstreamClient::with_redirects([(HOST.to_owned(), redirect)]).unwrap();
    let greet = async {
        let (mut connection, _) = plain.accept().await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut connection, b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .await
            .unwrap();
    };
    assert_eq!(tokio::join!(tls_fault(&client), greet).0, TlsFault::Handshake);
}

#[test]
fn redirects_that_cannot_work_are_refused_at_once() {
    let redirect = |ca_pem: &str| Redirect { address: ([127, 0, 0, 1], 1).into(), ca_pem: ca_pem.into() };
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for ca_pem in ["", "no certificate", broken] {
        let client = UpstreamClient::with_redirects([(HOST.to_owned(), redirect(ca_pem))]);
        assert_eq!(client.err(), Some(ClientError::CertificateAuthority { host: HOST.to_owned() }));
    }
    for host in ["127.0.0.1", "[::1]", "API.example.com", "api.example.com:8443", "a/b", ""] {
        let client = UpstreamClient::with_redirects([(host.to_owned(), redirect(""))]);
        assert_eq!(client.err(), Some(ClientError::RedirectedHost { host: host.to_owned() }));
    }
}

#[tokio::test]
async fn a_redirected_host_with_a_port_is_refused() {
    let server = Server::answering(HOST, vec![]).await;
    let outgoing = request(Method::GET, &format!("https://{HOST}:8443/"));
    let error = send_error(&client_of(&server), outgoing).await;
    assert_eq!(error, UpstreamError::RedirectedPort { host: HOST.to_owned() });
}
