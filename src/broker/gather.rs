//! A body that rules look into: waited for before anything is sent, and sent as it was judged.
//!
//! Where a rule with an effect needs it and it cannot be had, the request is refused; where
//! shadow rules alone would look, what came of it goes on its way with the rest behind it.

use super::upstream::RequestBody;
use super::whole::{Gathered, Lack, gather, sent};
use crate::policy::{Body, Denial, MAX_JUDGED, Reason, Request, Wanted, too_large};

/// Reads the body where rules look into it, and hands back what is to be sent.
pub(super) async fn read_body(
    request: &Request,
    body: RequestBody,
    wanted: Wanted,
) -> Result<(Body, RequestBody), Denial> {
    if !wanted.any() {
        return Ok((Body::default(), body));
    }
    match gather(body, MAX_JUDGED).await {
        Gathered::Whole(bytes) => {
            let seen = Body::read(request, &bytes, wanted)?;
            Ok((seen, sent(bytes)))
        }
        Gathered::Part { why, .. } if wanted.is_needed() => Err(denial(&why)),
        Gathered::Part { length, body, .. } => Ok((Body::unread(request, length), body)),
    }
}

fn denial(why: &Lack) -> Denial {
    match why {
        Lack::TooLarge => too_large(),
        Lack::Messages => Denial::new(
            Reason::BodyRequired,
            "an operator's rule looks into what is sent, which cannot be done with the messages of a WebSocket",
        )
        .help("use the provider's plain HTTP form of this, where it has one"),
        Lack::Broken(fault) => Denial::new(
            Reason::BodyRequired,
            format!("a rule looks into the body, and the request was broken off: {fault}"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{StreamExt as _, stream};

    use super::*;
    use crate::broker::upstream::CallerBodyFault;
    use crate::policy::{Content, Parts};
    use crate::registry;
    use crate::spec::Method;

    const HUGE: usize = MAX_JUDGED as usize + 100;

    fn request() -> Request {
        let provider = registry::provider("openai").unwrap();
        let headers = [("content-type".to_owned(), "application/json".to_owned())];
        Request::canonical(provider, Method::Post, "/v1/chat/completions", &headers).unwrap()
    }

    /// A body that comes in pieces of so many bytes.
    fn coming(pieces: &[Result<usize, CallerBodyFault>], length: Option<u64>) -> RequestBody {
        let pieces: Vec<_> = pieces.iter().map(|piece| piece.map(|size| vec![b' '; size].into())).collect();
        RequestBody::Stream { stream: Box::pin(stream::iter(pieces)), length }
    }

    async fn reached(body: RequestBody) -> (usize, Option<CallerBodyFault>) {
        let mut stream = match body {
            RequestBody::Empty | RequestBody::Messages => return (0, None),
            RequestBody::Bytes(bytes) => return (bytes.len(), None),
            RequestBody::Stream { stream, .. } => stream,
        };
        let mut size = 0;
        while let Some(piece) = stream.next().await {
            match piece {
                Ok(piece) => size += piece.len(),
                Err(fault) => return (size, Some(fault)),
            }
        }
        (size, None)
    }

    const JSON: Parts = Parts { outline: false, json: true, form: false, multipart: false };

    fn by_shadows() -> Wanted {
        Wanted { needed: Parts::default(), shadow: JSON }
    }

    #[tokio::test]
    async fn what_only_shadow_rules_look_into_is_sent_whatever_it_is() {
        let half = HUGE / 2;
        for (body, size, fault) in [
            (coming(&[Ok(half), Ok(half), Ok(7)], None), 2 * half + 7, None),
            (coming(&[Ok(HUGE)], Some(HUGE as u64)), HUGE, None),
            (RequestBody::Bytes(vec![b' '; HUGE].into()), HUGE, None),
            (coming(&[Ok(5)], Some(9)), 5, None),
            (coming(&[Ok(5), Err(CallerBodyFault::BrokenOff)], None), 5, Some(CallerBodyFault::BrokenOff)),
        ] {
            let announced = body.length();
            let (seen, body) = read_body(&request(), body, by_shadows()).await.unwrap();
            assert!(matches!(seen.content, Content::Other), "{:?}", seen.content);
            assert_eq!(body.length(), announced);
            assert_eq!(reached(body).await, (size, fault));
        }
        let (_, body) = read_body(&request(), RequestBody::Messages, by_shadows()).await.unwrap();
        assert!(matches!(body, RequestBody::Messages));
        let (seen, _) = read_body(&request(), coming(&[Ok(5)], None), by_shadows()).await.unwrap();
        assert_eq!(seen.length, 5);
    }

    #[tokio::test]
    async fn what_a_rule_needs_and_cannot_have_refuses() {
        let needed = Wanted { needed: JSON, shadow: JSON };
        for (body, reason) in [
            (coming(&[Ok(HUGE)], None), Reason::BodyTooLarge),
            (coming(&[Ok(HUGE)], Some(HUGE as u64)), Reason::BodyTooLarge),
            (coming(&[Ok(5)], Some(9)), Reason::BodyRequired),
            (coming(&[Ok(9)], Some(5)), Reason::BodyRequired),
            (coming(&[Ok(5), Err(CallerBodyFault::BrokenOff)], None), Reason::BodyRequired),
            (RequestBody::Messages, Reason::BodyRequired),
        ] {
            assert_eq!(read_body(&request(), body, needed).await.map(drop).unwrap_err().reason, reason);
        }
    }
}
