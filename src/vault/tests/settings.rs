//! How requests leave the machine: kept, replaced, taken back, and never doubtful.

use super::attacker::{put, row};
use super::{NOW, Place};
use crate::vault::{Setting, SettingName, Vault, VaultError, VaultErrorKind};

fn proxy(vault: &mut Vault, value: &str) -> Result<(), VaultError> {
    let value = value.to_owned();
    vault.set_setting(&Setting { name: SettingName::EgressProxy, value, set_ms: NOW })
}

fn value(vault: &mut Vault) -> Option<String> {
    vault.settings().unwrap().get(&SettingName::EgressProxy).map(|setting| setting.value.clone())
}

#[test]
fn what_is_set_is_seen_by_every_process_and_outlives_them() {
    let (place, mut one) = Place::with_vault();
    let mut two = place.open().unwrap();
    proxy(&mut one, "http://a:1").unwrap();
    assert_eq!(value(&mut two).as_deref(), Some("http://a:1"));
    proxy(&mut two, "http://b:2").unwrap();
    assert_eq!(value(&mut one).as_deref(), Some("http://b:2"));
    assert_eq!(value(&mut place.open().unwrap()).as_deref(), Some("http://b:2"));
    assert!(one.unset_setting(SettingName::EgressProxy).unwrap());
    assert!(!two.unset_setting(SettingName::EgressProxy).unwrap());
    assert_eq!((value(&mut one), value(&mut two)), (None, None));
}

#[test]
fn a_value_has_its_bounds() {
    let (_place, mut vault) = Place::with_vault();
    for bad in [String::new(), "x".repeat(256 * 1024 + 1)] {
        assert_eq!(proxy(&mut vault, &bad).err().unwrap().kind(), VaultErrorKind::Invalid);
    }
    assert!(vault.settings().unwrap().is_empty());
}

/// Whoever could put an earlier proxy back would be in the middle.
#[test]
fn an_earlier_setting_does_not_come_back() {
    let (place, mut vault) = Place::with_vault();
    proxy(&mut vault, "http://a:1").unwrap();
    let old = row(&place, "egress-proxy");
    proxy(&mut vault, "http://b:2").unwrap();
    put(&place, &old);
    assert!(matches!(vault.settings(), Err(VaultError::RecordsDiffer(_))));
    assert!(matches!(place.open().err(), Some(VaultError::RecordsDiffer(_))));
}

/// A setting that cannot be read is not taken for one that is not there; it can be taken back.
#[test]
fn a_damaged_setting_is_an_error_until_it_is_taken_back() {
    let (place, mut vault) = Place::with_vault();
    proxy(&mut vault, "http://a:1").unwrap();
    let mut damaged = row(&place, "egress-proxy");
    let middle = damaged.blob.len() / 2;
    damaged.blob[middle] ^= 1;
    put(&place, &damaged);
    let mut vault = place.open().unwrap();
    let error = vault.settings().err().unwrap();
    assert!(matches!(&error, VaultError::Tampered { record } if record.to_string() == "config egress-proxy"));
    assert!(vault.unset_setting(SettingName::EgressProxy).unwrap());
    assert!(vault.settings().unwrap().is_empty());
}
