//! Templates that say where a secret goes: literal text and `{{placeholder}}`s.
//!
//! A template is only ever filled at the edge (broker/auth); here it is parsed,
//! and printed with its placeholders still in it.

use std::borrow::Cow;
use std::fmt;

use thiserror::Error;

use super::model::List;
use super::packed::{packed_as_its_value, packed_enum};
use super::text::Text;

/// Why a text is not a template.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TemplateError {
    #[error("a placeholder is not closed: write `{{{{name}}}}`")]
    Unclosed,
    #[error("`{0}` is not a placeholder's name: use lower-case letters, digits and `_`")]
    Name(String),
    #[error("control characters and non-ASCII text cannot stand in a template")]
    Character,
    #[error("a template without a placeholder injects nothing")]
    NoPlaceholder,
}

/// One piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    Literal(Text),
    Placeholder(Text),
}

/// Text with holes for secrets, such as `Bearer {{secret}}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(List<Part>);

fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| (0x20..=0x7e).contains(&byte))
}

impl Template {
    /// # Errors
    /// When a placeholder is malformed or the text cannot stand in a header.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        if !is_plain(text) {
            return Err(TemplateError::Character);
        }
        let part = |scanned| match scanned {
            Scanned::Literal(text) => Ok(Part::Literal(Text::from(text))),
            Scanned::Hole(name) if is_placeholder(name) => Ok(Part::Placeholder(Text::from(name))),
            Scanned::Hole(name) => Err(TemplateError::Name(name.to_owned())),
        };
        Ok(Self(Cow::Owned(scan(text)?.into_iter().map(part).collect::<Result<_, _>>()?)))
    }

    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.0
    }

    pub fn placeholders(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Placeholder(name) => Some(name.as_ref()),
            Part::Literal(_) => None,
        })
    }
}

/// A piece of a text with holes, as it is written.
#[derive(Clone, Copy)]
pub(super) enum Scanned<'a> {
    Literal(&'a str),
    /// What stands between `{{` and `}}`.
    Hole(&'a str),
}

/// The pieces of a text; none of its literals is empty.
pub(super) fn scan(text: &str) -> Result<Vec<Scanned<'_>>, TemplateError> {
    let mut pieces = Vec::new();
    let mut left = text;
    while let Some((before, after)) = left.split_once("{{") {
        if !before.is_empty() {
            pieces.push(Scanned::Literal(before));
        }
        let (name, tail) = after.split_once("}}").ok_or(TemplateError::Unclosed)?;
        pieces.push(Scanned::Hole(name));
        left = tail;
    }
    if !left.is_empty() {
        pieces.push(Scanned::Literal(left));
    }
    Ok(pieces)
}

/// Whether `name` can be what a secret is called in templates.
#[must_use]
pub fn is_placeholder(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

packed_as_its_value!(Template);
packed_enum!(Part { 0 => Literal(text), 1 => Placeholder(name) });

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in self.0.iter() {
            match part {
                Part::Literal(text) => f.write_str(text)?,
                Part::Placeholder(name) => write!(f, "{{{{{name}}}}}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_prints_as_it_was_written() {
        for text in ["Bearer {{secret}}", "{{key}}", "bot{{token}}", "{{a}}:{{b_2}}", "api"] {
            assert_eq!(Template::parse(text).unwrap().to_string(), text);
        }
        let template = Template::parse("{{a}}:{{b}}").unwrap();
        assert_eq!(template.placeholders().collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn malformed_templates_are_refused() {
        for text in ["{{secret", "{{ secret }}", "{{Secret}}", "{{}}", "a\r\nb", "ä{{a}}", "{{{a}}}"] {
            assert!(Template::parse(text).is_err(), "{text:?}");
        }
    }
}
