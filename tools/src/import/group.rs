//! Which operations belong together: by tag, or by where they stand, and by what they do.

use crate::administrative;
use crate::api::{Operation, Piece};
use crate::draft::kebab;
use crate::spec::Method;

/// What the operations of one capability do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Does {
    Read,
    Write,
    Delete,
    Administer,
}

impl Does {
    pub fn of(operation: &Operation) -> Self {
        if administrative::why(operation).is_some() {
            return Self::Administer;
        }
        match operation.method {
            Method::Get | Method::Head | Method::Options => Self::Read,
            Method::Delete => Self::Delete,
            Method::Post | Method::Put | Method::Patch => Self::Write,
        }
    }

    /// What the capability's name ends in, when its group does something else too.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Delete => "delete",
            Self::Administer => "admin",
        }
    }

    pub fn verb(self) -> &'static str {
        match self {
            Self::Read => "Read",
            Self::Write => "Create and change",
            Self::Delete => "Delete",
            Self::Administer => "Administer",
        }
    }
}

/// Whether tags make groups: one tag on most of the operations does not.
pub fn tags_tell_apart(operations: &[Operation]) -> bool {
    let first = |one: &Operation| one.tags.first().cloned();
    let count = |tag: &String| operations.iter().filter(|one| first(one).as_ref() == Some(tag)).count();
    let most = operations.iter().filter_map(first).map(|tag| count(&tag)).max().unwrap_or_default();
    operations.len() < 20 || most * 2 < operations.len()
}

/// The name of the group: the first tag, or the first segment that says something.
pub fn name(operation: &Operation, by_tag: bool) -> String {
    let tag = operation.tags.iter().filter(|_| by_tag).map(|tag| kebab(tag)).find(|tag| !tag.is_empty());
    tag.unwrap_or_else(|| area(operation))
}

/// The first segment that says something.
pub fn area(operation: &Operation) -> String {
    let says = |piece: &&Piece| match piece {
        Piece::Literal(text) => !is_version(text) && !kebab(text).is_empty(),
        Piece::Template { .. } => false,
    };
    let literal = operation.route.pieces().iter().find(says);
    match literal {
        // Of `chat.postMessage` or `.well-known`, the first part that names an area.
        Some(Piece::Literal(text)) => {
            text.split('.').map(kebab).find(|part| !part.is_empty()).unwrap_or_else(|| kebab(text))
        }
        _ => "other".to_owned(),
    }
}

fn is_version(text: &str) -> bool {
    matches!(text, "api" | "rest") || text.trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit())
}
