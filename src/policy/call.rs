//! What a caller asks for, raw: texts that nobody has checked yet.

use serde::{Deserialize, Serialize};

use super::denial::{Denial, Reason};
use super::request::{MAX_FIELDS, MAX_HEADER_BYTES};
use crate::spec::{Capability, CredentialName, Method, Scope, target};

/// More of a capability's or method's name than any has, so that what is cut off changes nothing.
const LONGEST_NAME: usize = 1024;

/// One call, without its body; a body streams beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// The capability's full name, as the caller spelled it.
    pub capability: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<CredentialName>,
    #[serde(default)]
    pub scope: Scope,
    /// Left out: what `Defaults` finds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Path and query. Left out: the capability's own, when it has just one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    #[serde(default)]
    pub has_body: bool,
}

impl Call {
    /// The call without what no verdict depends on, for a door that bounds what it takes: what is
    /// over a limit of policy is cut to just over it, and so refused as the whole would be.
    #[must_use]
    pub fn abridged(&self) -> Self {
        let cut_to = |text: &String, limit| beginning(text, limit).to_owned();
        Self {
            capability: cut_to(&self.capability, LONGEST_NAME),
            credential: self.credential.clone(),
            scope: self.scope.clone(),
            method: self.method.as_ref().map(|method| cut_to(method, LONGEST_NAME)),
            path: self.path.as_ref().map(|path| cut_to(path, target::MAX_BYTES + 1)),
            headers: abridged_headers(&self.headers),
            has_body: self.has_body,
        }
    }
}

fn abridged_headers(headers: &[(String, String)]) -> Vec<(String, String)> {
    let mut room = MAX_HEADER_BYTES + 1;
    let mut kept = Vec::new();
    for (name, value) in headers.iter().take(MAX_FIELDS + 1) {
        let name = beginning(name, room);
        room = room.saturating_sub(name.len());
        let value = beginning(value, room);
        room = room.saturating_sub(value.len());
        kept.push((name.to_owned(), value.to_owned()));
    }
    kept
}

/// At least `length` bytes of the text, where it has as many.
fn beginning(text: &str, length: usize) -> &str {
    let end = (length..text.len()).find(|at| text.is_char_boundary(*at));
    end.map_or(text, |end| &text[..end])
}

/// Method and path of a call whose caller left them out.
pub struct Defaults;

impl Defaults {
    /// `POST` when there is a body and the capability allows it, otherwise its only
    /// method, otherwise `GET` when it is allowed.
    pub fn method(capability: &Capability, has_body: bool) -> Result<Method, Denial> {
        let methods = capability.methods();
        let mut all = methods.iter();
        match (all.next(), all.next()) {
            _ if has_body && methods.contains(Method::Post) => Ok(Method::Post),
            (Some(only), None) => Ok(only),
            _ if methods.contains(Method::Get) => Ok(Method::Get),
            _ => Err(Denial::new(Reason::CapabilityMethod, format!("`{}` needs a method", capability.id))
                .help(format!("say one of {methods} with --method"))),
        }
    }

    /// The capability's only path without wildcards.
    pub fn path(capability: &Capability) -> Result<String, Denial> {
        capability.default_path().map(str::to_owned).ok_or_else(|| {
            let patterns = capability.grants.iter().flat_map(|grant| grant.paths.iter());
            let mut texts: Vec<&str> = patterns.map(|pattern| pattern.as_str()).collect();
            texts.dedup();
            let more = if texts.len() > 8 { ", …" } else { "" };
            Denial::new(Reason::CapabilityPath, format!("`{}` has more than one path", capability.id))
                .help(format!("say which with --path: {}{more}", texts[..texts.len().min(8)].join(", ")))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_within_the_limits_is_not_abridged() {
        let header = |length: usize| ("x-a".to_owned(), "é".repeat(length / 2));
        let call = Call {
            capability: "openai/models".to_owned(),
            credential: Some(CredentialName::from_static("openai")),
            scope: Scope::Global,
            method: Some("GET".to_owned()),
            path: Some(format!("/{}", "a".repeat(target::MAX_BYTES - 1))),
            headers: vec![header(40_000), header(20_000)],
            has_body: true,
        };
        assert_eq!(call.abridged(), call);
    }

    #[test]
    fn what_is_over_a_limit_stays_over_it() {
        let call = |path: &str, headers: Vec<(String, String)>| Call {
            capability: "x".repeat(300_000),
            credential: None,
            scope: Scope::Global,
            method: Some("é".repeat(300_000)),
            path: Some(path.to_owned()),
            headers,
            has_body: false,
        };
        let many = vec![("x-a".to_owned(), String::new()); 30_000];
        let long = |name: usize, value: usize| vec![("é".repeat(name), "é".repeat(value))];
        for headers in [many, long(1, 500_000), long(500_000, 1)] {
            let short = call(&"é".repeat(300_000), headers).abridged();
            let bytes: usize = short.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
            assert!(short.headers.len() > MAX_FIELDS || bytes > MAX_HEADER_BYTES);
            assert!(bytes <= MAX_HEADER_BYTES + 8 && short.headers.len() <= MAX_FIELDS + 1);
            let path = short.path.unwrap().len();
            assert!(path > target::MAX_BYTES && path < target::MAX_BYTES + 8);
            assert!(short.capability.len() + short.method.unwrap().len() < 4 * LONGEST_NAME);
        }
    }
}
