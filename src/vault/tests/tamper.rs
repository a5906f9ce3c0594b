//! Records and header edited row by row: an error that says what, or the truth.

use super::attacker::{Row, delete, names, put, row, rows, with_two};
use super::{
    NOW, Place, Resolve as _, by_name, input, new_secret, openai, openai_claim, upstream, value_of, workspace,
};
use crate::spec::Scope;
use crate::vault::{Difference, KeyMaterial, SecretRef, Vault, VaultError, VaultErrorKind, init, repair};

/// The attack shows in a vault opened before it and in one opened after.
fn difference(place: &Place, live: &mut Vault) -> (Difference, Difference) {
    let of = |error: VaultError| match error {
        VaultError::RecordsDiffer(difference) => difference,
        other => panic!("another error: {other}"),
    };
    let fresh = of(place.open().err().expect("a fresh vault opens"));
    (of(live.refresh().expect_err("a live vault goes on")), fresh)
}

#[test]
fn a_deleted_record_is_named() {
    let (place, mut vault, first, _) = with_two();
    delete(&place, &first.to_string());
    let missing = Difference::Missing(names(&[first]));
    assert_eq!(difference(&place, &mut vault), (missing.clone(), missing));
    // Still, and for every use.
    assert!(vault.secrets().is_err());
    assert!(value_of(&mut vault, &first).is_err());
    assert!(vault.resolve(&openai(), None, &Scope::Global).is_err());
    let new = new_secret("B", "v", Scope::Global);
    assert_eq!(vault.create_secret(new, None, NOW).err().unwrap().kind(), VaultErrorKind::Tampered);
}

#[test]
fn a_deleted_credential_is_named() {
    let (place, mut vault, _, _) = with_two();
    let credential = vault.resolve(&openai(), None, &workspace("w")).unwrap().id;
    delete(&place, &credential.to_string());
    let missing = Difference::Missing(vec![credential.record_name()]);
    assert_eq!(difference(&place, &mut vault), (missing.clone(), missing));
}

#[test]
fn a_record_set_back_is_named() {
    let (place, mut vault, first, _) = with_two();
    let old = row(&place, &first.to_string());
    vault.rotate_secret(&SecretRef::Id(first), &input("sk-new"), NOW).unwrap();
    put(&place, &old);
    let other = Difference::OtherVersion(names(&[first]));
    assert_eq!(difference(&place, &mut vault), (other.clone(), other));
}

#[test]
fn an_undeleted_record_is_named() {
    let (place, mut vault, first, _) = with_two();
    let old = row(&place, &first.to_string());
    vault.delete_secret(&SecretRef::Id(first)).unwrap();
    put(&place, &old);
    let added = Difference::Added(names(&[first]));
    assert_eq!(difference(&place, &mut vault), (added.clone(), added));
}

#[test]
fn a_credential_of_an_earlier_life_does_not_come_back() {
    let (place, mut vault, first, _) = with_two();
    let credential = vault.resolve(&openai(), None, &Scope::Global).unwrap().id;
    let old = row(&place, &credential.to_string());
    vault.delete_secret(&SecretRef::Id(first)).unwrap();
    vault
        .create_secret(new_secret("OPENAI_API_KEY", "sk-again", Scope::Global), Some(&openai_claim()), NOW)
        .unwrap();
    let again = row(&place, &credential.to_string());
    assert_ne!(again.generation, old.generation, "no two writes share an address");
    // The old content under the new generation, and the old row whole.
    put(&place, &Row { blob: old.blob.clone(), ..again });
    let mut opened = place.open().unwrap();
    let error = opened.resolve(&openai(), None, &Scope::Global).err().unwrap();
    assert!(matches!(error, VaultError::Tampered { .. }), "{error}");
    put(&place, &old);
    assert!(matches!(place.open(), Err(VaultError::RecordsDiffer(_))));
}

#[test]
fn two_swapped_records_do_not_open() {
    let (place, mut vault, first, second) = with_two();
    let (one, two) = (row(&place, &first.to_string()), row(&place, &second.to_string()));
    for (whole, one, two) in [
        (false, Row { blob: two.blob.clone(), ..one.clone() }, Row { blob: one.blob.clone(), ..two.clone() }),
        (true, Row { id: two.id.clone(), ..one.clone() }, Row { id: one.id.clone(), ..two.clone() }),
    ] {
        put(&place, &one);
        put(&place, &two);
        if whole {
            assert!(matches!(place.open(), Err(VaultError::RecordsDiffer(_))));
            continue;
        }
        for opened in [&mut vault, &mut place.open().unwrap()] {
            for id in [first, second] {
                let error = value_of(opened, &id).err().unwrap();
                assert!(
                    matches!(&error, VaultError::Tampered { record } if *record == id.record_name()),
                    "{error}"
                );
            }
        }
    }
}

#[test]
fn one_bad_record_harms_no_other_and_is_not_hidden() {
    let (place, vault, first, second) = with_two();
    drop(vault);
    let mut bad = row(&place, &first.to_string());
    bad.blob[90] ^= 1;
    put(&place, &bad);

    let mut vault = place.open().unwrap();
    assert_eq!(vault.damaged().iter().cloned().collect::<Vec<_>>(), names(&[first]));
    assert_eq!(vault.status().unwrap().damaged, names(&[first]));
    assert_eq!(vault.status().unwrap().secrets, 2);
    assert_eq!(vault.secrets().unwrap().len(), 1);
    assert_eq!(value_of(&mut vault, &second).unwrap(), b"sk-other");
    for error in [
        value_of(&mut vault, &first).err().unwrap(),
        vault.secret(&by_name("UNKNOWN")).err().unwrap(),
        vault.rotate_secret(&SecretRef::Id(first), &input("x"), NOW).err().unwrap(),
    ] {
        assert!(error.to_string().contains(&first.to_string()), "{error}");
    }

    let removed = vault.delete_secret(&SecretRef::Id(first)).unwrap();
    assert_eq!((removed.meta, removed.credentials.len()), (None, 1));
    assert!(place.open().unwrap().damaged().is_empty());
}

#[test]
fn a_damaged_value_shows_when_it_is_asked_for() {
    let (place, mut vault, first, _) = with_two();
    let mut bad = row(&place, &first.to_string());
    *bad.blob.last_mut().unwrap() ^= 1;
    put(&place, &bad);
    assert!(matches!(value_of(&mut vault, &first), Err(VaultError::Tampered { .. })));
    assert_eq!(place.open().unwrap().check_values().unwrap(), names(&[first]));
    // Nothing that would write it anew hides it.
    let change = crate::vault::SecretChange { name: None, aliases: Some(vec![super::alias("a")]) };
    assert!(vault.update_secret(&SecretRef::Id(first), change, None).is_err());
    // A new value does not need the old one.
    vault.rotate_secret(&SecretRef::Id(first), &input("sk-new"), NOW).unwrap();
    assert_eq!(value_of(&mut vault, &first).unwrap(), b"sk-new");
}

#[test]
fn a_damaged_credential_does_not_let_a_wider_one_step_in() {
    let (place, mut vault, _, _) = with_two();
    let narrow = vault.resolve(&openai(), None, &workspace("w")).unwrap();
    let mut bad = row(&place, &narrow.id.to_string());
    bad.blob[90] ^= 1;
    put(&place, &bad);
    let mut vault = place.open().unwrap();
    for name in [None, Some(&narrow.name)] {
        let error = vault.resolve(&openai(), name, &workspace("w")).err().unwrap();
        assert!(
            matches!(&error, VaultError::Tampered { record } if *record == narrow.id.record_name()),
            "{error}"
        );
    }
    assert!(vault.resolve(&openai(), None, &Scope::Global).is_ok());
    assert!(vault.resolve(&openai(), None, &workspace("v")).is_ok());
}

#[test]
fn a_damaged_redirect_is_not_taken_for_none() {
    let place = Place::new();
    let mut vault = init(&place.paths, &KeyMaterial::File, true).unwrap();
    vault.set_upstream(upstream()).unwrap();
    let mut bad = rows(&place).into_iter().find(|row| row.kind == "upstream").unwrap();
    bad.blob[90] ^= 1;
    put(&place, &bad);
    let mut vault = place.open().unwrap();
    assert!(matches!(vault.upstreams(), Err(VaultError::Tampered { .. })));
    vault.remove_upstream("api.openai.com").unwrap();
    assert!(vault.upstreams().unwrap().is_empty());
}

#[test]
fn every_edit_of_the_header_shows() {
    let (place, vault, _, _) = with_two();
    drop(vault);
    let header: Vec<u8> = place.sql().query_row("SELECT bytes FROM header", [], |row| row.get(0)).unwrap();
    let text = String::from_utf8(header.clone()).unwrap();
    let set = |bytes: &[u8]| place.sql().execute("UPDATE header SET bytes = ?1", [bytes]).unwrap();
    let created = place.open().unwrap().header().created_ms.to_string();
    for (from, to) in [
        ("\"test\":false", "\"test\":true"),
        ("\"provider\":\"file\"", "\"provider\":\"env\""),
        (&*created, "0"),
        ("\"format\":2", "\"format\":2 "),
        ("\"format\":2", "\"format\":1"),
        (&text, ""),
        (&text, "{}"),
    ] {
        set(text.replacen(from, to, 1).as_bytes());
        assert!(place.open().is_err(), "{from} → {to}");
    }
    for at in 0..header.len() {
        let mut edited = header.clone();
        edited[at] ^= 1;
        set(&edited);
        assert!(place.open().is_err(), "byte {at}");
    }
    place.sql().execute("DELETE FROM header", []).unwrap();
    assert!(matches!(place.open(), Err(VaultError::Header(_))));
    place.sql().execute("INSERT INTO header VALUES (1, ?1)", [&header]).unwrap();
    place.open().unwrap();
}

#[test]
fn a_real_secret_does_not_move_into_a_test_vault() {
    let (place, _, first, _) = with_two();
    let test = Place::new();
    std::fs::create_dir_all(test.paths.key_file.parent().unwrap()).unwrap();
    let vault = init(&test.paths, &KeyMaterial::File, true).unwrap();
    drop(vault);
    // Even with the same key: everything is copied but the flag.
    std::fs::copy(&place.paths.key_file, &test.paths.key_file).unwrap();
    std::fs::copy(place.database(), test.database()).unwrap();
    test.sql()
        .execute("UPDATE header SET bytes = CAST(replace(CAST(bytes AS TEXT), 'false', 'true') AS BLOB)", [])
        .unwrap();
    assert!(matches!(test.open(), Err(VaultError::WrongKey)));
    put(&test, &row(&place, &first.to_string()));
    assert!(test.open().is_err());
}

#[test]
fn the_manifest_is_needed() {
    let (place, vault, _, _) = with_two();
    drop(vault);
    let manifest = row(&place, "manifest");
    let mut flipped = manifest.clone();
    *flipped.blob.last_mut().unwrap() ^= 1;
    put(&place, &flipped);
    assert!(matches!(place.open(), Err(VaultError::Tampered { .. })));
    delete(&place, "manifest");
    assert!(matches!(place.open(), Err(VaultError::Tampered { .. })));
    put(&place, &Row { generation: manifest.generation + 1, ..manifest.clone() });
    assert!(place.open().is_err());
    put(&place, &manifest);
    place.open().unwrap();
}

#[test]
fn a_whole_vault_set_back_is_refused_until_it_is_accepted() {
    let (place, mut vault, first, _) = with_two();
    let (old, seen) = (rows(&place), vault.status().unwrap().epoch);
    vault.rotate_secret(&SecretRef::Id(first), &input("sk-new"), NOW).unwrap();
    old.iter().for_each(|row| put(&place, row));
    let [live, anew] = [vault.refresh().err().unwrap(), place.open().err().unwrap()];
    for error in [live, anew] {
        let set_back = Difference::WholeVault { epoch: seen, seen: seen + 1 };
        assert!(matches!(&error, VaultError::RecordsDiffer(found) if *found == set_back), "{error}");
    }
    let looked = repair(&place.paths, &KeyMaterial::File).unwrap();
    assert_eq!((looked.epoch(), looked.noted()), (seen, Some(seen + 1)));
    looked.accept(&[], 0).unwrap();
    assert_eq!(place.open().unwrap().epoch(), seen + 2, "later than all that was noted");
}

#[test]
fn planted_tables_triggers_and_rows_are_refused() {
    for statement in [
        "CREATE TRIGGER undo AFTER UPDATE ON record BEGIN DELETE FROM record; END",
        "CREATE VIEW other AS SELECT * FROM record",
        "CREATE TABLE other (a)",
        "DROP TABLE record",
        "INSERT INTO record VALUES ('secret', '../../x', 1, x'00')",
        "INSERT INTO record VALUES ('unknown', 'a', 1, x'00')",
        "INSERT INTO record VALUES ('secret', 'a', -1, x'00')",
        "INSERT INTO record VALUES ('setting', 'a', 1, x'00')",
    ] {
        let (place, vault, _, _) = with_two();
        drop(vault);
        place.sql().execute_batch(statement).unwrap();
        let error = place.open().err().expect(statement);
        assert_eq!(error.kind(), VaultErrorKind::Tampered, "{statement}: {error}");
    }
}

#[test]
fn records_all_moved_to_other_versions_open_nothing() {
    let (place, mut vault, _, _) = with_two();
    place.sql().execute("UPDATE record SET generation = generation + 1", []).unwrap();
    // Nothing opens with the key, as with a wrong one.
    assert!(matches!(place.open(), Err(VaultError::WrongKey)));
    assert!(vault.refresh().is_err());
}

#[test]
fn the_note_of_the_last_change_is_apart_from_the_records_and_cannot_be_forged() {
    let (place, vault, _, _) = with_two();
    let epoch = vault.epoch();
    drop(vault);
    let note = place.paths.key_file.with_extension("epoch");
    let sound = std::fs::read(&note).unwrap();
    assert_eq!(sound.len(), 128);
    let edited: Vec<u8> = sound.iter().enumerate().map(|(at, byte)| byte ^ u8::from(at % 64 >= 24)).collect();
    std::fs::write(&note, edited).unwrap();
    assert!(matches!(place.open(), Err(VaultError::EpochNote { .. })));
    assert_eq!(repair(&place.paths, &KeyMaterial::File).unwrap().noted(), None);
    std::fs::write(&note, &sound).unwrap();
    place.open().unwrap();

    // Of a vault whose key was copied to another machine: nothing is noted there yet.
    std::fs::remove_file(&note).unwrap();
    place.open().unwrap();
    assert_eq!(repair(&place.paths, &KeyMaterial::File).unwrap().noted(), Some(epoch));

    std::fs::remove_file(&note).unwrap();
    std::os::unix::fs::symlink(&place.paths.key_file, &note).unwrap();
    assert!(matches!(place.open(), Err(VaultError::File(_))));
}
