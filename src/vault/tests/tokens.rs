//! Tokens are sealed as secrets are, for one provider, and worth no more than what they were made of.

use super::{input, to, value_of, with_openai};
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
    let new = NewToken { account, made_of, value: &value, replaced, fetched_ms: 1, expires_ms: 2 };
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
    assert_eq!((meta.version, meta.rotated_ms), (2, Some(1)));
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
    assert!(vault.resident().generations().keys().all(|name| name.kind != Kind::Token));
}
