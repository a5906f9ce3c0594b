//! The planned upstream request, written so that people can read it: the name of each secret
//! stands where its value would.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::plan::{Plan, insertion_point};
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
        Auth::Nothing => {}
        auth => {
            let templates = auth.templates().into_iter().filter(|one| one.placeholders().next().is_some());
            let secrets: Vec<String> = templates.map(|template| redacted(plan, template)).collect();
            let how = format!("<{} by {}>", auth.scheme(), secrets.join(", "));
            headers.insert("authorization".to_owned(), how);
        }
    }
    Upstream {
        method: plan.method().to_string(),
        url: format!("https://{}{target}", plan.host()),
        headers,
        client_certificate: plan.client_certificate().map(|certificate| shown(plan, certificate)),
        body: (!body.is_empty()).then(|| digest(body)),
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
        Part::Placeholder(name) => {
            let claim = plan.secrets().iter().find(|claim| claim.placeholder == *name);
            format!("<secret:{}>", claim.map_or(name.as_ref(), |claim| claim.name.as_str()))
        }
    };
    template.parts().iter().map(text).collect()
}

fn digest(body: &[u8]) -> BodyDigest {
    let mut sha256 = String::with_capacity(64);
    for byte in Sha256::digest(body) {
        // Writing to a text cannot fail.
        let _ = write!(sha256, "{byte:02x}");
    }
    BodyDigest { bytes: body.len() as u64, sha256 }
}
