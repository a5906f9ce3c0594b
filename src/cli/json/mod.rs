//! JSON as it was written: the order of fields, repeated fields and the digits of numbers
//! are kept, which a general value would lose.

mod parse;
mod print;

pub(super) use parse::{is_json, parse};
pub(super) use print::{compact, pretty};

/// A JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    Null,
    Bool(bool),
    /// Its digits.
    Number(String),
    Text(String),
    List(Vec<Node>),
    Record(Vec<(String, Node)>),
}

impl Node {
    /// The text of a string.
    pub(super) fn into_text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}
