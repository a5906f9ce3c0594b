//! An attacker edits the files; the vault answers with an error or with the truth.

use rusqlite::params;

use super::*;
use crate::vault::{Difference, Secret, SecretId, VaultErrorKind, repair};

/// A row of the database, as an attacker copies it.
#[derive(Clone)]
struct Row {
    kind: String,
    id: String,
    generation: i64,
    blob: Vec<u8>,
}

fn rows(place: &Place) -> Vec<Row> {
    let sql = place.sql();
    let mut statement =
        sql.prepare("SELECT kind, id, generation, blob FROM record ORDER BY kind, id").unwrap();
    let row = |row: &rusqlite::Row<'_>| {
        Ok(Row { kind: row.get(0)?, id: row.get(1)?, generation: row.get(2)?, blob: row.get(3)? })
    };
    statement.query_map([], row).unwrap().map(Result::unwrap).collect()
}

fn row(place: &Place, id: &str) -> Row {
    rows(place).into_iter().find(|row| row.id == id).unwrap()
}

fn put(place: &Place, row: &Row) {
    place
        .sql()
        .execute(
            "REPLACE INTO record VALUES (?1, ?2, ?3, ?4)",
            params![row.kind, row.id, row.generation, row.blob],
        )
        .unwrap();
}

fn delete(place: &Place, id: &str) {
    assert_eq!(place.sql().execute("DELETE FROM record WHERE id = ?1", [id]).unwrap(), 1);
}

/// Two claimed secrets with their credentials.
fn with_two() -> (Place, Vault, SecretId, SecretId) {
    let (place, mut vault, first) = with_openai();
    let new = new_secret("OPENAI_API_KEY", "sk-other", workspace("w"));
    let second = vault.create_secret(new, Some(&openai_claim()), NOW).unwrap().meta.id;
    (place, vault, first, second)
}

/// The attack shows in a vault opened before it and in one opened after.
fn difference(place: &Place, live: &mut Vault) -> (Difference, Difference) {
    let of = |error: VaultError| match error {
        VaultError::RecordsDiffer(difference) => difference,
        other => panic!("another error: {other}"),
    };
    let fresh = of(place.open().err().expect("a fresh vault opens"));
    (of(live.refresh().expect_err("a live vault goes on")), fresh)
}

fn names(ids: &[SecretId]) -> Vec<crate::vault::store::RecordName> {
    ids.iter().map(SecretId::record_name).collect()
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
    assert!(vault.resolve_credential(&openai(), None, &Scope::Global).is_err());
    let new = new_secret("B", "v", Scope::Global);
    assert_eq!(vault.create_secret(new, None, NOW).err().unwrap().kind(), VaultErrorKind::Tampered);
}

#[test]
fn a_deleted_credential_is_named() {
    let (place, mut vault, _, _) = with_two();
    let credential = vault.resolve_credential(&openai(), None, &workspace("w")).unwrap().id;
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
    let credential = vault.resolve_credential(&openai(), None, &Scope::Global).unwrap().id;
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
    let error = opened.resolve_credential(&openai(), None, &Scope::Global).err().unwrap();
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
    let change = crate::vault::SecretChange { name: None, aliases: Some(vec!["a".to_owned()]) };
    assert!(vault.update_secret(&SecretRef::Id(first), change, None).is_err());
    // A new value does not need the old one.
    vault.rotate_secret(&SecretRef::Id(first), &input("sk-new"), NOW).unwrap();
    assert_eq!(value_of(&mut vault, &first).unwrap(), b"sk-new");
}

#[test]
fn a_damaged_credential_does_not_let_a_wider_one_step_in() {
    let (place, mut vault, _, _) = with_two();
    let narrow = vault.resolve_credential(&openai(), None, &workspace("w")).unwrap();
    let mut bad = row(&place, &narrow.id.to_string());
    bad.blob[90] ^= 1;
    put(&place, &bad);
    let mut vault = place.open().unwrap();
    for name in [None, Some(&narrow.name)] {
        let error = vault.resolve_credential(&openai(), name, &workspace("w")).err().unwrap();
        assert!(
            matches!(&error, VaultError::Tampered { record } if *record == narrow.id.record_name()),
            "{error}"
        );
    }
    assert!(vault.resolve_credential(&openai(), None, &Scope::Global).is_ok());
    assert!(vault.resolve_credential(&openai(), None, &workspace("v")).is_ok());
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
        ("\"format\":1", "\"format\":1 "),
        ("\"format\":1", "\"format\":2"),
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
fn a_whole_vault_set_back_shows_to_whoever_saw_it_later() {
    let (place, mut vault, first, _) = with_two();
    let (old, seen) = (rows(&place), vault.status().unwrap().epoch);
    vault.rotate_secret(&SecretRef::Id(first), &input("sk-new"), NOW).unwrap();
    old.iter().for_each(|row| put(&place, row));
    let (live, epoch) = (vault.refresh().err().unwrap(), place.open().unwrap().status().unwrap().epoch);
    assert!(
        matches!(&live, VaultError::RecordsDiffer(Difference::WholeVault { epoch, .. }) if *epoch == seen),
        "{live}"
    );
    assert_eq!(epoch, seen, "alone it fits together: the epoch is what can be compared");
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
        "UPDATE record SET generation = generation + 1",
    ] {
        let (place, vault, _, _) = with_two();
        drop(vault);
        place.sql().execute_batch(statement).unwrap();
        let error = place.open().err().expect(statement);
        assert_eq!(error.kind(), VaultErrorKind::Tampered, "{statement}: {error}");
    }
}

#[test]
fn an_enormous_record_is_not_read() {
    let (place, vault, first, _) = with_two();
    drop(vault);
    place
        .sql()
        .execute("UPDATE record SET blob = zeroblob(20000000) WHERE id = ?1", [first.to_string()])
        .unwrap();
    let mut vault = place.open().unwrap();
    assert!(matches!(value_of(&mut vault, &first), Err(VaultError::Tampered { .. })));
}

/// Every byte position in turn, over all sealed blobs and the rest of the file.
#[test]
fn any_flipped_byte_of_the_file_gives_an_error_or_the_truth() {
    const SAMPLES: usize = 800;
    let (place, vault, first, second) = with_two();
    drop(vault);
    place.sql().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let sound = std::fs::read(place.database()).unwrap();
    // Blobs first: they are what an attacker would edit, and are a small part of the file.
    let blobs = rows(&place).into_iter().flat_map(|row| {
        let start = sound.windows(row.blob.len()).position(|window| window == row.blob).unwrap();
        start..start + row.blob.len()
    });
    let blobs: Vec<usize> = blobs.collect();
    let in_blobs = blobs.iter().copied().step_by((blobs.len() / SAMPLES).max(1));
    let anywhere = (0..sound.len()).step_by(sound.len() / SAMPLES);
    let (mut refused, mut tried) = (0, 0);
    for at in in_blobs.chain(anywhere) {
        let mut edited = sound.clone();
        edited[at] ^= 1 << (at % 8);
        std::fs::write(place.database(), edited).unwrap();
        tried += 1;
        refused += usize::from(!answers_truly(&place, &[(first, b"sk-one"), (second, b"sk-other")], at));
    }
    assert!(tried >= 2 * SAMPLES && refused >= SAMPLES, "{refused} of {tried}");
}

/// Whether everything came out; panics when something wrong did.
fn answers_truly(place: &Place, secrets: &[(SecretId, &[u8])], at: usize) -> bool {
    let Ok(mut vault) = place.open() else { return false };
    secrets.iter().all(|(id, value)| match vault.reveal(id, &openai()).as_ref().map(Secret::expose) {
        Ok(revealed) => {
            assert_eq!(revealed, *value, "byte {at}");
            true
        }
        Err(_) => false,
    })
}

#[test]
fn a_truncated_file_gives_an_error() {
    let (place, vault, _, _) = with_two();
    drop(vault);
    let sound = std::fs::read(place.database()).unwrap();
    for part in 0..16 {
        std::fs::write(place.database(), &sound[..sound.len() * part / 16]).unwrap();
        assert!(place.open().is_err(), "{part}/16");
    }
}

#[test]
fn a_person_can_look_at_what_is_left_and_accept_it() {
    let (place, vault, first, second) = with_two();
    drop(vault);
    delete(&place, &first.to_string());
    let looked = repair(&place.paths, &KeyMaterial::File).unwrap();
    assert_eq!(looked.difference(), Some(&Difference::Missing(names(&[first]))));
    assert_eq!(looked.secrets().len(), 1);
    assert_eq!(looked.credentials().len(), 2);
    let mut vault = looked.accept(&names(&[first])).unwrap();
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
    looked.accept(&names(&[first])).unwrap();
    let mut vault = place.open().unwrap();
    assert!(value_of(&mut vault, &first).is_err());
    assert_eq!(value_of(&mut vault, &second).unwrap(), b"sk-other");
}

#[test]
fn repair_needs_the_right_key() {
    let (place, _, _, _) = with_two();
    let wrong = crate::vault::Kek::from_wire(&crate::vault::SecretText::new("00".repeat(32))).unwrap();
    assert!(matches!(repair(&place.paths, &KeyMaterial::Kek(wrong)), Err(VaultError::WrongKey)));
}
