//! Accounts of a provider that offers several ways to authenticate: a credential for each that is complete, and
//! which of them a call gets.

use std::collections::BTreeMap;

use super::{NOW, Place, new_secret};
use crate::spec::{Alternative, CredentialName, ProviderId, Scope, SecretName, WayName, compile_provider};
use crate::vault::{
    Claim, ClaimedWay, CredentialMeta, KeyMaterial, NewCredential, Provisioned, SecretRef, Sought, Vault,
    VaultError, VaultErrorKind, open,
};

/// A key, a login, and a machine that uses the login's client.
const ACME: &str = "provider: acme
name: Acme
category: test
docs: https://acme.example
secrets:
  ACME_KEY: { as: key }
  ACME_CLIENT: { as: client, identifier: true }
  ACME_SECRET: { as: secret }
  ACME_REFRESH: { as: refresh }
hosts: [api.acme.example]
auth: { type: header, name: x-acme-key, value: \"{{key}}\" }
alternatives:
  oauth:
    auth: { type: oauth2, grant: refresh_token, token_endpoint: https://auth.acme.example/token,
      client_id: \"{{client}}\", client_secret: \"{{secret}}\", refresh_token: \"{{refresh}}\" }
  machine:
    auth: { type: oauth2, grant: client_credentials, token_endpoint: https://auth.acme.example/token,
      client_id: \"{{client}}\", client_secret: \"{{secret}}\" }
capabilities:
  things:
    summary: Read things
    allow: [{ methods: [GET], paths: [/things] }]
    example: { method: GET, path: /things }
    examples: { deny: [GET /thing] }
";

fn alternatives() -> Vec<Alternative> {
    let source = crate::spec::Source { name: "acme.yaml".to_owned(), text: ACME.to_owned() };
    compile_provider(source).provider.unwrap().alternatives.into_owned()
}

fn acme() -> ProviderId {
    ProviderId::from_static("acme")
}

fn claim() -> Claim {
    let way = |name: Option<&'static str>, secrets: &[(&'static str, &str)]| ClaimedWay {
        name: name.map(WayName::from_static),
        account: CredentialName::parse(&name.map_or("acme".to_owned(), |name| format!("acme-{name}")))
            .unwrap(),
        secrets: secrets.iter().map(|(name, to)| (SecretName::from_static(name), (*to).to_owned())).collect(),
        optional: Vec::new(),
    };
    let (client, secret) = (("ACME_CLIENT", "client"), ("ACME_SECRET", "secret"));
    let ways = vec![
        way(None, &[("ACME_KEY", "key")]),
        way(Some("oauth"), &[client, secret, ("ACME_REFRESH", "refresh")]),
        way(Some("machine"), &[client, secret]),
    ];
    Claim { provider: acme(), ways }
}

fn store(vault: &mut Vault, name: &'static str) -> Provisioned {
    vault.create_secret(new_secret(name, "v", Scope::Global), Some(&claim()), NOW).unwrap().provisioned
}

fn names(provisioned: &Provisioned) -> Vec<&str> {
    match provisioned {
        Provisioned::Ready { credentials } => credentials.iter().map(|one| one.name.as_str()).collect(),
        _ => Vec::new(),
    }
}

fn resolve(vault: &mut Vault, named: Option<&'static str>) -> Result<CredentialMeta, VaultError> {
    let named = named.map(CredentialName::from_static);
    let (provider, alternatives) = (acme(), alternatives());
    vault.resolve_credential(Sought {
        provider: &provider,
        capability: "acme/things",
        caller: "uid:1",
        named: named.as_ref(),
        from: &Scope::Global,
        alternatives: &alternatives,
    })
}

fn chosen(vault: &mut Vault, named: Option<&'static str>) -> String {
    resolve(vault, named).unwrap().name.to_string()
}

fn by_hand(vault: &mut Vault, name: &'static str, way: Option<&'static str>) {
    let new = NewCredential {
        name: CredentialName::from_static(name),
        provider: acme(),
        scope: Scope::Global,
        way: way.map(WayName::from_static),
        secrets: BTreeMap::from([(
            "key".to_owned(),
            SecretRef::Name { name_or_alias: "ACME_KEY".to_owned(), scope: None },
        )]),
        hosts: Vec::new(),
    };
    vault.create_credential(&new, NOW).unwrap();
}

#[test]
fn each_way_has_an_account_once_its_own_secrets_are_stored() {
    let (_place, mut vault) = Place::with_vault();
    let waiting = store(&mut vault, "ACME_CLIENT");
    // That of the two which take it is named that lacks less.
    let missing = vec![SecretName::from_static("ACME_SECRET")];
    assert_eq!(waiting, Provisioned::Waiting { provider: acme(), missing });
    assert_eq!(names(&store(&mut vault, "ACME_SECRET")), ["acme-machine"]);
    assert_eq!(chosen(&mut vault, None), "acme-machine");
    assert_eq!(names(&store(&mut vault, "ACME_REFRESH")), ["acme-oauth"]);
    assert_eq!(chosen(&mut vault, None), "acme-oauth");
    assert_eq!(names(&store(&mut vault, "ACME_KEY")), ["acme"]);
    assert_eq!(chosen(&mut vault, None), "acme");
    for (name, way, secrets) in
        [("acme", None, 1), ("acme-oauth", Some("oauth"), 3), ("acme-machine", Some("machine"), 2)]
    {
        let account = resolve(&mut vault, Some(name)).unwrap();
        assert_eq!(account.way.as_ref().map(WayName::as_str), way);
        assert_eq!(account.secrets.len(), secrets, "{name}");
    }
}

#[test]
fn a_secret_takes_along_the_accounts_that_stand_on_it_and_no_others() {
    let (_place, mut vault) = Place::with_vault();
    for name in ["ACME_KEY", "ACME_CLIENT", "ACME_SECRET", "ACME_REFRESH"] {
        store(&mut vault, name);
    }
    let reference = |name: &str| SecretRef::Name { name_or_alias: name.to_owned(), scope: None };
    assert_eq!(vault.delete_secret(&reference("ACME_KEY")).unwrap().credentials.len(), 1);
    assert_eq!(chosen(&mut vault, None), "acme-oauth");
    assert_eq!(vault.delete_secret(&reference("ACME_REFRESH")).unwrap().credentials.len(), 1);
    assert_eq!(chosen(&mut vault, None), "acme-machine");
    assert_eq!(vault.delete_secret(&reference("ACME_CLIENT")).unwrap().credentials.len(), 1);
    assert_eq!(resolve(&mut vault, None).unwrap_err().kind(), VaultErrorKind::CredentialNotFound);
}

#[test]
fn several_accounts_of_the_way_that_goes_first_are_ambiguous() {
    let (_place, mut vault) = Place::with_vault();
    store(&mut vault, "ACME_CLIENT");
    store(&mut vault, "ACME_SECRET");
    store(&mut vault, "ACME_KEY");
    by_hand(&mut vault, "work", None);
    let error = resolve(&mut vault, None).unwrap_err();
    let VaultError::CredentialAmbiguous { candidates, .. } = error else { panic!("{error}") };
    assert_eq!(candidates.len(), 2);
    assert_eq!(chosen(&mut vault, Some("work")), "work");
}

#[test]
fn a_way_that_is_offered_no_more_goes_last() {
    let (_place, mut vault) = Place::with_vault();
    store(&mut vault, "ACME_KEY");
    by_hand(&mut vault, "old", Some("gone"));
    assert_eq!(chosen(&mut vault, None), "acme");
    assert_eq!(resolve(&mut vault, Some("old")).unwrap().way, Some(WayName::from_static("gone")));
}

#[test]
fn the_way_is_sealed_with_its_account() {
    let (place, mut vault) = Place::with_vault();
    store(&mut vault, "ACME_CLIENT");
    store(&mut vault, "ACME_SECRET");
    let account = resolve(&mut vault, None).unwrap();
    drop(vault);
    let mut vault = open(&place.paths, &KeyMaterial::File).unwrap();
    assert_eq!(resolve(&mut vault, None).unwrap(), account);
    // One of the first way says as little as it did before there were several.
    let first = CredentialMeta { way: None, ..account };
    assert!(!serde_json::to_string(&first).unwrap().contains("way"));
}
