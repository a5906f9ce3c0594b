//! Certificates and keys in PEM (RFC 7468): keys in PKCS#8, plain or encrypted (RFC 5958), in PKCS#1 or in SEC1.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use memchr::memmem;
use pkcs8::EncryptedPrivateKeyInfoRef;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use zeroize::Zeroizing;

use super::{ClearedKey, Decoded, IdentityError};

const ENCRYPTED: (&[u8], &[u8]) =
    (b"-----BEGIN ENCRYPTED PRIVATE KEY-----", b"-----END ENCRYPTED PRIVATE KEY-----");
/// As keys were encrypted before PKCS#8 (RFC 1421, section 4.6.1.1).
const PROC_TYPE: &[u8] = b"Proc-Type: 4,ENCRYPTED";
/// What DER starts with: a sequence.
const SEQUENCE: u8 = 0x30;

/// The certificates of the one text, and the key of the other.
pub(super) fn decode(
    certificates: &[u8],
    key: &[u8],
    passphrase: Option<&[u8]>,
) -> Result<Decoded, IdentityError> {
    if certificates.first() == Some(&SEQUENCE) {
        return Err(IdentityError::OtherFormat);
    }
    let certificates = CertificateDer::pem_slice_iter(certificates).collect::<Result<Vec<_>, _>>();
    let certificates = certificates.map_err(|_| IdentityError::NotPem)?;
    if certificates.is_empty() {
        return Err(IdentityError::NoCertificate);
    }
    Ok(Decoded { certificates, key: private_key(key, passphrase)? })
}

fn private_key(pem: &[u8], passphrase: Option<&[u8]>) -> Result<ClearedKey, IdentityError> {
    if let Some(encrypted) = between(pem, ENCRYPTED) {
        return decrypt(encrypted, passphrase.ok_or(IdentityError::KeyEncrypted)?);
    }
    if memmem::find(pem, PROC_TYPE).is_some() {
        return Err(IdentityError::UnsupportedEncryption);
    }
    let mut keys = PrivateKeyDer::pem_slice_iter(pem);
    let key = keys.next().ok_or(IdentityError::NoKey)?.map_err(|_| IdentityError::DamagedKey)?;
    let key = ClearedKey(Zeroizing::new(key));
    match keys.next() {
        None => Ok(key),
        Some(other) => {
            drop(other.map(Zeroizing::new));
            Err(IdentityError::SeveralKeys)
        }
    }
}

fn between<'a>(text: &'a [u8], (begin, end): (&[u8], &[u8])) -> Option<&'a [u8]> {
    let from = memmem::find(text, begin)? + begin.len();
    let length = memmem::find(&text[from..], end)?;
    Some(&text[from..from + length])
}

fn decrypt(base64: &[u8], passphrase: &[u8]) -> Result<ClearedKey, IdentityError> {
    let solid: Vec<u8> = base64.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let der = STANDARD.decode(solid).map_err(|_| IdentityError::DamagedKey)?;
    let encrypted = EncryptedPrivateKeyInfoRef::try_from(der.as_slice());
    let encrypted = encrypted.map_err(|_| IdentityError::UnsupportedEncryption)?;
    let plain = encrypted.decrypt(passphrase).map_err(|error| match error {
        pkcs8::Error::EncryptedPrivateKey(pkcs8::pkcs5::Error::DecryptFailed) => {
            IdentityError::WrongPassphrase
        }
        // Rubbish that happens to end like padding.
        pkcs8::Error::Asn1(_) => IdentityError::WrongPassphrase,
        _ => IdentityError::UnsupportedEncryption,
    })?;
    Ok(ClearedKey::of_pkcs8(plain.as_bytes()))
}

impl ClearedKey {
    pub(super) fn of_pkcs8(der: &[u8]) -> Self {
        Self(Zeroizing::new(PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(der.to_vec()))))
    }
}
