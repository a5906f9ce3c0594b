//! Signed assertions: JSON Web Tokens (RFC 7519) in their compact form (RFC 7515).
//!
//! Keys come as PEM (RFC 7468: PKCS#8, PKCS#1 or SEC1), or in the JSON that Google hands out for a
//! service account. Signing is the TLS library's, by its own cryptography.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::SignatureScheme;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::spec::auth_document::JwtAlgorithm;

/// What an assertion says; times in seconds since 1970.
#[derive(Serialize)]
pub(super) struct Claims<'a> {
    pub(super) iss: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sub: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) aud: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) scope: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) jti: Option<&'a str>,
    pub(super) iat: u64,
    pub(super) exp: u64,
}

#[derive(Serialize)]
struct Header<'a> {
    alg: &'static str,
    typ: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<&'a str>,
}

/// A service account's key as Google hands it out.
#[derive(Deserialize)]
pub(super) struct GoogleKey {
    pub(super) client_email: String,
    pub(super) private_key: Zeroizing<String>,
    pub(super) private_key_id: Option<String>,
}

impl GoogleKey {
    /// None when the stored text is no such JSON.
    pub(super) fn parse(json: &[u8]) -> Option<Self> {
        serde_json::from_slice(json).ok()
    }
}

/// What is wrong with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum KeyFault {
    #[error("it is no private key in PEM")]
    NoPem,
    #[error("it is no key of a kind that can be used")]
    Unusable,
    #[error("it is of another kind than the provider's file says")]
    OtherKind,
    #[error("it does not sign")]
    Mute,
    #[error("it is no JSON of a service account's key")]
    NoServiceAccount,
    #[error("nothing says whose it is")]
    Nobodys,
    #[error("it is no text")]
    NoText,
}

/// The assertion, or what is wrong with the key.
pub(super) fn sign(
    claims: &Claims<'_>,
    pem: &[u8],
    key_id: Option<&str>,
    algorithm: JwtAlgorithm,
) -> Result<Zeroizing<String>, KeyFault> {
    let (alg, scheme) = match algorithm {
        JwtAlgorithm::Rs256 => ("RS256", SignatureScheme::RSA_PKCS1_SHA256),
        JwtAlgorithm::Es256 => ("ES256", SignatureScheme::ECDSA_NISTP256_SHA256),
        JwtAlgorithm::EdDsa => ("EdDSA", SignatureScheme::ED25519),
    };
    let key = PrivateKeyDer::from_pem_slice(pem).map_err(|_| KeyFault::NoPem)?;
    let key = any_supported_type(&key).map_err(|_| KeyFault::Unusable)?;
    let signer = key.choose_scheme(&[scheme]).ok_or(KeyFault::OtherKind)?;
    let header = encoded(&Header { alg, typ: "JWT", kid: key_id });
    let mut token = Zeroizing::new([header.as_str(), ".", &encoded(claims)].concat());
    let signature = signer.sign(token.as_bytes()).map_err(|_| KeyFault::Mute)?;
    let signature = match algorithm {
        JwtAlgorithm::Es256 => fixed(&signature).ok_or(KeyFault::Mute)?.to_vec(),
        JwtAlgorithm::Rs256 | JwtAlgorithm::EdDsa => signature,
    };
    token = Zeroizing::new([token.as_str(), ".", &URL_SAFE_NO_PAD.encode(signature)].concat());
    Ok(token)
}

fn encoded<T: Serialize>(part: &T) -> String {
    // Texts and numbers: nothing here can fail to serialise.
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(part).expect("claims are plain JSON"))
}

/// An ECDSA signature as JWS has it, both numbers in 32 bytes each (RFC 7518, section 3.4), from the
/// DER that TLS has: a sequence of two integers, each under 128 bytes.
fn fixed(der: &[u8]) -> Option<[u8; 64]> {
    let [0x30, length, content @ ..] = der else { return None };
    let content = content.get(..usize::from(*length))?;
    let (r, rest) = integer(content)?;
    let (s, []) = integer(rest)? else { return None };
    let mut both = [0; 64];
    for (number, place) in [(r, 32), (s, 64)] {
        both.get_mut(place - number.len()..place)?.copy_from_slice(number);
    }
    Some(both)
}

/// An integer without its leading zero, of at most 32 bytes, and what comes behind it.
fn integer(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let [0x02, length, rest @ ..] = der else { return None };
    let (number, rest) = rest.split_at_checked(usize::from(*length))?;
    let number = number.strip_prefix(&[0]).unwrap_or(number);
    (number.len() <= 32).then_some((number, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLAIMS: Claims<'static> = Claims {
        iss: "me",
        sub: None,
        aud: Some("https://auth.example/token"),
        scope: Some("a b"),
        jti: None,
        iat: 1_700_000_000,
        exp: 1_700_003_600,
    };

    #[test]
    fn an_assertion_is_what_its_key_signed() {
        use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519};
        use rustls::crypto::ring::default_provider;
        for (kind, algorithm, alg, scheme) in [
            (&PKCS_ECDSA_P256_SHA256, JwtAlgorithm::Es256, "ES256", SignatureScheme::ECDSA_NISTP256_SHA256),
            (&PKCS_ED25519, JwtAlgorithm::EdDsa, "EdDSA", SignatureScheme::ED25519),
        ] {
            let key = KeyPair::generate_for(kind).unwrap();
            let token = sign(&CLAIMS, key.serialize_pem().as_bytes(), Some("k1"), algorithm).unwrap();
            let [header, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!() };
            let said = |part| String::from_utf8(URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
            assert_eq!(said(header), format!(r#"{{"alg":"{alg}","typ":"JWT","kid":"k1"}}"#));
            assert!(said(claims).contains(r#""iss":"me","aud":"https://auth.example/token","scope":"a b","#));
            let mut signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
            assert_eq!(signature.len(), 64);
            if algorithm == JwtAlgorithm::Es256 {
                signature = der_of(&signature);
            }
            let verified = default_provider().signature_verification_algorithms.mapping;
            let verify = verified.iter().find(|(one, _)| *one == scheme).unwrap().1[0];
            let text = format!("{header}.{claims}");
            verify.verify_signature(key.public_key_raw(), text.as_bytes(), &signature).unwrap();
        }
    }

    /// The way back, from RFC 3279, section 2.2.3.
    fn der_of(both: &[u8]) -> Vec<u8> {
        let integer = |number: &[u8]| {
            let first = number.iter().position(|byte| *byte != 0).unwrap();
            let mut number = number[first..].to_vec();
            if number[0] > 0x7f {
                number.insert(0, 0);
            }
            [&[0x02, number.len() as u8], number.as_slice()].concat()
        };
        let content = [integer(&both[..32]), integer(&both[32..])].concat();
        [&[0x30, content.len() as u8], content.as_slice()].concat()
    }

    #[test]
    fn a_key_of_another_kind_signs_nothing() {
        let key = rcgen::KeyPair::generate().unwrap().serialize_pem();
        assert!(sign(&CLAIMS, key.as_bytes(), None, JwtAlgorithm::Rs256).is_err());
        for bad in ["", "key", "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n"] {
            assert!(sign(&CLAIMS, bad.as_bytes(), None, JwtAlgorithm::Es256).is_err(), "{bad}");
        }
    }

    #[test]
    fn short_numbers_are_filled_up() {
        let der = [0x30, 0x08, 0x02, 0x01, 0x05, 0x02, 0x03, 0x00, 0x80, 0x01];
        let both = fixed(&der).unwrap();
        assert_eq!((both[31], both[62], both[63]), (5, 0x80, 1));
        assert_eq!(both.iter().filter(|byte| **byte != 0).count(), 3);
        for bad in [&der[..5], &[0x30, 0x02, 0x02, 0x01], &[][..], &[0x31, 0]] {
            assert!(fixed(bad).is_none());
        }
    }
}
