//! What a person who decides about a request is shown of its body: the places that a rule
//! names, as JSON, cut to a line.

use super::body::{Body, Content, Json};
use super::pointing::{Found, follow};
use crate::spec::policy::Pointer;

/// More characters of a value are not shown.
const MAX_CHARS: usize = 200;
/// More values at one pointer are not shown.
const MAX_VALUES: usize = 10;

impl Body {
    /// What stands at `pointer`, value by value; nothing where the body was not read as JSON.
    #[must_use]
    pub fn shown(&self, pointer: &Pointer) -> Vec<String> {
        let Content::Json(json) = &self.content else { return Vec::new() };
        let mut values = Vec::new();
        follow(json, pointer.tokens(), &mut |found| {
            if let (Found::Value(value), true) = (found, values.len() < MAX_VALUES) {
                values.push(cut(value));
            }
        });
        values
    }
}

fn cut(json: &Json) -> String {
    let text = json.to_string();
    let mut shown: String = text.chars().take(MAX_CHARS).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}
