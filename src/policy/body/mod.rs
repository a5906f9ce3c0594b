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

/// A body larger than this is not judged but refused, in bytes.
pub const MAX_JUDGED: u64 = 4 * 1024 * 1024;

/// What rules want to see of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wanted {
    /// Its length, or its media type.
    pub outline: bool,
    pub json: bool,
    pub form: bool,
    pub multipart: bool,
}

impl Wanted {
    /// Whether the bytes must be at hand.
    #[must_use]
    pub fn any(self) -> bool {
        self.outline || self.json || self.form || self.multipart
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
        let header = |name: &str| {
            let field = request.headers().iter().find(|field| field.name() == name);
            field.map(super::request::HeaderField::value)
        };
        let length = bytes.len() as u64;
        let needs_content = wanted.json || wanted.form || wanted.multipart;
        let media = header("content-type").map(MediaType::parse).transpose();
        let media = if needs_content && length > 0 { media? } else { media.ok().flatten() };
        if length == 0 || !needs_content {
            return Ok(Self { length, media, content: Content::Unread });
        }
        if header("content-encoding").is_some() {
            return Err(unreadable("it is encoded; send it as it is"));
        }
        let content = content(media.as_ref(), bytes, wanted)?;
        Ok(Self { length, media, content })
    }
}

fn content(media: Option<&MediaType>, bytes: &[u8], wanted: Wanted) -> Result<Content, Denial> {
    match media {
        Some(media) if wanted.json && media.is_json() => json::read(bytes).map(Content::Json),
        Some(media) if wanted.form && media.is("application/x-www-form-urlencoded") => {
            form::read(bytes).map(Content::Form)
        }
        Some(media) if wanted.multipart && media.is("multipart/form-data") => {
            multipart::read(media, bytes).map(Content::Multipart)
        }
        Some(_) => Ok(Content::Other),
        None => Err(unreadable("a rule looks into it, and it has no content-type")),
    }
}

fn unreadable(why: &str) -> Denial {
    Denial::new(Reason::BodyContentType, format!("the body cannot be judged: {why}"))
}
