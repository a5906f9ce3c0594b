//! `path`: the secret in a segment of the path, as bot platforms have it.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use zeroize::Zeroizing;

use super::template::fill;
use super::{AuthError, Draft, Secrets};
use crate::plan::insertion_point;
use crate::spec::{Template, Text};

/// RFC 3986, section 2.3: what is never escaped.
pub(in crate::broker) const UNRESERVED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// A colon may stand in a path segment, and bot platforms expect theirs plain.
const SEGMENT: &AsciiSet = &UNRESERVED.remove(b':');

pub(super) fn apply(
    draft: &mut Draft,
    segment: &Template,
    after: &[Text],
    secrets: &Secrets,
) -> Result<(), AuthError> {
    let value = fill(segment, secrets)?;
    let encoded = Zeroizing::new(percent_encode(&value, SEGMENT).to_string());
    let at = insertion_point(&draft.target, after);
    let (head, tail) = draft.target.split_at(at);
    draft.target = Zeroizing::new([head, "/", &encoded, tail].concat());
    draft.injected.push(Zeroizing::new(encoded.as_bytes().to_vec()));
    Ok(())
}
