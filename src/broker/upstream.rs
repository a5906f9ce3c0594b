//! The one way out: sends a signed request to its upstream, over pooled TLS, and hands back the answer as a
//! stream.
//!
//! Must never follow a redirect, read the environment, use a proxy or trust a certificate authority that neither is
//! built in nor stands in the vault, connect to an address that the guard refuses, hand back a body that is still
//! encoded, or put a URL or a header into an error: keys stand in both.
//!
//! What goes out is what was given, byte for byte. Added are `host`, the body's framing, and `accept-encoding`,
//! which is ours to say since the answer must be readable to be scrubbed; and `accept: */*`, which means the same
//! as no `accept` at all (RFC 9110 §12.5.1), where the request has none.

mod answer;
mod body;
mod coding;
mod egress;
mod error;
mod outgoing;
mod pools;
mod resend;
mod target;
mod tls;
mod upgrade;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::header::{ACCEPT_ENCODING, CONTENT_LENGTH, RANGE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use reqwest::Client;
use rustls::sign::CertifiedKey;
use zeroize::Zeroizing;

use crate::broker::guard::Reach;
use crate::broker::identity::ClientIdentity;
use crate::broker::metrics::connections::Counting;
use crate::broker::resolver::GuardedResolver;
use crate::platform::clock;
use crate::spec::header::{Reserved, reserved};
use pools::{Key, Pools, Way};
use resend::Sending;
use target::Target;
use upgrade::Handshake;

pub use answer::UpstreamResponse;
pub use body::ResponseBody;
pub use egress::{Egress, EgressError, EgressProxy, count_authorities};
pub use error::{ClientError, Phase, UpstreamError};
pub use outgoing::{CallerBodyFault, CallerStream, RequestBody};
pub use target::UrlFault;
pub use upgrade::Upgraded;

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
    /// Whose request it is: connections are shared by requests of one account alone.
    pub account: String,
    /// What its connections show, if the upstream asks.
    pub(super) identity: Option<Arc<ClientIdentity>>,
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

impl Patience {
    /// Of a caller who says how long the call may take: no silence is too long before that.
    pub fn within(limit: Duration) -> Self {
        Self { first_byte: limit, idle: limit }
    }
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
    egress: Egress,
    redirected: HashMap<String, Redirected>,
    /// What all connections to hosts at their own addresses have in common, the memory of TLS sessions too.
    tls: OnceLock<rustls::ClientConfig>,
    pools: Pools,
}

/// A redirect that can work.
struct Redirected {
    address: SocketAddr,
    tls: rustls::ClientConfig,
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
            if literal_address(&host).is_some() || !target::is_canonical_host(&host) {
                return Err(ClientError::RedirectedHost { host });
            }
            let tls = tls::only_roots(&host, &redirect.ca_pem)?;
            client.redirected.insert(host, Redirected { address: redirect.address, tls });
        }
        Ok(client)
    }

    /// The same client, whose requests leave as the operator says. Hosts of a private network, and those that a
    /// test vault sends elsewhere, are still connected to straight.
    #[must_use]
    pub fn leaving_by(self, egress: Egress) -> Self {
        Self { egress, ..self }
    }

    /// Sends `request` and waits for the head of its answer.
    ///
    /// Dropping the future, or the answer's body, ends the request at the upstream.
    ///
    /// # Errors
    /// [`UpstreamError`]. A status of 4xx or 5xx is an answer, not an error, and so is a redirect.
    pub async fn send(&self, request: OutgoingRequest) -> Result<UpstreamResponse, UpstreamError> {
        let target = Target::parse(&request.url)?;
        let way = self.way(&target, request.reach)?;
        let is_proxied = way == Way::Global && self.egress.proxy.is_some();
        let handshake = match request.body {
            RequestBody::Messages => Some(Handshake::new()?),
            _ => None,
        };
        let client = match &handshake {
            // What becomes a WebSocket was no other request's connection before, and is none's after it.
            Some(_) => {
                let identity = opened(request.identity).await?;
                self.connections(&way, identity, Some(tls::HTTP_1))?
            }
            None => self.pool(way, request.account, request.identity).await?,
        };
        let mut headers = complete_headers(request.headers, &request.method, &request.body)?;
        if let Some(handshake) = &handshake {
            handshake.ask(&mut headers)?;
        }
        let wants_body = request.method != Method::HEAD;

        let Target { host, url } = target;
        let (method, body) = (request.method, request.body.into_outbox());
        let first_byte = request.patience.first_byte;
        let sending = Sending { client: &client, host: &host, method, url, headers, body, first_byte };
        let answer = sending.send().await;
        let answer = if is_proxied { answer.map_err(UpstreamError::through_proxy) } else { answer }?;

        match handshake {
            Some(handshake) => handshake.finish(host, answer, request.patience).await,
            None => UpstreamResponse::of(host, answer, wants_body, request.patience.idle),
        }
    }

    /// The way to a host, where it may be gone.
    fn way(&self, target: &Target, reach: Reach) -> Result<Way, UpstreamError> {
        if self.redirected.contains_key(&target.host) {
            // An explicit port would win over the redirect's, and end up at some other local service.
            return match target.url.port() {
                None => Ok(Way::Redirected(target.host.clone())),
                Some(_) => Err(UpstreamError::RedirectedPort { host: target.host.clone() }),
            };
        }
        let literal = literal_address(&target.host);
        if let Some(address) = literal {
            // The connector does not resolve an address, so that the resolver's guard would not see it.
            reach.check(&target.host, address)?;
        }
        if reach == Reach::PrivateNetwork {
            return Ok(Way::PrivateNetwork);
        }
        if self.egress.proxy.is_some() {
            egress::check_target(&target.host, literal)?;
        }
        Ok(Way::Global)
    }

    /// The connections of an account on its way.
    async fn pool(
        &self,
        way: Way,
        account: String,
        identity: Option<Arc<ClientIdentity>>,
    ) -> Result<Client, UpstreamError> {
        let fingerprint = identity.as_ref().map(|identity| identity.fingerprint());
        let key = Key { way, account, identity: fingerprint };
        if let Some(client) = self.pools.kept(&key) {
            return Ok(client);
        }
        let client = self.connections(&key.way, opened(identity).await?, None)?;
        Ok(self.pools.keep(key, client))
    }

    /// A client for a way; one that speaks `only` a certain version of HTTP, where that is said.
    fn connections(
        &self,
        way: &Way,
        identity: Option<CertifiedKey>,
        only: Option<&[u8]>,
    ) -> Result<Client, ClientError> {
        let showing = |mut tls: rustls::ClientConfig| {
            only.iter().for_each(|version| tls.alpn_protocols = vec![version.to_vec()]);
            match identity {
                None => tls,
                Some(identity) => tls::showing(identity, tls),
            }
        };
        match (way, &self.egress.proxy) {
            (Way::Redirected(host), _) => {
                // `way` gives no other.
                let Redirected { address, tls } =
                    self.redirected.get(host).ok_or(ClientError::RedirectedHost { host: host.clone() })?;
                let resolver = GuardedResolver::new(Reach::Global).redirecting(host, *address);
                build_client(showing(tls.clone()), resolver, None)
            }
            (Way::PrivateNetwork, _) => {
                build_client(showing(self.tls()?), GuardedResolver::new(Reach::PrivateNetwork), None)
            }
            (Way::Global, None) => {
                build_client(showing(self.tls()?), GuardedResolver::new(Reach::Global), None)
            }
            // Of the names on this way, the proxy's alone is resolved here.
            (Way::Global, proxy) => {
                let resolver = GuardedResolver::new(EgressProxy::reach());
                build_client(showing(self.tls()?), resolver, proxy.as_ref())
            }
        }
    }

    fn tls(&self) -> Result<rustls::ClientConfig, ClientError> {
        if let Some(tls) = self.tls.get() {
            return Ok(tls.clone());
        }
        let tls = tls::roots(self.egress.extra_ca.as_deref())?;
        Ok(self.tls.get_or_init(|| tls).clone())
    }
}

/// The identity, ready to be shown; made away from the threads that serve others.
async fn opened(identity: Option<Arc<ClientIdentity>>) -> Result<Option<CertifiedKey>, UpstreamError> {
    let Some(identity) = identity else { return Ok(None) };
    let opened = tokio::task::spawn_blocking(move || identity.open(clock::now_ms()));
    Ok(Some(opened.await.map_err(|_| ClientError::Build)??))
}

fn build_client(
    tls: rustls::ClientConfig,
    resolver: GuardedResolver,
    proxy: Option<&EgressProxy>,
) -> Result<Client, ClientError> {
    let builder = Client::builder()
        .tls_backend_preconfigured(tls)
        .https_only(true)
        .dns_resolver(resolver)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(POOL_IDLE_TIMEOUT)
        .tcp_nodelay(true)
        .connector_layer(Counting);
    let builder = match proxy {
        None => builder,
        Some(proxy) => builder.proxy(reqwest::Proxy::all(proxy.url()).map_err(|_| ClientError::Build)?),
    };
    builder.build().map_err(|_| ClientError::Build)
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

#[cfg(test)]
mod tests;
