//! What happens to a secret from create to delete.

use super::{
    NOW, Place, alias, by_name, input, new_secret, openai_claim, to, trello_claim, upstream, value_of,
    with_openai, workspace,
};
use crate::spec::{ProviderId, Scope, SecretName};
use crate::vault::{
    KeyMaterial, NewSecret, Provisioned, SecretChange, SecretInput, SecretRef, Upstream, VaultError,
    VaultErrorKind, init,
};

fn rename(name: &'static str) -> SecretChange {
    SecretChange { name: Some(SecretName::from_static(name)), aliases: None }
}

fn aliases(names: &[&str]) -> SecretChange {
    SecretChange { name: None, aliases: Some(names.iter().map(|name| alias(name)).collect()) }
}

#[test]
fn a_stored_value_comes_out_for_its_provider_only() {
    let (place, mut vault, id) = with_openai();
    assert_eq!(value_of(&mut vault, &id).unwrap(), b"sk-one");
    let other = vault.reveal(&id, to(&ProviderId::from_static("trello"))).err().unwrap();
    assert_eq!(other.kind(), VaultErrorKind::PinMismatch);
    assert_eq!(value_of(&mut place.open().unwrap(), &id).unwrap(), b"sk-one");
}

#[test]
fn an_unclaimed_secret_comes_out_for_nobody() {
    let (_place, mut vault) = Place::with_vault();
    let created = vault.create_secret(new_secret("MINE", "v", Scope::Global), None, NOW).unwrap();
    assert_eq!(created.provisioned, Provisioned::None);
    assert_eq!(created.meta.pin, None);
    assert_eq!(value_of(&mut vault, &created.meta.id).err().unwrap().kind(), VaultErrorKind::PinMismatch);
}

#[test]
fn values_of_any_kind_are_kept_exactly() {
    let (place, mut vault) = Place::with_vault();
    let values: [Vec<u8>; 4] =
        [vec![0], vec![0xff; 3], b"line\nline\0\r\n".to_vec(), vec![0xa5; SecretInput::MAX]];
    for value in values {
        let new = NewSecret {
            name: SecretName::from_static("OPENAI_API_KEY"),
            value: SecretInput::new(value.clone()).ok().unwrap(),
            scope: Scope::Global,
            aliases: vec![],
            provider: None,
            hosts: vec![],
        };
        let id = vault.create_secret(new, Some(&openai_claim()), NOW).unwrap().meta.id;
        assert_eq!(value_of(&mut place.open().unwrap(), &id).unwrap(), value);
        vault.delete_secret(&SecretRef::Id(id)).unwrap();
    }
}

#[test]
fn a_name_or_alias_is_taken_once_in_a_scope() {
    let (_place, mut vault) = Place::with_vault();
    let mut first = new_secret("A", "1", Scope::Global);
    first.aliases = vec![alias("SHARED"), alias("a")];
    let id = vault.create_secret(first, None, NOW).unwrap().meta.id;
    for name in ["A", "SHARED"] {
        let error = vault.create_secret(new_secret(name, "2", Scope::Global), None, NOW).err().unwrap();
        assert!(error.to_string().contains(&id.to_string()), "{error}");
        assert!(error.help().contains("rotate"), "{}", error.help());
    }
    let mut another = new_secret("B", "2", Scope::Global);
    another.aliases = vec![alias("a")];
    assert_eq!(vault.create_secret(another, None, NOW).err().unwrap().kind(), VaultErrorKind::AlreadyExists);
    assert_eq!(vault.secrets().unwrap().len(), 1);
    vault.create_secret(new_secret("A", "2", workspace("w")), None, NOW).unwrap();
}

#[test]
fn a_rotation_changes_value_version_and_time() {
    let (place, mut vault, id) = with_openai();
    let before = vault.secret(&SecretRef::Id(id)).unwrap();
    let after = vault.rotate_secret(&by_name("OPENAI_API_KEY"), &input("sk-two"), NOW + 5).unwrap();
    assert_eq!((after.version, after.rotated_ms), (2, Some(NOW + 5)));
    assert_eq!(crate::vault::SecretMeta { version: 1, rotated_ms: None, ..after }, before);
    assert_eq!(value_of(&mut vault, &id).unwrap(), b"sk-two");
    assert_eq!(value_of(&mut place.open().unwrap(), &id).unwrap(), b"sk-two");
}

#[test]
fn names_pinned_or_claimed_cannot_be_reached_by_renaming() {
    let (_place, mut vault, id) = with_openai();
    let error = vault.update_secret(&SecretRef::Id(id), rename("MINE"), None).err().unwrap();
    assert!(matches!(error, VaultError::Pinned { .. }), "{error}");
    let error =
        vault.update_secret(&SecretRef::Id(id), rename("TRELLO_TOKEN"), Some(&trello_claim())).err().unwrap();
    assert!(matches!(error, VaultError::Pinned { .. }), "{error}");
    vault.update_secret(&SecretRef::Id(id), rename("OPENAI_API_KEY"), Some(&openai_claim())).unwrap();

    vault.create_secret(new_secret("MINE", "v", Scope::Global), None, NOW).unwrap();
    let error =
        vault.update_secret(&by_name("MINE"), rename("TRELLO_TOKEN"), Some(&trello_claim())).err().unwrap();
    assert!(matches!(error, VaultError::NameClaimed { .. }), "{error}");
    vault.update_secret(&by_name("MINE"), rename("YOURS"), None).unwrap();
    assert_eq!(vault.secret(&by_name("YOURS")).unwrap().pin, None);
    assert_eq!(vault.secret(&by_name("MINE")).err().unwrap().kind(), VaultErrorKind::SecretNotFound);
}

#[test]
fn aliases_are_replaced_and_the_value_stays() {
    let (place, mut vault, id) = with_openai();
    vault.update_secret(&SecretRef::Id(id), aliases(&["main", "work"]), None).unwrap();
    assert_eq!(vault.secret(&by_name("work")).unwrap().id, id);
    vault.update_secret(&by_name("work"), aliases(&["play"]), None).unwrap();
    assert!(vault.secret(&by_name("work")).is_err());
    vault.update_secret(&by_name("play"), aliases(&[]), None).unwrap();
    let mut again = place.open().unwrap();
    assert!(again.secret(&SecretRef::Id(id)).unwrap().aliases.is_empty());
    assert_eq!(value_of(&mut again, &id).unwrap(), b"sk-one");
}

#[test]
fn a_change_of_nothing_writes_nothing() {
    let (_place, mut vault, id) = with_openai();
    let epoch = vault.status().unwrap().epoch;
    vault.update_secret(&SecretRef::Id(id), SecretChange::default(), None).unwrap();
    vault.secret(&SecretRef::Id(id)).unwrap();
    value_of(&mut vault, &id).unwrap();
    assert_eq!(vault.status().unwrap().epoch, epoch);
}

#[test]
fn a_deleted_secret_takes_its_credentials_along() {
    let (place, mut vault, id) = with_openai();
    let removed = vault.delete_secret(&by_name("OPENAI_API_KEY")).unwrap();
    assert_eq!((removed.id, removed.credentials.len()), (id, 1));
    assert!(vault.secrets().unwrap().is_empty() && vault.credentials().unwrap().is_empty());
    assert_eq!(value_of(&mut vault, &id).err().unwrap().kind(), VaultErrorKind::SecretNotFound);
    let entries: i64 = place.sql().query_row("SELECT count(*) FROM record", [], |row| row.get(0)).unwrap();
    assert_eq!(entries, 1, "the manifest alone");
    assert_eq!(vault.delete_secret(&SecretRef::Id(id)).err().unwrap().kind(), VaultErrorKind::SecretNotFound);
}

#[test]
fn a_name_in_several_scopes_needs_its_scope() {
    let (_place, mut vault) = Place::with_vault();
    for scope in [Scope::Global, workspace("w")] {
        vault.create_secret(new_secret("A", "v", scope), None, NOW).unwrap();
    }
    let error = vault.secret(&by_name("A")).err().unwrap();
    assert_eq!(error.kind(), VaultErrorKind::SecretAmbiguous);
    assert_eq!(error.help().matches("sec_").count(), 2);
    let reference = SecretRef::Name { name_or_alias: "A".to_owned(), scope: Some(workspace("w")) };
    assert_eq!(vault.secret(&reference).unwrap().scope, workspace("w"));
}

#[test]
fn neither_files_nor_errors_hold_the_value() {
    let (place, mut vault) = Place::with_vault();
    let value = "sk-unmistakable-value";
    let new = new_secret("OPENAI_API_KEY", value, Scope::Global);
    let id = vault.create_secret(new, Some(&openai_claim()), NOW).unwrap().meta.id;
    vault.rotate_secret(&SecretRef::Id(id), &input(&format!("{value}-2")), NOW).unwrap();
    for suffix in ["", "-wal", "-shm"] {
        let bytes = std::fs::read(place.paths.folder.join(format!("vault.db{suffix}"))).unwrap();
        for text in [value, "OPENAI", "openai", "global"] {
            let hit = memchr_find(&bytes, text.as_bytes());
            assert!(!hit, "vault.db{suffix} shows {text}");
        }
    }
    let error =
        vault.create_secret(new_secret("OPENAI_API_KEY", value, Scope::Global), None, NOW).err().unwrap();
    assert!(!format!("{error:?} {error} {}", error.help()).contains(value));
}

fn memchr_find(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

#[test]
fn redirects_are_for_test_vaults() {
    let (_place, mut vault) = Place::with_vault();
    assert!(matches!(vault.set_upstream(upstream()), Err(VaultError::NotATestVault { .. })));
    assert!(matches!(vault.remove_upstream("a.b"), Err(VaultError::NotATestVault { .. })));
    assert!(vault.upstreams().unwrap().is_empty());

    let place = Place::new();
    let mut vault = init(&place.paths, &KeyMaterial::File, true).unwrap();
    vault.set_upstream(upstream()).unwrap();
    let moved = Upstream { addr: "[::1]:9443".parse().unwrap(), ..upstream() };
    vault.set_upstream(moved.clone()).unwrap();
    assert_eq!(place.open().unwrap().upstreams().unwrap(), [moved]);
    vault.remove_upstream("api.openai.com").unwrap();
    assert!(vault.upstreams().unwrap().is_empty());
    assert!(matches!(vault.remove_upstream("api.openai.com"), Err(VaultError::UpstreamNotFound { .. })));
}

#[test]
fn a_redirect_stays_on_this_machine() {
    let place = Place::new();
    let mut vault = init(&place.paths, &KeyMaterial::File, true).unwrap();
    let with_addr = |addr: &str| Upstream { addr: addr.parse().unwrap(), ..upstream() };
    let with_host = |host: &str| Upstream { host: host.to_owned(), ..upstream() };
    let with_ca = |pem: &str| Upstream { ca_pem: pem.to_owned(), ..upstream() };
    let key = format!("{}-----BEGIN PRIVATE KEY-----", upstream().ca_pem);
    for bad in [
        with_addr("10.0.0.1:443"),
        with_addr("0.0.0.0:443"),
        with_addr("127.0.0.1:0"),
        with_addr("[::ffff:127.0.0.1]:443"),
        with_addr("169.254.169.254:80"),
        with_host("API.openai.com"),
        with_host("api.openai.com."),
        with_host("a..b"),
        with_host("-a.b"),
        with_host("a.b:443"),
        with_host(""),
        with_ca(""),
        with_ca(&key),
    ] {
        let host = bad.host.clone();
        let error = vault.set_upstream(bad).err().unwrap();
        assert_eq!(error.kind(), VaultErrorKind::Invalid, "{host}");
        assert!(!error.to_string().contains(&error.help()), "nothing is said twice: {error}");
    }
}

#[test]
fn several_are_stored_together_or_not_at_all() {
    let (place, mut vault, _) = with_openai();
    let epoch = vault.epoch();
    let trello = |name| (new_secret(name, "value", Scope::Global), Some(trello_claim()));
    let taken = (new_secret("OPENAI_API_KEY", "sk-one", Scope::Global), Some(openai_claim()));
    let refused = vault.create_secrets(vec![trello("TRELLO_API_KEY"), taken], NOW);
    assert_eq!(refused.err().unwrap().kind(), VaultErrorKind::AlreadyExists);
    let twice = vault.create_secrets(vec![trello("TRELLO_TOKEN"), trello("TRELLO_TOKEN")], NOW);
    assert_eq!(twice.err().unwrap().to_string(), "TRELLO_TOKEN is given twice");
    assert_eq!((vault.epoch(), vault.secrets().unwrap().len()), (epoch, 1));

    let created = vault.create_secrets(vec![trello("TRELLO_API_KEY"), trello("TRELLO_TOKEN")], NOW).unwrap();
    assert_eq!(created[0].provisioned, Provisioned::None);
    assert!(matches!(created[1].provisioned, Provisioned::Ready { .. }), "{:?}", created[1].provisioned);
    assert_eq!(vault.epoch(), epoch + 1, "in one change");
    drop(vault);
    assert_eq!(place.open().unwrap().credentials().unwrap().len(), 2);
}
