//! The client certificate of mutual TLS (RFC 8446, section 4.4.2), as meant. It holds no secret.

use super::auth_document::CertificateFormat;
use super::packed::{packed_enum, packed_struct};
use super::template::Template;

/// What a connection shows when the upstream asks who is calling. Each part is one placeholder.
#[derive(Debug, Clone, PartialEq)]
pub struct ClientCertificate {
    pub format: CertificateFormat,
    pub certificate: Template,
    /// None where the key stands with the certificate.
    pub private_key: Option<Template>,
    pub passphrase: Option<Template>,
}

impl ClientCertificate {
    /// All templates that it is made of.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        [&self.certificate].into_iter().chain(&self.private_key).chain(&self.passphrase)
    }

    pub fn placeholders(&self) -> impl Iterator<Item = &str> {
        self.templates().flat_map(Template::placeholders)
    }

    /// What an account can lack: a key that stands with the certificate, the passphrase of a file without one.
    pub fn optional_placeholders(&self) -> impl Iterator<Item = &str> {
        let optional = self.private_key.iter().chain(&self.passphrase).flat_map(Template::placeholders);
        optional.filter(|name| self.certificate.placeholders().all(|needed| needed != *name))
    }
}

packed_struct!(ClientCertificate { format, certificate, private_key, passphrase });
packed_enum!(CertificateFormat { 0 => Pem, 1 => Pkcs12 });
