//! `basic`: HTTP Basic authentication (RFC 7617).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::template::fill;
use super::{AuthError, Draft, Secrets};
use crate::spec::Template;

pub(super) fn apply(
    draft: &mut Draft,
    username: &Template,
    password: &Template,
    secrets: &Secrets,
) -> Result<(), AuthError> {
    let (user, password) = (fill(username, secrets)?, fill(password, secrets)?);
    if user.contains(&b':') {
        return Err(AuthError::ColonInUser);
    }
    let pair = Zeroizing::new([user.as_slice(), b":", password.as_slice()].concat());
    let encoded = Zeroizing::new(STANDARD.encode(pair.as_slice()));
    let value = Zeroizing::new([b"Basic ".as_slice(), encoded.as_bytes()].concat());
    draft.inject_header("authorization", value)?;
    draft.injected.push(Zeroizing::new(encoded.as_bytes().to_vec()));
    draft.injected.push(pair);
    Ok(())
}
