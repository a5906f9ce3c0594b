//! `header` and `multi-header`: the secret in one or several headers.

use super::template::fill;
use super::{AuthError, Draft, Secrets};
use crate::spec::{HeaderName, Template};

pub(super) fn apply(
    draft: &mut Draft,
    headers: &[(HeaderName, Template)],
    secrets: &Secrets,
) -> Result<(), AuthError> {
    headers
        .iter()
        .try_for_each(|(name, template)| draft.inject_header(name.as_str(), fill(template, secrets)?))
}
