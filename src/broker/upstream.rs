//! The one way out: sends a signed request to its upstream, over pooled TLS, and hands back the answer as a
//! stream.
//!
//! Must never follow a redirect, use a proxy, read the environment, trust a certificate authority beyond the
//! built-in ones (and, for a redirected host of a test vault, the one given for it), connect to an address that
//! the guard refuses, hand back a body that is still encoded, or put a URL or a header into an error: keys stand in
//! both.
//!
//! What goes out is what was given, byte for byte. Added are `host`, the body's framing, and `accept-encoding`,
//! which is ours to say since the answer must be readable to be scrubbed; and `accept: */*`, which means the same
//! as no `accept` at all (RFC 9110 §12.5.1), where the request has none.

mod answer;
mod body;
mod coding;
mod error;
mod target;
mod tls;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::header::{ACCEPT_ENCODING, CONTENT_LENGTH, RANGE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use reqwest::Client;
use zeroize::Zeroizing;

use crate::broker::guard::Reach;
use crate::broker::resolver::GuardedResolver;
use crate::spec::header::{Reserved, reserved};
use target::Target;

pub use answer::UpstreamResponse;
pub use body::{CallerBodyFault, CallerStream, RequestBody, ResponseBody};
pub use error::{ClientError, Phase, UpstreamError};
pub use target::UrlFault;

/// How long a connection may take to be made: name, TCP and TLS together.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an idle connection is kept for the next request.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(90);

/// A request as it goes out. Holds secrets: no `Debug`.
pub struct OutgoingRequest {
    pub method: Method,
    /// Absolute, `https`, and spelled as a URL library would spell it: any other spelling is refused.
    pub url: Zeroizing<String>,
    /// Without `host`, framing and hop-by-hop headers: those are refused. `accept-encoding` is overruled.
    pub headers: HeaderMap,
    pub body: RequestBody,
    pub reach: Reach,
    pub patience: Patience,
}

/// How long an upstream may keep silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Until the head of the answer, counted from when the last piece of the request's body was taken.
    pub first_byte: Duration,
    /// Between two pieces of the answer's body, while one is waited for.
    pub idle: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        let silence = Duration::from_secs(120);
        Self { first_byte: silence, idle: silence }
    }
}

/// Where a test vault sends the requests for one host.
#[derive(Debug, Clone)]
pub struct Redirect {
    /// Connected to in place of the host's own addresses, and not guarded.
    pub address: SocketAddr,
    /// The only certificate authorities trusted for this host; one or more, in PEM.
    pub ca_pem: Vec<u8>,
}

/// Connections to upstreams, kept and shared. Cheap to make: nothing is built before the first request.
#[derive(Default)]
pub struct UpstreamClient {
    /// A pool for each reach, so that no request meets a connection that it could not have opened.
    global: OnceLock<Client>,
    private_network: OnceLock<Client>,
    redirected: HashMap<String, Client>,
}

impl UpstreamClient {
    /// A client that reaches every host at its own address.
    pub fn new() -> Self {
        Self::default()
    }

    /// A client for a test vault: these hosts, and these alone, are elsewhere.
    ///
    /// # Errors
    /// [`ClientError`] where a host is not a name in its one spelling, or has no usable certificate authority.
    pub fn with_redirects(
        redirects: impl IntoIterator<Item = (String, Redirect)>,
    ) -> Result<Self, ClientError> {
        let mut client = Self::new();
        for (host, redirect) in redirects {
            let redirected = build_redirected(&host, &redirect)?;
            client.redirected.insert(host, redirected);
        }
        Ok(client)
    }

    /// Sends `request` and waits for the head of its answer.
    ///
    /// Dropping the future, or the answer's body, ends the request at the upstream.
    ///
    /// # Errors
    /// [`UpstreamError`]. A status of 4xx or 5xx is an answer, not an error, and so is a redirect.
    pub async fn send(&self, request: OutgoingRequest) -> Result<UpstreamResponse, UpstreamError> {
        let target = Target::parse(&request.url)?;
        let client = self.client_for(&target, request.reach)?;
        let headers = complete_headers(request.headers, &request.method, &request.body)?;
        let wants_body = request.method != Method::HEAD;

        let host = target.host;
        let (body, progress) = request.body.into_reqwest();
        let outgoing = client.request(request.method, target.url).headers(headers).body(body);
        let answer = wait_for_head(outgoing.send(), &progress, request.patience.first_byte).await;
        let answer = answer
            .ok_or_else(|| UpstreamError::Timeout { host: host.clone(), phase: Phase::FirstByte })?
            .map_err(|error| UpstreamError::from_send(&host, &error))?;

        UpstreamResponse::of(host, answer, wants_body, request.patience.idle)
    }

    fn client_for(&self, target: &Target, reach: Reach) -> Result<&Client, UpstreamError> {
        if let Some(client) = self.redirected.get(&target.host) {
            // An explicit port would win over the redirect's, and end up at some other local service.
            return match target.url.port() {
                None => Ok(client),
                Some(_) => Err(UpstreamError::RedirectedPort { host: target.host.clone() }),
            };
        }
        if let Some(address) = literal_address(&target.host) {
            // The connector does not resolve an address, so that the resolver's guard would not see it.
            reach.check(&target.host, address)?;
        }
        let client = match reach {
            Reach::Global => &self.global,
            Reach::PrivateNetwork => &self.private_network,
        };
        if let Some(client) = client.get() {
            return Ok(client);
        }
        let built = build_client(tls::built_in_roots()?, GuardedResolver::new(reach))?;
        Ok(client.get_or_init(|| built))
    }
}

fn build_redirected(host: &str, redirect: &Redirect) -> Result<Client, ClientError> {
    if literal_address(host).is_some() || !target::is_canonical_host(host) {
        return Err(ClientError::RedirectedHost { host: host.to_owned() });
    }
    let tls = tls::only_roots(host, &redirect.ca_pem)?;
    build_client(tls, GuardedResolver::new(Reach::Global).redirecting(host, redirect.address))
}

fn build_client(tls: rustls::ClientConfig, resolver: GuardedResolver) -> Result<Client, ClientError> {
    Client::builder()
        .tls_backend_preconfigured(tls)
        .https_only(true)
        .dns_resolver(resolver)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(POOL_IDLE_TIMEOUT)
        .tcp_nodelay(true)
        .build()
        .map_err(|_| ClientError::Build)
}

/// The address that a URL's host is, where it is not a name.
fn literal_address(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// The request's headers, with those that are this client's to set. One that the caller of this function has no
/// business with is refused: dropped, it would leave the request other than it was judged and signed.
fn complete_headers(
    mut headers: HeaderMap,
    method: &Method,
    body: &RequestBody,
) -> Result<HeaderMap, UpstreamError> {
    if let Some(name) = headers.keys().find(|name| is_own_header(name)) {
        return Err(UpstreamError::OwnHeader { name: name.clone() });
    }
    // A piece of a compressed file cannot be decoded: a range is asked for as it stands.
    let coding = if headers.contains_key(RANGE) { "identity" } else { "gzip" };
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(coding));
    match body.length() {
        // Where a body is not expected, its absence is not announced (RFC 9110 §8.6).
        Some(0) if ![Method::POST, Method::PUT, Method::PATCH].contains(method) => {}
        Some(length) => _ = headers.insert(CONTENT_LENGTH, HeaderValue::from(length)),
        None => {}
    }
    Ok(headers)
}

/// True for `host`, framing and hop-by-hop headers.
fn is_own_header(name: &HeaderName) -> bool {
    let name = name.as_str();
    reserved(name) == Some(Reserved::Connection) || name == "host" || name.starts_with("proxy-")
}

/// The answer, or `None` once nothing has moved for `limit`: no answer, and no piece of the body taken.
async fn wait_for_head<T>(
    answer: impl Future<Output = T>,
    progress: &AtomicU64,
    limit: Duration,
) -> Option<T> {
    let mut answer = pin!(answer);
    loop {
        let taken = progress.load(Ordering::Relaxed);
        match tokio::time::timeout(limit, &mut answer).await {
            Ok(answer) => return Some(answer),
            Err(_) if progress.load(Ordering::Relaxed) != taken => {}
            Err(_) => return None,
        }
    }
}

#[cfg(test)]
mod tests;
