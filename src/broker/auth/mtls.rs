//! `mtls`: the client certificate that the account's connections show. Nothing of it goes into a request.

use std::sync::Arc;

use super::template::fill;
use super::{AuthError, Secrets};
use crate::broker::identity::ClientIdentity;
use crate::spec::ClientCertificate;

/// The identity that `certificate` makes of `secrets`.
///
/// # Errors
/// When one of its secrets is missing.
pub(in crate::broker) fn identity(
    certificate: &ClientCertificate,
    secrets: &Secrets,
) -> Result<Arc<ClientIdentity>, AuthError> {
    let filled = |template| fill(template, secrets);
    Ok(Arc::new(ClientIdentity {
        format: certificate.format,
        certificate: filled(&certificate.certificate)?,
        private_key: certificate.private_key.as_ref().map(filled).transpose()?,
        passphrase: certificate.passphrase.as_ref().map(filled).transpose()?,
    }))
}
