//! The scheme `hmac`, as meant: which parts of a request are signed, and where the signature goes.
//!
//! Message and values are recipes: text, secrets, and parts of the request that the broker fills in.
//! What is computed has a dot in its name, or is one of two words, so that no secret's placeholder
//! is read as such a part or the other way round.

use std::borrow::Cow;
use std::fmt;

use thiserror::Error;

use super::header::HeaderName;
use super::hmac_document::{HmacAlgorithm, KeyEncoding, SignatureEncoding};
use super::model::List;
use super::packed::{packed_as_its_value, packed_enum, packed_struct};
use super::template::{Scanned, Template, TemplateError, is_placeholder, scan};
use super::text::Text;

/// A keyed hash (RFC 2104) of parts of the request.
#[derive(Debug, Clone, PartialEq)]
pub struct Hmac {
    pub key: Template,
    pub key_encoding: KeyEncoding,
    pub algorithm: HmacAlgorithm,
    pub encoding: SignatureEncoding,
    pub message: Message,
    pub headers: List<(HeaderName, Value)>,
    /// Those without the signature first, since they can be part of what is signed.
    pub query: List<(Text, Value)>,
}

/// What is signed: its pieces, one behind the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message(List<Piece>);

/// What a header or parameter of the scheme says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value(List<ValuePart>);

/// A piece of what is signed or sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    Literal(Text),
    /// A secret, by its placeholder.
    Placeholder(Text),
    Computed(Computed),
}

/// A piece of a value: only there can the signature stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValuePart {
    Piece(Piece),
    Signature,
}

/// What the broker fills in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Computed {
    /// Of the moment when the request is signed: whole seconds, or milliseconds, since 1970.
    Seconds,
    Millis,
    /// Such as `2026-11-24T09:30:00.000Z`.
    Iso,
    Method,
    /// As on the wire, without the query.
    Path,
    /// As on the wire, without the `?`; empty where there is none.
    Query,
    /// Path and query, as on the wire.
    Target,
    Host,
    Body,
    /// In lower-case hexadecimal digits.
    BodySha256,
    /// Sixteen random bytes in hexadecimal digits, the same wherever they stand in one request.
    Nonce,
}

/// Why a text is not a message or a value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RecipeError {
    #[error(transparent)]
    Template(#[from] TemplateError),
    #[error("`{0}` is neither a placeholder of a secret nor something that is computed")]
    Unknown(String),
    #[error("the signature cannot be part of what is signed")]
    SignsItself,
    #[error("control characters other than a line feed, and non-ASCII text, cannot stand in a message")]
    Character,
}

/// What the signature itself is called.
const SIGNATURE: &str = "signature";

impl Computed {
    pub const ALL: [Self; 11] = [
        Self::Seconds,
        Self::Millis,
        Self::Iso,
        Self::Method,
        Self::Path,
        Self::Query,
        Self::Target,
        Self::Host,
        Self::Body,
        Self::BodySha256,
        Self::Nonce,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Seconds => "time.seconds",
            Self::Millis => "time.millis",
            Self::Iso => "time.iso",
            Self::Method => "request.method",
            Self::Path => "request.path",
            Self::Query => "request.query",
            Self::Target => "request.target",
            Self::Host => "request.host",
            Self::Body => "request.body",
            Self::BodySha256 => "request.body_sha256",
            Self::Nonce => "nonce",
        }
    }

    /// Whether it can only be had once the whole body is there.
    #[must_use]
    pub const fn is_of_body(self) -> bool {
        matches!(self, Self::Body | Self::BodySha256)
    }
}

/// Whether `name` is taken by what is computed, so that no secret can be called that.
#[must_use]
pub fn is_computed(name: &str) -> bool {
    name == SIGNATURE || Computed::ALL.iter().any(|one| one.as_str() == name)
}

impl Piece {
    fn parse(name: &str) -> Result<Self, RecipeError> {
        if let Some(computed) = Computed::ALL.into_iter().find(|one| one.as_str() == name) {
            return Ok(Self::Computed(computed));
        }
        if is_placeholder(name) {
            return Ok(Self::Placeholder(Text::from(name)));
        }
        Err(RecipeError::Unknown(name.to_owned()))
    }

    fn of_body(&self) -> bool {
        matches!(self, Self::Computed(computed) if computed.is_of_body())
    }

    fn placeholder(&self) -> Option<&str> {
        if let Self::Placeholder(name) = self { Some(name) } else { None }
    }
}

impl Message {
    /// # Errors
    /// When a hole is not closed or not known, or the signature is to be part of itself.
    pub fn parse(text: &str) -> Result<Self, RecipeError> {
        if !text.bytes().all(|byte| byte == b'\n' || (0x20..=0x7e).contains(&byte)) {
            return Err(RecipeError::Character);
        }
        let piece = |scanned| match scanned {
            Scanned::Literal(text) => Ok(Piece::Literal(Text::from(text))),
            Scanned::Hole(SIGNATURE) => Err(RecipeError::SignsItself),
            Scanned::Hole(name) => Piece::parse(name),
        };
        Ok(Self(Cow::Owned(scan(text)?.into_iter().map(piece).collect::<Result<_, _>>()?)))
    }

    #[must_use]
    pub fn pieces(&self) -> &[Piece] {
        &self.0
    }

    /// Whether anything of the request or the moment is in it.
    #[must_use]
    pub fn varies(&self) -> bool {
        self.0.iter().any(|piece| matches!(piece, Piece::Computed(_)))
    }
}

impl Value {
    /// # Errors
    /// When a hole is not closed or not known, or the text cannot stand in a header.
    pub fn parse(text: &str) -> Result<Self, RecipeError> {
        if !text.bytes().all(|byte| (0x20..=0x7e).contains(&byte)) {
            return Err(TemplateError::Character.into());
        }
        let part = |scanned| match scanned {
            Scanned::Literal(text) => Ok(ValuePart::Piece(Piece::Literal(Text::from(text)))),
            Scanned::Hole(SIGNATURE) => Ok(ValuePart::Signature),
            Scanned::Hole(name) => Piece::parse(name).map(ValuePart::Piece),
        };
        Ok(Self(Cow::Owned(scan(text)?.into_iter().map(part).collect::<Result<_, _>>()?)))
    }

    #[must_use]
    pub fn parts(&self) -> &[ValuePart] {
        &self.0
    }

    #[must_use]
    pub fn is_signed(&self) -> bool {
        self.0.contains(&ValuePart::Signature)
    }

    /// Whether the body itself is in it, which no header can hold.
    #[must_use]
    pub fn holds_body(&self) -> bool {
        self.0.contains(&ValuePart::Piece(Piece::Computed(Computed::Body)))
    }

    /// The secrets that are sent in it, by placeholder.
    pub fn placeholders(&self) -> impl Iterator<Item = &str> {
        self.pieces().filter_map(Piece::placeholder)
    }

    fn pieces(&self) -> impl Iterator<Item = &Piece> {
        self.0.iter().filter_map(|part| if let ValuePart::Piece(piece) = part { Some(piece) } else { None })
    }
}

impl Hmac {
    fn pieces(&self) -> impl Iterator<Item = &Piece> {
        let headers = self.headers.iter().flat_map(|(_, value)| value.pieces());
        let query = self.query.iter().flat_map(|(_, value)| value.pieces());
        self.message.pieces().iter().chain(headers).chain(query)
    }

    /// The secrets that it needs, by placeholder.
    pub fn placeholders(&self) -> impl Iterator<Item = &str> {
        self.key.placeholders().chain(self.pieces().filter_map(Piece::placeholder))
    }

    /// Whether it can only be carried out once the whole body is there.
    #[must_use]
    pub fn reads_body(&self) -> bool {
        self.pieces().any(Piece::of_body)
    }
}

packed_struct!(Hmac { key, key_encoding, algorithm, encoding, message, headers, query });
packed_as_its_value!(Message);
packed_as_its_value!(Value);
packed_enum!(Piece { 0 => Literal(text), 1 => Placeholder(name), 2 => Computed(computed) });
packed_enum!(ValuePart { 0 => Piece(piece), 1 => Signature });
packed_enum!(Computed {
    0 => Seconds,
    1 => Millis,
    2 => Iso,
    3 => Method,
    4 => Path,
    5 => Query,
    6 => Target,
    7 => Host,
    8 => Body,
    9 => BodySha256,
    10 => Nonce,
});
packed_enum!(KeyEncoding { 0 => Raw, 1 => Hex, 2 => Base64 });
packed_enum!(HmacAlgorithm { 0 => Sha1, 1 => Sha256, 2 => Sha512 });
packed_enum!(SignatureEncoding { 0 => Hex, 1 => Base64 });

impl fmt::Display for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(text) => f.write_str(text),
            Self::Placeholder(name) => write!(f, "{{{{{name}}}}}"),
            Self::Computed(computed) => write!(f, "{{{{{}}}}}", computed.as_str()),
        }
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|piece| piece.fmt(f))
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| match part {
            ValuePart::Piece(piece) => piece.fmt(f),
            ValuePart::Signature => write!(f, "{{{{{SIGNATURE}}}}}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipes_print_as_they_were_written() {
        for text in ["{{time.seconds}}{{request.method}}\n{{request.target}}{{request.body}}", "v0:{{nonce}}"]
        {
            assert_eq!(Message::parse(text).unwrap().to_string(), text);
        }
        for text in ["sha256={{signature}}", "{{key_id}}:{{signature}}", "{{time.iso}}"] {
            assert_eq!(Value::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_computed_is_told_from_secrets() {
        for computed in Computed::ALL {
            let text = format!("{{{{{}}}}}", computed.as_str());
            assert_eq!(Message::parse(&text).unwrap().pieces(), [Piece::Computed(computed)]);
        }
        assert_eq!(Message::parse("{{key}}").unwrap().pieces(), [Piece::Placeholder("key".into())]);
        assert_eq!(Value::parse("{{signature}}").unwrap().parts(), [ValuePart::Signature]);
    }

    #[test]
    fn malformed_recipes_are_refused() {
        for text in ["{{request.bdy}}", "{{time}", "{{signature}}", "{{Key}}", "a\r\nb", "ä", "{{ nonce }}"]
        {
            assert!(Message::parse(text).is_err(), "{text:?}");
        }
        for text in ["{{time.minutes}}", "a\nb", "{{signature", "{{}}"] {
            assert!(Value::parse(text).is_err(), "{text:?}");
        }
    }
}
