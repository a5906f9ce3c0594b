//! A form's body on its way, held against names that are not the caller's to set: its beginning is
//! waited for and looked at, the rest as it comes. What a form is and what its names are is for
//! `policy` to say.

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt as _, stream};

use super::upstream::{CallerBodyFault, CallerStream, RequestBody};
use crate::policy::{Admitted, Denial, owned};
use owned::{Fault, FormKind, LOOKED_AT, Parts};

/// The body, once it is known that no field of it is the broker's.
///
/// # Errors
/// A denial when there is one.
pub(super) async fn look(admitted: &Admitted<'_>, body: RequestBody) -> Result<RequestBody, Denial> {
    let Some(kind) = FormKind::of(admitted.provider(), admitted.request()) else { return Ok(body) };
    // A body may outlive the catalogue, so its names are judged by a provider of its own.
    let provider = admitted.provider().clone();
    let is_owned = move |name: &str| owned::is_owned(&provider, name);
    checked(kind, body, is_owned).await.map_err(|fault| fault.denial())
}

/// The same body, unless a name in it is owned. A name that comes behind what is looked at breaks
/// the request off before it is sent.
async fn checked<F>(kind: FormKind, body: RequestBody, is_owned: F) -> Result<RequestBody, Fault>
where
    F: Fn(&str) -> bool + Send + 'static,
{
    Ok(match body {
        RequestBody::Empty => RequestBody::Empty,
        RequestBody::Messages => RequestBody::Messages,
        RequestBody::Bytes(bytes) => {
            kind.look(&bytes, is_owned)?;
            RequestBody::Bytes(bytes)
        }
        RequestBody::Stream { stream, length } => {
            let stream = match kind {
                FormKind::Multipart => parts_checked(stream, is_owned).await?,
                FormKind::Pairs | FormKind::Unsaid | FormKind::Encoded => {
                    pairs_checked(stream, kind, is_owned).await?
                }
            };
            RequestBody::Stream { stream, length }
        }
    })
}

/// A form of pairs is looked at as a whole; of what may be no form at all, the beginning is.
async fn pairs_checked(
    mut stream: CallerStream,
    kind: FormKind,
    is_owned: impl Fn(&str) -> bool,
) -> Result<CallerStream, Fault> {
    let mut begun = BytesMut::new();
    let mut broken = None;
    while begun.len() <= LOOKED_AT {
        match stream.next().await {
            Some(Ok(piece)) => begun.extend_from_slice(&piece),
            Some(Err(fault)) => {
                broken = Some(Err(fault));
                break;
            }
            None => break,
        }
    }
    kind.look(&begun, is_owned)?;
    let first = stream::iter([Ok(begun.freeze())].into_iter().chain(broken));
    Ok(Box::pin(first.chain(stream)))
}

async fn parts_checked<F>(stream: CallerStream, is_owned: F) -> Result<CallerStream, Fault>
where
    F: Fn(&str) -> bool + Send + 'static,
{
    let mut looked = Looked { stream, parts: Some(Parts::new(is_owned)) };
    let (mut begun, mut length) = (Vec::new(), 0);
    while length <= LOOKED_AT {
        match looked.next().await {
            Some(Ok(piece)) => {
                length += piece.len();
                begun.push(Ok(piece));
            }
            Some(Err(Trouble::Name(fault))) => return Err(fault),
            Some(Err(Trouble::Caller(fault))) => begun.push(Err(fault)),
            None => break,
        }
    }
    let rest = stream::unfold(looked, |mut looked| async {
        let piece = looked.next().await?.map_err(|trouble| match trouble {
            Trouble::Caller(fault) => fault,
            Trouble::Name(_) => CallerBodyFault::BrokenOff,
        });
        Some((piece, looked))
    });
    Ok(Box::pin(stream::iter(begun).chain(rest)))
}

/// What ends a body before its end.
enum Trouble {
    Name(Fault),
    Caller(CallerBodyFault),
}

/// A multipart body whose names are looked at as it comes.
struct Looked<F> {
    stream: CallerStream,
    /// None once the body has ended.
    parts: Option<Parts<F>>,
}

impl<F: Fn(&str) -> bool> Looked<F> {
    async fn next(&mut self) -> Option<Result<Bytes, Trouble>> {
        let mut parts = self.parts.take()?;
        match self.stream.next().await {
            Some(Err(fault)) => Some(Err(Trouble::Caller(fault))),
            None => Some(parts.finish().map_err(Trouble::Name)),
            Some(Ok(piece)) => {
                let passed = parts.push(&piece).map_err(Trouble::Name);
                self.parts = passed.is_ok().then_some(parts);
                Some(passed)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PART: &[u8] = b"--b\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\nx\r\n--b--";

    fn body(pieces: Vec<Vec<u8>>) -> RequestBody {
        let pieces = pieces.into_iter().map(|piece| Ok(Bytes::from(piece)));
        RequestBody::Stream { stream: Box::pin(stream::iter(pieces)), length: None }
    }

    async fn out(kind: FormKind, body: RequestBody) -> Result<Result<Vec<u8>, CallerBodyFault>, Fault> {
        let RequestBody::Stream { mut stream, .. } = checked(kind, body, |name| name == "token").await?
        else {
            panic!("no stream");
        };
        let mut all = Vec::new();
        while let Some(piece) = stream.next().await {
            match piece {
                Ok(piece) => all.extend_from_slice(&piece),
                Err(fault) => return Ok(Err(fault)),
            }
        }
        Ok(Ok(all))
    }

    #[tokio::test]
    async fn an_owned_name_is_found_in_each_kind() {
        let owned = Err(Fault::Owned("token".to_owned()));
        for kind in [FormKind::Pairs, FormKind::Unsaid] {
            assert_eq!(out(kind, body(vec![b"a=b&tok".to_vec(), b"en=x".to_vec()])).await, owned);
            assert_eq!(out(kind, body(vec![b"a=b".to_vec()])).await, Ok(Ok(b"a=b".to_vec())));
            let bytes = RequestBody::Bytes(Bytes::from_static(b"token=x"));
            assert!(checked(kind, bytes, |name| name == "token").await.is_err());
        }
        assert_eq!(out(FormKind::Multipart, body(vec![PART.to_vec()])).await, owned);
        let bytes = RequestBody::Bytes(Bytes::from_static(PART));
        assert!(checked(FormKind::Multipart, bytes, |name| name == "token").await.is_err());
    }

    #[tokio::test]
    async fn large_bodies_are_looked_at_as_far_as_that_can_be_done() {
        let large = || vec![vec![b'a'; LOOKED_AT]; 3];
        assert_eq!(out(FormKind::Pairs, body(large())).await, Err(Fault::TooLarge));
        assert_eq!(out(FormKind::Unsaid, body(large())).await.unwrap().unwrap().len(), 3 * LOOKED_AT);
        assert_eq!(out(FormKind::Multipart, body(large())).await.unwrap().unwrap().len(), 3 * LOOKED_AT);
        let behind = [large(), vec![b"\r\n".to_vec(), PART.to_vec()]].concat();
        assert_eq!(out(FormKind::Multipart, body(behind)).await, Ok(Err(CallerBodyFault::BrokenOff)));
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_does_so_for_whoever_sends_it() {
        for kind in [FormKind::Pairs, FormKind::Unsaid, FormKind::Multipart] {
            let pieces = [Ok(Bytes::from_static(b"a=b")), Err(CallerBodyFault::TooShort)];
            let stream: CallerStream = Box::pin(stream::iter(pieces));
            let broken = RequestBody::Stream { stream, length: None };
            assert_eq!(out(kind, broken).await, Ok(Err(CallerBodyFault::TooShort)), "{kind:?}");
        }
    }
}
