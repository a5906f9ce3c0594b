//! Many writers at once, each with a vault handle of its own.

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::thread;

use super::{NOW, Place, Resolve as _, input, new_secret, openai, openai_claim, value_of, with_openai};
use crate::spec::{Scope, SecretName};
use crate::vault::{KeyMaterial, NewSecret, SecretRef, open_or_init};

#[test]
fn nothing_that_was_acknowledged_is_lost() {
    const WRITERS: usize = 8;
    const EACH: usize = 12;
    let (place, _) = Place::with_vault();
    let start = Barrier::new(WRITERS);
    let created: BTreeSet<String> = thread::scope(|scope| {
        let write = |writer: usize| {
            let (place, start) = (&place, &start);
            move || -> Vec<String> {
                let mut vault = place.open().unwrap();
                start.wait();
                (0..EACH)
                    .map(|number| {
                        let new = NewSecret {
                            provider: None,
                            hosts: Vec::new(),
                            name: SecretName::parse(&format!("W{writer}_{number}")).unwrap(),
                            value: input("v"),
                            scope: Scope::Global,
                            aliases: vec![],
                        };
                        vault.create_secret(new, None, NOW).unwrap().meta.name.to_string()
                    })
                    .collect()
            }
        };
        let writers: Vec<_> = (0..WRITERS).map(|writer| scope.spawn(write(writer))).collect();
        writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
    });
    let mut vault = place.open().unwrap();
    let stored: BTreeSet<String> =
        vault.secrets().unwrap().iter().map(|meta| meta.name.to_string()).collect();
    assert_eq!(stored.len(), WRITERS * EACH);
    assert_eq!(stored, created);
    assert_eq!(vault.status().unwrap().epoch, 1 + (WRITERS * EACH) as u64);
}

#[test]
fn one_name_is_created_once() {
    const WRITERS: usize = 8;
    let (place, _) = Place::with_vault();
    let start = Barrier::new(WRITERS);
    let won = thread::scope(|scope| {
        let write = || {
            let mut vault = place.open().unwrap();
            start.wait();
            let new = new_secret("OPENAI_API_KEY", "v", Scope::Global);
            vault.create_secret(new, Some(&openai_claim()), NOW).is_ok()
        };
        let writers: Vec<_> = (0..WRITERS).map(|_| scope.spawn(write)).collect();
        writers.into_iter().filter_map(|writer| writer.join().unwrap().then_some(())).count()
    });
    assert_eq!(won, 1);
    let mut vault = place.open().unwrap();
    assert_eq!((vault.secrets().unwrap().len(), vault.credentials().unwrap().len()), (1, 1));
}

#[test]
fn rotations_add_up_while_others_read() {
    const WRITERS: usize = 4;
    const EACH: u32 = 10;
    let (place, mut vault, id) = with_openai();
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let place = &place;
            scope.spawn(move || {
                let mut vault = place.open().unwrap();
                for number in 0..EACH {
                    let value = input(&format!("sk-{writer}-{number}"));
                    vault.rotate_secret(&SecretRef::Id(id), &value, NOW).unwrap();
                }
            });
        }
        scope.spawn(|| {
            let mut vault = place.open().unwrap();
            for _ in 0..200 {
                assert!(value_of(&mut vault, &id).unwrap().starts_with(b"sk-"));
                vault.resolve(&openai(), None, &Scope::Global).unwrap();
            }
        });
    });
    let meta = vault.secret(&SecretRef::Id(id)).unwrap();
    assert_eq!(meta.version, 1 + u32::try_from(WRITERS).unwrap() * EACH);
}

#[test]
fn all_who_make_the_vault_at_once_get_the_same() {
    const MAKERS: usize = 10;
    let place = Place::new();
    let start = Barrier::new(MAKERS);
    let vaults: BTreeSet<String> = thread::scope(|scope| {
        let make = || {
            start.wait();
            let mut vault = open_or_init(&place.paths, &KeyMaterial::File, false).unwrap();
            vault.secrets().unwrap();
            vault.header().vault_id.to_string()
        };
        let makers: Vec<_> = (0..MAKERS).map(|_| scope.spawn(make)).collect();
        makers.into_iter().map(|maker| maker.join().unwrap()).collect()
    });
    assert_eq!(vaults.len(), 1);
}

#[test]
fn another_handles_changes_are_seen() {
    let (place, mut one, id) = with_openai();
    let mut two = place.open().unwrap();
    one.rotate_secret(&SecretRef::Id(id), &input("sk-two"), NOW).unwrap();
    assert_eq!(value_of(&mut two, &id).unwrap(), b"sk-two");
    two.delete_secret(&SecretRef::Id(id)).unwrap();
    assert!(value_of(&mut one, &id).is_err());
    assert!(one.resolve(&openai(), None, &Scope::Global).is_err());
}
