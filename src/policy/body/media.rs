//! The type that a body announces (RFC 9110, section 8.3), in one spelling.

use std::fmt;

use super::unreadable;
use crate::policy::denial::Denial;

/// A media type whose charset, if it names one, is UTF-8.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaType {
    /// Lower case, without parameters.
    essence: String,
    boundary: Option<String>,
}

impl MediaType {
    /// # Errors
    /// A denial when the text is malformed, or names a charset other than UTF-8.
    pub(super) fn parse(text: &str) -> Result<Self, Denial> {
        let mut parts = text.split(';').map(str::trim);
        let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
        let named = |part: &str| {
            part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
        };
        if !essence
            .split_once('/')
            .is_some_and(|(a, b)| !a.is_empty() && !b.is_empty() && named(a) && named(b))
        {
            return Err(unreadable("its content-type is malformed"));
        }
        let mut media = Self { essence, boundary: None };
        for part in parts {
            media.take(part)?;
        }
        Ok(media)
    }

    fn take(&mut self, parameter: &str) -> Result<(), Denial> {
        let malformed = || unreadable("its content-type has a malformed parameter");
        let (name, value) = parameter.split_once('=').ok_or_else(malformed)?;
        let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
        let value = quoted.unwrap_or(value);
        if value.is_empty() || value.contains(['"', '\\', ';']) {
            return Err(malformed());
        }
        match name.to_ascii_lowercase().as_str() {
            "charset" if value.eq_ignore_ascii_case("utf-8") => Ok(()),
            "charset" => Err(unreadable("its charset is not utf-8")),
            "boundary" if self.boundary.is_none() => {
                self.boundary = Some(value.to_owned());
                Ok(())
            }
            "boundary" => Err(malformed()),
            _ => Ok(()),
        }
    }

    #[must_use]
    pub fn is(&self, essence: &str) -> bool {
        self.essence == essence
    }

    /// `application/json`, or a type of its own that is written in JSON (RFC 6839).
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.is("application/json")
            || self.essence.starts_with("application/") && self.essence.ends_with("+json")
    }

    #[must_use]
    pub fn essence(&self) -> &str {
        &self.essence
    }

    pub(super) fn boundary(&self) -> Option<&str> {
        self.boundary.as_deref()
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.essence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_is_told_from_its_parameters() {
        let json = MediaType::parse("Application/JSON; charset=\"UTF-8\"").unwrap();
        assert!(json.is_json() && json.boundary().is_none());
        assert!(MediaType::parse("application/vnd.github+json").unwrap().is_json());
        assert_eq!(MediaType::parse("multipart/form-data; boundary=x").unwrap().boundary(), Some("x"));
    }

    #[test]
    fn what_could_mean_two_things_is_refused() {
        for text in [
            "",
            "json",
            "application/json; charset=utf-16",
            "application/json; charset=latin1",
            "application/ json",
            "multipart/form-data; boundary=a; boundary=b",
            "application/json, text/plain",
            "application/json; x",
            "multipart/form-data; boundary=\"a\\b\"",
        ] {
            assert!(MediaType::parse(text).is_err(), "{text}");
        }
    }
}
