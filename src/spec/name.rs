//! The names of the language: one spelling each, refused otherwise.
//!
//! Each type can only hold a well-formed value. `from_static` is for names that the
//! program says itself: it is `const`, so that a bad one there stops the compiler
//! instead of reaching a user. Nothing here looks anything up or changes case.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use super::packed::packed_as_its_value;
use super::text::Text;

/// Why a text is not a name of the kind asked for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is not a {kind}: {rule}")]
pub struct NameError {
    pub kind: &'static str,
    pub text: String,
    pub rule: &'static str,
}

const SECRET_RULE: &str = "use capital letters, digits and `_`, starting with a letter, at most 128";
const KEBAB_RULE: &str =
    "use lower-case letters, digits and single `-` or `_` between them, starting with a letter, at most 64";
const CAPABILITY_RULE: &str = "write it as `provider/capability`, both in lower-case kebab";
const RULE_RULE: &str = "write it as `policy/rule`, both in lower-case kebab";
const TOKEN_RULE: &str = "use lower-case letters, digits and single `-` or `_` between them, starting with a letter, \
     at most 64, and neither 8 hexadecimal digits nor `ctk_` in front, which ids have";
const SCOPE_ID_RULE: &str =
    "use letters, digits, `.`, `_` and `-`, starting with a letter or digit, at most 64";

const fn is_secret_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.is_empty() || bytes.len() > 128 || !bytes[0].is_ascii_uppercase() {
        return false;
    }
    let mut i = 1;
    while i < bytes.len() {
        if !(bytes[i].is_ascii_uppercase() || bytes[i].is_ascii_digit() || bytes[i] == b'_') {
            return false;
        }
        i += 1;
    }
    true
}

const fn is_kebab(bytes: &[u8], from: usize, to: usize) -> bool {
    if from >= to || to - from > 64 || !bytes[from].is_ascii_lowercase() {
        return false;
    }
    let mut i = from;
    let mut after_joint = false;
    while i < to {
        let joint = bytes[i] == b'-' || bytes[i] == b'_';
        if joint && after_joint {
            return false;
        }
        if !joint && !bytes[i].is_ascii_lowercase() && !bytes[i].is_ascii_digit() {
            return false;
        }
        after_joint = joint;
        i += 1;
    }
    !after_joint
}

const fn is_kebab_name(text: &str) -> bool {
    is_kebab(text.as_bytes(), 0, text.len())
}

const fn is_capability_id(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut slash = 0;
    while slash < bytes.len() && bytes[slash] != b'/' {
        slash += 1;
    }
    slash < bytes.len() && is_kebab(bytes, 0, slash) && is_kebab(bytes, slash + 1, bytes.len())
}

/// A name that cannot be taken for the id of a token.
const fn is_token_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    if matches!(bytes, [b'c', b't', b'k', b'_', ..]) {
        return false;
    }
    let mut digits = 0;
    while digits < bytes.len() && bytes[digits].is_ascii_hexdigit() {
        digits += 1;
    }
    is_kebab_name(text) && !(bytes.len() == 8 && digits == 8)
}

const fn is_scope_id(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.is_empty() || bytes.len() > 64 || !bytes[0].is_ascii_alphanumeric() {
        return false;
    }
    let mut i = 0;
    while i < bytes.len() {
        if !(bytes[i].is_ascii_alphanumeric() || matches!(bytes[i], b'.' | b'_' | b'-')) {
            return false;
        }
        i += 1;
    }
    true
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $check:ident, $rule:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Text);

        impl $name {
            /// In a constant, a malformed text does not compile.
            #[must_use]
            pub const fn from_static(text: &'static str) -> Self {
                assert!($check(text), concat!("malformed ", $kind));
                Self(Text::from_static(text))
            }

            /// # Errors
            /// When `text` is not spelled as this kind of name must be.
            pub fn parse(text: &str) -> Result<Self, NameError> {
                if $check(text) {
                    return Ok(Self(Text::from(text)));
                }
                Err(NameError { kind: $kind, text: text.escape_debug().to_string(), rule: $rule })
            }

            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        packed_as_its_value!($name);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self.as_str(), f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<'de, str>::deserialize(deserializer)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

name_type!(
    /// The name of a stored secret, as an environment variable is spelled: `OPENAI_API_KEY`.
    SecretName, "secret name", is_secret_name, SECRET_RULE
);
name_type!(
    /// The id of an upstream service: `openai`.
    ProviderId, "provider id", is_kebab_name, KEBAB_RULE
);
name_type!(
    /// The name of one account with one provider; a provisioned one is named as its provider,
    /// and behind it as its way to authenticate where that is not the first.
    CredentialName, "credential name", is_kebab_name, KEBAB_RULE
);
name_type!(
    /// What people call one of the ways to authenticate that a provider offers: `oauth`.
    WayName, "way to authenticate", is_kebab_name, KEBAB_RULE
);
name_type!(
    /// A grant's full name: `openai/chat-completions`.
    CapabilityId, "capability id", is_capability_id, CAPABILITY_RULE
);
name_type!(
    /// The id of a workspace, or of a group within one.
    ScopeId, "workspace or group id", is_scope_id, SCOPE_ID_RULE
);
name_type!(
    /// The id of an operator's policy: `research`.
    PolicyId, "policy id", is_kebab_name, KEBAB_RULE
);
name_type!(
    /// What the operator calls a caller's access token: `agent-7`.
    TokenName, "token name", is_token_name, TOKEN_RULE
);
name_type!(
    /// A rule's full name: `research/small-models`.
    RuleId, "rule id", is_capability_id, RULE_RULE
);

impl RuleId {
    /// The policy that it belongs to.
    #[must_use]
    pub fn policy(&self) -> &str {
        self.as_str().split_once('/').map_or("", |(policy, _)| policy)
    }
}

impl CapabilityId {
    /// The part before the slash.
    #[must_use]
    pub fn provider(&self) -> &str {
        self.as_str().split_once('/').map_or("", |(provider, _)| provider)
    }

    /// The part behind the slash.
    #[must_use]
    pub fn name(&self) -> &str {
        self.as_str().split_once('/').map_or("", |(_, name)| name)
    }
}

impl From<&ProviderId> for CredentialName {
    fn from(provider: &ProviderId) -> Self {
        // Both are spelled by the same rule, so the text is already well-formed.
        Self(provider.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_each() {
        assert!(SecretName::parse("OPENAI_API_KEY").is_ok());
        for bad in ["", "openai_api_key", "1KEY", "A-B", "A B", "A\n", "../X", "Ä"] {
            assert!(SecretName::parse(bad).is_err(), "{bad:?}");
        }
        assert!(ProviderId::parse("remove-bg").is_ok());
        for bad in ["", "-a", "a-", "a--b", "A", "a/b", "1a", "а"] {
            assert!(ProviderId::parse(bad).is_err(), "{bad:?}");
        }
        assert!(CapabilityId::parse("calendly/event_types").is_ok());
        for bad in ["openai", "openai/", "/x", "a/b/c", "a/B"] {
            assert!(CapabilityId::parse(bad).is_err(), "{bad:?}");
        }
        for good in ["agent-7", "abcdef1", "abcdef123", "abcdefg1", "ctk"] {
            assert!(TokenName::parse(good).is_ok(), "{good:?}");
        }
        for bad in ["abcdef12", "deadbeef", "ctk_a", "Agent", "a b", ""] {
            assert!(TokenName::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_capability_id_has_two_parts() {
        let id = CapabilityId::from_static("openai/chat-completions");
        assert_eq!((id.provider(), id.name()), ("openai", "chat-completions"));
    }
}
