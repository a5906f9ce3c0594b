//! PKCS#12 files (RFC 7292), as browsers, Windows and `openssl pkcs12` write them.

use p12_keystore::error::Error;
use p12_keystore::{Pkcs12Archive, PrivateKeyBag};
use rustls::pki_types::CertificateDer;

use super::{ClearedKey, Decoded, IdentityError};

/// The certificates of a file and its only key.
pub(super) fn decode(file: &[u8], passphrase: Option<&[u8]>) -> Result<Decoded, IdentityError> {
    // Without one, files are written with an empty one.
    let passphrase = str::from_utf8(passphrase.unwrap_or_default());
    let passphrase = passphrase.map_err(|_| IdentityError::WrongPassphrase)?;
    let archive = Pkcs12Archive::from_pkcs12(file, passphrase).map_err(|error| meaning(&error))?;
    let key = match archive.keys.as_slice() {
        [] => return Err(IdentityError::NoKey),
        [PrivateKeyBag { key, .. }] => ClearedKey::of_pkcs8(key.as_der()),
        [_, _, ..] => return Err(IdentityError::SeveralKeys),
    };
    let certificates = archive.certs.iter().map(|bag| CertificateDer::from(bag.cert.as_der().to_vec()));
    Ok(Decoded { certificates: certificates.collect(), key })
}

fn meaning(error: &Error) -> IdentityError {
    match error {
        Error::MacError(_) => IdentityError::WrongPassphrase,
        Error::UnsupportedEncryptionScheme
        | Error::Pkcs5Error(_)
        | Error::UnpadError
        | Error::UnsupportedMacAlgorithm
        | Error::InvalidParameters
        | Error::UnsupportedContentType => IdentityError::UnsupportedPkcs12,
        Error::UnsupportedCertificateType | Error::X509Error(_) => IdentityError::DamagedCertificate,
        Error::InvalidPrivateKey => IdentityError::DamagedKey,
        _ => IdentityError::NotPkcs12,
    }
}
