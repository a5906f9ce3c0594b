//! A client certificate and its key, on their way from the vault into a connection.
//!
//! Kept as they were stored until a connection is to be made, since opening a PKCS#12 file takes its time; until
//! then a digest tells whether it is still the same one. Nothing here is printed, and no error holds a value. What
//! is decoded is cleared when it is dropped, but for the copies within the libraries that decode and sign.

mod chain;
mod error;
mod pem;
mod pkcs12;

use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::spec::auth_document::CertificateFormat;

pub use error::IdentityError;

/// What an account's connections show, as it is stored. Holds secrets: no `Debug`.
pub(super) struct ClientIdentity {
    pub(super) format: CertificateFormat,
    pub(super) certificate: Zeroizing<Vec<u8>>,
    /// None where it stands with the certificate.
    pub(super) private_key: Option<Zeroizing<Vec<u8>>>,
    pub(super) passphrase: Option<Zeroizing<Vec<u8>>>,
}

/// Tells one identity from another. No `Debug`: it is made of secrets.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Fingerprint([u8; 32]);

/// Certificates as a file has them, and the key beside them.
struct Decoded {
    certificates: Vec<CertificateDer<'static>>,
    key: ClearedKey,
}

/// A key that is cleared when it is dropped.
struct ClearedKey(Zeroizing<PrivateKeyDer<'static>>);

impl ClientIdentity {
    pub(super) fn fingerprint(&self) -> Fingerprint {
        let mut hash = Sha256::new();
        let parts = [Some(&self.certificate), self.private_key.as_ref(), self.passphrase.as_ref()];
        for part in parts {
            // Absent and empty are two things, and no part runs into the next.
            hash.update(part.map_or(u64::MAX, |part| part.len() as u64).to_be_bytes());
            hash.update(part.map_or(&[][..], |part| part.as_slice()));
        }
        hash.update([self.format as u8]);
        Fingerprint(hash.finalize().into())
    }

    /// The certificate with the chain behind it, and the key that signs for it. Takes its time.
    ///
    /// # Errors
    /// [`IdentityError`], when no upstream would take it at `now_ms`.
    pub(super) fn open(&self, now_ms: u64) -> Result<CertifiedKey, IdentityError> {
        let passphrase = self.passphrase.as_ref().map(|text| text.as_slice());
        let Decoded { certificates, key } = match self.format {
            CertificateFormat::Pem => {
                let beside = self.private_key.as_ref().unwrap_or(&self.certificate);
                pem::decode(&self.certificate, beside, passphrase)?
            }
            CertificateFormat::Pkcs12 => pkcs12::decode(&self.certificate, passphrase)?,
        };
        chain::certified(certificates, &key.0, now_ms)
    }
}

#[cfg(test)]
mod tests;
