//! Step 8: only now is anything decrypted, and only what is needed there.

use super::auth::Secrets;
use crate::spec::SecretClaim;
use crate::vault::{CredentialMeta, Destination, Vault, VaultError};

/// The secrets of an account that are wanted `to` go somewhere, by placeholder.
pub(super) fn reveal(
    vault: &mut Vault,
    credential: &CredentialMeta,
    claims: &[SecretClaim],
    to: Destination<'_>,
    is_wanted: impl Fn(&str) -> bool,
) -> Result<Secrets, VaultError> {
    let mut secrets = Secrets::new();
    for (placeholder, id) in credential.secrets.iter().filter(|(placeholder, _)| is_wanted(placeholder)) {
        let to = Destination { identifier: is_identifier(claims, placeholder), ..to };
        secrets.insert(placeholder.clone(), vault.reveal(id, to)?);
    }
    Ok(secrets)
}

/// Whether a provider says that a secret is an account's name rather than a key.
pub(super) fn is_identifier(claims: &[SecretClaim], placeholder: &str) -> bool {
    claims.iter().any(|claim| claim.placeholder == placeholder && claim.identifier)
}
