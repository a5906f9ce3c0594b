//! The canonical request: one spelling, or a refusal; nothing is repaired.
//!
//! What a `Request` holds is what policy judges, what is signed, and what goes on
//! the wire, byte for byte.

use super::denial::{Denial, Reason};
use super::parameter::{self, Owner};
use crate::spec::header::{Reserved, reserved, same_header};
use crate::spec::{Method, Provider, Target, TargetError};

/// More header fields than this are refused.
pub(super) const MAX_FIELDS: usize = 100;
/// More bytes of header names and values than this are refused.
pub(super) const MAX_HEADER_BYTES: usize = 64 * 1024;

/// One header: a lower-case name and a value without control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderField {
    name: String,
    value: String,
}

impl HeaderField {
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }
}

/// A request that cannot hold a traversal, a caller's credential or a second reading.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    method: Method,
    target: Target,
    headers: Vec<HeaderField>,
}

impl Request {
    /// # Errors
    /// A denial when any part could be read in two ways, or belongs to the broker.
    pub fn canonical(
        provider: &Provider,
        method: Method,
        target: &str,
        headers: &[(String, String)],
    ) -> Result<Self, Denial> {
        let target = Target::parse(target).map_err(not_canonical)?;
        check_query(provider, &target)?;
        let headers = canonical_headers(provider, headers)?;
        Ok(Self { method, target, headers })
    }

    #[must_use]
    pub fn method(&self) -> Method {
        self.method
    }

    #[must_use]
    pub fn target(&self) -> &Target {
        &self.target
    }

    #[must_use]
    pub fn headers(&self) -> &[HeaderField] {
        &self.headers
    }

    /// The parts, for the plan that is made of them.
    #[must_use]
    pub fn into_parts(self) -> (Method, Target, Vec<HeaderField>) {
        (self.method, self.target, self.headers)
    }
}

pub(super) fn not_canonical(error: TargetError) -> Denial {
    Denial::new(Reason::PathNotCanonical, error.to_string())
        .help("write the path as the provider documents it, percent-encoding data only")
}

/// A parameter that is the broker's is so in any spelling.
fn check_query(provider: &Provider, target: &Target) -> Result<(), Denial> {
    if target.query().is_none_or(str::is_empty) {
        return Ok(());
    }
    for name in target.query_names() {
        let (reason, why) = match parameter::owner(provider, &name) {
            None => continue,
            Some(Owner::Auth) => (Reason::QueryOwnedByAuth, "may carry a credential, which the broker sets"),
            Some(Owner::Override) => {
                (Reason::QueryNotAllowed, "would replace the request's method or headers")
            }
        };
        let shown: String = name.escape_debug().take(80).collect();
        let message = format!("the query parameter `{shown}` {why}");
        return Err(Denial::new(reason, message).help("leave it out"));
    }
    Ok(())
}

fn canonical_headers(provider: &Provider, raw: &[(String, String)]) -> Result<Vec<HeaderField>, Denial> {
    let bytes: usize = raw.iter().map(|(name, value)| name.len() + value.len()).sum();
    if raw.len() > MAX_FIELDS || bytes > MAX_HEADER_BYTES {
        let message = format!("more than {MAX_FIELDS} headers or {MAX_HEADER_BYTES} bytes of them");
        return Err(Denial::new(Reason::HeaderNotAllowed, message).help("send fewer or shorter headers"));
    }
    let mut fields: Vec<HeaderField> = Vec::with_capacity(raw.len());
    for (name, value) in raw {
        let field = canonical_header(provider, name, value)?;
        if fields.iter().any(|other| same_header(&other.name, &field.name)) {
            return Err(refused(name, "it is there twice").help("send it once"));
        }
        fields.push(field);
    }
    Ok(fields)
}

fn canonical_header(provider: &Provider, name: &str, value: &str) -> Result<HeaderField, Denial> {
    if name.is_empty() || !name.bytes().all(is_plain_byte) {
        let shown = name.escape_debug().to_string();
        return Err(refused(&shown, "a name has letters, digits, `-` and `_` here"));
    }
    let plain = value.bytes().all(|byte| byte == b'\t' || (0x20..0x7f).contains(&byte) || byte >= 0x80);
    if !plain || value.trim_matches([' ', '\t']).len() != value.len() {
        return Err(refused(name, "its value has control characters or outer white space"));
    }
    if let Some(why) = owned_header(provider, name) {
        return Err(refused(name, &why.to_string()));
    }
    let default = provider.headers.iter().find(|default| same_header(default.name.as_str(), name));
    if let Some(default) = default.filter(|default| !default.permits(value)) {
        return Err(refused(name, &allowed_values(default)));
    }
    Ok(HeaderField { name: name.to_ascii_lowercase(), value: value.to_owned() })
}

fn owned_header(provider: &Provider, name: &str) -> Option<Reserved> {
    let own = provider.own_headers().any(|mine| same_header(mine, name));
    let act_as = provider.act_as.iter().any(|mine| same_header(mine.as_str(), name));
    match (own, act_as) {
        (true, _) => Some(Reserved::Auth),
        (_, true) => Some(Reserved::ActAs),
        _ => reserved(name),
    }
}

fn allowed_values(default: &crate::spec::DefaultHeader) -> String {
    let others: Vec<&str> = default.allow.iter().map(AsRef::as_ref).collect();
    format!("its value may be {}", [&[default.value.as_ref()], others.as_slice()].concat().join(", "))
}

fn refused(name: &str, why: &str) -> Denial {
    Denial::new(Reason::HeaderNotAllowed, format!("the header `{name}` is not for callers to set: {why}"))
        .help("leave it out; the broker adds what the provider needs")
}

/// Less than RFC 9110 lets stand in a name (section 5.6.2): gateways that make a variable's name
/// of it fold the rest into `_`, and so would take `x.api.key` for `x-api-key`.
fn is_plain_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}
