//! The ways to authenticate that a provider offers, as meant: `auth` first, then its alternatives in the
//! order of its file. Which one serves a call is for its account to say. Holds no secret.

use std::borrow::Cow;

use super::auth::Auth;
use super::model::{Provider, SecretClaim};
use super::mtls::ClientCertificate;
use super::name::{CredentialName, WayName};
use super::packed::packed_struct;

/// What people call the way that stands under `auth`; no alternative has this name.
pub const DEFAULT_WAY: &str = "default";

/// A further way to authenticate.
#[derive(Debug, Clone, PartialEq)]
pub struct Alternative {
    pub name: WayName,
    /// What an account of this way is called that came to be by itself.
    pub account: CredentialName,
    pub auth: Auth,
    pub client_certificate: Option<ClientCertificate>,
}

/// One of a provider's ways, whether it stands first or not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AuthWay<'a> {
    /// None of the first.
    pub name: Option<&'a WayName>,
    pub auth: &'a Auth,
    /// What its connections show, whatever `auth` does to requests.
    pub client_certificate: Option<&'a ClientCertificate>,
}

impl<'a> AuthWay<'a> {
    /// What people call it.
    #[must_use]
    pub fn label(&self) -> &'a str {
        self.name.map_or(DEFAULT_WAY, WayName::as_str)
    }

    /// How it authenticates, in the names of provider files.
    #[must_use]
    pub fn scheme(&self) -> Cow<'a, str> {
        match (self.client_certificate, self.auth) {
            (Some(_), Auth::Nothing) | (None, _) => self.auth.scheme().into(),
            (Some(_), beside) => format!("mtls with {}", beside.scheme()).into(),
        }
    }

    /// The secrets that it takes, by placeholder.
    #[must_use]
    pub fn placeholders(&self) -> Vec<&'a str> {
        let certificate = self.client_certificate.into_iter().flat_map(ClientCertificate::placeholders);
        self.auth.placeholders().into_iter().chain(certificate).collect()
    }

    /// Of those, what an account can lack.
    #[must_use]
    pub fn optional_placeholders(&self) -> Vec<&'a str> {
        let certificate =
            self.client_certificate.into_iter().flat_map(ClientCertificate::optional_placeholders);
        self.auth.optional_placeholders().into_iter().chain(certificate).collect()
    }

    /// What of its provider's secrets it takes, in the order of the file.
    #[must_use]
    pub fn claims(&self, provider: &'a Provider) -> Vec<&'a SecretClaim> {
        // Without alternatives each claim is of the only way.
        let taken = (!provider.alternatives.is_empty()).then(|| self.placeholders());
        let is_taken = |claim: &&SecretClaim| {
            taken.as_ref().is_none_or(|names| names.contains(&claim.placeholder.as_str()))
        };
        provider.secrets.iter().filter(is_taken).collect()
    }

    /// Of those, what it cannot do without.
    #[must_use]
    pub fn needed(&self, provider: &'a Provider) -> Vec<&'a SecretClaim> {
        self.claims(provider).into_iter().filter(|claim| !claim.optional).collect()
    }
}

impl Provider {
    /// All ways, by priority.
    pub fn ways(&self) -> impl Iterator<Item = AuthWay<'_>> {
        std::iter::once(self.first_way()).chain(self.alternatives.iter().map(Alternative::way))
    }

    /// The way of an account; none where the provider has no way of that name any more.
    #[must_use]
    pub fn way(&self, name: Option<&WayName>) -> Option<AuthWay<'_>> {
        match name {
            None => Some(self.first_way()),
            Some(name) => self.alternatives.iter().find(|one| one.name == *name).map(Alternative::way),
        }
    }

    /// The way that people call by that name.
    #[must_use]
    pub fn way_called(&self, label: &WayName) -> Option<AuthWay<'_>> {
        self.ways().find(|way| way.label() == label.as_str())
    }

    /// How it authenticates, in the names of provider files.
    #[must_use]
    pub fn scheme(&self) -> Cow<'_, str> {
        let first = self.first_way().scheme();
        if self.alternatives.is_empty() {
            return first;
        }
        let further = self.alternatives.iter().map(|one| one.way().scheme());
        std::iter::once(first).chain(further).collect::<Vec<_>>().join(" or ").into()
    }

    /// The headers that any of its ways sets: callers set none of them, whichever way serves them.
    pub fn own_headers(&self) -> impl Iterator<Item = &str> {
        self.auth.own_headers().chain(self.alternatives.iter().flat_map(|one| one.auth.own_headers()))
    }

    /// The same of parameters.
    pub fn own_parameters(&self) -> impl Iterator<Item = &str> {
        self.auth.own_parameters().chain(self.alternatives.iter().flat_map(|one| one.auth.own_parameters()))
    }

    /// The way that stands under `auth`.
    #[must_use]
    pub fn first_way(&self) -> AuthWay<'_> {
        let (auth, client_certificate) = (&self.auth, self.client_certificate.as_ref());
        AuthWay { name: None, auth, client_certificate }
    }
}

impl Alternative {
    fn way(&self) -> AuthWay<'_> {
        let (auth, client_certificate) = (&self.auth, self.client_certificate.as_ref());
        AuthWay { name: Some(&self.name), auth, client_certificate }
    }
}

packed_struct!(Alternative { name, account, auth, client_certificate });

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{Source, compile_provider};

    fn acme() -> Provider {
        let text = r#"provider: acme
name: Acme
category: test
docs: https://acme.example
secrets:
  ACME_ID: { as: id, identifier: true }
  ACME_KEY: { as: key }
  ACME_PASSWORD: { as: password }
hosts: [api.acme.example]
auth: { type: header, name: x-acme-key, value: "{{key}}" }
alternatives:
  signed:
    auth: { type: multi-query, query: { acme-id: "{{id}}", acme-key: "{{key}}" } }
  basic:
    auth: { type: basic, username: "{{id}}", password: "{{password}}" }
capabilities:
  things:
    summary: Read things
    allow: [{ methods: [GET], paths: [/things] }]
    example: { method: GET, path: /things }
    examples: { deny: [GET /thing] }
"#;
        let checked = compile_provider(Source { name: "acme.yaml".to_owned(), text: text.to_owned() });
        let told: Vec<String> = checked.diagnostics.iter().map(ToString::to_string).collect();
        checked.provider.unwrap_or_else(|| panic!("{told:?}"))
    }

    #[test]
    fn ways_go_in_the_order_of_the_file() {
        let acme = acme();
        let labels: Vec<&str> = acme.ways().map(|way| way.label()).collect();
        assert_eq!(labels, [DEFAULT_WAY, "signed", "basic"]);
        assert_eq!(acme.scheme(), "header or multi-query or basic");
        let accounts: Vec<&str> = acme.alternatives.iter().map(|one| one.account.as_str()).collect();
        assert_eq!(accounts, ["acme-signed", "acme-basic"]);
    }

    #[test]
    fn a_way_is_found_by_its_name_and_by_no_other() {
        let acme = acme();
        let basic = WayName::from_static("basic");
        assert_eq!(acme.way(Some(&basic)), acme.way_called(&basic));
        assert_eq!(acme.way(None), acme.way_called(&WayName::from_static(DEFAULT_WAY)));
        assert_eq!(acme.way(Some(&WayName::from_static("basics"))), None);
        assert_eq!(acme.way(Some(&WayName::from_static(DEFAULT_WAY))), None);
    }

    #[test]
    fn each_takes_its_own_secrets_and_all_keep_theirs_from_callers() {
        let acme = acme();
        let taken: Vec<Vec<&str>> = acme
            .ways()
            .map(|way| way.needed(&acme).into_iter().map(|claim| claim.name.as_str()).collect())
            .collect();
        assert_eq!(taken, [vec!["ACME_KEY"], vec!["ACME_ID", "ACME_KEY"], vec!["ACME_ID", "ACME_PASSWORD"]]);
        assert_eq!(acme.own_headers().collect::<Vec<_>>(), ["x-acme-key"]);
        assert_eq!(acme.own_parameters().collect::<Vec<_>>(), ["acme-id", "acme-key"]);
    }
}
