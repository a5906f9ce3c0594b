//! Folders as the older tool leaves them, written here from what is known of its format.
#![allow(clippy::disallowed_methods, reason = "tests write the files that are to be read")]

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use super::*;
use crate::vault::hex;

const KEY: [u8; 32] = [9; 32];

fn blob(key: &[u8; 32], text: &[u8], data: &str) -> Value {
    let payload = Payload { msg: text, aad: data.as_bytes() };
    let sealed = XChaCha20Poly1305::new(key.into()).encrypt(&XNonce::from([5; 24]), payload).unwrap();
    json!({"alg": "xchacha20poly1305", "nonceB64": STANDARD.encode([5; 24]), "ciphertextB64": STANDARD.encode(sealed)})
}

fn secret(id: &str, name: &str, scope: &Value, data: &str, more: &Value) -> Value {
    let mut dek = blob(&KEY, &[3; 32], data);
    dek["kekId"] = "x".into();
    let mut document = json!({
        "secretId": id, "name": name, "scope": scope, "createdAtMs": 1, "updatedAtMs": 2, "valueVersion": 1,
        "ciphertext": {"alg": "xchacha20poly1305+envelope", "dekWrapped": dek, "value": blob(&[3; 32], b"the-value", data)},
    });
    document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    document
}

fn folder(provider: &Value, kek: &[u8; 32], secrets: &[Value]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let vault = json!({"version": 1, "createdAtMs": 1, "updatedAtMs": 1, "provider": provider,
        "kekId": hex::encode(&Sha256::digest(kek))});
    fs::write(folder.path().join(VAULT), vault.to_string()).unwrap();
    fs::create_dir(folder.path().join(SECRETS)).unwrap();
    for secret in secrets {
        let name = format!("{}.json", secret["secretId"].as_str().unwrap());
        fs::write(folder.path().join(SECRETS).join(name), secret.to_string()).unwrap();
    }
    folder
}

fn key() -> FormerKey {
    FormerKey::Text(SecretText::new(format!("{}\n", STANDARD.encode(KEY))))
}

fn file() -> Value {
    json!({"type": "file", "path": "/nowhere/kek.key"})
}

#[test]
fn every_scope_and_way_to_seal_is_opened_and_what_is_left_is_said() {
    let secrets = [
        secret("a", "PLAIN", &json!("global"), "vault:secret:v1:a:global", &json!({"aliases": ["one"]})),
        secret(
            "b",
            "OPENAI_API_KEY",
            &json!({"workspace": {"workspace_id": "w"}}),
            "vault:secret:v2:b:workspace:w:openai",
            &json!({"aadVersion": 2, "pinnedProvider": "openai",
                "attachedGroups": [{"workspaceId": "w", "groupId": "g"}]}),
        ),
        secret(
            "c",
            "GROUPED",
            &json!({"group": {"workspace_id": "w", "group_id": "g"}}),
            "vault:secret:v1:c:group:w:g",
            &json!({"aadVersion": 1}),
        ),
        secret(
            "d",
            "TEAM",
            &json!({"team": {"workspace_id": "w", "team": "t"}}),
            "vault:secret:v1:d:team:w:t",
            &json!({}),
        ),
        secret("e", "REVOKED", &json!("global"), "", &json!({"revokedAtMs": 5})),
        secret("f", "OWN", &json!("global"), "", &json!({"systemManaged": true})),
    ];
    let folder = folder(&file(), &KEY, &secrets);
    let broker = json!({"version": 1, "credentials": [{"id": "work", "provider": "openai"}],
        "capabilities": [{"id": "acme/read"}], "policies": [{"capabilityId": "acme/read"}]});
    fs::write(folder.path().join(BROKER), broker.to_string()).unwrap();
    let vault = FormerVault::find(folder.path()).unwrap();
    assert_eq!(vault.provider(), FormerProvider::File("/nowhere/kek.key".into()));
    let content = vault.open(&key()).unwrap();
    let told: Vec<String> = content
        .secrets
        .iter()
        .map(|one| {
            assert!(one.value.matches(|text| text == "the-value"));
            let provider = one.provider.as_ref().map(ToString::to_string).unwrap_or_default();
            format!("{} {} {provider} {}", one.name, one.scope, one.aliases.join(","))
        })
        .collect();
    assert_eq!(
        told,
        [
            "PLAIN global  one",
            "OPENAI_API_KEY workspace:w openai ",
            "GROUPED group:w/g  ",
            "TEAM group:w/t  "
        ]
    );
    assert_eq!(content.left.len(), 6, "{:?}", content.left);
    assert_eq!(content.files.len(), 8);
}

#[test]
fn a_passphrase_opens_it_and_another_does_not() {
    let mut kek = [0; 32];
    let params = argon2::Params::new(64, 2, 1, Some(32)).unwrap();
    argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params)
        .hash_password_into(b"correct horse", b"0123456789abcdef", &mut kek)
        .unwrap();
    let provider = json!({"type": "passphrase",
        "kdf": {"saltB64": STANDARD.encode("0123456789abcdef"), "mCostKib": 64, "tCost": 2, "pCost": 1},
        "check": {"sha256Hex": "", "blob": blob(&kek, &[1; 32], "vault:check:v1")}});
    let folder = folder(&provider, &kek, &[]);
    let vault = FormerVault::find(folder.path()).unwrap();
    assert_eq!(vault.provider(), FormerProvider::Passphrase);
    let with = |text: &str| vault.open(&FormerKey::Passphrase(SecretText::new(text.to_owned())));
    assert!(with("correct horse").unwrap().secrets.is_empty());
    assert!(matches!(with("wrong"), Err(FormerError::WrongKey)));
    assert!(matches!(with(""), Err(FormerError::WrongKey)));
}

#[test]
fn what_was_edited_or_is_another_s_opens_nothing() {
    let data = "vault:secret:v2:a:global:openai";
    let pinned = json!({"aadVersion": 2, "pinnedProvider": "openai"});
    let good = secret("a", "A", &json!("global"), data, &pinned);
    let opened = |change: &dyn Fn(&mut Value)| {
        let mut changed = good.clone();
        change(&mut changed);
        let folder = folder(&file(), &KEY, &[changed]);
        FormerVault::find(folder.path()).unwrap().open(&key()).map(|content| content.secrets.len())
    };
    assert_eq!(opened(&|_| {}).unwrap(), 1);
    let changes: [&dyn Fn(&mut Value); 5] = [
        &|one| one["pinnedProvider"] = "github".into(),
        &|one| one["aadVersion"] = 1.into(),
        &|one| one["scope"] = json!({"workspace": {"workspace_id": "w"}}),
        &|one| one["secretId"] = "b".into(),
        &|one| one["ciphertext"]["value"]["ciphertextB64"] = STANDARD.encode([0; 30]).into(),
    ];
    for (at, change) in changes.iter().enumerate() {
        assert!(matches!(opened(change), Err(FormerError::Unopened { .. })), "change {at}");
    }
    assert!(matches!(opened(&|one| one["aadVersion"] = 3.into()), Err(FormerError::Unknown { .. })));
    let folder = folder(&file(), &[1; 32], &[]);
    assert!(matches!(FormerVault::find(folder.path()).unwrap().open(&key()), Err(FormerError::WrongKey)));
    assert!(FormerVault::find(&folder.path().join(SECRETS)).is_err());
}

#[test]
fn an_unreasonable_passphrase_cost_is_refused() {
    let kdf = json!({"saltB64": "MDEyMzQ1Njc4OWFiY2RlZg==", "mCostKib": 4_000_000, "tCost": 2, "pCost": 1});
    let provider =
        json!({"type": "passphrase", "kdf": kdf, "check": {"sha256Hex": "", "blob": blob(&KEY, b"", "")}});
    let folder = folder(&provider, &KEY, &[]);
    let key = FormerKey::Passphrase(SecretText::new("p".to_owned()));
    assert!(matches!(FormerVault::find(folder.path()).unwrap().open(&key), Err(FormerError::Derivation)));
}
