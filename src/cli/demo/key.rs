//! The made-up key: what it looks like, how it is shown, and where it turns up.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::platform::entropy::{self, EntropyError};

/// How many of its last characters may be shown.
const SHOWN: usize = 4;
/// How base64 groups: bytes before, characters after.
const GROUP: usize = 3;
const GROUP_TEXT: usize = 4;

/// A key of the shape that the provider uses, worth nothing, new for each run. Treated as a real
/// one all the same: no `Debug`, no `Display`.
pub(super) struct DemoKey {
    text: String,
    spellings: Vec<Vec<u8>>,
}

impl DemoKey {
    pub(super) fn make() -> Result<Self, EntropyError> {
        let random: [u8; 16] = entropy::bytes()?;
        Ok(Self::of(format!("sk-demo-{:032x}", u128::from_be_bytes(random))))
    }

    fn of(text: String) -> Self {
        let spellings = std::iter::once(text.clone().into_bytes()).chain(base64_forms(&text)).collect();
        Self { text, spellings }
    }

    /// The key itself, for those who must have it: the vault, and the judgement of what arrived.
    pub(super) fn reveal(&self) -> &str {
        &self.text
    }

    /// The key for people: all hidden but the last four characters.
    pub(super) fn masked(&self) -> String {
        format!("sk-••••••••{}", &self.text[self.text.len() - SHOWN..])
    }

    /// `text` with the key masked wherever it stands.
    pub(super) fn mask_in(&self, text: &str) -> String {
        text.replace(&self.text, &self.masked())
    }

    /// Whether the key is in these bytes, as it is or in base64.
    pub(super) fn is_in(&self, bytes: &[u8]) -> bool {
        self.spellings.iter().any(|spelling| memchr::memmem::find(bytes, spelling).is_some())
    }
}

/// What stays the same of the key's base64 whatever stands before and after it, for each of the
/// three ways it can fall into groups.
fn base64_forms(text: &str) -> impl Iterator<Item = Vec<u8>> + '_ {
    (0..GROUP).map(move |before| {
        let padded = [&vec![0; before][..], text.as_bytes()].concat();
        let whole_groups = padded.len() / GROUP * GROUP;
        let encoded = STANDARD_NO_PAD.encode(&padded[..whole_groups]);
        let first = if before == 0 { 0 } else { GROUP_TEXT };
        encoded.as_bytes()[first..].to_vec()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> DemoKey {
        DemoKey::of("sk-demo-0123456789abcdef".to_owned())
    }

    #[test]
    fn it_is_new_and_of_the_providers_shape() {
        let [one, other] = [DemoKey::make().unwrap(), DemoKey::make().unwrap()];
        assert!(one.reveal() != other.reveal());
        assert!(one.reveal().starts_with("sk-") && one.reveal().len() >= 23);
    }

    #[test]
    fn only_the_last_four_characters_are_shown() {
        let shown = key().mask_in("Bearer sk-demo-0123456789abcdef!");
        assert_eq!(shown, "Bearer sk-••••••••cdef!");
        assert_eq!(key().mask_in("nothing"), "nothing");
    }

    #[test]
    fn it_is_found_in_any_alignment_of_base64() {
        for before in ["", "a", "ab", "abc", "Bearer "] {
            for after in ["", "x", "xy"] {
                let text = format!("{before}{}{after}", key().reveal());
                let encoded = STANDARD_NO_PAD.encode(&text);
                assert!(key().is_in(text.as_bytes()), "{text}");
                assert!(key().is_in(encoded.as_bytes()), "{before:?} {after:?}");
            }
        }
        assert!(!key().is_in(b"sk-demo-0123456789abcde"));
    }
}
