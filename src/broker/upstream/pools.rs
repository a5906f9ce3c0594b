//! The connections that are kept, apart by the way they lead and by whose requests they carry: no account's request
//! goes out on a connection that was opened for another's, or with a client certificate that is not its own by now.
//! And apart by the runtime that drives them, as a request that goes out by another's waits for two threads.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::runtime::{Handle, Id};

use super::connector::Client;
use crate::broker::identity::Fingerprint;

/// More pools than this are not kept; the one that was used least lately goes, and its idle connections with it.
const MOST: usize = 512;

/// Where connections of a pool lead.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Way {
    /// To public addresses, or to the egress proxy.
    Global,
    PrivateNetwork,
    /// To where a test vault sends this host.
    Redirected(String),
}

/// Which pool.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) way: Way,
    pub(super) account: String,
    /// Of the client certificate that its connections show.
    pub(super) identity: Option<Fingerprint>,
    runtime: Option<Id>,
}

impl Key {
    /// For the requests of the runtime that this is called within.
    pub(super) fn here(way: Way, account: String, identity: Option<Fingerprint>) -> Self {
        let runtime = Handle::try_current().ok().map(|runtime| runtime.id());
        Self { way, account, identity, runtime }
    }

    /// Whether `newer` stands in its place: the account's client certificate is another one now.
    fn is_replaced_by(&self, newer: &Self) -> bool {
        self.account == newer.account && self.way == newer.way && self.identity != newer.identity
    }
}

#[derive(Default)]
pub(super) struct Pools(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    /// Each with when it was last used.
    pools: HashMap<Key, (Client, u64)>,
    now: u64,
}

impl Pools {
    /// The pool of `key`, if there is one.
    pub(super) fn kept(&self, key: &Key) -> Option<Client> {
        let mut kept = self.lock();
        kept.now += 1;
        let now = kept.now;
        let (client, used) = kept.pools.get_mut(key)?;
        *used = now;
        Some(client.clone())
    }

    /// The pool of `key`: `made`, unless another one was made meanwhile.
    pub(super) fn keep(&self, key: Key, made: Client) -> Client {
        let mut kept = self.lock();
        let now = kept.now;
        if let Some((client, _)) = kept.pools.get(&key) {
            return client.clone();
        }
        kept.pools.retain(|other, _| !other.is_replaced_by(&key));
        if kept.pools.len() >= MOST {
            let oldest = kept.pools.iter().min_by_key(|(_, (_, used))| *used).map(|(key, _)| key.clone());
            oldest.into_iter().for_each(|key| drop(kept.pools.remove(&key)));
        }
        kept.pools.insert(key, (made.clone(), now));
        made
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // A panic elsewhere leaves the map as it was.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::broker::guard::Reach;
    use crate::broker::identity::ClientIdentity;
    use crate::broker::resolver::GuardedResolver;
    use crate::broker::upstream::{connector, tls};
    use crate::spec::auth_document::CertificateFormat;

    #[test]
    fn a_pool_is_made_once_and_the_one_used_least_lately_goes_first() {
        let client = connector::client(tls::roots(None).unwrap(), GuardedResolver::new(Reach::Global), None);
        let (pools, made) = (Pools::default(), Cell::new(0));
        let ask = |account: usize| {
            let key = Key::here(Way::Global, account.to_string(), None);
            if pools.kept(&key).is_none() {
                made.set(made.get() + 1);
                pools.keep(key, client.clone());
            }
        };
        (0..MOST).for_each(ask);
        (0..MOST).for_each(ask);
        assert_eq!(made.get(), MOST);
        ask(MOST);
        (1..=MOST).for_each(ask);
        assert_eq!(made.get(), MOST + 1, "account 0 made room");
        ask(0);
        assert_eq!(made.get(), MOST + 2);
    }

    #[test]
    fn a_new_identity_takes_the_place_of_the_old_one_and_of_no_other_accounts() {
        let client = connector::client(tls::roots(None).unwrap(), GuardedResolver::new(Reach::Global), None);
        let pools = Pools::default();
        let key = |account: &str, certificate: &[u8]| {
            let identity = ClientIdentity {
                format: CertificateFormat::Pem,
                certificate: certificate.to_vec().into(),
                private_key: None,
                passphrase: None,
            };
            Key::here(Way::Global, account.to_owned(), Some(identity.fingerprint()))
        };
        let (old, new, other) = (key("one", b"old"), key("one", b"new"), key("two", b"old"));
        for key in [&old, &other, &new] {
            assert!(pools.kept(key).is_none());
            pools.keep(key.clone(), client.clone());
        }
        assert!(pools.kept(&old).is_none());
        assert!(pools.kept(&new).is_some() && pools.kept(&other).is_some());
    }
}
