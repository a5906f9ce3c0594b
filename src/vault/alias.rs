//! Further names for a secret, which an operator chooses.

use super::error::VaultError;
use super::ids::SecretId;
use crate::spec::ProviderId;

const MAX_ALIASES: usize = 32;
const MAX_LENGTH: usize = 128;

/// A well-formed alias that no provider claims: one that was claimed would put a secret in
/// another's place, and whoever gives that other a new value would send it to the wrong host.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Alias(String);

impl Alias {
    /// `claimant` is what the registry says about the text, read as a secret's name.
    ///
    /// # Errors
    /// When it is claimed, or not spelled as an alias must be.
    pub fn parse(text: &str, claimant: Option<&ProviderId>) -> Result<Self, VaultError> {
        const RULE: &str = "use 1 to 128 visible ASCII characters, not starting with `-` or like an id";
        let fits = (1..=MAX_LENGTH).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic())
            && !text.starts_with('-')
            && !text.starts_with(SecretId::PREFIX);
        match claimant {
            _ if !fits => Err(VaultError::Invalid { what: "alias", rule: RULE }),
            Some(provider) => {
                Err(VaultError::AliasClaimed { alias: text.to_owned(), provider: provider.clone() })
            }
            None => Ok(Self(text.to_owned())),
        }
    }
}

/// As they are stored: sorted, each once.
pub(super) fn stored(mut aliases: Vec<Alias>) -> Result<Vec<String>, VaultError> {
    if aliases.len() > MAX_ALIASES {
        return Err(VaultError::Invalid { what: "alias", rule: "give a secret at most 32 of them" });
    }
    aliases.sort();
    aliases.dedup();
    Ok(aliases.into_iter().map(|alias| alias.0).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Alias, VaultError> {
        Alias::parse(text, None)
    }

    #[test]
    fn aliases_are_visible_and_few() {
        for good in ["main", "team/openai", "OPENAI_2", "x"] {
            assert!(parse(good).is_ok(), "{good}");
        }
        for bad in ["", " ", "a b", "-x", "sec_x", "a\n", "a\u{202e}b", "\0", &"x".repeat(129)] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
        let all = |texts: &[&str]| stored(texts.iter().map(|text| parse(text).ok().unwrap()).collect());
        assert!(all(&["x"; 33]).is_err());
        assert_eq!(all(&["b", "a", "b"]).ok().unwrap(), ["a", "b"]);
    }

    #[test]
    fn a_claimed_one_is_refused() {
        let acme = ProviderId::from_static("acme");
        let error = Alias::parse("ACME_API_KEY", Some(&acme)).err().unwrap();
        assert!(error.to_string().contains("acme"), "{error}");
    }
}
