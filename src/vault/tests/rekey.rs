//! Locking a vault with another key: the old one or the new one opens it at every instant.

use std::fs;
use std::path::Path;

use super::{NOW, Place, input, new_secret, openai_claim, value_of};
use crate::spec::Scope;
use crate::vault::header::Header;
use crate::vault::keys::DerivedKeys;
use crate::vault::manifest::Manifest;
use crate::vault::multiset::SetSum;
use crate::vault::store::Kind;
use crate::vault::{
    CredentialFile, Difference, FormerKeys, KeyCommand, KeyMaterial, SecretId, SecretRef, SecretText,
    Session, Vault, VaultError, VaultErrorKind, init, open, rekey, repair,
};

const KEY: &str = "0707070707070707070707070707070707070707070707070707070707070707";

/// How one provider makes a key and finds it again.
struct Way {
    name: &'static str,
    make: fn(&Path) -> KeyMaterial,
    find: fn(&Path) -> KeyMaterial,
}

fn text(text: &str) -> SecretText {
    SecretText::new(text.to_owned())
}

fn command() -> KeyCommand {
    let words = ["/bin/echo", KEY].map(str::to_owned).to_vec();
    KeyCommand::new(words, Path::new("/"), Vec::new()).unwrap()
}

fn credentials(folder: &Path) -> Option<std::path::PathBuf> {
    let path = folder.join("credentials");
    fs::create_dir_all(&path).unwrap();
    let file = path.join("aivault.key");
    if !file.exists() {
        crate::platform::files::write_private_new(&file, KEY.as_bytes()).unwrap();
    }
    Some(path)
}

const WAYS: [Way; 5] = [
    Way { name: "file", make: |_| KeyMaterial::File, find: |_| KeyMaterial::File },
    Way { name: "env", make: |_| KeyMaterial::Env(text(KEY)), find: |_| KeyMaterial::Env(text(KEY)) },
    Way {
        name: "passphrase",
        make: |_| KeyMaterial::Passphrase(text("several words")),
        find: |_| KeyMaterial::Passphrase(text("several words")),
    },
    Way {
        name: "command",
        make: |_| KeyMaterial::Command { chosen: Some(command()), session: Session::new(), trusted: true },
        find: |_| KeyMaterial::Command { chosen: None, session: Session::new(), trusted: false },
    },
    Way {
        name: "systemd",
        make: |folder| KeyMaterial::Systemd {
            chosen: CredentialFile::parse("aivault.key"),
            folder: credentials(folder),
        },
        find: |folder| KeyMaterial::Systemd { chosen: None, folder: credentials(folder) },
    },
];

/// A vault with a pinned secret, a free one and what hangs on them.
fn filled(place: &Place, material: &KeyMaterial) -> SecretId {
    let mut vault = init(&place.paths, material, false).unwrap();
    let id = vault
        .create_secret(new_secret("OPENAI_API_KEY", "sk-one", Scope::Global), Some(&openai_claim()), NOW)
        .unwrap();
    vault.create_secret(new_secret("OTHER", "other", Scope::Global), None, NOW).unwrap();
    id.meta.id
}

#[test]
fn any_provider_gives_way_to_any_other_and_nothing_else_changes() {
    for from in &WAYS {
        for to in &WAYS {
            let place = Place::new();
            let outside = place.paths.folder.parent().unwrap();
            let id = filled(&place, &(from.make)(outside));
            let mut before = open(&place.paths, &(from.find)(outside)).unwrap();
            let kept = (before.secrets().unwrap(), *before.audit_key().as_bytes(), before.epoch());
            let kek = before.kek().duplicate();

            let done = rekey(&place.paths, &(from.find)(outside), &(to.make)(outside)).unwrap();
            let step = format!("{} to {}", from.name, to.name);
            assert_eq!(done.vault.header().provider.name(), to.name, "{step}");
            assert_eq!(done.records, 3, "{step}");
            let mut after = open(&place.paths, &(to.find)(outside)).unwrap();
            assert_eq!(value_of(&mut after, &id).unwrap(), b"sk-one", "{step}");
            let now = (after.secrets().unwrap(), *after.audit_key().as_bytes(), after.epoch() - 1);
            assert_eq!(now, kept, "{step}");
            // Where somebody else keeps the key it is the same one before and after.
            let is_new = ["file", "passphrase"].contains(&to.name) || kek.as_bytes() != &[7; 32];
            let with_old = open(&place.paths, &KeyMaterial::Kek(kek));
            assert_eq!(with_old.is_err(), is_new, "{step}");
            assert_eq!(done.set_aside.is_some(), from.name == "file", "{step}");
            assert_eq!(place.paths.key_file.exists(), to.name == "file", "{step}");
            assert!(!place.paths.key_file.with_extension("key.next").exists(), "{step}");
        }
    }
}

#[test]
fn a_copy_from_before_opens_with_the_key_that_was_set_aside() {
    let place = Place::new();
    filled(&place, &KeyMaterial::File);
    let backup = place.paths.folder.join("backup");
    fs::copy(place.database(), &backup).unwrap();
    let aside = rekey(&place.paths, &KeyMaterial::File, &KeyMaterial::File).unwrap().set_aside.unwrap();
    fs::rename(&backup, place.database()).unwrap();
    assert!(matches!(place.open(), Err(VaultError::WrongKey)));
    fs::rename(aside, &place.paths.key_file).unwrap();
    // It is older than the note beside the key, which holds under either key.
    assert!(matches!(place.open(), Err(VaultError::RecordsDiffer(Difference::WholeVault { .. }))));
    let looked = repair(&place.paths, &KeyMaterial::File).unwrap();
    assert!(looked.noted() > Some(looked.epoch()));
    looked.accept(&[], 0).unwrap();
    place.open().unwrap();
}

/// What stands on the disk when the change is cut off at each of its steps.
#[test]
fn a_change_that_was_cut_off_leaves_one_key_that_opens() {
    let place = Place::new();
    let id = filled(&place, &KeyMaterial::File);
    let next = place.paths.key_file.with_extension("key.next");
    let old = fs::read(&place.paths.key_file).unwrap();
    let value = |place: &Place| value_of(&mut place.open().unwrap(), &id).unwrap();

    // The new key is written, and the vault is as it was.
    crate::platform::files::write_private_new(&next, KEY.as_bytes()).unwrap();
    assert_eq!(value(&place), b"sk-one");

    // The vault is locked with it, and the old one has its name yet.
    let aside = rekey(&place.paths, &KeyMaterial::File, &KeyMaterial::File).unwrap().set_aside.unwrap();
    fs::rename(&place.paths.key_file, &next).unwrap();
    crate::platform::files::write_private_new(&place.paths.key_file, &old).unwrap();
    assert_eq!(value(&place), b"sk-one");

    // The old one has been set aside, and the new one has not got its name.
    fs::remove_file(&place.paths.key_file).unwrap();
    assert_eq!(value(&place), b"sk-one");

    // The next change goes on from there, and loses neither.
    let new = fs::read(&next).unwrap();
    let again = rekey(&place.paths, &KeyMaterial::File, &KeyMaterial::File).unwrap().set_aside.unwrap();
    assert_eq!((fs::read(aside).unwrap(), fs::read(again).unwrap()), (old, new));
    assert!(!next.exists());
    assert_eq!(value(&place), b"sk-one");
}

#[test]
fn the_note_of_the_last_change_holds_before_a_change_of_the_key_and_after_it() {
    let place = Place::new();
    filled(&place, &KeyMaterial::File);
    let note = place.paths.key_file.with_extension("epoch");
    let (before, database) = (fs::read(&note).unwrap(), fs::read(place.database()).unwrap());
    let later = rekey(&place.paths, &KeyMaterial::File, &KeyMaterial::File).unwrap().vault.epoch();
    // As if the change had been cut off before it was noted.
    fs::write(&note, &before).unwrap();
    assert_eq!(place.open().unwrap().epoch(), later);
    assert_eq!(repair(&place.paths, &KeyMaterial::File).unwrap().noted(), Some(later));

    // And a vault that was set back is not made one with a new key.
    let mut after = place.open().unwrap();
    let stale = fs::read(place.database()).unwrap();
    assert_ne!(stale, database);
    after.create_secret(new_secret("THIRD", "three", Scope::Global), None, NOW).unwrap();
    drop(after);
    for name in ["vault.db-wal", "vault.db-shm"] {
        let _ = fs::remove_file(place.paths.folder.join(name));
    }
    fs::write(place.database(), stale).unwrap();
    let refused = rekey(&place.paths, &KeyMaterial::File, &KeyMaterial::File).err().unwrap();
    assert!(matches!(refused, VaultError::RecordsDiffer(Difference::WholeVault { .. })), "{refused}");
}

#[test]
fn what_changes_of_the_key_left_is_told_apart() {
    let place = Place::new();
    filled(&place, &KeyMaterial::File);
    let found = |place: &Place| repair(&place.paths, &KeyMaterial::File).unwrap().former_keys().unwrap();
    assert_eq!(found(&place), FormerKeys::default());
    let aside = rekey(&place.paths, &KeyMaterial::File, &KeyMaterial::File).unwrap().set_aside.unwrap();
    let next = place.paths.key_file.with_extension("key.next");
    crate::platform::files::write_private_new(&next, KEY.as_bytes()).unwrap();
    let unused = FormerKeys { unused: Some(next.clone()), set_aside: vec![aside.clone()], nameless: None };
    assert_eq!(found(&place), unused);
    fs::rename(&place.paths.key_file, &next).unwrap();
    let nameless = FormerKeys { nameless: Some(next), set_aside: vec![aside], unused: None };
    assert_eq!(found(&place), nameless);
}

#[test]
fn a_refused_change_changes_nothing() {
    let place = Place::new();
    let id = filled(&place, &KeyMaterial::File);
    let before = fs::read(&place.paths.key_file).unwrap();
    let failing = ["/bin/false", KEY].map(str::to_owned).to_vec();
    let command = KeyCommand::new(failing, Path::new("/"), Vec::new()).unwrap();
    for (current, next) in [
        (KeyMaterial::File, KeyMaterial::Env(text("short"))),
        (KeyMaterial::File, KeyMaterial::Passphrase(text(""))),
        (
            KeyMaterial::File,
            KeyMaterial::Command { chosen: Some(command), session: Session::new(), trusted: true },
        ),
        (KeyMaterial::File, KeyMaterial::Systemd { chosen: CredentialFile::parse("a"), folder: None }),
        (KeyMaterial::Passphrase(text("p")), KeyMaterial::File),
        (KeyMaterial::Kek(crate::vault::Kek::from_wire(&text(KEY)).unwrap()), KeyMaterial::File),
    ] {
        assert!(rekey(&place.paths, &current, &next).is_err());
    }
    place
        .sql()
        .execute("UPDATE record SET blob = x'02' WHERE kind = 'secret' AND id = ?1", [id.to_string()])
        .unwrap();
    let damaged = rekey(&place.paths, &KeyMaterial::File, &KeyMaterial::File).err().unwrap();
    assert!(matches!(&damaged, VaultError::Tampered { record } if record.kind == Kind::Secret), "{damaged}");
    assert_eq!(fs::read(&place.paths.key_file).unwrap(), before);
    place.open().unwrap();
}

#[test]
fn whoever_has_it_open_learns_that_it_has_another_key() {
    let place = Place::new();
    let id = filled(&place, &KeyMaterial::File);
    let mut open_before = place.open().unwrap();
    let superseded = open_before.superseded();
    rekey(&place.paths, &KeyMaterial::File, &KeyMaterial::File).unwrap();
    assert!(!superseded.is_known());
    let error = value_of(&mut open_before, &id).err().unwrap();
    assert_eq!(error.kind(), VaultErrorKind::Rekeyed, "{error}");
    assert!(superseded.is_known());
    let id = SecretRef::Id(id);
    let error = open_before.rotate_secret(&id, &input("sk-lost"), NOW).err().unwrap();
    assert_eq!(error.kind(), VaultErrorKind::Rekeyed, "{error}");
    place.open().unwrap();
}

#[test]
fn a_header_that_was_edited_is_told_from_a_wrong_key() {
    let place = Place::new();
    filled(&place, &KeyMaterial::File);
    let header: Vec<u8> = place.sql().query_row("SELECT bytes FROM header", [], |row| row.get(0)).unwrap();
    let edited = String::from_utf8(header).unwrap().replace("\"created_ms\":", "\"created_ms\":1");
    place.sql().execute("UPDATE header SET bytes = ?1", [edited.as_bytes()]).unwrap();
    let error = place.open().err().unwrap();
    assert!(matches!(error, VaultError::Header(_)), "{error}");
    assert!(repair(&place.paths, &KeyMaterial::File).is_err());
}

/// Makes the vault one of the first format, whose keys are all derived from the one.
fn as_the_first_format(place: &Place) {
    let vault = place.open().unwrap();
    let (header, bytes) = Header::compose_first(vault.header().said());
    let keys = DerivedKeys::of(vault.kek(), header.vault_id);
    let sealer = crate::vault::seal::Sealer::new(keys.wrap(), &header);
    let generations = vault.resident().generations().clone();
    let sum = generations.iter().map(|(name, generation)| SetSum::of(&keys, name, *generation));
    let manifest =
        Manifest { sum: sum.fold(SetSum::default(), SetSum::plus), ..*vault.resident().manifest() };
    let blob = manifest.seal(&sealer, &header).unwrap();
    drop(vault);
    // Of a vault whose keys were others.
    fs::remove_file(place.paths.key_file.with_extension("epoch")).unwrap();
    let sql = place.sql();
    sql.execute("UPDATE header SET bytes = ?1", [bytes]).unwrap();
    sql.execute("UPDATE record SET blob = ?1 WHERE kind = 'manifest'", [blob]).unwrap();
}

fn format(place: &Place) -> i64 {
    let read = "SELECT json_extract(CAST(bytes AS TEXT), '$.format') FROM header";
    place.sql().query_row(read, [], |row| row.get(0)).unwrap()
}

#[test]
fn a_vault_of_the_first_format_opens_as_it_is_and_moves_with_its_key() {
    let place = Place::new();
    init(&place.paths, &KeyMaterial::File, false).unwrap();
    as_the_first_format(&place);
    let mut vault = place.open().unwrap();
    let new = new_secret("OPENAI_API_KEY", "sk-one", Scope::Global);
    let id = vault.create_secret(new, Some(&openai_claim()), NOW).unwrap().meta.id;
    let audit = *vault.audit_key().as_bytes();
    drop(vault);
    assert_eq!(format(&place), 1);

    let next = KeyMaterial::Passphrase(text("several words"));
    rekey(&place.paths, &KeyMaterial::File, &next).unwrap();
    assert_eq!(format(&place), 2);
    let mut vault: Vault = open(&place.paths, &next).unwrap();
    assert_eq!(value_of(&mut vault, &id).unwrap(), b"sk-one");
    assert_eq!(vault.audit_key().as_bytes(), &audit, "the log goes on");
    let claimed = vault.create_secret(
        new_secret("OPENAI_API_KEY", "sk-two", Scope::Global),
        Some(&openai_claim()),
        NOW,
    );
    assert!(claimed.is_err(), "names are known by the same keys as before");
}

#[test]
fn a_new_value_has_a_new_key() {
    let (place, mut vault, id) = super::with_openai();
    let wrapped = |place: &Place| -> Vec<u8> {
        let read = "SELECT substr(blob, 26, 48) FROM record WHERE kind = 'secret'";
        place.sql().query_row(read, [], |row| row.get(0)).unwrap()
    };
    let opened = |vault: &Vault| {
        let name = id.record_name();
        let record = vault.store().load(&name).unwrap().unwrap();
        vault.unlocked().open(&name, record.generation, &record.blob).unwrap().own_key()
    };
    let (before, key) = (wrapped(&place), opened(&vault));
    vault.rotate_secret(&SecretRef::Id(id), &input("sk-two"), NOW).unwrap();
    assert_ne!(wrapped(&place), before);
    assert_ne!(opened(&vault), key);
}

#[test]
fn nothing_of_the_former_wrapping_is_left_in_the_files() {
    let place = Place::new();
    filled(&place, &KeyMaterial::File);
    let wrapped: Vec<Vec<u8>> = {
        let sql = place.sql();
        let mut read = sql.prepare("SELECT substr(blob, 26, 48) FROM record").unwrap();
        read.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    };
    rekey(&place.paths, &KeyMaterial::File, &KeyMaterial::File).unwrap();
    for entry in fs::read_dir(&place.paths.folder).unwrap() {
        let path = entry.unwrap().path();
        let Ok(bytes) = fs::read(&path) else { continue };
        for key in &wrapped {
            assert!(!bytes.windows(key.len()).any(|window| window == key), "{}", path.display());
        }
    }
}
