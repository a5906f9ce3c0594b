//! The planned upstream request, written so that people can read it: the name of each secret
//! stands where its value would.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::plan::{Plan, insertion_point};
use crate::spec::hmac::{Hmac, Piece, Value, ValuePart};
use crate::spec::{Auth, ClientCertificate, Part, Template};

/// What would be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upstream {
    pub method: String,
    pub url: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The secrets that the connection's client certificate is made of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_certificate: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<BodyDigest>,
}

/// A body by its length and hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BodyDigest {
    pub bytes: u64,
    pub sha256: String,
}

/// The request of `plan` with this body, each secret as `<secret:NAME>`.
#[must_use]
pub fn render(plan: &Plan<'_>, body: &[u8]) -> Upstream {
    let mut target = plan.target().as_str().to_owned();
    let mut headers: BTreeMap<String, String> =
        plan.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    match plan.auth() {
        Auth::Headers(list) => {
            headers.extend(list.iter().map(|(name, template)| (name.to_string(), redacted(plan, template))));
        }
        Auth::Query(list) => {
            for (name, template) in list.iter() {
                target = [&target, joint(&target), name, "=", &redacted(plan, template)].concat();
            }
        }
        Auth::Path { segment, after } => {
            let (head, tail) = target.split_at(insertion_point(&target, after));
            target = [head, "/", &redacted(plan, segment), tail].concat();
        }
        Auth::Basic { username, password } => {
            let pair = format!("{}:{}", redacted(plan, username), redacted(plan, password));
            headers.insert("authorization".to_owned(), format!("Basic <base64({pair})>"));
        }
        Auth::Hmac(hmac) => {
            headers.extend(
                hmac.headers.iter().map(|(name, value)| (name.to_string(), signed(plan, hmac, value))),
            );
            for (name, value) in hmac.query.iter() {
                target = [&target, joint(&target), name, "=", &signed(plan, hmac, value)].concat();
            }
        }
        Auth::Nothing => {}
        auth => _ = headers.insert("authorization".to_owned(), token(plan, auth)),
    }
    Upstream {
        method: plan.method().to_string(),
        url: format!("https://{}{target}", plan.host()),
        headers,
        client_certificate: plan.client_certificate().map(|certificate| shown(plan, certificate)),
        body: (!body.is_empty()).then(|| digest(body)),
    }
}

/// What stands in the place of a token that is fetched, or of a signature: where it comes from, and
/// what it is made with.
fn token(plan: &Plan<'_>, auth: &Auth) -> String {
    let mut secrets: Vec<String> = Vec::new();
    for name in auth.templates().into_iter().flat_map(Template::placeholders) {
        let secret = named(plan, name);
        if !secrets.contains(&secret) {
            secrets.push(secret);
        }
    }
    let secrets = secrets.join(", ");
    match auth.hosts().first() {
        Some(host) => format!("Bearer <token of {host} by {secrets}>"),
        None => format!("<{} by {secrets}>", auth.scheme()),
    }
}

/// What stands between a target and one more parameter.
fn joint(target: &str) -> &'static str {
    match target.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some(_) => "&",
    }
}

fn shown(plan: &Plan<'_>, certificate: &ClientCertificate) -> String {
    certificate.templates().map(|template| redacted(plan, template)).collect::<Vec<_>>().join(", ")
}

fn redacted(plan: &Plan<'_>, template: &Template) -> String {
    let text = |part: &Part| match part {
        Part::Literal(text) => text.to_string(),
        Part::Placeholder(name) => named(plan, name),
    };
    template.parts().iter().map(text).collect()
}

fn named(plan: &Plan<'_>, placeholder: &str) -> String {
    let claim = plan.secrets().iter().find(|claim| claim.placeholder == placeholder);
    format!("<secret:{}>", claim.map_or(placeholder, |claim| claim.name.as_str()))
}

/// A value of the scheme `hmac`; what is only known when a request is signed stands by its name.
fn signed(plan: &Plan<'_>, hmac: &Hmac, value: &Value) -> String {
    let text = |part: &ValuePart| match part {
        ValuePart::Piece(Piece::Literal(text)) => text.to_string(),
        ValuePart::Piece(Piece::Placeholder(name)) => named(plan, name),
        ValuePart::Piece(Piece::Computed(computed)) => format!("<{}>", computed.as_str()),
        ValuePart::Signature => format!("<hmac by {}>", redacted(plan, &hmac.key)),
    };
    value.parts().iter().map(text).collect()
}

fn digest(body: &[u8]) -> BodyDigest {
    let mut sha256 = String::with_capacity(64);
    for byte in Sha256::digest(body) {
        // Writing to a text cannot fail.
        let _ = write!(sha256, "{byte:02x}");
    }
    BodyDigest { bytes: body.len() as u64, sha256 }
}
