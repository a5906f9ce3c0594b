//! Fills a template with secrets.

use zeroize::Zeroizing;

use super::{AuthError, Secrets};
use crate::spec::{Part, Template};

/// The template's text with each placeholder replaced by its secret's bytes, once:
/// a value that looks like a placeholder stays what it is.
pub(super) fn fill(template: &Template, secrets: &Secrets) -> Result<Zeroizing<Vec<u8>>, AuthError> {
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

pub(super) fn find<'a>(secrets: &'a Secrets, name: &str) -> Result<&'a [u8], AuthError> {
    secrets.get(name).map(|secret| secret.expose()).ok_or_else(|| AuthError::Missing(name.to_owned()))
}
