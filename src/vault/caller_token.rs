//! A caller's access token: what is kept of it, and the text that whoever has it presents.
//!
//! The text is 16 bytes of id and 32 random bytes, in base64url. What is kept is a keyed hash of the
//! random bytes, which lets nobody back to the text. Not to be confused with the tokens that
//! accounts are given by their providers (`tokens`).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use zeroize::Zeroizing;

use super::hex;
use super::ids::CallerTokenId;
use crate::platform::mark::ProcessMark;
use crate::spec::policy::Glob;
use crate::spec::{CredentialName, Scope, TokenName};

const ID: usize = 16;
const SECRET: usize = 32;
/// `ID` and `SECRET` in base64, which leave no rest.
const CHARACTERS: usize = (ID + SECRET) / 3 * 4;
/// So that a person, or a scanner, knows what it is.
const PREFIX: &str = "aiv_";

/// Everything about a token but its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallerToken {
    pub id: CallerTokenId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<TokenName>,
    pub(super) digest: Digest,
    /// Patterns of the capabilities that it covers.
    pub capabilities: Vec<Glob>,
    /// The only credential that it covers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<CredentialName>,
    /// The scope that its calls are made in.
    pub scope: Scope,
    /// Milliseconds since 1970.
    pub created_ms: u64,
    pub expires_ms: u64,
    /// The process that it ends with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lives_with: Option<ProcessMark>,
}

/// A token to be minted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCallerToken {
    pub name: Option<TokenName>,
    pub capabilities: Vec<Glob>,
    pub credential: Option<CredentialName>,
    pub scope: Scope,
    pub created_ms: u64,
    pub expires_ms: u64,
    pub lives_with: Option<ProcessMark>,
}

impl CallerToken {
    /// Whether its time is over, or the process that it lives with has ended.
    #[must_use]
    pub fn has_ended(&self, now_ms: u64) -> bool {
        now_ms >= self.expires_ms || self.lives_with.is_some_and(|process| !process.is_alive())
    }

    /// Its name, or the beginning of its id.
    #[must_use]
    pub fn label(&self) -> String {
        self.name.as_ref().map_or_else(|| self.id.short(), ToString::to_string)
    }
}

/// What is kept of a token's random bytes.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Digest(pub(super) [u8; 32]);

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(…)")
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        hex::decode(&text).map(Self).ok_or_else(|| de::Error::custom("a digest is 64 digits of hex"))
    }
}

/// The text of a token, for the one who is to have it. Never printed by itself; cleared when dropped.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenText(Zeroizing<String>);

impl TokenText {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for TokenText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenText(…)")
    }
}

/// A token as somebody presents it: not known, and not yet believed.
pub struct PresentedToken {
    pub(super) id: CallerTokenId,
    pub(super) secret: Zeroizing<[u8; SECRET]>,
}

impl PresentedToken {
    /// Reads the last 64 characters of a text. What stands before them is a shape that some clients
    /// insist on, and says nothing.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.as_bytes();
        let tail = &text[text.len().checked_sub(CHARACTERS)?..];
        let mut bytes = Zeroizing::new([0; ID + SECRET]);
        let length = URL_SAFE_NO_PAD.decode_slice(tail, bytes.as_mut_slice()).ok()?;
        if length != bytes.len() {
            return None;
        }
        let (id, secret) = bytes.split_first_chunk::<ID>()?;
        let mut presented = Self { id: CallerTokenId::from_bytes(*id), secret: Zeroizing::default() };
        presented.secret.copy_from_slice(secret);
        Some(presented)
    }

    /// The text that is read as this one.
    pub(super) fn text(&self) -> TokenText {
        let mut bytes = Zeroizing::new([0; ID + SECRET]);
        bytes[..ID].copy_from_slice(self.id.as_bytes());
        bytes[ID..].copy_from_slice(self.secret.as_slice());
        // Of its full length from the start, so that no copy stays where it grew.
        let mut text = Zeroizing::new(String::with_capacity(PREFIX.len() + CHARACTERS));
        text.push_str(PREFIX);
        URL_SAFE_NO_PAD.encode_string(bytes.as_slice(), &mut text);
        TokenText(text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn presented(id: [u8; ID], secret: [u8; SECRET]) -> PresentedToken {
        PresentedToken { id: CallerTokenId::from_bytes(id), secret: Zeroizing::new(secret) }
    }

    proptest! {
        #[test]
        fn what_is_minted_is_read_back_behind_any_shape(
            id: [u8; ID],
            secret: [u8; SECRET],
            shape in "(ghp_|[0-9]{1,12}:|é|\\PC{0,40})",
        ) {
            let text = presented(id, secret).text();
            prop_assert!(text.as_str().starts_with(PREFIX));
            prop_assert_eq!(text.as_str().len(), PREFIX.len() + CHARACTERS);
            let tail = &text.as_str()[PREFIX.len()..];
            for shown in [text.as_str(), tail, &format!("{shape}{tail}")] {
                let read = PresentedToken::parse(shown).unwrap();
                prop_assert_eq!(read.id.as_bytes(), &id);
                prop_assert_eq!(read.secret.as_slice(), secret.as_slice());
            }
        }

        #[test]
        fn no_text_is_read_in_two_ways(text in "[A-Za-z0-9_=+/ -]{60,70}") {
            if let Some(read) = PresentedToken::parse(&text) {
                let again = read.text();
                prop_assert!(text.ends_with(&again.as_str()[PREFIX.len()..]));
            }
        }

        #[test]
        fn any_text_at_all_is_read_or_refused(text in "\\PC{0,80}") {
            let _ = PresentedToken::parse(&text);
        }
    }

    #[test]
    fn other_texts_are_refused() {
        let tail = presented([1; ID], [2; SECRET]).text().as_str()[PREFIX.len()..].to_owned();
        for bad in ["", "aiv_", &tail[1..], &format!("{tail}\n"), &format!("{}=", &tail[1..])] {
            assert!(PresentedToken::parse(bad).is_none(), "{bad:?}");
        }
        for odd in ['+', '/', '=', ' ', 'é'] {
            let text = format!("{}{odd}", &tail[..tail.len() - odd.len_utf8()]);
            assert!(PresentedToken::parse(&text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn neither_the_text_nor_what_is_kept_is_printed() {
        let text = presented([1; ID], [2; SECRET]).text();
        assert_eq!(format!("{text:?} {:?}", Digest([3; 32])), "TokenText(…) Digest(…)");
    }
}
