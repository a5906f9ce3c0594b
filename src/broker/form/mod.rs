//! Forms that would bring the upstream a caller's own credential, or another method.
//!
//! Some APIs take from a form what auth sets in the query or a header. A body is streamed and not
//! judged otherwise; but where the provider has such parameters, a form's names are looked at
//! before the call is sent, and those of a larger `multipart` body as it streams on.

mod names;
mod stream;

use super::upstream::RequestBody;
use crate::policy::{Admitted, Denial, HeaderField, Reason, parameter};
use crate::spec::header::same_header;
use names::Fault;

/// How a body's names are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Pairs,
    Multipart,
    /// Nobody says what it is. Some take it for pairs.
    Unsaid,
}

/// The body, once it is known that no field of it is the broker's.
///
/// # Errors
/// A denial when there is one.
pub(super) async fn look(admitted: &Admitted<'_>, body: RequestBody) -> Result<RequestBody, Denial> {
    let Some(kind) = form_of(admitted) else { return Ok(body) };
    // A body may outlive the catalogue, so its names are judged by a provider of its own.
    let provider = admitted.provider().clone();
    let is_owned = move |name: &str| parameter::owner(&provider, name).is_some();
    stream::checked(kind, body, is_owned).await.map_err(|fault| denial(&fault))
}

/// The kind of a form that must be looked at.
fn form_of(admitted: &Admitted<'_>) -> Option<Kind> {
    if !parameter::takes_credentials_in_forms(admitted.provider()) {
        return None;
    }
    let mut headers = admitted.request().headers().iter();
    let content_type = headers.find(|field| same_header(field.name(), "content-type"));
    kind(content_type.map(HeaderField::value))
}

/// The media type is not parsed: who reads it leniently shall not find a form where we saw none.
fn kind(content_type: Option<&str>) -> Option<Kind> {
    let Some(media_type) = content_type.map(str::to_ascii_lowercase) else { return Some(Kind::Unsaid) };
    if media_type.contains("multipart") {
        Some(Kind::Multipart)
    } else if media_type.contains("urlencoded") {
        Some(Kind::Pairs)
    } else {
        None
    }
}

fn denial(fault: &Fault) -> Denial {
    let (message, help) = match fault {
        Fault::Owned(name) => {
            let shown: String = name.escape_debug().take(80).collect();
            (
                format!("the form's field `{shown}` may carry a credential, which the broker sets"),
                "leave it out",
            )
        }
        Fault::Unclear => (
            "the name of one of the form's parts could be read in two ways".to_owned(),
            "write it plainly, as `name=\"field\"`",
        ),
        Fault::TooLarge => (
            "a form of more than 1 MiB is not looked through for fields that are the broker's".to_owned(),
            "send it as multipart/form-data, or the large field by itself",
        ),
    };
    Denial::new(Reason::BodyOwnedByAuth, message).help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_known_however_its_type_is_spelled() {
        assert_eq!(kind(Some("application/x-www-form-urlencoded")), Some(Kind::Pairs));
        assert_eq!(kind(Some("text/plain, Application/X-WWW-Form-URLEncoded;a=b")), Some(Kind::Pairs));
        assert_eq!(kind(Some("Multipart/Form-Data; boundary=x")), Some(Kind::Multipart));
        assert_eq!(kind(Some("application/json")), None);
        assert_eq!(kind(None), Some(Kind::Unsaid));
    }
}
