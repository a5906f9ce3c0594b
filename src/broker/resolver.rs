//! Host names to addresses, with the guard inside: no name reaches the connector with an address that
//! [`Reach`] does not allow.
//!
//! The check is made on the very addresses that are handed to the connector, at every connection, so that a
//! name which changes its mind between two look-ups gains nothing. Overrides exist for test vaults alone: they
//! are what the operator typed, and are not guarded. Must never read the environment or a hosts file of its own.
//!
//! A URL whose host is an address never comes here (the connector uses it as it stands): whoever sends must
//! put such a host through [`Reach::check`] first.

use std::collections::HashMap;
use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::dns::Name;
use tower_service::Service;

use crate::broker::guard::{GuardError, Reach};
use crate::broker::opening;

/// Resolves by the system's resolver and keeps only the addresses within reach.
#[derive(Clone)]
pub struct GuardedResolver {
    reach: Reach,
    overrides: HashMap<String, SocketAddr>,
}

impl GuardedResolver {
    /// A resolver without overrides.
    pub fn new(reach: Reach) -> Self {
        Self { reach, overrides: HashMap::new() }
    }

    /// Answers `address` for `host`, unguarded. Its port is used too, unless the URL names one itself.
    ///
    /// Only ever for a test vault.
    #[must_use]
    pub fn redirecting(mut self, host: &str, address: SocketAddr) -> Self {
        self.overrides.insert(host.to_owned(), address);
        self
    }
}

/// Addresses, one after the other.
pub type Addresses = std::vec::IntoIter<SocketAddr>;

impl Service<Name> for GuardedResolver {
    type Response = Addresses;
    type Error = GuardError;
    type Future = Pin<Box<dyn Future<Output = Result<Addresses, GuardError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), GuardError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let (reach, fixed) = (self.reach, self.overrides.get(name.as_str()).copied());
        Box::pin(async move {
            opening::note();
            if let Some(address) = fixed {
                return Ok(vec![address].into_iter());
            }
            let found = look_up(name.as_str()).await?;
            let within = keep_within(reach, name.as_str(), found)?;
            Ok(within.into_iter().map(unspecified_port).collect::<Vec<_>>().into_iter())
        })
    }
}

/// The guard's refusal among the causes of `error`, where it is one.
pub fn find_guard_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a GuardError> {
    let mut cause = Some(error);
    while let Some(this) = cause {
        if let Some(found) = this.downcast_ref() {
            return Some(found);
        }
        cause = this.source();
    }
    None
}

/// Asks the system, on one of the runtime's blocking threads.
async fn look_up(host: &str) -> Result<Vec<IpAddr>, GuardError> {
    // The system's reason adds nothing that an operator could act on, and differs from libc to libc.
    let found = tokio::net::lookup_host((host, 0)).await;
    let found = found.map_err(|_| GuardError::Unresolved { host: host.to_owned() })?;
    Ok(found.map(|address| address.ip()).collect())
}

/// The addresses of `found` within `reach`, in order; where none is left, the first refusal.
fn keep_within(reach: Reach, host: &str, found: Vec<IpAddr>) -> Result<Vec<IpAddr>, GuardError> {
    let mut refused = None;
    let mut within = Vec::with_capacity(found.len());
    for address in found {
        match reach.check(host, address) {
            Ok(address) => within.push(address),
            Err(error) => refused = refused.or(Some(error)),
        }
    }
    if within.is_empty() {
        return Err(refused.unwrap_or_else(|| GuardError::Unresolved { host: host.to_owned() }));
    }
    Ok(within)
}

/// Port 0 stands for the port of the URL.
fn unspecified_port(address: IpAddr) -> SocketAddr {
    SocketAddr::new(address, 0)
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, SocketAddr};

    use tower_service::Service as _;

    use super::{GuardedResolver, keep_within};
    use crate::broker::guard::{GuardError, Reach, SpecialRange};

    fn addresses(texts: &[&str]) -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().expect("an address")).collect()
    }

    async fn resolve(resolver: &GuardedResolver, host: &str) -> Result<Vec<SocketAddr>, GuardError> {
        resolver.clone().call(host.parse().expect("a name")).await.map(Iterator::collect)
    }

    #[test]
    fn a_mixed_answer_keeps_its_public_addresses_in_order() {
        let found = addresses(&["10.0.0.1", "8.8.8.8", "::1", "2606:4700::1111", "169.254.169.254"]);
        let within = keep_within(Reach::Global, "h", found).unwrap();
        assert_eq!(within, addresses(&["8.8.8.8", "2606:4700::1111"]));
    }

    #[test]
    fn an_answer_of_private_addresses_alone_is_refused_by_its_first() {
        let error = keep_within(Reach::Global, "h", addresses(&["10.0.0.1", "127.0.0.1"])).unwrap_err();
        let GuardError::NotGlobal { address, range, .. } = error else { panic!("{error}") };
        assert_eq!((address, range), (addresses(&["10.0.0.1"])[0], SpecialRange::Private));
    }

    #[test]
    fn an_empty_answer_is_unresolved() {
        let error = keep_within(Reach::Global, "h", Vec::new()).unwrap_err();
        assert_eq!(error, GuardError::Unresolved { host: "h".to_owned() });
    }

    #[tokio::test]
    async fn localhost_is_refused_unless_private_reach_was_granted() {
        let error = resolve(&GuardedResolver::new(Reach::Global), "localhost").await.unwrap_err();
        assert!(matches!(error, GuardError::NotGlobal { range: SpecialRange::Loopback, .. }), "{error}");

        let found = resolve(&GuardedResolver::new(Reach::PrivateNetwork), "localhost").await.unwrap();
        assert!(found.iter().all(|address| address.ip().is_loopback() && address.port() == 0), "{found:?}");
    }

    #[tokio::test]
    async fn an_override_is_answered_as_it_stands_and_for_its_host_alone() {
        let there: SocketAddr = "127.0.0.1:8443".parse().unwrap();
        let resolver = GuardedResolver::new(Reach::Global).redirecting("api.example.com", there);
        assert_eq!(resolve(&resolver, "api.example.com").await.unwrap(), [there]);
        assert!(resolve(&resolver, "localhost").await.is_err());
    }
}
