//! `query` and `multi-query`: the secret in query parameters, behind the caller's own.

use percent_encoding::percent_encode;
use zeroize::Zeroizing;

use super::path::UNRESERVED;
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
        let encoded = Zeroizing::new(percent_encode(&value, UNRESERVED).to_string());
        let joint = match draft.target.split_once('?') {
            None => "?",
            Some((_, "")) => "",
            Some(_) => "&",
        };
        draft.target = Zeroizing::new([draft.target.as_str(), joint, name, "=", &encoded].concat());
        draft.injected.push(Zeroizing::new(encoded.as_bytes().to_vec()));
    }
    Ok(())
}
