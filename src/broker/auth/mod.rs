//! Authentication: a plan and its secrets become a signed request, one file a scheme.
//!
//! The only place outside the vault where a secret's bytes are seen. What it makes is
//! sent as it is, and every text that it injects is remembered, so that an answer
//! that echoes one can be scrubbed. Nothing here logs, prints or fails with a value.

mod basic;
mod given;
mod header;
mod hmac;
mod mtls;
mod path;
mod query;
mod recipe;
mod sigv4;
mod template;

pub(super) use mtls::identity;
pub(super) use path::UNRESERVED;
pub(super) use template::{fill, fill_encoded, find};

use std::collections::{BTreeMap, BTreeSet};

use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, Method};
use percent_encoding::percent_encode;
use thiserror::Error;
use zeroize::Zeroizing;

use super::scrub::{Needles, NeedlesError};
use crate::plan::Plan;
use crate::platform::entropy::EntropyError;
use crate::spec::{Auth, SecretClaim};
use crate::vault::Secret;

pub use given::Given;

/// The secrets of a plan, by placeholder.
pub type Secrets = BTreeMap<String, Secret>;

/// Why a request cannot be authenticated. Never holds a value.
#[derive(Debug, Error)]
pub enum AuthError {
    #[error("the plan needs a secret for the placeholder `{0}`, which the credential does not have")]
    Missing(String),
    #[error(
        "the stored secret for `{0}` has bytes that cannot stand in a header; rotate it to the right value"
    )]
    NotForHeader(String),
    #[error("the stored user name has a `:`, which HTTP Basic cannot carry; rotate it to the right value")]
    ColonInUser,
    #[error(
        "the stored secret for `{0}` has characters that no key of this scheme has; rotate it to the right value"
    )]
    NotAKey(&'static str),
    #[error(
        "the stored key is not written in {0}, as the provider says that it is; rotate it to the right value"
    )]
    KeyEncoding(&'static str),
    #[error("the scheme signs the body, which is not at hand as a whole")]
    BodyUnread,
    #[error("no region of `{0}` is known")]
    NoRegion(String),
    /// What the signer says may hold parts of the request.
    #[error("the request could not be signed")]
    Unsigned,
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    #[error("calls with the auth scheme `{0}` cannot be made yet")]
    NotYet(String),
    #[error("the header `{0}` is not valid")]
    Header(String),
    #[error(transparent)]
    Scrub(#[from] NeedlesError),
}

/// A request ready to be sent. Holds secrets: not `Debug`, and nothing prints it.
pub struct SignedRequest {
    pub method: Method,
    pub url: Zeroizing<String>,
    pub headers: HeaderMap,
    /// What must not come back.
    pub needles: Needles,
}

/// What a scheme may change: the target and the headers, and what it has injected.
struct Draft {
    target: Zeroizing<String>,
    headers: HeaderMap,
    injected: Vec<Zeroizing<Vec<u8>>>,
}

impl Draft {
    fn inject_header(&mut self, name: &str, value: Zeroizing<Vec<u8>>) -> Result<(), AuthError> {
        self.set_header(name, &value, true)?;
        self.injected.push(value);
        Ok(())
    }

    /// A header of the scheme; what is said of it to others is for `sensitive` to tell.
    fn set_header(&mut self, name: &str, value: &[u8], sensitive: bool) -> Result<(), AuthError> {
        let bad = || AuthError::NotForHeader(name.to_owned());
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?;
        let mut field = HeaderValue::from_bytes(value).map_err(|_| bad())?;
        field.set_sensitive(sensitive);
        self.headers.insert(key, field);
        Ok(())
    }

    /// A parameter of the scheme, behind all that is there.
    fn append_parameter(&mut self, name: &str, value: &[u8]) -> Zeroizing<String> {
        let encoded = Zeroizing::new(percent_encode(value, UNRESERVED).to_string());
        let joint = match self.target.split_once('?') {
            None => "?",
            Some((_, "")) => "",
            Some(_) => "&",
        };
        self.target = Zeroizing::new([self.target.as_str(), joint, name, "=", &encoded].concat());
        encoded
    }

    fn finish(self, plan: &Plan<'_>, needles: Needles) -> Result<SignedRequest, AuthError> {
        let url = Zeroizing::new(format!("https://{}{}", plan.host(), self.target.as_str()));
        let method = Method::from_bytes(plan.method().as_str().as_bytes());
        let method = method.map_err(|_| AuthError::Header("method".to_owned()))?;
        Ok(SignedRequest { method, url, headers: self.headers, needles })
    }
}

/// Authenticates `plan` with `secrets`; a signature is made of what is `given` as well.
///
/// # Errors
/// When a secret is missing or cannot be carried by the scheme.
pub fn sign(plan: &Plan<'_>, secrets: &Secrets, given: &Given<'_>) -> Result<SignedRequest, AuthError> {
    let target = Zeroizing::new(plan.target().as_str().to_owned());
    let mut draft = Draft { target, headers: plain_headers(plan)?, injected: Vec::new() };
    match plan.auth() {
        Auth::Headers(list) => header::apply(&mut draft, list, secrets)?,
        Auth::Query(list) => query::apply(&mut draft, list, secrets)?,
        Auth::Path { segment, after } => path::apply(&mut draft, segment, after, secrets)?,
        Auth::Basic { username, password } => basic::apply(&mut draft, username, password, secrets)?,
        Auth::AwsSigV4(aws) => sigv4::apply(&mut draft, plan, aws, secrets, given)?,
        Auth::Hmac(scheme) => hmac::apply(&mut draft, plan, scheme, secrets, given)?,
        Auth::Nothing => {}
        other => return Err(AuthError::NotYet(other.scheme().to_owned())),
    }
    let needles = needles(plan, secrets, &draft.injected)?;
    draft.finish(plan, needles)
}

/// Lets `plan` bear an access token, as RFC 6750, section 2.1, has it.
///
/// # Errors
/// When the token cannot stand in a header.
pub fn bear(plan: &Plan<'_>, token: &Secret) -> Result<SignedRequest, AuthError> {
    let target = Zeroizing::new(plan.target().as_str().to_owned());
    let mut draft = Draft { target, headers: plain_headers(plan)?, injected: Vec::new() };
    let value = Zeroizing::new([b"Bearer ".as_slice(), token.expose()].concat());
    draft.inject_header("authorization", value)?;
    let needles = Needles::new([token.expose()], draft.injected.iter().map(|text| text.as_slice()))?;
    draft.finish(plan, needles)
}

fn plain_headers(plan: &Plan<'_>) -> Result<HeaderMap, AuthError> {
    let mut headers = HeaderMap::new();
    for (name, value) in plan.headers() {
        let bad = || AuthError::Header(name.to_owned());
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?;
        headers.insert(key, HeaderValue::from_bytes(value.as_bytes()).map_err(|_| bad())?);
    }
    Ok(headers)
}

/// Secrets in all their spellings, and the injected texts as they stand; identifiers
/// are no secrets and appear in honest answers. Of a client certificate nothing is sent
/// but what is public, which upstreams repeat in honest answers too.
fn needles(
    plan: &Plan<'_>,
    secrets: &Secrets,
    injected: &[Zeroizing<Vec<u8>>],
) -> Result<Needles, AuthError> {
    let sent: BTreeSet<&str> = plan.auth().placeholders().into_iter().collect();
    let is_key = |claim: &&SecretClaim| !claim.identifier && sent.contains(claim.placeholder.as_ref());
    let keys = plan.secrets().iter().filter(is_key);
    let values = keys.filter_map(|claim| secrets.get(claim.placeholder.as_ref()));
    let injected = injected.iter().map(|text| text.as_slice());
    Ok(Needles::new(values.map(Secret::expose), injected)?)
}
