//! What a caller asks for, raw: texts that nobody has checked yet.

use serde::{Deserialize, Serialize};

use super::denial::{Denial, Reason};
use crate::spec::{Capability, CredentialName, Method, Scope};

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
