//! Who is calling, by the token that comes with a request.

use super::credential::Head;
use crate::service::{Caller, ErrorKind, Local, ServiceError};
use crate::spec::Provider;

/// The caller whose token is in `head`, which is without it then.
pub(super) fn caller(
    local: &Local,
    head: &mut Head,
    provider: Option<&Provider>,
) -> Result<Caller, ServiceError> {
    let token = head.take_token(provider).ok_or_else(no_token)?;
    if head.still_holds(&token) {
        return Err(repeated());
    }
    local.caller_of_token(&token)
}

fn no_token() -> ServiceError {
    ServiceError::new(ErrorKind::TokenInvalid, "a call over TCP needs a token in the place of the key")
        .reason("token.missing")
        .help("an operator mints one: aivault token mint")
}

/// What is not taken out would go to the provider, and into the log.
fn repeated() -> ServiceError {
    ServiceError::new(
        ErrorKind::InvalidRequest,
        "the token stands in a second place, where no client puts a key",
    )
    .reason("token.repeated")
    .help("send it once, as the client's key")
}
