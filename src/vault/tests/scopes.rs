//! Which credential comes into being where, and which one a call gets.

use super::{
    NOW, Place, Resolve as _, group, new_secret, openai, openai_claim, trello_claim, value_of, with_openai,
    workspace,
};
use crate::spec::{CredentialName, ProviderId, Scope, SecretName};
use crate::vault::{Claim, CredentialMeta, Provisioned, SecretRef, Vault, VaultErrorKind};

fn create(vault: &mut Vault, name: &'static str, scope: Scope, claim: &Claim) -> Provisioned {
    vault.create_secret(new_secret(name, "v", scope), Some(claim), NOW).unwrap().provisioned
}

fn ready(provisioned: Provisioned) -> CredentialMeta {
    match provisioned {
        Provisioned::Ready { mut credentials } => credentials.pop().unwrap(),
        other => panic!("not ready: {other:?}"),
    }
}

fn reference(name: &str, scope: Scope) -> SecretRef {
    SecretRef::Name { name_or_alias: name.to_owned(), scope: Some(scope) }
}

fn trello() -> ProviderId {
    ProviderId::from_static("trello")
}

fn scope_of(vault: &mut Vault, provider: &ProviderId, from: &Scope) -> Option<Scope> {
    vault.resolve(provider, None, from).ok().map(|credential| credential.scope)
}

#[test]
fn a_provider_of_one_secret_is_ready_at_once() {
    let (_place, mut vault, id) = with_openai();
    let credential = vault.resolve(&openai(), None, &Scope::Global).unwrap();
    assert_eq!(credential.name.as_str(), "openai");
    assert_eq!(credential.secrets.into_iter().collect::<Vec<_>>(), [("secret".to_owned(), id)]);
}

#[test]
fn a_provider_of_two_waits_for_both() {
    let (_place, mut vault) = Place::with_vault();
    let waiting = create(&mut vault, "TRELLO_API_KEY", Scope::Global, &trello_claim());
    let missing = vec![SecretName::from_static("TRELLO_TOKEN")];
    assert_eq!(waiting, Provisioned::Waiting { provider: trello(), missing });
    let error = vault.resolve(&trello(), None, &Scope::Global).err().unwrap();
    assert_eq!(error.kind(), VaultErrorKind::CredentialNotFound);

    let credential = ready(create(&mut vault, "TRELLO_TOKEN", Scope::Global, &trello_claim()));
    assert_eq!(credential.secrets.keys().collect::<Vec<_>>(), ["key", "token"]);
    assert_eq!(vault.resolve(&trello(), None, &Scope::Global).unwrap(), credential);
}

#[test]
fn the_narrowest_scope_wins() {
    let (_place, mut vault, _) = with_openai();
    create(&mut vault, "OPENAI_API_KEY", workspace("w"), &openai_claim());
    create(&mut vault, "OPENAI_API_KEY", group("w", "g").scope(), &openai_claim());
    for (from, expected) in [
        (Scope::Global, Scope::Global),
        (workspace("w"), workspace("w")),
        (workspace("other"), Scope::Global),
        (group("w", "g").scope(), group("w", "g").scope()),
        (group("w", "other").scope(), workspace("w")),
        (group("other", "g").scope(), Scope::Global),
    ] {
        assert_eq!(scope_of(&mut vault, &openai(), &from), Some(expected), "{from}");
    }
}

#[test]
fn nothing_narrower_or_beside_is_in_sight() {
    let (_place, mut vault) = Place::with_vault();
    create(&mut vault, "OPENAI_API_KEY", group("w", "g").scope(), &openai_claim());
    for from in [Scope::Global, workspace("w"), group("w", "h").scope(), group("v", "g").scope()] {
        assert_eq!(scope_of(&mut vault, &openai(), &from), None, "{from}");
    }
}

#[test]
fn a_wider_secret_completes_a_narrower_one() {
    let (_place, mut vault) = Place::with_vault();
    create(&mut vault, "TRELLO_API_KEY", Scope::Global, &trello_claim());
    let credential = ready(create(&mut vault, "TRELLO_TOKEN", workspace("w"), &trello_claim()));
    assert_eq!(credential.scope, workspace("w"));
    assert_eq!(scope_of(&mut vault, &trello(), &Scope::Global), None);
}

#[test]
fn a_narrower_secret_takes_over_in_the_standing_credential() {
    let (_place, mut vault) = Place::with_vault();
    create(&mut vault, "TRELLO_API_KEY", Scope::Global, &trello_claim());
    create(&mut vault, "TRELLO_TOKEN", workspace("w"), &trello_claim());
    let credential = ready(create(&mut vault, "TRELLO_API_KEY", workspace("w"), &trello_claim()));
    let key = vault.secret(&reference("TRELLO_API_KEY", workspace("w"))).unwrap().id;
    assert_eq!(credential.secrets["key"], key);
    assert_eq!(vault.credentials().unwrap(), [credential]);
}

#[test]
fn a_secret_stored_before_its_name_was_claimed_serves_nobody() {
    let (_place, mut vault) = Place::with_vault();
    vault.create_secret(new_secret("TRELLO_API_KEY", "v", Scope::Global), None, NOW).unwrap();
    let waiting = create(&mut vault, "TRELLO_TOKEN", Scope::Global, &trello_claim());
    assert!(matches!(waiting, Provisioned::Waiting { .. }), "{waiting:?}");
}

#[test]
fn an_attached_group_counts_as_a_place() {
    let (_place, mut vault) = Place::with_vault();
    create(&mut vault, "OPENAI_API_KEY", workspace("w"), &openai_claim());
    let by_scope = reference("OPENAI_API_KEY", workspace("w"));
    let attached = vault.attach_group(&by_scope, &group("w", "g"), Some(&openai_claim()), NOW).unwrap();
    assert_eq!(attached.meta.groups, [group("w", "g")]);
    assert_eq!(ready(attached.provisioned).scope, group("w", "g").scope());
    assert_eq!(scope_of(&mut vault, &openai(), &group("w", "g").scope()), Some(group("w", "g").scope()));
    let id = attached.meta.id;
    assert_eq!(value_of(&mut vault, &id).unwrap(), b"v");

    let again = vault.attach_group(&by_scope, &group("w", "g"), Some(&openai_claim()), NOW).unwrap();
    assert_eq!(again.provisioned, Provisioned::None);

    let detached = vault.detach_group(&by_scope, &group("w", "g")).unwrap();
    assert_eq!(detached.credentials.len(), 1);
    assert_eq!(scope_of(&mut vault, &openai(), &group("w", "g").scope()), Some(workspace("w")));
    assert_eq!(
        vault.detach_group(&by_scope, &group("w", "g")).err().unwrap().kind(),
        VaultErrorKind::Invalid
    );
    assert_eq!(value_of(&mut vault, &id).unwrap(), b"v");
}

#[test]
fn a_workspace_keeps_its_secrets_to_itself() {
    let (_place, mut vault) = Place::with_vault();
    create(&mut vault, "OPENAI_API_KEY", workspace("w"), &openai_claim());
    let by_scope = reference("OPENAI_API_KEY", workspace("w"));
    let error = vault.attach_group(&by_scope, &group("v", "g"), Some(&openai_claim()), NOW).err().unwrap();
    assert_eq!(error.kind(), VaultErrorKind::Invalid);
}

#[test]
fn a_group_has_one_secret_of_a_name() {
    let (_place, mut vault) = Place::with_vault();
    create(&mut vault, "OPENAI_API_KEY", workspace("w"), &openai_claim());
    create(&mut vault, "OPENAI_API_KEY", group("w", "g").scope(), &openai_claim());
    let by_scope = reference("OPENAI_API_KEY", workspace("w"));
    let error = vault.attach_group(&by_scope, &group("w", "g"), Some(&openai_claim()), NOW).err().unwrap();
    assert_eq!(error.kind(), VaultErrorKind::AlreadyExists);

    vault.attach_group(&by_scope, &group("w", "h"), Some(&openai_claim()), NOW).unwrap();
    let new = new_secret("OPENAI_API_KEY", "v", group("w", "h").scope());
    let error = vault.create_secret(new, Some(&openai_claim()), NOW).err().unwrap();
    assert_eq!(error.kind(), VaultErrorKind::AlreadyExists);
}

#[test]
fn a_group_that_uses_a_secret_does_not_own_it() {
    let (_place, mut vault) = Place::with_vault();
    create(&mut vault, "OPENAI_API_KEY", workspace("w"), &openai_claim());
    let owner = reference("OPENAI_API_KEY", workspace("w"));
    vault.attach_group(&owner, &group("w", "g"), Some(&openai_claim()), NOW).unwrap();
    let user = reference("OPENAI_API_KEY", group("w", "g").scope());
    assert_eq!(vault.delete_secret(&user).err().unwrap().kind(), VaultErrorKind::SecretNotFound);
    assert_eq!(vault.delete_secret(&owner).unwrap().credentials.len(), 2);
}

#[test]
fn a_named_credential_must_have_that_name() {
    let (_place, mut vault, _) = with_openai();
    let name = CredentialName::from_static("openai");
    assert!(vault.resolve(&openai(), Some(&name), &workspace("w")).is_ok());
    let other = CredentialName::from_static("other");
    let error = vault.resolve(&openai(), Some(&other), &Scope::Global).err().unwrap();
    assert!(error.to_string().contains("other"), "{error}");
    assert_eq!(error.kind(), VaultErrorKind::CredentialNotFound);
}
