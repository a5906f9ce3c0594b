//! The ids of secrets and credentials: a prefix and sixteen bytes of hex, one spelling each.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

use super::hex;
use super::store::{Kind, RecordId, RecordName};

/// The text is no id of the kind asked for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{text:?} is not a {kind} id: it is `{prefix}` and 32 digits of lower-case hex")]
pub struct IdError {
    pub kind: &'static str,
    pub prefix: &'static str,
    pub text: String,
}

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident, $kind:expr, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; 16]);

        impl $name {
            pub const PREFIX: &'static str = $prefix;

            pub(super) fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// # Errors
            /// When `text` is not the prefix and 32 lower-case hex digits.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                let bytes = text.strip_prefix(Self::PREFIX).and_then(hex::decode);
                let error = || IdError { kind: $kind.as_str(), prefix: Self::PREFIX, text: text.to_owned() };
                bytes.map(Self).ok_or_else(error)
            }

            /// The record that holds it.
            #[must_use]
            pub fn record_name(&self) -> RecordName {
                let id = RecordId::parse(&self.to_string()).expect("a prefix and hex are a well-formed record id");
                RecordName { kind: $kind, id }
            }

            pub(super) fn of_record(id: &RecordId) -> Option<Self> {
                Self::parse(id.as_str()).ok()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&format!(concat!($prefix, "{}"), hex::encode(&self.0)))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{self}")
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::parse(&text).map_err(de::Error::custom)
            }
        }
    };
}

id_type!(
    /// A stored secret, whatever it is called: `sec_` and random bytes.
    SecretId,
    Kind::Secret,
    "sec_"
);
id_type!(
    /// A credential: `cred_` and a keyed hash of its provider, scope and name.
    CredentialId,
    Kind::Credential,
    "cred_"
);
id_type!(
    /// A redirect of a test vault: `ups_` and a keyed hash of its host.
    UpstreamId,
    Kind::Upstream,
    "ups_"
);

id_type!(
    /// A policy of the operator: `pol_` and a keyed hash of its id.
    PolicyRecordId,
    Kind::Policy,
    "pol_"
);

id_type!(
    /// A provider of the operator: `prv_` and a keyed hash of its id.
    ProviderRecordId,
    Kind::Provider,
    "prv_"
);

id_type!(
    /// A binding: `bnd_` and a keyed hash of its capabilities, scope and consumer.
    BindingId,
    Kind::Binding,
    "bnd_"
);

id_type!(
    /// A switch: `swi_` and a keyed hash of its capability.
    SwitchId,
    Kind::Switch,
    "swi_"
);

id_type!(
    /// An access token: `tok_` and a keyed hash of its credential.
    TokenId,
    Kind::Token,
    "tok_"
);

id_type!(
    /// A caller's access token: `ctk_` and random bytes, which are part of its text.
    CallerTokenId,
    Kind::CallerToken,
    "ctk_"
);

impl CallerTokenId {
    pub(super) fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The first 8 digits, for people.
    #[must_use]
    pub fn short(&self) -> String {
        hex::encode(&self.0[..4])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_each() {
        let id = SecretId::from_bytes([0xab; 16]);
        let text = format!("sec_{}", "ab".repeat(16));
        assert_eq!(id.to_string(), text);
        assert_eq!(SecretId::parse(&text), Ok(id));
        assert_eq!(SecretId::of_record(&id.record_name().id), Some(id));
        for bad in ["", "sec_", &text[4..], &text.to_uppercase(), &format!("{text}0"), "sec_../../x"] {
            assert!(SecretId::parse(bad).is_err(), "{bad}");
        }
        assert!(CredentialId::parse(&text).is_err());
    }
}
