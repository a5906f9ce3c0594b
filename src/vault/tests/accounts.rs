//! Further accounts, the hosts that values are given for, and bindings.

use std::collections::BTreeMap;

use super::{NOW, Place, capability, host, new_secret, openai, with_openai, workspace};
use crate::spec::policy::Glob;
use crate::spec::{CredentialName, ProviderId, Scope};
use crate::vault::{
    Binding, CredentialMeta, Destination, NewCredential, NewSecret, SecretId, SecretRef, Sought, Vault,
    VaultError,
};

fn shop() -> ProviderId {
    ProviderId::from_static("shop")
}

fn bound_secret(vault: &mut Vault, name: &'static str, hosts: &[&str], scope: Scope) -> SecretId {
    let hosts = hosts.iter().map(|text| host(text)).collect();
    let new = NewSecret { provider: Some(shop()), hosts, ..new_secret(name, "v", scope) };
    vault.create_secret(new, None, NOW).unwrap().meta.id
}

fn account(
    vault: &mut Vault,
    name: &'static str,
    secret: SecretId,
    hosts: &[&str],
    scope: Scope,
) -> Result<CredentialMeta, VaultError> {
    let new = NewCredential {
        name: CredentialName::from_static(name),
        provider: shop(),
        scope,
        way: None,
        secrets: BTreeMap::from([("secret".to_owned(), SecretRef::Id(secret))]),
        hosts: hosts.iter().map(|text| host(text)).collect(),
    };
    vault.create_credential(&new, NOW)
}

fn reveals(vault: &mut Vault, id: SecretId, pattern: &'static str, to: &str, own: bool) -> bool {
    let (provider, capability, host) = (shop(), capability(pattern), host(to));
    vault
        .reveal(
            &id,
            Destination {
                provider: &provider,
                capability: Some(&capability),
                host: &host,
                own,
                identifier: false,
            },
        )
        .is_ok()
}

#[test]
fn a_value_goes_to_the_hosts_that_it_was_given_for() {
    let (_place, mut vault) = Place::with_vault();
    let of_a = bound_secret(&mut vault, "A", &["a.shop.example"], Scope::Global);
    let unbound = bound_secret(&mut vault, "B", &[], Scope::Global);
    assert!(reveals(&mut vault, of_a, "*.shop.example", "a.shop.example", false));
    assert!(!reveals(&mut vault, of_a, "*.shop.example", "evil.shop.example", false));
    assert!(!reveals(&mut vault, unbound, "*.shop.example", "a.shop.example", false));
    // A host that the binary fixes is no tenant's, and is reached whatever else was said.
    assert!(reveals(&mut vault, of_a, "api.example", "api.example", false));
    assert!(reveals(&mut vault, unbound, "api.example", "api.example", false));
    assert!(!reveals(&mut vault, unbound, "api.example", "other.example", false));
    // An operator's own provider can name other hosts at any time.
    assert!(!reveals(&mut vault, unbound, "api.example", "api.example", true));
    assert!(reveals(&mut vault, of_a, "*.shop.example", "a.shop.example", true));
}

#[test]
fn a_name_goes_where_its_key_goes() {
    let (_place, mut vault) = Place::with_vault();
    let name = bound_secret(&mut vault, "A", &[], Scope::Global);
    let (provider, capability, host) = (shop(), capability("*.shop.example"), host("a.shop.example"));
    let to = |identifier| Destination {
        provider: &provider,
        capability: Some(&capability),
        host: &host,
        own: false,
        identifier,
    };
    assert!(vault.reveal(&name, to(true)).is_ok());
    assert!(vault.reveal(&name, to(false)).is_err());
}

#[test]
fn no_host_is_chosen_from_none() {
    let (_place, mut vault) = Place::with_vault();
    let id = bound_secret(&mut vault, "A", &[], Scope::Global);
    assert!(matches!(
        account(&mut vault, "x", id, &["api.eu.example"], Scope::Global),
        Err(VaultError::HostMismatch { .. })
    ));
}

#[test]
fn a_mirror_takes_the_place_of_the_host_itself() {
    let (_place, mut vault) = Place::with_vault();
    let id = bound_secret(&mut vault, "A", &["api.eu.example"], Scope::Global);
    let mut there = capability("api.example");
    there.mirrors = vec![crate::spec::HostPattern::parse("api.eu.example").unwrap()].into();
    let (provider, usual, mirror) = (shop(), host("api.example"), host("api.eu.example"));
    let to = |host| Destination {
        provider: &provider,
        capability: Some(&there),
        host,
        own: false,
        identifier: false,
    };
    assert!(vault.reveal(&id, to(&mirror)).is_ok());
    assert!(vault.reveal(&id, to(&usual)).is_err());
}

#[test]
fn a_credential_reaches_no_further_than_its_secrets() {
    let (_place, mut vault, key) = with_openai();
    assert!(matches!(account(&mut vault, "x", key, &[], Scope::Global), Err(VaultError::PinMismatch { .. })));
    let id = bound_secret(&mut vault, "A", &["a.shop.example", "b.shop.example"], workspace("w"));
    assert!(matches!(account(&mut vault, "x", id, &[], Scope::Global), Err(VaultError::OutOfSight { .. })));
    assert!(matches!(
        account(&mut vault, "x", id, &["c.shop.example"], workspace("w")),
        Err(VaultError::HostMismatch { .. })
    ));
    let made = account(&mut vault, "b", id, &["b.shop.example"], workspace("w")).unwrap();
    assert_eq!(vault.bound_hosts(&made).unwrap(), Some(vec![host("b.shop.example")]));
    assert!(matches!(
        account(&mut vault, "b", id, &[], workspace("w")),
        Err(VaultError::AlreadyExists { .. })
    ));
    let all = account(&mut vault, "all", id, &[], workspace("w")).unwrap();
    assert_eq!(vault.bound_hosts(&all).unwrap().unwrap().len(), 2);
    vault.delete_credential(&shop(), &made.name, &workspace("w")).unwrap();
    assert!(vault.delete_credential(&shop(), &made.name, &workspace("w")).is_err());
    assert_eq!(vault.credentials().unwrap().iter().filter(|one| one.provider == shop()).count(), 1);
}

#[test]
fn a_value_given_again_for_another_host_takes_its_credentials_along() {
    let (_place, mut vault) = Place::with_vault();
    let id = bound_secret(&mut vault, "A", &["a.shop.example"], Scope::Global);
    let follows = account(&mut vault, "all", id, &[], Scope::Global).unwrap();
    let stays = account(&mut vault, "a", id, &["a.shop.example"], Scope::Global).unwrap();
    let other = |_: &crate::vault::SecretMeta| vec![host("b.shop.example")];
    vault.rotate_secret_for(&SecretRef::Id(id), &super::input("w"), other, NOW).unwrap();
    assert_eq!(vault.bound_hosts(&follows).unwrap(), Some(vec![host("b.shop.example")]));
    // Bound to what is no more, and not to whatever else there is.
    assert_eq!(vault.bound_hosts(&stays).unwrap(), Some(Vec::new()));
}

/// Two accounts, one binding; who gets which.
struct Bound {
    _place: Place,
    vault: Vault,
}

impl Bound {
    fn new() -> Self {
        let (place, mut vault) = Place::with_vault();
        let id = bound_secret(&mut vault, "A", &[], Scope::Global);
        for name in ["one", "two"] {
            account(&mut vault, name, id, &[], Scope::Global).unwrap();
        }
        Self { _place: place, vault }
    }

    fn bind(&mut self, capabilities: &str, credential: &'static str, scope: Scope, consumer: Option<&str>) {
        let binding = Binding {
            capabilities: Glob::parse(capabilities).unwrap(),
            credential: CredentialName::from_static(credential),
            scope,
            consumer: consumer.map(|text| Glob::parse(text).unwrap()),
            created_ms: NOW,
        };
        self.vault.bind(&binding).unwrap();
    }

    fn asked(&mut self, capability: &str, caller: &str, from: &Scope) -> String {
        let provider = shop();
        let sought = Sought { provider: &provider, capability, caller, named: None, from, alternatives: &[] };
        self.vault.resolve_credential(sought).map_or_else(|e| e.to_string(), |one| one.name.to_string())
    }
}

#[test]
fn the_closest_binding_decides() {
    let mut bound = Bound::new();
    assert!(bound.asked("shop/a", "uid:1", &Scope::Global).contains("several"));
    bound.bind("shop/*", "one", Scope::Global, None);
    bound.bind("shop/b", "two", Scope::Global, None);
    bound.bind("shop/*", "two", Scope::Global, Some("agent:*"));
    bound.bind("shop/*", "one", Scope::Global, Some("agent:7"));
    for (capability, caller, expected) in [
        ("shop/a", "uid:1", "one"),
        ("shop/b", "uid:1", "two"),
        ("shop/a", "agent:3", "two"),
        ("shop/b", "agent:7", "one"),
    ] {
        assert_eq!(bound.asked(capability, caller, &Scope::Global), expected, "{capability} {caller}");
        assert_eq!(bound.asked(capability, caller, &workspace("w")), expected, "{capability} {caller}");
    }
    bound.bind("shop/*", "two", workspace("w"), None);
    assert_eq!(bound.asked("shop/a", "uid:1", &workspace("w")), "two");
    assert_eq!(bound.asked("shop/a", "uid:1", &Scope::Global), "one");
}

#[test]
fn an_account_of_a_narrower_scope_goes_before_a_wider_binding() {
    let mut bound = Bound::new();
    bound.bind("shop/*", "one", Scope::Global, None);
    let id = bound_secret(&mut bound.vault, "W", &[], workspace("w"));
    account(&mut bound.vault, "narrow", id, &[], workspace("w")).unwrap();
    assert_eq!(bound.asked("shop/a", "uid:1", &workspace("w")), "narrow");
    assert_eq!(bound.asked("shop/a", "uid:1", &workspace("v")), "one");
}

#[test]
fn a_binding_to_nothing_or_to_two_is_an_error() {
    let mut bound = Bound::new();
    bound.bind("shop/*", "one", Scope::Global, None);
    bound.bind("shop/a*", "two", Scope::Global, None);
    assert!(bound.asked("shop/a", "uid:1", &Scope::Global).contains("different credentials"));
    assert_eq!(bound.asked("shop/b", "uid:1", &Scope::Global), "one");
    let one = CredentialName::from_static("one");
    bound.vault.delete_credential(&shop(), &one, &Scope::Global).unwrap();
    // Not the other account: nobody said that.
    assert!(bound.asked("shop/b", "uid:1", &Scope::Global).contains("named one"));
    let bindings = bound.vault.bindings().unwrap();
    assert_eq!(bindings.len(), 2);
    bindings.iter().for_each(|binding| bound.vault.unbind(binding).unwrap());
    assert!(bound.vault.unbind(&bindings[0]).is_err());
    assert_eq!(bound.asked("shop/b", "uid:1", &Scope::Global), "two");
}

#[test]
fn bindings_and_switches_outlive_the_process() {
    let mut bound = Bound::new();
    bound.bind("shop/*", "one", Scope::Global, Some("uid:*"));
    let switch = crate::vault::Switch {
        capability: crate::spec::CapabilityId::from_static("shop/admin"),
        on: true,
        set_ms: NOW,
    };
    let before = bound.vault.catalog_version().unwrap();
    bound.vault.set_switch(&switch).unwrap();
    assert_ne!(bound.vault.catalog_version().unwrap(), before);
    let mut again = bound._place.open().unwrap();
    assert_eq!(again.bindings().unwrap(), bound.vault.bindings().unwrap());
    assert_eq!(again.switches().unwrap(), [switch]);
    assert_eq!(again.credentials().unwrap().first().map(|one| one.provider.clone()), Some(shop()));
    assert_ne!(openai(), shop());
}
