//! Parameters that callers do not set, in a query or a form: those that auth owns, and
//! those that put another method in the place of the one that was judged.
//!
//! Names are compared as the most lenient reader behind an upstream may take them.

use crate::spec::Provider;

/// Names by which servers and gateways take another method from the query, or headers.
const OVERRIDES: &[&str] = &[
    "_method",
    "$httpMethod",
    "$httpHeaders",
    "http_method_override",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
];

/// Whose a parameter is that is not the caller's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// It carries a credential.
    Auth,
    /// It replaces the method, or headers.
    Override,
}

/// Whose the parameter `name` is, if not the caller's. `name` is decoded.
#[must_use]
pub fn owner(provider: &Provider, name: &str) -> Option<Owner> {
    let named = provider.owned_parameters.iter().map(AsRef::as_ref);
    let mut owned = provider.own_parameters().chain(named);
    if owned.any(|mine| is_read_as(mine, name)) {
        Some(Owner::Auth)
    } else if OVERRIDES.iter().any(|other| is_read_as(other, name)) {
        Some(Owner::Override)
    } else {
        None
    }
}

/// Whether a provider has parameters of its own that could also come in a form.
#[must_use]
pub fn takes_credentials_in_forms(provider: &Provider) -> bool {
    provider.own_parameters().next().is_some() || !provider.owned_parameters.is_empty()
}

/// Whether some reader takes the field `name` for another of the name `wanted`.
pub(super) fn is_twin(wanted: &str, name: &str) -> bool {
    wanted != name && is_read_as(wanted, name)
}

/// Case does not matter, nor does an index behind the name (`token[]`), and `.`, `-` and white
/// space count as `_`, since some servers make variables of names.
fn is_read_as(mine: &str, name: &str) -> bool {
    let bare = name.split('[').next().unwrap_or_default().trim();
    let fold = |byte: u8| match byte {
        b'.' | b'-' | b' ' | b'+' => b'_',
        byte => byte.to_ascii_lowercase(),
    };
    mine.len() == bare.len() && mine.bytes().zip(bare.bytes()).all(|(a, b)| fold(a) == fold(b))
}
