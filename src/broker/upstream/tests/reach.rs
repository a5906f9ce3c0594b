//! Which addresses are connected to, whatever the environment says.

use std::net::TcpListener;
use std::process::Command;

use http::Method;

use super::server::{Event, Server};
use super::{HOST, client_of, collect, get, ok, request, send_error};
use crate::broker::guard::{GuardError, Reach, SpecialRange};
use crate::broker::upstream::error::{ConnectFault, TlsFault};
use crate::broker::upstream::{
    Egress, EgressProxy, OutgoingRequest, Redirect, UpstreamClient, UpstreamError,
};

#[tokio::test]
async fn addresses_that_are_not_global_are_refused_by_name_and_as_they_stand() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let client = UpstreamClient::new();
    for (host, range) in [
        ("localhost", SpecialRange::Loopback),
        ("127.0.0.1", SpecialRange::Loopback),
        ("[::1]", SpecialRange::Loopback),
        ("10.0.0.1", SpecialRange::Private),
        ("169.254.169.254", SpecialRange::Metadata),
        ("[::ffff:7f00:1]", SpecialRange::Ipv4Mapped),
        ("[fe80::1]", SpecialRange::LinkLocal),
    ] {
        let error = send_error(&client, request(Method::GET, &format!("https://{host}:{port}/"))).await;
        let UpstreamError::Guard(GuardError::NotGlobal { range: found, .. }) = error else {
            panic!("{error}")
        };
        assert_eq!(found, range, "{host}");
    }
    assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[tokio::test]
async fn a_redirect_opens_loopback_for_its_host_alone() {
    let mut server = Server::answering(HOST, vec![]).await;
    let client = client_of(&server);
    let outgoing = request(Method::GET, &format!("https://localhost:{}/", server.address.port()));
    assert!(matches!(send_error(&client, outgoing).await, UpstreamError::Guard(_)));
    assert_eq!(server.events_so_far(), []);
}

#[tokio::test]
async fn private_reach_connects_and_still_wants_a_public_certificate() {
    let mut server = Server::answering("localhost", vec![]).await;
    let client = UpstreamClient::new();
    for host in ["127.0.0.1", "localhost"] {
        let url = format!("https://{host}:{}/", server.address.port());
        let outgoing = OutgoingRequest { reach: Reach::PrivateNetwork, ..request(Method::GET, &url) };
        let error = send_error(&client, outgoing).await;
        assert!(matches!(error, UpstreamError::Tls { fault: TlsFault::UnknownIssuer, .. }), "{error}");
        assert_eq!(server.next_event().await, Event::Accepted);
    }
}

#[tokio::test]
async fn a_closed_port_is_unreachable() {
    let server = Server::answering(HOST, vec![]).await;
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let redirect = Redirect { address: closed, ..server.redirect() };
    let client = UpstreamClient::with_redirects([(HOST.to_owned(), redirect)]).unwrap();
    let expected = UpstreamError::Unreachable { host: HOST.to_owned(), fault: ConnectFault::Refused };
    assert_eq!(send_error(&client, get("/")).await, expected);
}

/// A client that leaves by a proxy which nobody may ask.
fn behind_a_proxy(client: UpstreamClient, extra_ca: Option<Vec<u8>>) -> (UpstreamClient, TcpListener) {
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    proxy.set_nonblocking(true).unwrap();
    let url = format!("http://{}", proxy.local_addr().unwrap());
    let egress = Egress { proxy: Some(EgressProxy::parse(&url).unwrap()), extra_ca };
    (client.leaving_by(egress), proxy)
}

fn nobody_asked(proxy: &TcpListener) {
    assert_eq!(proxy.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[tokio::test]
async fn a_private_network_and_what_a_test_vault_redirects_are_reached_without_the_proxy() {
    let server = Server::answering("localhost", vec![ok("private")]).await;
    let (client, proxy) = behind_a_proxy(UpstreamClient::new(), Some(server.ca_pem.clone()));
    let url = format!("https://localhost:{}/", server.address.port());
    let outgoing = OutgoingRequest { reach: Reach::PrivateNetwork, ..request(Method::GET, &url) };
    let answer = client.send(outgoing).await.unwrap();
    assert_eq!(collect(answer.body).await.unwrap(), b"private", "and the extra authority is trusted");
    nobody_asked(&proxy);

    let server = Server::answering(HOST, vec![ok("redirected")]).await;
    let (client, proxy) = behind_a_proxy(client_of(&server), None);
    let answer = client.send(get("/")).await.unwrap();
    assert_eq!(collect(answer.body).await.unwrap(), b"redirected");
    nobody_asked(&proxy);
}

#[tokio::test]
async fn a_proxy_is_never_asked_for_what_no_public_name_leads_to() {
    let (client, proxy) = behind_a_proxy(UpstreamClient::new(), None);
    for host in [
        "10.0.0.1",
        "127.0.0.1",
        "[::1]",
        "169.254.169.254",
        "[::ffff:a00:1]",
        "localhost",
        "intranet",
        "db.internal",
    ] {
        let error = send_error(&client, request(Method::GET, &format!("https://{host}/"))).await;
        assert!(matches!(error, UpstreamError::Guard(_)), "{host}: {error}");
    }
    nobody_asked(&proxy);
}

/// Another process runs a test of this file among variables that other clients obey.
#[expect(clippy::disallowed_methods, reason = "the test runs itself")]
#[test]
fn the_environment_changes_nothing() {
    let key_log = tempfile::tempdir().unwrap().keep().join("keys");
    let module = module_path!().split_once("::").unwrap().1.replace("::reach", "");
    let test = format!("{module}::wire::the_second_request_to_a_host_finds_the_connection_open");
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", &test]).env("SSLKEYLOGFILE", &key_log);
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY"] {
        command.env(name, "http://127.0.0.1:1");
    }
    for name in ["SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE"] {
        command.env(name, "/dev/null");
    }
    let output = command.output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && stdout.contains("1 passed"), "{stdout}");
    assert!(!key_log.exists());
}
