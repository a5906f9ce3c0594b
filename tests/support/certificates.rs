//! An authority made for one test, and a server's certificate that it signed.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::NoClientAuth;
use rustls::server::danger::ClientCertVerifier;

/// What a TLS server for some hosts needs, and whom its clients must trust.
pub struct Identity {
    pub server: Arc<ServerConfig>,
    pub ca_pem: String,
}

pub fn identity_for(hosts: &[&str]) -> Identity {
    identity_asking(hosts, Arc::new(NoClientAuth))
}

/// The same, of a server that asks its clients for certificates.
pub fn identity_asking(hosts: &[&str], clients: Arc<dyn ClientCertVerifier>) -> Identity {
    let ca = authority();
    let key = KeyPair::generate().unwrap();
    let names: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
    let leaf = CertificateParams::new(names).unwrap().signed_by(&key, &ca).unwrap();
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let mut server = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(clients)
        .with_single_cert(vec![leaf.der().clone()], private)
        .unwrap();
    server.alpn_protocols = vec![b"http/1.1".to_vec()];
    Identity { server: Arc::new(server), ca_pem: ca.pem() }
}

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.distinguished_name.push(DnType::CommonName, "end-to-end tests");
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}
