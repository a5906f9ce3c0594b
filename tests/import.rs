//! `aivault import`: all of a source or nothing of it, and no value on any screen.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::fs;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use support::{Done, Door, Home};

const VALUE: &str = "sk-the-value-of-it";

fn file(home: &Home, name: &str, text: &str) -> String {
    let path = home.path(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn stored(home: &Home) -> Vec<String> {
    let list = home.run(&["secrets", "list", "--json"]).ok().json();
    list.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

#[track_caller]
fn quiet(done: &Done) {
    let all = format!("{}{}", done.text(), done.errors());
    assert!(!all.contains(VALUE), "{all}");
}

#[test]
fn each_kind_is_read_planned_and_stored() {
    let one = json!({"title": "OpenAI API key", "fields": [{"type": "CONCEALED", "label": "credential", "value": VALUE}]});
    let sources = [
        ("dotenv", format!("# keys\nexport OPENAI_API_KEY=\"{VALUE}\"\n")),
        ("json", json!({"OPENAI_API_KEY": VALUE}).to_string()),
        ("1password-json", one.to_string()),
    ];
    for (kind, text) in sources {
        let home = Home::test(Door::InProcess);
        let path = file(&home, "source", &text);
        let planned = home.run(&["import", "--from", kind, &path, "--dry-run"]).ok();
        quiet(&planned);
        planned.says("OPENAI_API_KEY  global  openai");
        assert_eq!(stored(&home), [""; 0], "{kind}");
        let done = home.run(&["import", "--from", kind, &path]).ok();
        quiet(&done);
        done.says("auto-provisioned: openai");
        assert_eq!(stored(&home), ["OPENAI_API_KEY"], "{kind}");
        assert!(home.path("source").exists());
        let again = home.run(&["import", "--from", kind, &path, "--remove"]).ok();
        again.says("Secret unchanged");
        assert!(!home.path("source").exists());
    }
}

#[test]
fn the_environment_gives_what_is_named_and_never_the_vaults_own_key() {
    let home = Home::test(Door::InProcess);
    home.run(&["import", "--from", "env"]).ends(2);
    let mut command = home.command(Door::InProcess, &["import", "--from", "env", "--name", "*_KEY"]);
    command.env("OPENAI_API_KEY", VALUE).env("OTHER", "x").env("AIVAULT_KEY", "A".repeat(44));
    quiet(&Done::of(&mut command, b"").ok());
    assert_eq!(stored(&home), ["OPENAI_API_KEY"]);
}

#[test]
fn one_wrong_entry_stops_all_of_them_and_is_not_quoted() {
    let home = Home::test(Door::InProcess);
    home.store("TAKEN", "another value");
    for (kind, text) in [
        ("dotenv", format!("GOOD=1\n{VALUE}\n")),
        ("dotenv", format!("GOOD=1\nlower={VALUE}\n")),
        ("dotenv", format!("GOOD=1\nBAD='{VALUE}\n")),
        ("dotenv", format!("GOOD=1\nTAKEN={VALUE}\n")),
        ("dotenv", format!("GOOD=1\nGOOD={VALUE}\n")),
        ("json", format!("{{\"GOOD\":\"1\",\"BAD\":[\"{VALUE}\"]}}")),
        ("json", format!("{{\"GOOD\":\"1\",\"{VALUE}\":\"x\"}}")),
        ("json", VALUE.to_owned()),
        ("1password-json", VALUE.to_owned()),
        ("1password-json", json!([{"id": "x", "title": "t"}]).to_string()),
    ] {
        let path = file(&home, "source", &text);
        let done = home.run(&["import", "--from", kind, &path, "--remove"]);
        assert_ne!(done.code, Some(0), "{text}");
        quiet(&done);
        assert_eq!(stored(&home), ["TAKEN"], "{text}");
        assert!(home.path("source").exists(), "{text}");
    }
}

fn blob(key: &[u8; 32], text: &[u8], data: &str) -> Value {
    let payload = Payload { msg: text, aad: data.as_bytes() };
    let sealed = XChaCha20Poly1305::new(key.into()).encrypt(&XNonce::from([5; 24]), payload).unwrap();
    json!({"alg": "xchacha20poly1305", "nonceB64": STANDARD.encode([5; 24]), "ciphertextB64": STANDARD.encode(sealed)})
}

/// A folder as the older tool leaves it, with its key beside it.
fn former(home: &Home) -> PathBuf {
    let (folder, key) = (home.path("former"), [9; 32]);
    fs::create_dir_all(folder.join("secrets")).unwrap();
    let kek = home.path("former.key");
    fs::write(&kek, STANDARD.encode(key)).unwrap();
    let vault = json!({"version": 1, "createdAtMs": 1, "updatedAtMs": 1,
        "provider": {"type": "file", "path": kek}, "kekId": format!("{:x}", HexOf(Sha256::digest(key).into()))});
    fs::write(folder.join("vault.json"), vault.to_string()).unwrap();
    let secrets = [
        (
            "a",
            "OPENAI_API_KEY",
            json!("global"),
            "vault:secret:v2:a:global:openai",
            json!({"aadVersion": 2, "pinnedProvider": "openai"}),
        ),
        (
            "b",
            "OWN",
            json!({"workspace": {"workspace_id": "w"}}),
            "vault:secret:v1:b:workspace:w",
            json!({"aadVersion": 1}),
        ),
    ];
    for (id, name, scope, data, more) in secrets {
        let mut document = json!({"secretId": id, "name": name, "scope": scope, "createdAtMs": 1, "updatedAtMs": 1,
            "ciphertext": {"alg": "xchacha20poly1305+envelope", "dekWrapped": blob(&key, &[3; 32], data),
                "value": blob(&[3; 32], VALUE.as_bytes(), data)}});
        document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        fs::write(folder.join(format!("secrets/{id}.json")), document.to_string()).unwrap();
    }
    folder
}

struct HexOf([u8; 32]);

impl std::fmt::LowerHex for HexOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[test]
fn the_older_tools_vault_is_taken_over() {
    let home = Home::test(Door::InProcess);
    let folder = former(&home);
    let from = folder.to_str().unwrap();
    let planned = home.run(&["import", "--from", "aivault-v0", from, "--dry-run"]).ok();
    planned.says("OWN             workspace:w");
    quiet(&planned);
    let wrong = file(&home, "wrong.key", &"A".repeat(44));
    home.run(&["import", "--from", "aivault-v0", from, "--key-file", &wrong]).ends(2);
    let done = home.run(&["import", "--from", "aivault-v0", from]).ok();
    done.says("Not needed any more");
    quiet(&done);
    assert_eq!(stored(&home), ["OPENAI_API_KEY", "OWN"]);
    assert!(folder.join("vault.json").exists());
    home.run(&["import", "--from", "aivault-v0", from, "--remove"]).ok().says("Secret unchanged: OWN");
    assert!(!folder.join("vault.json").exists() && !folder.join("secrets/a.json").exists());
}
