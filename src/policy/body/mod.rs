//! A request's body as rules read it: strictly, so that no upstream could read another one.
//!
//! A body is read in one way or refused: duplicate keys, other charsets and encodings, and
//! anything behind the end are reasons to deny, never to guess. One of another type than a rule
//! reads is unknown to that rule. The bytes read here are the bytes that are sent.

mod form;
mod json;
mod media;
mod multipart;

pub use json::Json;
pub use media::MediaType;

use super::denial::{Denial, Reason};
use super::request::Request;
use crate::spec::header::same_header;

/// A body larger than this is not judged but refused, in bytes.
pub const MAX_JUDGED: u64 = 4 * 1024 * 1024;

/// Parts of a body that rules look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Parts {
    /// Its length, or its media type.
    pub outline: bool,
    pub json: bool,
    pub form: bool,
    pub multipart: bool,
}

/// What rules want to see of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wanted {
    /// What rules with an effect look at: where it cannot be read, the request is refused.
    pub needed: Parts,
    /// What shadow rules look at: where it cannot be read, it is unknown to them and no more.
    pub shadow: Parts,
}

impl Parts {
    fn any(self) -> bool {
        self.outline || self.content()
    }

    fn content(self) -> bool {
        self.json || self.form || self.multipart
    }

    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            outline: self.outline || other.outline,
            json: self.json || other.json,
            form: self.form || other.form,
            multipart: self.multipart || other.multipart,
        }
    }
}

impl Wanted {
    /// Whether the bytes must be at hand.
    #[must_use]
    pub fn any(self) -> bool {
        self.needed.any() || self.shadow.any()
    }

    /// Whether a rule with an effect looks at it.
    #[must_use]
    pub fn is_needed(self) -> bool {
        self.needed.any()
    }
}

/// A body that was read as far as rules wanted.
#[derive(Debug, Default)]
pub struct Body {
    pub length: u64,
    pub media: Option<MediaType>,
    pub content: Content,
}

/// What stands in a body.
#[derive(Debug, Default)]
pub enum Content {
    /// Nothing, or nothing that a rule looks at.
    #[default]
    Unread,
    /// Of another type than rules read.
    Other,
    Json(Json),
    /// Names and values in their order.
    Form(Vec<(String, String)>),
    Multipart(Vec<(String, String)>),
}

impl Body {
    /// Reads `bytes` as what the request announces, as far as it is `wanted`.
    ///
    /// # Errors
    /// A denial where rules need to read the body and cannot, or could in two ways.
    pub fn read(request: &Request, bytes: &[u8], wanted: Wanted) -> Result<Self, Denial> {
        if !wanted.any() {
            return Ok(Self::default());
        }
        // What shadow rules look at as well must not refuse what the others let pass.
        let all = wanted.needed.and(wanted.shadow);
        Self::read_parts(request, bytes, all).or_else(|denial| {
            if all == wanted.needed { Err(denial) } else { Self::read_parts(request, bytes, wanted.needed) }
        })
    }

    /// A body of `length` bytes that shadow rules would look into and that is not at hand: what it
    /// holds is unknown to them.
    #[must_use]
    pub fn unread(request: &Request, length: u64) -> Self {
        Self { length, media: media(request).ok().flatten(), content: Content::Other }
    }

    fn read_parts(request: &Request, bytes: &[u8], parts: Parts) -> Result<Self, Denial> {
        let length = bytes.len() as u64;
        if length > MAX_JUDGED && parts.any() {
            return Err(too_large());
        }
        let media = media(request);
        if length == 0 || !parts.content() {
            let content = if length == 0 { Content::Unread } else { Content::Other };
            return Ok(Self { length, media: media.ok().flatten(), content });
        }
        let media = media?;
        // Whoever folds `_` into `-` would decode it.
        if request.headers().iter().any(|field| same_header(field.name(), "content-encoding")) {
            return Err(unreadable("it is encoded; send it as it is"));
        }
        let content = content(media.as_ref(), bytes, parts)?;
        Ok(Self { length, media, content })
    }
}

fn header<'r>(request: &'r Request, name: &str) -> Option<&'r str> {
    let field = request.headers().iter().find(|field| field.name() == name);
    field.map(super::request::HeaderField::value)
}

fn media(request: &Request) -> Result<Option<MediaType>, Denial> {
    header(request, "content-type").map(MediaType::parse).transpose()
}

/// The denial of a body that is too large to be judged.
#[must_use]
pub fn too_large() -> Denial {
    let message = format!("a rule looks into the body, and it has more than {MAX_JUDGED} bytes");
    Denial::new(Reason::BodyTooLarge, message)
}

fn content(media: Option<&MediaType>, bytes: &[u8], parts: Parts) -> Result<Content, Denial> {
    match media {
        Some(media) if parts.json && media.is_json() => json::read(bytes).map(Content::Json),
        Some(media) if parts.form && media.is("application/x-www-form-urlencoded") => {
            form::read(bytes).map(Content::Form)
        }
        Some(media) if parts.multipart && media.is("multipart/form-data") => {
            multipart::read(media, bytes).map(Content::Multipart)
        }
        Some(_) => Ok(Content::Other),
        None => Err(unreadable("a rule looks into it, and it has no content-type")),
    }
}

fn unreadable(why: &str) -> Denial {
    Denial::new(Reason::BodyContentType, format!("the body cannot be judged: {why}"))
}
