//! Makes connections: name, TCP, the egress proxy where there is one, and TLS, all within one limit of time.
//!
//! Must never make one that is not TLS to the host that is asked for: the proxy opens the way and sees no more.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use thiserror::Error;
use tokio::net::TcpStream;
use tower_service::Service;

use super::outgoing::Outbound;
use crate::broker::metrics::connections::counted;
use crate::broker::resolver::GuardedResolver;

/// How long a connection may take to be made: name, TCP and TLS together.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an idle connection is kept for the next request.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(90);
/// How many idle connections to one host are kept: a rush of callers does not leave as many open behind it.
const MOST_IDLE: usize = 64;

/// Sends requests over connections that it keeps; cheap to clone.
pub(super) type Client = legacy::Client<Connector, Outbound>;

/// A client that connects straight, or by way of `proxy`.
pub(super) fn client(tls: rustls::ClientConfig, resolver: GuardedResolver, proxy: Option<Uri>) -> Client {
    let mut tcp = HttpConnector::new_with_resolver(resolver);
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    let connector = match proxy {
        None => Connector::Straight(HttpsConnector::from((tcp, tls))),
        Some(proxy) => Connector::ByProxy(HttpsConnector::from((Tunnel::new(proxy, tcp), tls))),
    };
    legacy::Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .timer(TokioTimer::new())
        .pool_idle_timeout(POOL_IDLE_TIMEOUT)
        .pool_max_idle_per_host(MOST_IDLE)
        .build(connector)
}

type Tcp = HttpConnector<GuardedResolver>;

/// The way to a host.
#[derive(Clone)]
pub(super) enum Connector {
    Straight(HttpsConnector<Tcp>),
    ByProxy(HttpsConnector<Tunnel<Tcp>>),
}

/// A connection was not made in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("no connection within {} s", CONNECT_TIMEOUT.as_secs())]
pub(super) struct ConnectTimeout;

type Failure = Box<dyn std::error::Error + Send + Sync>;
type Connection = MaybeHttpsStream<TokioIo<TcpStream>>;

impl Service<Uri> for Connector {
    type Response = Connection;
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<Connection, Failure>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        match self {
            Self::Straight(connector) => connector.poll_ready(cx),
            Self::ByProxy(connector) => connector.poll_ready(cx),
        }
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = match self {
            Self::Straight(connector) => connector.call(uri),
            Self::ByProxy(connector) => connector.call(uri),
        };
        Box::pin(counted(async move {
            tokio::time::timeout(CONNECT_TIMEOUT, connecting).await.map_err(|_| ConnectTimeout)?
        }))
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connector")
    }
}
