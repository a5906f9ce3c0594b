//! From a provider's further ways to authenticate as written to those that are meant.

use super::code::Code;
use super::compile::Compiler;
use super::diagnostic::Place;
use super::document::ProviderDocument;
use super::name::{CredentialName, WayName};
use super::way::{Alternative, DEFAULT_WAY};
use super::way_document::AlternativeDocument;

impl Compiler {
    /// None where one of them did not compile.
    pub(super) fn alternatives(
        &mut self,
        place: &Place,
        provider: &ProviderDocument,
    ) -> Option<Vec<Alternative>> {
        let Some(written) = &provider.alternatives else { return Some(Vec::new()) };
        if written.is_empty() {
            self.report(Code::Empty, place.clone(), "leave it out where `auth` is the only way");
        }
        let compile = |(name, one)| self.alternative(place, name, one, provider);
        let all: Vec<_> = written.iter().map(compile).collect();
        all.into_iter().collect()
    }

    fn alternative(
        &mut self,
        place: &Place,
        name: &str,
        document: &AlternativeDocument,
        provider: &ProviderDocument,
    ) -> Option<Alternative> {
        let parsed = self.parsed(place.name(name), WayName::parse(name));
        if name == DEFAULT_WAY {
            let message = format!("`{DEFAULT_WAY}` is what the way under `auth` is called");
            self.advise(Code::DuplicateKey, place.name(name), message, "give it another name");
        }
        let account = CredentialName::parse(&format!("{}-{name}", provider.provider));
        if parsed.is_some() && account.is_err() {
            let message = format!("the name of its accounts, `{}-{name}`, is too long", provider.provider);
            self.report(Code::Malformed, place.name(name), message);
        }
        let authenticated = self.authentication(&place.key(name).key("auth"), &document.auth, provider);
        let (auth, client_certificate) = authenticated?;
        Some(Alternative { name: parsed?, account: account.ok()?, auth, client_certificate })
    }
}
