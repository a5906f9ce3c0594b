//! A backup holds the vault as it is, sealed; and comes back whole, where no vault is, or not at all.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use age::secrecy::ExposeSecret as _;
use support::{Done, Door, Home, Upstream, secrets};

const INVOKE: &[&str] = &["invoke", "openai/chat-completions", "--body", "{}"];

fn back_up(home: &Home, more: &[&str]) -> String {
    let path = home.path("vault.backup").to_str().unwrap().to_owned();
    home.run(&[&["backup", &path][..], more].concat()).ok().says("key is not in it");
    path
}

/// Another machine, with the key and nothing else.
fn elsewhere(home: &Home) -> Home {
    let other = Home::empty(Door::InProcess);
    fs::copy(home.vault().join("kek.key"), other.vault().join("kek.key")).unwrap();
    other
}

fn restore(home: &Home, file: &str, more: &[&str]) -> Done {
    home.run(&[&["restore", file][..], more].concat())
}

#[test]
fn what_is_backed_up_comes_back_on_another_machine() {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = Home::with_openai(Door::Daemon, &upstream, secrets::OPENAI);
    home.run(INVOKE).ok();
    upstream.take();
    let file = back_up(&home, &[]);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let bytes = fs::read(&file).unwrap();
    for spelling in secrets::spellings(secrets::OPENAI) {
        assert!(!bytes.windows(spelling.len()).any(|window| window == spelling));
    }
    home.run(&["backup", &file]).ends(1);
    assert!(home.events().iter().any(|entry| entry.is("vault.backup", "ok")));

    let other = elsewhere(&home);
    restore(&other, &file, &[]).ok().says("with 1 secret");
    other.run(&["doctor"]).ok();
    other.run(INVOKE).ok();
    assert_eq!(upstream.take_one().header("authorization"), format!("Bearer {}", secrets::OPENAI));
    other.run(&["audit", "verify"]).ok();
    assert!(other.events().iter().any(|entry| entry.is("vault.restore", "ok")));
    // Never over a vault.
    let refused = restore(&other, &file, &[]);
    assert_ne!(refused.code, Some(0));
    assert!(refused.errors().contains("exists already"), "{}", refused.errors());
}

/// The note beside the key and the log know of later changes; who restores means the older vault.
#[test]
fn an_older_vault_comes_back_where_the_later_one_was_lost() {
    let home = Home::test(Door::InProcess);
    home.store("FIRST", "value");
    let file = back_up(&home, &[]);
    home.store("SECOND", "value");
    home.run(&["secrets", "rotate", "--name", "FIRST", "--value", "another"]).ok();
    for lost in ["vault.db", "vault.db-wal", "vault.db-shm"] {
        let _ = fs::remove_file(home.vault().join(lost));
    }
    home.run(&["secrets", "list"]).ends(4);
    restore(&home, &file, &[]).ok().says("its audit log goes on");
    home.run(&["doctor"]).ok();
    home.run(&["audit", "verify"]).ok();
    let listed = home.run(&["secrets", "list"]).ok().text();
    assert!(listed.contains("FIRST") && !listed.contains("SECOND"), "{listed}");
}

/// The key of then is kept beside the one of now, and is what such a backup needs.
#[test]
fn a_backup_from_before_a_change_of_the_key_needs_the_key_of_then() {
    let home = Home::test(Door::InProcess);
    home.store("FIRST", "value");
    let file = back_up(&home, &[]);
    home.run(&["rotate-master"]).ok();
    home.store("SECOND", "value");
    for lost in ["vault.db", "vault.db-wal", "vault.db-shm"] {
        let _ = fs::remove_file(home.vault().join(lost));
    }
    let refused = restore(&home, &file, &[]).ends(4);
    assert!(refused.errors().contains("kek.key-set-aside-"), "{}", refused.errors());
    assert!(!home.vault().join("vault.db").exists());

    let key = home.vault().join("kek.key");
    let kept = fs::read_dir(home.vault()).unwrap().map(|entry| entry.unwrap().path());
    let is_kept = |path: &std::path::PathBuf| path.to_string_lossy().contains("kek.key-set-aside-");
    let then: Vec<_> = kept.filter(is_kept).collect();
    assert_eq!(then.len(), 1, "{then:?}");
    fs::rename(&key, home.path("key-of-now")).unwrap();
    fs::rename(&then[0], &key).unwrap();
    restore(&home, &file, &[]).ok().says("its audit log goes on");
    home.run(&["doctor"]).ok();
    home.run(&["audit", "verify"]).ok();
    let listed = home.run(&["secrets", "list"]).ok().text();
    assert!(listed.contains("FIRST") && !listed.contains("SECOND"), "{listed}");
    home.run(&["rotate-master"]).ok();
    home.run(&["doctor"]).ok().says("of keys before, 1 are kept");
}

#[test]
fn an_encrypted_backup_opens_for_whom_it_is_meant() {
    let home = Home::test(Door::InProcess);
    home.store("FIRST", "value");
    let file = back_up(&home, &["--passphrase", "a passphrase of the backup"]);
    assert!(fs::read(&file).unwrap().starts_with(b"age-encryption.org/v1"));
    let other = elsewhere(&home);
    restore(&other, &file, &[]).ends(2);
    restore(&other, &file, &["--passphrase", "another passphrase"]).ends(2);
    assert!(!other.vault().join("vault.db").exists());
    restore(&other, &file, &["--passphrase", "a passphrase of the backup"]).ok();
    fs::remove_file(&file).unwrap();

    let [identity, stranger] = [(); 2].map(|()| age::x25519::Identity::generate());
    let file = back_up(&home, &["--recipient", &identity.to_public().to_string()]);
    let other = elsewhere(&home);
    for (whose, code) in [(&stranger, 2), (&identity, 0)] {
        let path = other.path("identity");
        fs::write(&path, format!("# made for a test\n{}\n", whose.to_string().expose_secret())).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        restore(&other, &file, &["--identity-file", path.to_str().unwrap()]).ends(code);
    }
    other.run(&["doctor"]).ok();
}

#[test]
fn a_backup_that_is_not_as_it_was_written_leaves_nothing_behind() {
    let home = Home::test(Door::InProcess);
    home.store("FIRST", "a value that is long enough to be found in a page of the file");
    let file = back_up(&home, &[]);
    let sound = fs::read(&file).unwrap();
    let other = elsewhere(&home);
    let blob = home.path("blob");
    let mut tried = 0;
    for at in (0..sound.len()).step_by(sound.len() / 40) {
        let mut edited = sound.clone();
        edited[at] ^= 0x55;
        fs::write(&blob, &edited).unwrap();
        let done = restore(&other, blob.to_str().unwrap(), &[]);
        if done.code == Some(0) {
            // A byte of a free page, or of what SQLite itself does not read.
            other.run(&["doctor"]).ok();
            for part in ["vault.db", "kek.epoch"] {
                fs::remove_file(other.vault().join(part)).unwrap();
            }
            fs::remove_dir_all(other.vault().join("audit")).unwrap();
        } else {
            tried += 1;
            assert!(!other.vault().join("vault.db").exists(), "byte {at}");
        }
        let left = fs::read_dir(other.vault()).unwrap().map(|entry| entry.unwrap().file_name());
        let left: Vec<_> = left.filter(|name| name.to_string_lossy().starts_with("vault.db")).collect();
        assert!(left.is_empty(), "byte {at}: {left:?}");
    }
    assert!(tried >= 3, "{tried} were refused");
    for cut in [0, 1, 100, sound.len() / 2, sound.len() - 1] {
        fs::write(&blob, &sound[..cut]).unwrap();
        assert_ne!(restore(&other, blob.to_str().unwrap(), &[]).code, Some(0), "cut to {cut}");
    }
}

#[test]
fn a_vault_with_a_passphrase_is_backed_up_while_locked() {
    const PASSPHRASE: &str = "a long enough passphrase";
    let home = Home::empty(Door::InProcess);
    home.run(&["init", "--test", "--passphrase", PASSPHRASE]).ok();
    let file = back_up(&home, &[]);
    let other = Home::empty(Door::InProcess);
    restore(&other, &file, &[]).ends(4);
    restore(&other, &file, &["--vault-passphrase", "not this passphrase"]).ends(4);
    restore(&other, &file, &["--vault-passphrase", PASSPHRASE]).ok();
    other.run(&["doctor", "--passphrase", PASSPHRASE]).ok();
}
