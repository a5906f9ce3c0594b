//! An authority for clients' certificates, with one in between that issues them, and what it issues.

use std::sync::Arc;

use p12_keystore::{Certificate, KeyStore, KeyStoreEntry, PrivateKey, PrivateKeyChain};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::RootCertStore;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;

/// Issues clients' certificates; servers know its root alone.
pub struct Clients {
    root: Arc<CertifiedIssuer<'static, KeyPair>>,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A client's certificate, as it may be stored.
pub struct Client {
    pub key: KeyPair,
    /// The certificate alone.
    pub leaf: rcgen::Certificate,
    issuer: Vec<u8>,
    issuer_pem: String,
}

impl Clients {
    pub fn new() -> Self {
        Self::whose_issuer_ends_in(2100)
    }

    pub fn whose_issuer_ends_in(year: i32) -> Self {
        let root = CertifiedIssuer::self_signed(authority("clients' root", 2100), new_key()).unwrap();
        Self::under(Arc::new(root), year)
    }

    /// The same root, with another issuer.
    pub fn with_an_issuer_until(&self, year: i32) -> Self {
        Self::under(Arc::clone(&self.root), year)
    }

    fn under(root: Arc<CertifiedIssuer<'static, KeyPair>>, year: i32) -> Self {
        let issuer = authority("clients' issuer", year);
        Self { issuer: CertifiedIssuer::signed_by(issuer, new_key(), &*root).unwrap(), root }
    }

    pub fn issue(&self, name: &str) -> Client {
        self.issue_until(name, 2100)
    }

    /// A certificate for this key.
    pub fn issue_for(&self, key: KeyPair) -> Client {
        self.issued("one", 2100, key)
    }

    /// A certificate that ends with the first day of `year`.
    pub fn issue_until(&self, name: &str, year: i32) -> Client {
        self.issued(name, year, new_key())
    }

    fn issued(&self, name: &str, year: i32, key: KeyPair) -> Client {
        let mut params = CertificateParams::default();
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(year, 1, 1);
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let leaf = params.signed_by(&key, &self.issuer).unwrap();
        Client { key, leaf, issuer: self.issuer.der().to_vec(), issuer_pem: self.issuer.pem() }
    }

    /// Takes the certificates that are issued here, with their chain, and no connection without one.
    pub fn verifier(&self) -> Arc<dyn ClientCertVerifier> {
        let mut roots = RootCertStore::empty();
        roots.add(self.root.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap()
    }
}

impl Client {
    /// The certificate, and behind it the one of its issuer.
    pub fn chain_pem(&self) -> String {
        [self.leaf.pem(), self.issuer_pem.clone()].concat()
    }

    pub fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }

    /// Certificate, chain and key in one file.
    pub fn pkcs12(&self, passphrase: &str) -> Vec<u8> {
        let certificates = [self.leaf.der().as_ref(), &self.issuer];
        let certificates = certificates.map(|der| Certificate::from_der(der).unwrap());
        let key = PrivateKey::from_der(&self.key.serialize_der()).unwrap();
        let chain = PrivateKeyChain::new("1", key, certificates);
        let mut store = KeyStore::new();
        store.add_entry("client", KeyStoreEntry::PrivateKeyChain(chain));
        store.writer(passphrase).write().unwrap()
    }
}

fn new_key() -> KeyPair {
    KeyPair::generate().unwrap()
}

fn authority(name: &str, year: i32) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.not_before = date_time_ymd(2000, 1, 1);
    params.not_after = date_time_ymd(year, 1, 1);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.distinguished_name.push(DnType::CommonName, name);
    params
}
