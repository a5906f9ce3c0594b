//! Making, finding, locking and unlocking.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::{NOW, Place, new_secret, with_openai};
use crate::spec::Scope;
use crate::vault::{
    Existing, Kek, KeyError, KeyMaterial, Presence, SecretText, VaultError, VaultErrorKind, find, init, open,
    open_or_init, presence,
};

fn text(text: &str) -> SecretText {
    SecretText::new(text.to_owned())
}

fn refusal(place: &Place, material: &KeyMaterial) -> Existing {
    match init(&place.paths, material, false) {
        Err(VaultError::AlreadyExists { what }) => what,
        Err(error) => panic!("another error: {error}"),
        Ok(_) => panic!("a second vault was made"),
    }
}

#[test]
fn a_new_vault_is_private_empty_and_found() {
    let place = Place::new();
    assert_eq!(presence(&place.paths).unwrap(), Presence::Absent);
    assert_eq!(place.open().err().unwrap().kind(), VaultErrorKind::Absent);

    let mut vault = init(&place.paths, &KeyMaterial::File, false).unwrap();
    let status = vault.status().unwrap();
    assert_eq!((status.epoch, status.secrets, status.credentials, status.test), (1, 0, 0, false));
    assert_eq!(presence(&place.paths).unwrap(), Presence::Present(vault.header().clone()));
    for (path, mode) in [
        (place.database(), 0o600),
        (place.paths.key_file.clone(), 0o600),
        (place.paths.folder.clone(), 0o700),
        (place.paths.key_file.parent().unwrap().to_owned(), 0o700),
    ] {
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode, "{path:?}");
    }
    let left = fs::read_dir(&place.paths.folder).unwrap().map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = left.filter(|name| !name.to_string_lossy().starts_with("vault.db")).collect();
    assert_eq!(left, [".init.lock"]);
}

#[test]
fn companions_of_the_database_are_private_too() {
    let (place, _vault, _) = with_openai();
    for suffix in ["-wal", "-shm"] {
        let path = place.paths.folder.join(format!("vault.db{suffix}"));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{path:?}");
    }
}

#[test]
fn no_vault_is_made_beside_anything_of_an_earlier_one() {
    let (place, _) = Place::with_vault();
    assert!(matches!(refusal(&place, &KeyMaterial::File), Existing::Vault(_)));

    // The database is gone, the key is not.
    fs::remove_file(place.database()).unwrap();
    assert!(matches!(refusal(&place, &KeyMaterial::File), Existing::Key(_)));
    assert!(matches!(refusal(&place, &KeyMaterial::Passphrase(text("p"))), Existing::Key(_)));
    assert!(matches!(presence(&place.paths), Err(VaultError::AlreadyExists { what: Existing::Key(_) })));
    assert!(open_or_init(&place.paths, &KeyMaterial::File, false).is_err());

    // The audit log alone.
    fs::remove_file(&place.paths.key_file).unwrap();
    fs::create_dir(&place.paths.audit_dir).unwrap();
    fs::write(place.paths.audit_dir.join("log-000001.jsonl"), "{}").unwrap();
    assert!(matches!(refusal(&place, &KeyMaterial::File), Existing::AuditLog(_)));

    // A write-ahead log alone.
    fs::remove_dir_all(&place.paths.audit_dir).unwrap();
    fs::write(place.paths.folder.join("vault.db-wal"), "").unwrap();
    assert!(matches!(refusal(&place, &KeyMaterial::File), Existing::Remains(_)));
    assert!(!place.database().exists());

    // Nothing any more.
    fs::remove_file(place.paths.folder.join("vault.db-wal")).unwrap();
    init(&place.paths, &KeyMaterial::File, false).unwrap();
}

#[test]
fn an_interrupted_init_is_finished_by_the_next() {
    // After the marker; after the key; after a part of the database; after all of it.
    for reached in 0..4 {
        let (place, vault) = Place::with_vault();
        drop(vault);
        let kek = fs::read(&place.paths.key_file).unwrap();
        let unfinished = place.paths.folder.join("vault.db.new");
        fs::write(place.paths.folder.join(".init.pending"), "").unwrap();
        fs::set_permissions(place.paths.folder.join(".init.pending"), fs::Permissions::from_mode(0o600))
            .unwrap();
        match reached {
            0 => fs::remove_file(&place.paths.key_file)
                .and_then(|()| fs::remove_file(place.database()))
                .unwrap(),
            1 => fs::remove_file(place.database()).unwrap(),
            2 => {
                fs::remove_file(place.database()).unwrap();
                fs::write(&unfinished, "half a database").unwrap();
                fs::write(place.paths.folder.join("vault.db.new-journal"), "half").unwrap();
            }
            _ => fs::rename(place.database(), &unfinished).unwrap(),
        }
        assert_eq!(presence(&place.paths).unwrap(), Presence::Absent, "{reached}");
        init(&place.paths, &KeyMaterial::File, false).unwrap();
        place.open().unwrap();
        assert_eq!(fs::read(&place.paths.key_file).unwrap() == kek, reached > 0, "{reached}");
        assert!(!unfinished.exists() && !place.paths.folder.join(".init.pending").exists());
    }
}

#[test]
fn an_adopted_key_is_only_for_the_same_options() {
    let (place, vault) = Place::with_vault();
    drop(vault);
    fs::remove_file(place.database()).unwrap();
    fs::write(place.paths.folder.join(".init.pending"), "").unwrap();
    assert!(matches!(refusal(&place, &KeyMaterial::Passphrase(text("p"))), Existing::Key(_)));
    init(&place.paths, &KeyMaterial::File, false).unwrap();
}

#[test]
fn each_kind_of_key_unlocks_its_own_vault_only() {
    let key = "07".repeat(32);
    let material = |name: &str| match name {
        "file" => KeyMaterial::File,
        "env" => KeyMaterial::Env(text(&key)),
        _ => KeyMaterial::Passphrase(text(&key)),
    };
    let names = ["file", "env", "passphrase"];
    for made in names {
        let place = Place::new();
        let made_vault = init(&place.paths, &material(made), false).unwrap();
        assert_eq!(made_vault.header().provider.name(), made);
        for given in names {
            let opened = open(&place.paths, &material(given));
            assert_eq!(opened.is_ok(), made == given, "{made} {given}");
            if let Err(error) = opened {
                assert_eq!(error.kind(), VaultErrorKind::Locked);
            }
        }
        let wire = made_vault.kek().to_wire();
        open(&place.paths, &KeyMaterial::Kek(Kek::from_wire(&wire).unwrap())).unwrap();
    }
}

#[test]
fn a_wrong_key_is_one_plain_error() {
    let place = Place::new();
    init(&place.paths, &KeyMaterial::Passphrase(text("right")), false).unwrap();
    for wrong in ["wrong", "right ", "Right", "r"] {
        let error = open(&place.paths, &KeyMaterial::Passphrase(text(wrong))).err().unwrap();
        assert!(matches!(error, VaultError::WrongKey), "{wrong}: {error}");
    }
    let wrong = KeyMaterial::Kek(Kek::from_wire(&text(&"00".repeat(32))).unwrap());
    assert!(matches!(open(&place.paths, &wrong), Err(VaultError::WrongKey)));

    // With records in it, too.
    let mut vault = open(&place.paths, &KeyMaterial::Passphrase(text("right"))).unwrap();
    vault.create_secret(new_secret("A", "v", Scope::Global), None, NOW).unwrap();
    assert!(matches!(open(&place.paths, &wrong), Err(VaultError::WrongKey)));
}

#[test]
fn a_missing_or_foreign_key_file_is_an_error_and_not_a_new_key() {
    let (place, _) = Place::with_vault();
    let kept = place.paths.key_file.with_extension("kept");
    fs::rename(&place.paths.key_file, &kept).unwrap();
    let error = open_or_init(&place.paths, &KeyMaterial::File, false).err().unwrap();
    assert!(matches!(&error, VaultError::Key(KeyError::File(error)) if error.is_missing()), "{error}");
    assert!(!place.paths.key_file.exists());

    symlink(&kept, &place.paths.key_file).unwrap();
    assert!(place.open().is_err());
    fs::remove_file(&place.paths.key_file).unwrap();

    let other = Place::with_vault().0;
    fs::copy(&other.paths.key_file, &place.paths.key_file).unwrap();
    assert!(matches!(place.open(), Err(VaultError::WrongKey)));

    fs::copy(&kept, &place.paths.key_file).unwrap();
    place.open().unwrap();
}

#[test]
fn files_that_others_can_reach_are_refused() {
    for (mode, on_folder) in [(0o644, false), (0o660, false), (0o777, true), (0o770, true)] {
        let (place, _) = Place::with_vault();
        let path = if on_folder { place.paths.folder.clone() } else { place.database() };
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        assert!(matches!(place.open(), Err(VaultError::File(_))), "{mode:o} {path:?}");
    }
    let (place, _) = Place::with_vault();
    let elsewhere = place.paths.folder.join("elsewhere.db");
    fs::rename(place.database(), &elsewhere).unwrap();
    symlink(&elsewhere, place.database()).unwrap();
    assert!(matches!(place.open(), Err(VaultError::File(_))));
}

#[test]
fn an_unsuitable_material_leaves_nothing_behind() {
    let place = Place::new();
    for material in [
        KeyMaterial::Env(text("short")),
        KeyMaterial::Passphrase(text("")),
        KeyMaterial::Kek(Kek::from_wire(&text(&"00".repeat(32))).unwrap()),
    ] {
        assert_eq!(init(&place.paths, &material, false).err().unwrap().kind(), VaultErrorKind::Locked);
        assert_eq!(presence(&place.paths).unwrap(), Presence::Absent);
    }
}

#[test]
fn the_header_is_readable_without_the_key() {
    let place = Place::new();
    init(&place.paths, &KeyMaterial::Passphrase(text("right")), true).unwrap();
    let found = find(&place.paths).unwrap().unwrap();
    assert!(found.header().test);
    assert_eq!(found.header().provider.name(), "passphrase");
}

#[test]
fn each_vault_has_its_own_audit_key() {
    let (place, vault) = Place::with_vault();
    let (_other, other_vault) = Place::with_vault();
    assert_eq!(vault.audit_key().as_bytes(), place.open().unwrap().audit_key().as_bytes());
    assert_ne!(vault.audit_key().as_bytes(), other_vault.audit_key().as_bytes());
    assert_ne!(vault.audit_key().as_bytes(), vault.kek().as_bytes());
}
