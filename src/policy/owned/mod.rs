//! Forms that would bring the upstream a caller's own credential, or another method.
//!
//! Some APIs take from a form what auth sets in the query or a header. Where the provider has such
//! parameters, a form's names are looked at before the call is sent, whatever rules say of it. A
//! body that is at hand is judged by [`refuse_owned`]; one that streams by the same steps as it
//! comes: a form of pairs as a whole, `multipart` by [`Parts`].

mod names;

use super::denial::{Denial, Reason};
use super::parameter;
use super::request::{HeaderField, Request};
use crate::spec::Provider;
use crate::spec::header::same_header;

pub use names::{Fault, Parts};

/// How much of a form is looked at before anything is sent, in bytes.
pub const LOOKED_AT: usize = 1024 * 1024;

/// How a body's names are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormKind {
    Pairs,
    Multipart,
    /// Nobody says what it is. Some take it for pairs.
    Unsaid,
    /// Compressed, or of a character set in which names are spelled in other bytes.
    Encoded,
}

/// Character sets in which the names of a form are the bytes that they look like.
const PLAIN_CHARSETS: &[&str] =
    &["utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin1", "windows-1252"];

impl FormKind {
    /// The kind of a form that must be looked at.
    #[must_use]
    pub fn of(provider: &Provider, request: &Request) -> Option<Self> {
        if !parameter::takes_credentials_in_forms(provider) {
            return None;
        }
        let find = |name: &str| request.headers().iter().find(|field| same_header(field.name(), name));
        let content_type = find("content-type");
        let is_folded = content_type.is_some_and(|field| field.name() != "content-type");
        let kind = Self::announced(content_type.map(HeaderField::value));
        // With an underscore, the type is no type for some.
        let kind = kind.or(is_folded.then_some(Self::Unsaid));
        kind.map(|kind| if find("content-encoding").is_some() { Self::Encoded } else { kind })
    }

    /// The media type is not parsed: who reads it leniently shall not find a form where we saw none.
    fn announced(content_type: Option<&str>) -> Option<Self> {
        let Some(media_type) = content_type.map(str::to_ascii_lowercase) else { return Some(Self::Unsaid) };
        let kind = if media_type.contains("multipart") {
            Self::Multipart
        } else if media_type.contains("urlencoded") {
            Self::Pairs
        } else {
            return None;
        };
        Some(if is_plain(&media_type) { kind } else { Self::Encoded })
    }

    /// Looks at a body of this kind, or at the beginning of one that nobody says the kind of.
    ///
    /// # Errors
    /// When a name in it is owned, unclear, or not looked for.
    pub fn look(self, body: &[u8], is_owned: impl Fn(&str) -> bool) -> Result<(), Fault> {
        match self {
            Self::Multipart => {
                let mut parts = Parts::new(is_owned);
                parts.push(body)?;
                parts.finish().map(drop)
            }
            Self::Encoded if body.is_empty() => Ok(()),
            Self::Encoded => Err(Fault::Encoded),
            Self::Pairs if body.len() > LOOKED_AT => Err(Fault::TooLarge),
            Self::Pairs | Self::Unsaid => {
                let owned = names::of_pairs(body).find(|name| is_owned(name));
                owned.map_or(Ok(()), |name| Err(Fault::Owned(name)))
            }
        }
    }
}

/// Whether every character set that a media type names, in lower case, is a plain one.
fn is_plain(media_type: &str) -> bool {
    media_type.split("charset").skip(1).all(|rest| {
        let value = rest
            .trim_start()
            .strip_prefix('=')
            .map(|value| value.trim_start().trim_start_matches(['"', '\'']));
        let charset = value.and_then(|value| value.split([';', ',', '"', '\'', ' ', '\t']).next());
        charset.is_some_and(|charset| PLAIN_CHARSETS.contains(&charset))
    })
}

/// Whether a field with that name is not the caller's to set.
#[must_use]
pub fn is_owned(provider: &Provider, name: &str) -> bool {
    parameter::owner(provider, name).is_some()
}

/// Judges a request's whole body, before any rule does.
///
/// # Errors
/// The denial, where a field of it is the broker's.
pub fn refuse_owned(provider: &Provider, request: &Request, body: &[u8]) -> Result<(), Denial> {
    let Some(kind) = FormKind::of(provider, request) else { return Ok(()) };
    kind.look(body, |name| is_owned(provider, name)).map_err(|fault| fault.denial())
}

impl Fault {
    /// What the caller is told.
    #[must_use]
    pub fn denial(&self) -> Denial {
        let (message, help) = match self {
            Self::Owned(name) => {
                let shown: String = name.escape_debug().take(80).collect();
                (
                    format!("the form's field `{shown}` may carry a credential, which the broker sets"),
                    "leave it out",
                )
            }
            Self::Unclear => (
                "the name of one of the form's parts could be read in two ways".to_owned(),
                "write it plainly, as `name=\"field\"`",
            ),
            Self::Encoded => (
                "a form that is compressed, or in another charset than UTF-8, cannot be looked through"
                    .to_owned(),
                "send it as it is, in UTF-8",
            ),
            Self::TooLarge => (
                "a form of more than 1 MiB is not looked through for fields that are the broker's".to_owned(),
                "send it as multipart/form-data, or the large field by itself",
            ),
        };
        Denial::new(Reason::BodyOwnedByAuth, message).help(help)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_known_however_its_type_is_spelled() {
        assert_eq!(FormKind::announced(Some("application/x-www-form-urlencoded")), Some(FormKind::Pairs));
        assert_eq!(
            FormKind::announced(Some("text/plain, Application/X-WWW-Form-URLEncoded;a=b")),
            Some(FormKind::Pairs)
        );
        assert_eq!(FormKind::announced(Some("Multipart/Form-Data; boundary=x")), Some(FormKind::Multipart));
        assert_eq!(FormKind::announced(Some("application/json")), None);
        assert_eq!(FormKind::announced(None), Some(FormKind::Unsaid));
    }

    #[test]
    fn a_form_in_other_bytes_is_not_taken_for_a_plain_one() {
        let announced = |text: &str| FormKind::announced(Some(text)).unwrap();
        for charset in ["UTF-8", "\"utf-8\"", " us-ascii ", "iso-8859-1; a=b", "'utf8'"] {
            assert_eq!(announced(&format!("x/urlencoded; charset={charset}")), FormKind::Pairs, "{charset}");
        }
        for charset in ["=utf-16", "=utf-8; charset=utf-7", "=ibm037", "*=utf-8''utf-7", " ", "=", "=utf-8x"]
        {
            assert_eq!(announced(&format!("multipart/x; charset{charset}")), FormKind::Encoded, "{charset}");
        }
        assert_eq!(FormKind::Encoded.look(b"", |_| false), Ok(()));
    }
}
