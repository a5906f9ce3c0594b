//! Which redirects are followed, and to what call they lead.
//!
//! Pure. Followed is a redirect of a safe method without a body, on the same host, with https and its port, whose
//! target is written in full and holds no secret. What comes of it is a call like any other: it must be judged anew,
//! as the same capability and account, before anything is sent. All other redirects are the caller's to see.

use std::borrow::Cow;

use http::header::LOCATION;
use http::{HeaderMap, StatusCode};

use super::scrub::Needles;
use super::upstream::RequestBody;
use crate::plan::Plan;
use crate::policy::Call;
use crate::spec::{CredentialName, Method};

/// More redirects than this are not followed, one after the other.
const MOST: usize = 5;

/// The request that was redirected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin {
    host: String,
    method: Method,
    target: String,
    account: CredentialName,
}

impl Origin {
    /// Of a request that was answered with `status`; `None` where that is no redirect that could be followed.
    pub(super) fn of(plan: &Plan<'_>, account: &CredentialName, status: StatusCode) -> Option<Self> {
        let is_safe = matches!(plan.method(), Method::Get | Method::Head | Method::Options);
        (is_safe && [301, 302, 303, 307, 308].contains(&status.as_u16())).then(|| Self {
            host: plan.host().to_string(),
            method: plan.method(),
            target: plan.target().as_str().to_owned(),
            account: account.clone(),
        })
    }
}

/// The redirects of one call so far.
pub(super) struct Trail<'a> {
    call: &'a Call,
    has_body: bool,
    targets: Vec<String>,
}

impl<'a> Trail<'a> {
    pub(super) fn of(call: &'a Call, body: &RequestBody) -> Self {
        let has_body = call.has_body || !matches!(body, RequestBody::Empty);
        Self { call, has_body, targets: Vec::new() }
    }

    /// The call that follows, where the redirect of `origin` may be followed.
    pub(super) fn next(&mut self, origin: &Origin, headers: &HeaderMap, needles: &Needles) -> Option<Call> {
        let mut lines = headers.get_all(LOCATION).iter();
        let (Some(location), None) = (lines.next(), lines.next()) else { return None };
        let scrubbed = needles.scrub_header(std::iter::once(location.as_bytes()));
        let is_clean = matches!(scrubbed[..], [Cow::Borrowed(_)]);
        if self.has_body || !is_clean || self.targets.len() == MOST {
            return None;
        }
        let target = resolve(origin, location.to_str().ok()?)?;
        self.targets.push(origin.target.clone());
        if self.targets.contains(&target) {
            return None;
        }
        Some(Call {
            method: Some(origin.method.to_string()),
            path: Some(target),
            credential: Some(origin.account.clone()),
            ..self.call.clone()
        })
    }
}

/// Path and query that `location` stands for (RFC 3986 §5.2), where it is on the same host. Dot segments are left as
/// they are: such a target is refused, as everywhere.
fn resolve(origin: &Origin, location: &str) -> Option<String> {
    // A fragment is for the one who follows, not for the server.
    let location = location.split_once('#').map_or(location, |(sent, _)| sent);
    if let Some(rest) = without_prefix(location, "https://").or_else(|| location.strip_prefix("//")) {
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        let host = authority.strip_suffix(":443").unwrap_or(authority);
        let slash = if rest.starts_with('/') { "" } else { "/" };
        return host.eq_ignore_ascii_case(&origin.host).then(|| format!("{slash}{rest}"));
    }
    let path = origin.target.split_once('?').map_or(origin.target.as_str(), |(path, _)| path);
    match location.find([':', '/', '?']) {
        _ if location.is_empty() => None,
        // Another scheme.
        Some(at) if location[at..].starts_with(':') => None,
        Some(0) if location.starts_with('/') => Some(location.to_owned()),
        Some(0) => Some(format!("{path}{location}")),
        _ => {
            let folder = path.rfind('/').map_or("/", |end| &path[..=end]);
            Some(format!("{folder}{location}"))
        }
    }
}

fn without_prefix<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;
    use crate::spec::Scope;

    const KEY: &str = "sk_live_0123456789abcdef";

    fn origin() -> Origin {
        Origin {
            host: "api.example.com".to_owned(),
            method: Method::Get,
            target: "/v1/files/1?x=1".to_owned(),
            account: CredentialName::from_static("example"),
        }
    }

    fn call() -> Call {
        Call {
            capability: "example/files".to_owned(),
            credential: None,
            scope: Scope::Global,
            method: None,
            path: Some("/v1/files/1?x=1".to_owned()),
            headers: vec![("x-a".to_owned(), "1".to_owned())],
            has_body: false,
        }
    }

    fn next(trail: &mut Trail<'_>, locations: &[&str]) -> Option<Call> {
        let lines =
            locations.iter().map(|line| (LOCATION, HeaderValue::from_bytes(line.as_bytes()).unwrap()));
        let needles = Needles::new([KEY.as_bytes()], []).unwrap();
        trail.next(&origin(), &lines.collect(), &needles)
    }

    fn followed(locations: &[&str]) -> Option<String> {
        next(&mut Trail::of(&call(), &RequestBody::Empty), locations).map(|call| call.path.unwrap())
    }

    #[test]
    fn what_stays_on_the_host_is_followed() {
        for (location, target) in [
            ("/v1/files/2", "/v1/files/2"),
            ("/v1/files/2?y=2#part", "/v1/files/2?y=2"),
            ("https://api.example.com/v2", "/v2"),
            ("HTTPS://API.Example.com:443/v2?a", "/v2?a"),
            ("https://api.example.com", "/"),
            ("https://api.example.com?a=1", "/?a=1"),
            ("//api.example.com/v2", "/v2"),
            ("?y=2", "/v1/files/1?y=2"),
            ("2", "/v1/files/2"),
            ("2/content?u=https://elsewhere.example/", "/v1/files/2/content?u=https://elsewhere.example/"),
            ("../x", "/v1/files/../x"),
        ] {
            assert_eq!(followed(&[location]).as_deref(), Some(target), "{location}");
        }
    }

    #[test]
    fn what_leaves_the_host_or_tells_a_secret_is_not() {
        for location in [
            "https://elsewhere.example/v1/files/2",
            "//elsewhere.example/v1/files/2",
            "http://api.example.com/v1/files/2",
            "https://api.example.com:8443/v1/files/2",
            "https://api.example.com./v1/files/2",
            "https://api.example.com@elsewhere.example/",
            "https://elsewhere.example\\@api.example.com/",
            "https://user@api.example.com/",
            "https:/api.example.com/",
            "https:v1/files/2",
            "javascript:alert(1)",
            "data:text/plain,x",
            "",
            "#part",
            "é",
            &format!("/v1/files/2?key={KEY}"),
        ] {
            assert_eq!(followed(&[location]), None, "{location}");
        }
        assert_eq!(followed(&[]), None);
        assert_eq!(followed(&["/a", "/b"]), None, "of two, neither");
    }

    #[test]
    fn the_call_that_follows_is_the_same_but_for_its_target() {
        let (call, body) = (call(), RequestBody::Empty);
        let expected = Call {
            method: Some("GET".to_owned()),
            path: Some("/v1/files/2".to_owned()),
            credential: Some(CredentialName::from_static("example")),
            ..call.clone()
        };
        assert_eq!(next(&mut Trail::of(&call, &body), &["2"]), Some(expected));
        let with_body = Call { has_body: true, ..call.clone() };
        assert_eq!(next(&mut Trail::of(&with_body, &body), &["2"]), None);
        let bytes = RequestBody::Bytes("x".into());
        assert_eq!(next(&mut Trail::of(&call, &bytes), &["2"]), None);
    }

    #[test]
    fn loops_and_long_chains_end() {
        let call = call();
        let mut trail = Trail::of(&call, &RequestBody::Empty);
        assert!(next(&mut trail, &["1?x=1"]).is_none(), "it points to itself");
        let mut trail = Trail::of(&call, &RequestBody::Empty);
        for number in 0..MOST {
            assert!(next(&mut trail, &[&format!("/{number}")]).is_some());
        }
        assert!(next(&mut trail, &["/more"]).is_none());
    }
}
