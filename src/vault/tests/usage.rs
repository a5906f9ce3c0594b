//! That the counters of limits were begun is remembered until the last policy goes.

use super::Place;
use crate::spec::PolicyId;
use crate::vault::{Existing, KeyMaterial, StoredPolicy, VaultError, init};

fn policy(id: &str) -> StoredPolicy {
    StoredPolicy { id: PolicyId::parse(id).unwrap(), text: String::new(), applied_ms: super::NOW }
}

#[test]
fn it_is_remembered_by_every_process() {
    let (place, mut vault) = Place::with_vault();
    let mut other = place.open().unwrap();
    assert!(!vault.usage_begun().unwrap());
    vault.begin_usage().unwrap();
    let epoch = vault.status().unwrap().epoch;
    vault.begin_usage().unwrap();
    assert_eq!(vault.status().unwrap().epoch, epoch, "once is enough");
    assert!(vault.usage_begun().unwrap() && other.usage_begun().unwrap());
    assert!(place.open().unwrap().usage_begun().unwrap());
}

#[test]
fn it_goes_with_the_last_policy() {
    let (place, mut vault) = Place::with_vault();
    vault.apply_policies(&[policy("one"), policy("two")]).unwrap();
    vault.begin_usage().unwrap();
    vault.remove_policy(&PolicyId::parse("one").unwrap()).unwrap();
    assert!(vault.usage_begun().unwrap());
    vault.remove_policy(&PolicyId::parse("two").unwrap()).unwrap();
    assert!(!vault.usage_begun().unwrap());
    assert!(!place.open().unwrap().usage_begun().unwrap());
    vault.begin_usage().unwrap();
    assert!(place.open().unwrap().usage_begun().unwrap());
}

#[test]
fn taking_the_record_away_is_noticed() {
    let (place, mut vault) = Place::with_vault();
    vault.begin_usage().unwrap();
    place.sql().execute("DELETE FROM record WHERE kind = 'setting'", []).unwrap();
    assert!(matches!(vault.usage_begun(), Err(VaultError::RecordsDiffer(_))));
    assert!(matches!(place.open(), Err(VaultError::RecordsDiffer(_))));
}

#[test]
fn no_vault_is_made_beside_the_counters_of_another() {
    let place = Place::new();
    std::fs::create_dir_all(&place.paths.folder).unwrap();
    let counters = place.paths.folder.join("usage.db");
    std::fs::write(&counters, "").unwrap();
    let made = init(&place.paths, &KeyMaterial::File, false);
    assert!(
        matches!(made, Err(VaultError::AlreadyExists { what: Existing::Remains(path) }) if path == counters)
    );
}
