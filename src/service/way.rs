//! What surfaces show of the ways to authenticate that a provider offers.

use serde::{Deserialize, Serialize};

use crate::spec::{AuthWay, Provider, SecretName};

/// One of several ways; of a provider with one alone there is nothing to tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WayView {
    /// What `--auth` calls it.
    pub name: String,
    /// Its scheme, in the names of provider files.
    pub auth: String,
    /// What it cannot do without.
    pub secrets: Vec<SecretName>,
    /// What else it takes where that is stored.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub optional: Vec<SecretName>,
    /// What it lacks. None where nobody looked, as while the vault is locked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<Vec<SecretName>>,
}

/// All ways of a provider that offers several, by priority. `is_stored` says of each secret whether it is.
pub(in crate::service) fn views(
    provider: &Provider,
    is_stored: Option<&dyn Fn(&SecretName) -> bool>,
) -> Vec<WayView> {
    if provider.alternatives.is_empty() {
        return Vec::new();
    }
    provider.ways().map(|way| view(provider, &way, is_stored)).collect()
}

fn view(provider: &Provider, way: &AuthWay<'_>, is_stored: Option<&dyn Fn(&SecretName) -> bool>) -> WayView {
    let names = |optional| {
        let claims = way.claims(provider).into_iter().filter(move |claim| claim.optional == optional);
        claims.map(|claim| claim.name.clone()).collect::<Vec<_>>()
    };
    let secrets = names(false);
    let lacking = |is_stored: &dyn Fn(&SecretName) -> bool| {
        secrets.iter().filter(|name| !is_stored(name)).cloned().collect()
    };
    WayView {
        name: way.label().to_owned(),
        auth: way.scheme().into_owned(),
        missing: is_stored.map(lacking),
        optional: names(true),
        secrets,
    }
}
