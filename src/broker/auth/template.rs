//! Fills a template with secrets.

use percent_encoding::{AsciiSet, percent_encode};
use zeroize::Zeroizing;

use super::{AuthError, Secrets};
use crate::spec::{Part, Template};

/// The template's text with each placeholder replaced by its secret's bytes, once:
/// a value that looks like a placeholder stays what it is.
pub(in crate::broker) fn fill(
    template: &Template,
    secrets: &Secrets,
) -> Result<Zeroizing<Vec<u8>>, AuthError> {
    let value = |part: &Part| match part {
        Part::Literal(text) => Ok(text.len()),
        Part::Placeholder(name) => find(secrets, name).map(<[u8]>::len),
    };
    let length = template.parts().iter().map(value).sum::<Result<usize, AuthError>>()?;
    // Reserved whole, so that no earlier copy of a secret is left behind by growing.
    let mut filled = Zeroizing::new(Vec::with_capacity(length));
    for part in template.parts() {
        match part {
            Part::Literal(text) => filled.extend_from_slice(text.as_bytes()),
            Part::Placeholder(name) => filled.extend_from_slice(find(secrets, name)?),
        }
    }
    Ok(filled)
}

/// As [`fill`], with what the secrets are written out in `but`, as a URL's parts must be.
pub(in crate::broker) fn fill_encoded(
    template: &Template,
    secrets: &Secrets,
    but: &'static AsciiSet,
) -> Result<Zeroizing<String>, AuthError> {
    let mut pieces = Vec::with_capacity(template.parts().len());
    for part in template.parts() {
        pieces.push(match part {
            Part::Literal(text) => Zeroizing::new(text.to_string()),
            Part::Placeholder(name) => Zeroizing::new(percent_encode(find(secrets, name)?, but).to_string()),
        });
    }
    Ok(Zeroizing::new(pieces.iter().map(|piece| piece.as_str()).collect::<Vec<_>>().concat()))
}

/// The secret of that name.
pub(in crate::broker) fn find<'a>(secrets: &'a Secrets, name: &str) -> Result<&'a [u8], AuthError> {
    secrets.get(name).map(|secret| secret.expose()).ok_or_else(|| AuthError::Missing(name.to_owned()))
}
