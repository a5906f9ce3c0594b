//! `mtls`: the client certificate that the account's connections show. Nothing of it goes into a request.

use std::sync::Arc;

use super::template::fill;
use super::{AuthError, Secrets};
use crate::broker::identity::ClientIdentity;
use crate::spec::{ClientCertificate, Template};

/// The identity that `certificate` makes of `secrets`.
///
/// # Errors
/// When one of its secrets is missing.
pub(in crate::broker) fn identity(
    certificate: &ClientCertificate,
    secrets: &Secrets,
) -> Result<Arc<ClientIdentity>, AuthError> {
    // Where an account must have one, it was looked at before.
    let is_there = |template: &&Template| template.placeholders().all(|name| secrets.contains_key(name));
    let if_there = |template: &Option<Template>| {
        template.as_ref().filter(is_there).map(|template| fill(template, secrets)).transpose()
    };
    Ok(Arc::new(ClientIdentity {
        format: certificate.format,
        certificate: fill(&certificate.certificate, secrets)?,
        private_key: if_there(&certificate.private_key)?,
        passphrase: if_there(&certificate.passphrase)?,
    }))
}
