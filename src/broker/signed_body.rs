//! A body that the auth scheme signs: it is waited for before anything is decided, and sent as it was
//! signed. Of every other scheme a body streams.

use super::upstream::RequestBody;
use super::whole::{Gathered, Lack, gather, sent};
use crate::policy::{Denial, Reason};
use crate::spec::Auth;

/// The largest body that is signed, in bytes.
const MAX_SIGNED: u64 = 8 * 1024 * 1024;

/// The body, whole where the scheme reads it.
///
/// # Errors
/// A denial where it is larger than what is signed, or does not come to its end.
pub(super) async fn read(auth: &Auth, body: RequestBody) -> Result<RequestBody, Denial> {
    // The request that opens a WebSocket has none.
    if !auth.reads_body() || matches!(body, RequestBody::Messages) {
        return Ok(body);
    }
    match gather(body, MAX_SIGNED).await {
        Gathered::Whole(bytes) => Ok(sent(bytes)),
        Gathered::Part { why, .. } => Err(denial(auth.scheme(), &why)),
    }
}

fn denial(scheme: &str, why: &Lack) -> Denial {
    match why {
        Lack::TooLarge => {
            let message =
                format!("the auth scheme `{scheme}` signs the body, and it has more than {MAX_SIGNED} bytes");
            Denial::new(Reason::BodyTooLarge, message).help("send less at once")
        }
        Lack::Broken(fault) => {
            let message =
                format!("the auth scheme `{scheme}` signs the body, and the request was broken off: {fault}");
            Denial::new(Reason::BodyRequired, message)
        }
        Lack::Messages => {
            let message = format!("the auth scheme `{scheme}` signs no messages of a WebSocket");
            Denial::new(Reason::BodyRequired, message)
        }
    }
}
