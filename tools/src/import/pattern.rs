//! The path pattern that stands for an operation's path.

use crate::api::{Piece, Route};
use crate::spec::{PathPattern, Place, lint};

/// A pattern, and what a person should look at.
pub struct Proposed {
    pub pattern: PathPattern,
    pub todo: Option<String>,
}

/// The narrowest pattern that matches all that the route stands for.
///
/// # Errors
/// Why there is none that a provider file may have.
pub fn of(route: &Route) -> Result<Proposed, String> {
    let text: String = route.pieces().iter().map(|piece| format!("/{}", segment(piece))).collect();
    let pattern = PathPattern::parse(&text).map_err(|error| error.to_string())?;
    match lint::over_broad(&Place::root(), &pattern) {
        Some(finding) => Err(finding.message),
        None => Ok(Proposed { pattern, todo: todo(route) }),
    }
}

fn segment(piece: &Piece) -> String {
    match piece {
        Piece::Literal(text) => text.clone(),
        Piece::Template { before, after, .. } if before.is_empty() => format!("*{after}"),
        Piece::Template { before, .. } => format!("{before}*"),
    }
}

fn todo(route: &Route) -> Option<String> {
    let pieces = route.pieces();
    let narrow = pieces.iter().find_map(|piece| match piece {
        Piece::Template { before, after, .. } if !before.is_empty() && !after.is_empty() => Some(after),
        _ => None,
    });
    if let Some(after) = narrow {
        return Some(format!("a pattern cannot say that the segment also ends in `{after}`."));
    }
    match pieces.last() {
        Some(Piece::Template { name, .. }) if name.to_lowercase().ends_with("path") => {
            Some(format!("if `{{{name}}}` may hold slashes, write `**` for it."))
        }
        _ => None,
    }
}

/// A path that the route stands for, with values that say what they are.
pub fn example(route: &Route) -> String {
    let segment = |piece: &Piece| match piece {
        Piece::Literal(text) => format!("/{text}"),
        Piece::Template { before, name, after } => format!("/{before}{}{after}", value(name)),
    };
    route.pieces().iter().map(segment).collect()
}

fn value(name: &str) -> String {
    let lower: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    if lower.is_empty() || lower.ends_with("id") || lower.ends_with("number") {
        "42".to_owned()
    } else {
        lower
    }
}
