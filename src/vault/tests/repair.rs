//! Looking at a vault that was tampered with, and going on from there.

use super::attacker::{delete, names, put, row, with_two};
use super::{NOW, input, value_of};
use crate::vault::{Difference, Kek, KeyMaterial, SecretRef, SecretText, VaultError, repair};

#[test]
fn a_person_can_look_at_what_is_left_and_accept_it() {
    let (place, vault, first, second) = with_two();
    drop(vault);
    delete(&place, &first.to_string());
    let looked = repair(&place.paths, &KeyMaterial::File).unwrap();
    assert_eq!(looked.difference(), Some(&Difference::Missing(names(&[first]))));
    assert_eq!(looked.secrets().len(), 1);
    assert_eq!(looked.credentials().len(), 2);
    let mut vault = looked.accept(&names(&[first]), 0).unwrap();
    assert_eq!(vault.credentials().unwrap().len(), 1, "the other stood on what is missing");
    assert_eq!(value_of(&mut place.open().unwrap(), &second).unwrap(), b"sk-other");
}

#[test]
fn repair_deletes_what_was_set_back_and_replaces_a_broken_manifest() {
    let (place, mut vault, first, second) = with_two();
    let old = row(&place, &first.to_string());
    vault.rotate_secret(&SecretRef::Id(first), &input("sk-new"), NOW).unwrap();
    drop(vault);
    put(&place, &old);
    delete(&place, "manifest");
    let looked = repair(&place.paths, &KeyMaterial::File).unwrap();
    assert!(looked.difference().is_some());
    looked.accept(&names(&[first]), 0).unwrap();
    let mut vault = place.open().unwrap();
    assert!(value_of(&mut vault, &first).is_err());
    assert_eq!(value_of(&mut vault, &second).unwrap(), b"sk-other");
}

#[test]
fn what_is_accepted_is_later_than_all_that_was_seen() {
    let (place, vault, _, _) = with_two();
    drop(vault);
    let looked = repair(&place.paths, &KeyMaterial::File).unwrap();
    assert_eq!(looked.difference(), None);
    looked.accept(&[], 1000).unwrap();
    assert_eq!(place.open().unwrap().epoch(), 1001);
}

#[test]
fn repair_needs_the_right_key() {
    let (place, _, _, _) = with_two();
    let wrong = Kek::from_wire(&SecretText::new("00".repeat(32))).unwrap();
    assert!(matches!(repair(&place.paths, &KeyMaterial::Kek(wrong)), Err(VaultError::WrongKey)));
}
