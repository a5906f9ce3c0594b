//! Whom the broker trusts: Mozilla's root certificates, compiled in, and those that the operator added in the vault;
//! or the ones given for a redirected host.
//!
//! Must never ask the platform for certificates: its store can be extended by whoever runs as the operator, and
//! its location named by the environment. Keys of sessions are never logged.

use std::sync::Arc;

use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, RootCertStore};

use super::ClientError;

/// HTTP/2 where the upstream speaks it, HTTP/1.1 otherwise (RFC 7301).
const PROTOCOLS: [&[u8]; 2] = [b"h2", HTTP_1];
/// The only version whose connections become WebSockets here.
pub(super) const HTTP_1: &[u8] = b"http/1.1";

/// Trusts the compiled-in roots, and the certificates of `extra` beside them.
pub(super) fn roots(extra: Option<&[u8]>) -> Result<ClientConfig, ClientError> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(pem) = extra {
        roots.roots.extend(authorities(pem).ok_or(ClientError::ExtraAuthority)?.roots);
    }
    configure(roots)
}

/// Trusts the certificates of `pem` and nothing else.
pub(super) fn only_roots(host: &str, pem: &[u8]) -> Result<ClientConfig, ClientError> {
    let unusable = || ClientError::CertificateAuthority { host: host.to_owned() };
    configure(authorities(pem).ok_or_else(unusable)?)
}

/// The certificates of `pem`, one or more.
pub(super) fn authorities(pem: &[u8]) -> Option<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        roots.add(certificate.ok()?).ok()?;
    }
    (!roots.is_empty()).then_some(roots)
}

/// The same, for connections that show a client certificate. No session of another's is taken up again: it would
/// carry the certificate that it was opened with.
pub(super) fn showing(identity: CertifiedKey, mut config: ClientConfig) -> ClientConfig {
    config.client_auth_cert_resolver = Arc::new(SingleCertAndKey::from(identity));
    config.resumption = Resumption::default();
    config
}

fn configure(roots: RootCertStore) -> Result<ClientConfig, ClientError> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|_| ClientError::Build)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).into();
    Ok(config)
}
