//! Opening what the older tool sealed: XChaCha20-Poly1305, each value under a key of its own, which the vault's wraps;
//! both with the record's id, scope and provider as associated data.

use std::path::Path;

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::document::{
    BlobDocument, KdfDocument, ProviderDocument, ScopeDocument, SecretDocument, VaultDocument,
};
use super::{FormerError, FormerKey, FormerSecret};
use crate::spec::{ProviderId, Scope, ScopeId};
use crate::vault::hex;
use crate::vault::keys::SecretText;
use crate::vault::secret::SecretInput;

const ALGORITHM: &str = "xchacha20poly1305";
const CHECK: &[u8] = b"vault:check:v1";

type Key = Zeroizing<[u8; 32]>;

/// A secret, or why there is nothing to take over of it.
pub(super) enum Found {
    Secret(FormerSecret),
    Left(&'static str),
}

/// The vault's key, which is that of this vault.
pub(super) fn key(vault: &VaultDocument, given: &FormerKey) -> Result<Key, FormerError> {
    let key = match (given, &vault.provider) {
        (FormerKey::Passphrase(passphrase), ProviderDocument::Passphrase { kdf, check }) => {
            let key = derive(passphrase, kdf)?;
            opened(&key, &check.blob, CHECK).ok_or(FormerError::WrongKey)?;
            return Ok(key);
        }
        (FormerKey::Passphrase(_), _) => return Err(FormerError::WrongKey),
        (FormerKey::Text(text), _) => parsed(text).ok_or(FormerError::NoKey)?,
    };
    let id = hex::encode(&Sha256::digest(key.as_slice()));
    if id == vault.kek_id { Ok(key) } else { Err(FormerError::WrongKey) }
}

/// One secret, or why there is nothing to take over of it.
pub(super) fn secret(document: &SecretDocument, kek: &Key, path: &Path) -> Result<Found, FormerError> {
    let ciphertext = match document {
        SecretDocument { revoked_at_ms: Some(_), .. } => return Ok(Found::Left("it was revoked")),
        SecretDocument { system_managed: true, .. } => {
            return Ok(Found::Left("the older tool made it for itself"));
        }
        SecretDocument { ciphertext: None, .. } => return Ok(Found::Left("it has no value")),
        SecretDocument { ciphertext: Some(ciphertext), .. } => ciphertext,
    };
    let (scope, scope_text) = scope(&document.scope).ok_or_else(|| unknown(path, "its scope"))?;
    let data = associated(document, &scope_text).ok_or_else(|| unknown(path, "how it is sealed"))?;
    let unopened = || FormerError::Unopened { path: path.to_owned() };
    let dek = opened(kek, &ciphertext.dek_wrapped, &data).ok_or_else(unopened)?;
    let dek: Key = Zeroizing::new(dek.as_slice().try_into().map_err(|_| unopened())?);
    let mut value = opened(&dek, &ciphertext.value, &data).ok_or_else(unopened)?;
    let value = SecretInput::new(std::mem::take(&mut *value))
        .map_err(|error| FormerError::Value { path: path.to_owned(), error: Box::new(error) })?;
    let provider = document.pinned_provider.as_deref().map(str::trim).filter(|id| !id.is_empty());
    let provider = provider.map(ProviderId::parse).transpose().map_err(|_| unknown(path, "its provider"))?;
    let (name, aliases) = (document.name.clone(), document.aliases.clone());
    Ok(Found::Secret(FormerSecret { name, value, scope, aliases, provider }))
}

fn unknown(path: &Path, what: &'static str) -> FormerError {
    FormerError::Unknown { path: path.to_owned(), what }
}

/// The scope, and its form within the associated data.
fn scope(document: &ScopeDocument) -> Option<(Scope, String)> {
    let id = |text: &str| ScopeId::parse(text).ok();
    Some(match document {
        ScopeDocument::Global => (Scope::Global, "global".to_owned()),
        ScopeDocument::Workspace { workspace_id } => {
            (Scope::Workspace { workspace: id(workspace_id)? }, format!("workspace:{workspace_id}"))
        }
        ScopeDocument::Group { workspace_id, group_id } => (
            Scope::Group { workspace: id(workspace_id)?, group: id(group_id)? },
            format!("group:{workspace_id}:{group_id}"),
        ),
        ScopeDocument::Team { workspace_id, team } => (
            Scope::Group { workspace: id(workspace_id)?, group: id(team)? },
            format!("team:{workspace_id}:{team}"),
        ),
    })
}

fn associated(document: &SecretDocument, scope: &str) -> Option<Vec<u8>> {
    let id = &document.secret_id;
    let text = match (document.aad_version, &document.pinned_provider) {
        (0 | 1, _) => format!("vault:secret:v1:{id}:{scope}"),
        (2, Some(provider)) => format!("vault:secret:v2:{id}:{scope}:{}", provider.trim()),
        _ => return None,
    };
    Some(text.into_bytes())
}

fn opened(key: &Key, blob: &BlobDocument, data: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    if blob.alg != ALGORITHM {
        return None;
    }
    let nonce: [u8; 24] = STANDARD.decode(&blob.nonce_b64).ok()?.try_into().ok()?;
    let ciphertext = STANDARD.decode(&blob.ciphertext_b64).ok()?;
    let payload = Payload { msg: &ciphertext, aad: data };
    let cipher = XChaCha20Poly1305::new((&**key).into());
    cipher.decrypt(&XNonce::from(nonce), payload).ok().map(Zeroizing::new)
}

/// Bounded above, since the document may be anybody's.
fn derive(passphrase: &SecretText, kdf: &KdfDocument) -> Result<Key, FormerError> {
    let KdfDocument { salt_b64, m_cost_kib, t_cost, p_cost } = kdf;
    if *m_cost_kib > 1_048_576 || *t_cost > 16 || *p_cost > 8 {
        return Err(FormerError::Derivation);
    }
    let salt = STANDARD.decode(salt_b64).map_err(|_| FormerError::Derivation)?;
    let params = Params::new(*m_cost_kib, *t_cost, *p_cost, Some(32)).map_err(|_| FormerError::Derivation)?;
    let mut key = Key::default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_str().as_bytes(), &salt, key.as_mut_slice())
        .map_err(|_| FormerError::Derivation)?;
    Ok(key)
}

fn parsed(text: &SecretText) -> Option<Key> {
    let text = text.as_str().trim();
    let base64 = || Zeroizing::new(STANDARD.decode(text).ok()?).as_slice().try_into().ok();
    let hexadecimal = || hex::decode(&text.to_ascii_lowercase());
    base64().or_else(hexadecimal).map(Zeroizing::new)
}
