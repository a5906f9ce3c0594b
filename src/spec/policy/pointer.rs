//! JSON Pointers (RFC 6901), with `*` for every element of a list or every member of a map.

use std::fmt;

use thiserror::Error;

/// One step into a JSON value.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Token {
    Name(String),
    /// `*`
    Every,
}

/// A checked pointer.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pointer {
    text: String,
    tokens: Vec<Token>,
}

/// Why a text is not a pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PointerError {
    #[error("a JSON Pointer starts with `/`, such as `/messages/*/role`")]
    NoSlash,
    #[error("in a JSON Pointer `~` stands only as `~0` (for `~`) or `~1` (for `/`)")]
    Escape,
    #[error("a JSON Pointer has at most 16 steps")]
    TooDeep,
}

impl Pointer {
    const MAX_STEPS: usize = 16;

    /// # Errors
    /// When the text is not a pointer of at most 16 steps.
    pub fn parse(text: &str) -> Result<Self, PointerError> {
        let body = text.strip_prefix('/').ok_or(PointerError::NoSlash)?;
        let tokens = body.split('/').map(token).collect::<Result<Vec<_>, _>>()?;
        if tokens.len() > Self::MAX_STEPS {
            return Err(PointerError::TooDeep);
        }
        Ok(Self { text: text.to_owned(), tokens })
    }

    #[must_use]
    pub fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

fn token(text: &str) -> Result<Token, PointerError> {
    if text == "*" {
        return Ok(Token::Every);
    }
    let mut name = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        name.push(match c {
            '~' => match rest.next() {
                Some('0') => '~',
                Some('1') => '/',
                _ => return Err(PointerError::Escape),
            },
            c => c,
        });
    }
    Ok(Token::Name(name))
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_unescaped() {
        let name = |text: &str| Token::Name(text.to_owned());
        let pointer = Pointer::parse("/a~1b/*/~0").unwrap();
        assert_eq!(pointer.tokens(), [name("a/b"), Token::Every, name("~")]);
        assert_eq!(Pointer::parse("/").unwrap().tokens(), [name("")]);
    }

    #[test]
    fn what_is_no_pointer_is_refused() {
        assert_eq!(Pointer::parse("model"), Err(PointerError::NoSlash));
        assert_eq!(Pointer::parse("/a~2"), Err(PointerError::Escape));
        assert_eq!(Pointer::parse(&"/a".repeat(17)), Err(PointerError::TooDeep));
    }
}
