//! How requests leave this machine: straight, or through a proxy that the operator named in the vault.
//!
//! Through a proxy the upstream's name is resolved by the proxy. TLS goes through it end to end (`CONNECT`), so
//! that the proxy sees the host's name and no more, unless the operator trusts a certificate authority of its own.
//! Must never read the environment.

use std::fmt;
use std::net::IpAddr;

use http::Uri;
use thiserror::Error;
use url::Url;

use super::tls;
use super::{ClientError, literal_address};
use crate::broker::guard::{GuardError, Reach};
use crate::vault::{SettingName, Settings};

/// What the operator says about the way out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Egress {
    pub proxy: Option<EgressProxy>,
    /// Certificate authorities, in PEM, that are trusted beside the built-in ones.
    pub extra_ca: Option<Vec<u8>>,
}

/// An HTTP proxy that opens connections for us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EgressProxy(Url);

/// Why a text is no proxy to go through.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EgressError {
    #[error("it is not `http://HOST:PORT`")]
    Shape,
    #[error("it has a user name or password, which is not supported")]
    UserInfo,
    #[error(transparent)]
    Address(#[from] GuardError),
    #[error(transparent)]
    Authorities(#[from] ClientError),
}

impl Egress {
    /// As the vault's settings say.
    ///
    /// # Errors
    /// When a setting is not what was checked when it was made: nothing then leaves some other way.
    pub(in crate::broker) fn of(settings: &Settings) -> Result<Self, ClientError> {
        let text = |name| settings.get(&name).map(|setting| setting.value.as_str());
        let proxy = text(SettingName::EgressProxy).map(EgressProxy::parse).transpose();
        Ok(Self {
            proxy: proxy.map_err(|_| ClientError::Proxy)?,
            extra_ca: text(SettingName::ExtraCa).map(|pem| pem.as_bytes().to_vec()),
        })
    }
}

impl EgressProxy {
    /// Takes `http://HOST:PORT`, with or without a `/` behind it.
    ///
    /// # Errors
    /// When it is anything else, or an address that nothing should be sent to.
    pub fn parse(text: &str) -> Result<Self, EgressError> {
        let url = Url::parse(text).map_err(|_| EgressError::Shape)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EgressError::UserInfo);
        }
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let host = url.host_str().filter(|_| url.scheme() == "http" && bare).ok_or(EgressError::Shape)?;
        if let Some(address) = literal_address(host) {
            Self::reach().check(host, address)?;
        }
        Ok(Self(url))
    }

    /// The proxy may stand in the operator's own network.
    pub(super) fn reach() -> Reach {
        Reach::PrivateNetwork
    }

    pub(super) fn uri(&self) -> Result<Uri, ClientError> {
        self.0.as_str().parse().map_err(|_| ClientError::Proxy)
    }
}

impl fmt::Display for EgressProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (host, port) = (self.0.host_str().unwrap_or_default(), self.0.port().unwrap_or(80));
        write!(f, "http://{host}:{port}")
    }
}

/// How many certificate authorities `pem` holds.
///
/// # Errors
/// When it holds none, or one that is of no use.
pub fn count_authorities(pem: &[u8]) -> Result<usize, ClientError> {
    Ok(tls::authorities(pem).ok_or(ClientError::ExtraAuthority)?.len())
}

/// Refuses a host that only a local resolver could know, or that is no public address: the proxy would be the one
/// to connect to it, and nobody could look where to.
pub(super) fn check_target(host: &str, literal: Option<IpAddr>) -> Result<(), GuardError> {
    match literal {
        Some(address) => Reach::Global.check(host, address).map(drop),
        None if is_local(host) => Err(GuardError::LocalName { host: host.to_owned() }),
        None => Ok(()),
    }
}

/// True for a name of one label, and under the domains that are set aside for local networks and for nobody
/// (RFC 6761, RFC 6762, RFC 7686, RFC 8375, and `internal`, which ICANN reserved).
fn is_local(host: &str) -> bool {
    const LOCAL: [&str; 10] =
        ["alt", "arpa", "example", "internal", "invalid", "lan", "local", "localhost", "onion", "test"];
    match host.trim_end_matches('.').rsplit_once('.') {
        None => true,
        Some((_, last)) => LOCAL.contains(&last.to_ascii_lowercase().as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_a_scheme_a_host_and_a_port() {
        for (text, shown) in [
            ("http://proxy.corp.example:3128", "http://proxy.corp.example:3128"),
            ("http://proxy:8080/", "http://proxy:8080"),
            ("http://10.0.0.1:3128", "http://10.0.0.1:3128"),
            ("http://[::1]:3128", "http://[::1]:3128"),
            ("http://proxy", "http://proxy:80"),
        ] {
            assert_eq!(EgressProxy::parse(text).unwrap().to_string(), shown, "{text}");
        }
        for text in [
            "",
            "proxy:3128",
            "https://proxy:3128",
            "socks5://proxy:1080",
            "http://proxy:3128/path",
            "http://proxy:3128?x",
            "http://proxy:3128#x",
            "http://",
            "http://proxy:99999",
        ] {
            assert_eq!(EgressProxy::parse(text), Err(EgressError::Shape), "{text}");
        }
        assert_eq!(EgressProxy::parse("http://me:pw@proxy:3128"), Err(EgressError::UserInfo));
        for text in ["http://169.254.169.254:80", "http://[fe80::1]:3128", "http://0.0.0.0:1"] {
            assert!(matches!(EgressProxy::parse(text), Err(EgressError::Address(_))), "{text}");
        }
    }

    #[test]
    fn what_a_proxy_may_not_be_asked_for() {
        for host in [
            "localhost",
            "a.localhost",
            "intranet",
            "nas.local",
            "db.internal",
            "router.home.arpa",
            "x.LAN",
            "x.local.",
            "127.0.0.1",
            "10.0.0.1",
            "[::1]",
            "169.254.169.254",
            "[64:ff9b::7f00:1]",
        ] {
            assert!(check_target(host, literal_address(host)).is_err(), "{host}");
        }
        for host in ["api.openai.com", "a.localhost.com", "8.8.8.8", "[2606:4700:4700::1111]"] {
            assert_eq!(check_target(host, literal_address(host)), Ok(()), "{host}");
        }
    }
}
