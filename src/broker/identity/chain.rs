//! Certificates put in the order that TLS wants them in, behind the one that the key belongs to.

use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;
use x509_parser::time::ASN1Time;

use super::IdentityError;

/// The certificate of `key`, and behind it who issued it, and who issued that (RFC 8446, section 4.4.2). Roots are
/// left out, and so is what does not belong to the chain: files hold more, in any order.
pub(super) fn certified(
    certificates: Vec<CertificateDer<'static>>,
    key: &PrivateKeyDer<'_>,
    now_ms: u64,
) -> Result<CertifiedKey, IdentityError> {
    if certificates.is_empty() {
        return Err(IdentityError::NoCertificate);
    }
    let key = any_supported_type(key).map_err(|_| IdentityError::UnsupportedKey)?;
    let public = key.public_key().ok_or(IdentityError::UnsupportedKey)?;
    let parsed = certificates.iter().map(|der| parse(der)).collect::<Result<Vec<_>, _>>()?;
    let mut place = parsed.iter().position(|one| one.public_key().raw == public.as_ref());
    let own = place.ok_or(IdentityError::OtherKey)?;
    check_validity(&parsed[own], now_ms)?;
    let mut chain = Vec::new();
    while let Some(at) = place {
        chain.push(at);
        let issued_by = |other: usize| {
            !chain.contains(&other) && !is_root(&parsed[other]) && is_issued_by(&parsed[at], &parsed[other])
        };
        place = (0..parsed.len()).find(|other| issued_by(*other));
    }
    let chain = chain.into_iter().map(|at| certificates[at].clone()).collect();
    Ok(CertifiedKey::new(chain, key))
}

fn parse(der: &[u8]) -> Result<X509Certificate<'_>, IdentityError> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        _ => Err(IdentityError::DamagedCertificate),
    }
}

fn is_root(certificate: &X509Certificate<'_>) -> bool {
    is_issued_by(certificate, certificate)
}

fn is_issued_by(certificate: &X509Certificate<'_>, issuer: &X509Certificate<'_>) -> bool {
    certificate.issuer().as_raw() == issuer.subject().as_raw()
}

fn check_validity(certificate: &X509Certificate<'_>, now_ms: u64) -> Result<(), IdentityError> {
    let now = i64::try_from(now_ms / 1000).unwrap_or(i64::MAX);
    let validity = certificate.validity();
    if now > validity.not_after.timestamp() {
        return Err(IdentityError::Expired { on: day(validity.not_after) });
    }
    if now < validity.not_before.timestamp() {
        return Err(IdentityError::NotYetValid { from: day(validity.not_before) });
    }
    Ok(())
}

fn day(time: ASN1Time) -> String {
    let date = time.to_datetime().date();
    format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
}
