//! Tokens are sealed as secrets are, for one provider, and worth no more than what they were made of.

use super::{Place, input, to, value_of, with_openai};
use crate::spec::ProviderId;
use crate::vault::store::Kind;
use crate::vault::{CredentialMeta, NewToken, SecretId, SecretInput, SecretRef, Vault, VaultError, Versions};

fn kept(vault: &mut Vault, account: &CredentialMeta, value: &str) -> bool {
    let made_of = vault.versions(account).unwrap();
    keep(vault, account, made_of, value, None)
}

fn keep(
    vault: &mut Vault,
    account: &CredentialMeta,
    made_of: Versions,
    value: &str,
    replaced: Option<(SecretId, &SecretInput)>,
) -> bool {
    let value = input(value);
    let new = NewToken { account, made_of, value: Some(&value), replaced, fetched_ms: 1, expires_ms: 2 };
    vault.keep_token(&new).unwrap()
}

fn token(vault: &mut Vault, account: &CredentialMeta) -> Option<String> {
    let provider = account.provider.clone();
    let found = vault.token(account, |_| false, to(&provider)).unwrap();
    found.map(|(_, secret)| String::from_utf8(secret.expose().to_vec()).unwrap())
}

#[test]
fn a_token_survives_closing_and_belongs_to_its_provider_alone() {
    let (place, mut vault, id) = with_openai();
    let account = vault.credentials().unwrap().remove(0);
    assert_eq!(token(&mut vault, &account), None);
    assert!(kept(&mut vault, &account, "token-1"));
    assert_eq!(token(&mut vault, &account).as_deref(), Some("token-1"));
    let other = ProviderId::from_static("trello");
    assert!(matches!(
        vault.token(&account, |_| false, to(&other)),
        Err(VaultError::PinMismatch { secret, .. }) if secret == id
    ));
    drop(vault);
    let mut vault = place.open().unwrap();
    assert_eq!(token(&mut vault, &account).as_deref(), Some("token-1"));
    assert!(kept(&mut vault, &account, "token-2"));
    assert_eq!(token(&mut vault, &account).as_deref(), Some("token-2"));
}

#[test]
fn a_token_of_a_value_that_was_replaced_is_nobodys() {
    let (_place, mut vault, id) = with_openai();
    let account = vault.credentials().unwrap().remove(0);
    let before = vault.versions(&account).unwrap();
    kept(&mut vault, &account, "token-1");
    vault.rotate_secret(&SecretRef::Id(id), &input("another"), 9).unwrap();
    assert_eq!(token(&mut vault, &account), None);
    // Neither is one that was still on its way.
    let replaced = input("from the provider");
    assert!(!keep(&mut vault, &account, before, "token-2", Some((id, &replaced))));
    assert_eq!(token(&mut vault, &account), None);
    assert_eq!(value_of(&mut vault, &id).unwrap(), b"another");
}

#[test]
fn what_replaced_the_secret_is_kept_with_the_token() {
    let (_place, mut vault, id) = with_openai();
    let account = vault.credentials().unwrap().remove(0);
    let made_of = vault.versions(&account).unwrap();
    let replaced = input("refreshed");
    assert!(keep(&mut vault, &account, made_of, "token-1", Some((id, &replaced))));
    assert_eq!(token(&mut vault, &account).as_deref(), Some("token-1"));
    assert_eq!(value_of(&mut vault, &id).unwrap(), b"refreshed");
    let meta = vault.secret(&SecretRef::Id(id)).unwrap();
    // When it was given is the operator's to say.
    assert_eq!((meta.version, meta.rotated_ms), (2, None));
    // The same value once more is no other one.
    let made_of = vault.versions(&account).unwrap();
    assert!(keep(&mut vault, &account, made_of, "token-2", Some((id, &replaced))));
    assert_eq!(vault.secret(&SecretRef::Id(id)).unwrap().version, 2);
}

/// What was replaced is worth nothing any more, whatever became of the other secrets meanwhile.
#[test]
fn a_replacement_is_kept_when_only_other_secrets_changed() {
    let (_place, mut vault) = Place::with_vault();
    let mut store = |name, value: &str| {
        let new = super::new_secret(name, value, crate::spec::Scope::Global);
        vault.create_secret(new, Some(&super::trello_claim()), 1).unwrap().meta.id
    };
    let (client, refresh) = (store("TRELLO_API_KEY", "client"), store("TRELLO_TOKEN", "refresh-1"));
    let account = vault.credentials().unwrap().remove(0);
    let made_of = vault.versions(&account).unwrap();
    vault.rotate_secret(&SecretRef::Id(client), &input("client-2"), 9).unwrap();
    let replaced = input("refresh-2");
    assert!(!keep(&mut vault, &account, made_of, "token", Some((refresh, &replaced))));
    let trello = ProviderId::from_static("trello");
    assert_eq!(vault.reveal(&refresh, to(&trello)).unwrap().expose(), b"refresh-2");
    assert!(vault.token(&account, |_| false, to(&trello)).unwrap().is_none());
}

#[test]
fn a_token_goes_with_its_account() {
    let (place, mut vault, id) = with_openai();
    let account = vault.credentials().unwrap().remove(0);
    kept(&mut vault, &account, "token-1");
    vault.delete_secret(&SecretRef::Id(id)).unwrap();
    drop(vault);
    let mut vault = place.open().unwrap();
    assert_eq!(vault.status().unwrap().damaged, []);
    // Nor does one that was on its way come back without it.
    assert!(!keep(&mut vault, &account, Versions::new(), "token-2", None));
    assert!(vault.resident().generations().keys().all(|name| name.kind != Kind::Token));
}
