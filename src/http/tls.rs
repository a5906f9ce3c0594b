//! TLS for listeners that other machines can reach.

use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use super::error::GatewayError;
use crate::platform::files;
use crate::service::RemoteRecord;

/// More than any chain or key has.
const LARGEST: usize = 1024 * 1024;

/// Where the certificate and key lie, for a daemon that is started elsewhere.
pub(super) fn record(
    certificate: &Path,
    key: &Path,
    names: Vec<String>,
) -> Result<RemoteRecord, GatewayError> {
    let absolute = |path| std::path::absolute(path).map_err(GatewayError::Handed);
    Ok(RemoteRecord { certificate: absolute(certificate)?, key: absolute(key)?, names })
}

/// What accepts with that certificate and key. The key must be its owner's alone.
pub(super) fn acceptor(certificate: &Path, key: &Path) -> Result<TlsAcceptor, GatewayError> {
    let broken = |path: &Path, what| GatewayError::Pem { path: path.to_owned(), what };
    let pem = files::read_bounded(certificate, LARGEST)?;
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, _>>()
        .map_err(|_| broken(certificate, "certificate"))?;
    if chain.is_empty() {
        return Err(broken(certificate, "certificate"));
    }
    let pem = zeroize::Zeroizing::new(files::read_private(key, LARGEST)?);
    let private = PrivateKeyDer::from_pem_slice(&pem).map_err(|_| broken(key, "private key"))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, private)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
