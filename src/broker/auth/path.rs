//! `path`: the secret in a segment of the path, as bot platforms have it.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use zeroize::Zeroizing;

use super::template::fill;
use super::{AuthError, Draft, Secrets};
use crate::spec::{Template, Text};

/// RFC 3986, section 2.3: what is never escaped.
pub(super) const UNRESERVED: &AsciiSet =
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

/// Behind the first of `after` that the path starts with, segment by segment; else at the front.
fn insertion_point(target: &str, after: &[Text]) -> usize {
    let behind = after.iter().find(|prefix| {
        target
            .strip_prefix(prefix.as_ref())
            .is_some_and(|tail| tail.is_empty() || tail.starts_with(['/', '?']))
    });
    behind.map_or(0, |prefix| prefix.len())
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::insertion_point;

    #[test]
    fn the_segment_goes_behind_whole_segments_only() {
        let after = [Cow::Borrowed("/file")];
        assert_eq!(insertion_point("/sendMessage", &after), 0);
        assert_eq!(insertion_point("/file/photos/1.jpg", &after), 5);
        assert_eq!(insertion_point("/files", &after), 0);
    }
}
