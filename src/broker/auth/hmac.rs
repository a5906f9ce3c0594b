//! `hmac`: a keyed hash of parts of the request (RFC 2104), in headers or the query.
//!
//! The key signs and is never sent: no provider's file compiles that writes it where values are sent.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hmac::{EagerHash, Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use zeroize::Zeroizing;

use super::recipe::{Parts, hex};
use super::template::fill;
use super::{AuthError, Draft, Given, Secrets};
use crate::plan::Plan;
use crate::spec::hmac as spec;
use crate::spec::hmac_document::{HmacAlgorithm, KeyEncoding, SignatureEncoding};

/// Keys are pasted with and without their padding.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

pub(super) fn apply(
    draft: &mut Draft,
    plan: &Plan<'_>,
    scheme: &spec::Hmac,
    secrets: &Secrets,
    given: &Given<'_>,
) -> Result<(), AuthError> {
    let (method, host) = (plan.method().as_str(), plan.host().as_str());
    let (signed, unsigned): (Vec<_>, Vec<_>) = scheme.query.iter().partition(|(_, value)| value.is_signed());
    // What of the target is signed grows by the scheme's own parameters, other than the signature's.
    let before = draft.target.clone();
    let parts = Parts { method, host, target: &before, secrets, given };
    for (name, value) in unsigned {
        draft.append_parameter(name, &parts.value(value, "")?);
    }
    let target = draft.target.clone();
    let parts = Parts { target: &target, ..parts };
    let key = decoded(fill(&scheme.key, secrets)?, scheme.key_encoding)?;
    let signature = signature(scheme, &key, &parts)?;
    for (name, value) in scheme.headers.iter() {
        draft.set_header(name.as_str(), &parts.value(value, &signature)?, true)?;
    }
    for (name, value) in signed {
        let sent = draft.append_parameter(name, &parts.value(value, &signature)?);
        draft.injected.push(Zeroizing::new(sent.as_bytes().to_vec()));
    }
    draft.injected.push(Zeroizing::new(signature.as_bytes().to_vec()));
    Ok(())
}

fn signature(scheme: &spec::Hmac, key: &[u8], parts: &Parts<'_>) -> Result<Zeroizing<String>, AuthError> {
    let message = parts.message(&scheme.message)?;
    let mac = match scheme.algorithm {
        HmacAlgorithm::Sha1 => mac::<Sha1>(key, &message),
        HmacAlgorithm::Sha256 => mac::<Sha256>(key, &message),
        HmacAlgorithm::Sha512 => mac::<Sha512>(key, &message),
    }?;
    Ok(Zeroizing::new(match scheme.encoding {
        SignatureEncoding::Hex => hex(&mac),
        SignatureEncoding::Base64 => STANDARD.encode(&mac),
    }))
}

fn mac<D: EagerHash>(key: &[u8], message: &[impl AsRef<[u8]>]) -> Result<Vec<u8>, AuthError> {
    let mut mac = Hmac::<D>::new_from_slice(key).map_err(|_| AuthError::Unsigned)?;
    message.iter().for_each(|piece| mac.update(piece.as_ref()));
    Ok(mac.finalize().into_bytes().to_vec())
}

/// The key itself, of how it is stored.
fn decoded(written: Zeroizing<Vec<u8>>, encoding: KeyEncoding) -> Result<Zeroizing<Vec<u8>>, AuthError> {
    match encoding {
        KeyEncoding::Raw => Ok(written),
        KeyEncoding::Hex => unhex(&written).ok_or(AuthError::KeyEncoding("hexadecimal digits")),
        KeyEncoding::Base64 => {
            let key = LENIENT.decode(&*written).map_err(|_| AuthError::KeyEncoding("base64"))?;
            Ok(Zeroizing::new(key))
        }
    }
}

fn unhex(digits: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut key = Zeroizing::new(Vec::with_capacity(digits.len() / 2));
    let (pairs, rest) = digits.as_chunks::<2>();
    for [high, low] in pairs {
        let digit = |byte: &u8| char::from(*byte).to_digit(16);
        // Two digits make a byte.
        key.push((digit(high)? * 16 + digit(low)?) as u8);
    }
    rest.is_empty().then_some(key)
}

#[cfg(test)]
#[path = "hmac_tests.rs"]
mod tests;
