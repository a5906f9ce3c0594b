//! The key made from a passphrase by Argon2id, version 1.3 (RFC 9106).
//!
//! Parameters come from the header, which is untrusted until the manifest opens: they are bounded
//! below by the OWASP minimum and above so that a planted header cannot exhaust the machine.

use argon2::{Algorithm, Argon2, Params, Version};

use super::error::KeyError;
use super::kek::{Kek, SecretText};
use crate::platform::entropy::{self, EntropyError};

/// Memory in KiB, passes, lanes, and the salt of one vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argon2Params {
    m_kib: u32,
    t: u32,
    p: u32,
    salt: [u8; 16],
}

struct Bounds {
    m_kib: std::ops::RangeInclusive<u32>,
    t: std::ops::RangeInclusive<u32>,
    p: std::ops::RangeInclusive<u32>,
}

/// The OWASP password storage cheat sheet's minimum, up to 1 GiB.
const BOUNDS: Bounds = Bounds { m_kib: 19_456..=1_048_576, t: 2..=10, p: 1..=4 };
/// The second recommendation of RFC 9106, on one lane: 64 MiB, three passes.
const RECOMMENDED: (u32, u32, u32) = (65_536, 3, 1);

impl Argon2Params {
    /// `None` when a parameter is out of bounds.
    pub(in crate::vault) fn new(m_kib: u32, t: u32, p: u32, salt: [u8; 16]) -> Option<Self> {
        let allowed = BOUNDS.m_kib.contains(&m_kib) && BOUNDS.t.contains(&t) && BOUNDS.p.contains(&p);
        allowed.then_some(Self { m_kib, t, p, salt })
    }

    /// For a new vault, with a fresh salt.
    pub(super) fn recommended() -> Result<Self, EntropyError> {
        let (m_kib, t, p) = RECOMMENDED;
        Ok(Self { m_kib, t, p, salt: entropy::bytes()? })
    }

    pub(in crate::vault) fn m_kib(&self) -> u32 {
        self.m_kib
    }

    pub(in crate::vault) fn t(&self) -> u32 {
        self.t
    }

    pub(in crate::vault) fn p(&self) -> u32 {
        self.p
    }

    pub(in crate::vault) fn salt(&self) -> &[u8; 16] {
        &self.salt
    }
}

/// Costs the same whether the passphrase is right or wrong; only the manifest can tell.
pub(super) fn derive(passphrase: &SecretText, params: &Argon2Params) -> Result<Kek, KeyError> {
    if passphrase.as_str().is_empty() {
        return Err(KeyError::EmptyPassphrase);
    }
    let cost =
        Params::new(params.m_kib, params.t, params.p, Some(Kek::LENGTH)).map_err(KeyError::Derivation)?;
    Kek::filled_by(|key| argon2id(cost, &[], passphrase.as_str().as_bytes(), &params.salt, key))
        .map_err(KeyError::Derivation)
}

/// `secret` is a key of the machine's own, of which there is none.
fn argon2id(
    cost: Params,
    secret: &[u8],
    password: &[u8],
    salt: &[u8],
    key: &mut [u8],
) -> Result<(), argon2::Error> {
    Argon2::new_with_secret(secret, Algorithm::Argon2id, Version::V0x13, cost)?
        .hash_password_into(password, salt, key)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 9106, section 5.3.
    #[test]
    fn the_standards_example_comes_out() {
        let mut cost = argon2::ParamsBuilder::new();
        cost.m_cost(32).t_cost(3).p_cost(4).data(argon2::AssociatedData::new(&[4; 12]).unwrap());
        let mut key = [0; 32];
        argon2id(cost.build().unwrap(), &[3; 8], &[1; 32], &[2; 16], &mut key).unwrap();
        let expected = "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659";
        assert_eq!(crate::vault::hex::encode(&key), expected);
    }

    #[test]
    fn planted_parameters_are_refused() {
        let cases = [
            (19_455, 2, 1),
            (1_048_577, 2, 1),
            (19_456, 1, 1),
            (19_456, 11, 1),
            (19_456, 2, 0),
            (19_456, 2, 5),
            (u32::MAX, u32::MAX, u32::MAX),
            (0, 0, 0),
        ];
        for (m_kib, t, p) in cases {
            assert!(Argon2Params::new(m_kib, t, p, [0; 16]).is_none(), "{m_kib} {t} {p}");
        }
        assert!(Argon2Params::new(65_536, 3, 1, [0; 16]).is_some());
    }

    #[test]
    fn salt_and_passphrase_both_count() {
        let key = |text: &str, salt| {
            let params = Argon2Params::new(19_456, 2, 1, [salt; 16]).unwrap();
            *derive(&SecretText::new(text.to_owned()), &params).ok().unwrap().as_bytes()
        };
        assert_eq!(key("one", 1), key("one", 1));
        assert_ne!(key("one", 1), key("two", 1));
        assert_ne!(key("one", 1), key("one", 2));
    }

    #[test]
    fn an_empty_passphrase_is_refused() {
        let params = Argon2Params::new(19_456, 2, 1, [0; 16]).unwrap();
        assert!(matches!(derive(&SecretText::new(String::new()), &params), Err(KeyError::EmptyPassphrase)));
    }
}
