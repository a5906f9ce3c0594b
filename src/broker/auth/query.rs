//! `query` and `multi-query`: the secret in query parameters, behind the caller's own.

use zeroize::Zeroizing;

use super::template::fill;
use super::{AuthError, Draft, Secrets};
use crate::spec::{Template, Text};

pub(super) fn apply(
    draft: &mut Draft,
    query: &[(Text, Template)],
    secrets: &Secrets,
) -> Result<(), AuthError> {
    for (name, template) in query {
        let value = fill(template, secrets)?;
        let encoded = draft.append_parameter(name, &value);
        draft.injected.push(Zeroizing::new(encoded.as_bytes().to_vec()));
    }
    Ok(())
}
