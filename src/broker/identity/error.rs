//! Why a stored client certificate cannot be used. Never holds a value.

use thiserror::Error;

/// What is wrong with a client certificate or its key, and what to do about it. Nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum IdentityError {
    #[error(
        "what is stored as the client certificate is no PEM: store the file with the certificates, byte for byte"
    )]
    NotPem,
    #[error(
        "what is stored as the client certificate is a PKCS#12 file or DER, and the provider's file says PEM: \
         write `format: pkcs12` there, or store a PEM"
    )]
    OtherFormat,
    #[error(
        "what is stored as the client certificate is no PKCS#12 file, or is damaged: \
         store the file byte for byte, with --value-file"
    )]
    NotPkcs12,
    #[error(
        "the stored PKCS#12 file is encrypted in a way that is not supported, or has no MAC and another passphrase: \
         write it anew with `openssl pkcs12 -export`"
    )]
    UnsupportedPkcs12,
    #[error(
        "there is no certificate in what is stored as the client certificate: store the certificate and its chain"
    )]
    NoCertificate,
    #[error("one of the stored certificates is damaged: store the file byte for byte")]
    DamagedCertificate,
    #[error(
        "there is no private key beside the client certificate: store it in PEM (PKCS#8, PKCS#1 or SEC1)"
    )]
    NoKey,
    #[error("there are several private keys beside the client certificate: store the one that belongs to it")]
    SeveralKeys,
    #[error(
        "the stored private key is encrypted, and there is no passphrase for it: store the one that the provider's \
         file names under `passphrase`, or decrypt the key with `openssl pkey -in KEY -out PLAIN` and store that"
    )]
    KeyEncrypted,
    #[error(
        "the stored private key is encrypted in a way that is not supported: \
         decrypt it with `openssl pkey -in KEY -out PLAIN` and store that"
    )]
    UnsupportedEncryption,
    #[error("the stored passphrase does not open the stored key or file: rotate the one that is wrong")]
    WrongPassphrase,
    #[error("the stored private key is damaged: store the file byte for byte")]
    DamagedKey,
    #[error(
        "the stored private key is of a kind that is not supported: use RSA, ECDSA on P-256 or P-384, or Ed25519"
    )]
    UnsupportedKey,
    #[error(
        "the stored private key belongs to none of the stored certificates: rotate the one that is wrong"
    )]
    OtherKey,
    #[error(
        "the stored client certificate expired on {on}: rotate it to a new one, or check this machine's clock"
    )]
    Expired { on: String },
    #[error("the stored client certificate is not valid before {from}: check this machine's clock")]
    NotYetValid { from: String },
}
