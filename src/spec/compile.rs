//! From a provider document as written to the model as meant.
//!
//! Every text is parsed into the type that can only hold a well-formed one; each
//! that is not becomes a finding, and the rest goes on, so that one run names all
//! mistakes. What is well-formed but unwise is for `lint`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::code::Code;
use super::diagnostic::{Diagnostic, Finding, Place, Source};
use super::document::{
    CapabilityDocument, ExampleDocument, GrantDocument, HeaderDocument, ProviderDocument, SecretDocument,
};
use super::header::{HeaderName, reserved};
use super::host::HostPattern;
use super::lint;
use super::method::MethodSet;
use super::model::{
    Capability, DefaultHeader, Example, Grant, List, Payload, Provider, Risk, Sdk, SecretClaim,
};
use super::name::{CapabilityId, NameError, ProviderId, SecretName};
use super::path::PathPattern;
use super::read;
use super::template::is_placeholder;
use super::text::Text;

/// A file, and what came of it: a provider, or the reasons why not.
pub struct Checked {
    pub source: Source,
    pub provider: Option<Provider>,
    pub document: Option<ProviderDocument>,
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads, checks and lints one provider file.
#[must_use]
pub fn compile_provider(source: Source) -> Checked {
    let mut checked = Checked { source, provider: None, document: None, diagnostics: Vec::new() };
    let document = match read::document(&checked.source) {
        Ok(document) => document,
        Err(diagnostics) => return Checked { diagnostics, ..checked },
    };
    let mut compiler = Compiler::default();
    let provider = compiler.provider(&document);
    let mut findings = compiler.findings;
    if let Some(provider) = &provider {
        findings.extend(lint::provider(provider, &document));
    }
    checked.diagnostics = findings.into_iter().map(|finding| finding.locate(&checked.source)).collect();
    checked.provider = provider.filter(|_| checked.diagnostics.is_empty());
    checked.document = Some(document);
    checked
}

#[derive(Default)]
pub(super) struct Compiler {
    findings: Vec<Finding>,
}

/// A provider's hosts, and for some of them where the same API stands again.
struct Hosts {
    own: Vec<HostPattern>,
    mirrors: BTreeMap<String, Vec<HostPattern>>,
}

pub(super) fn list<T: Clone>(items: Vec<T>) -> List<T> {
    Cow::Owned(items)
}

pub(super) fn text(text: &str) -> Text {
    Text::from(text)
}

fn pairs(map: &BTreeMap<String, String>) -> List<(Text, Text)> {
    map.iter().map(|(name, value)| (text(name), text(value))).collect()
}

impl Compiler {
    pub(super) fn report(&mut self, code: Code, place: Place, message: impl Into<String>) {
        self.findings.push(Finding::new(code, place, message));
    }

    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.findings.len()
    }

    /// A mistake, and what to write instead.
    pub(super) fn advise(
        &mut self,
        code: Code,
        place: Place,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.findings.push(Finding::new(code, place, message).help(help));
    }

    pub(super) fn parsed<T, E: std::fmt::Display>(
        &mut self,
        place: Place,
        result: Result<T, E>,
    ) -> Option<T> {
        result.map_err(|error| self.report(Code::Malformed, place, error.to_string())).ok()
    }

    fn provider(&mut self, document: &ProviderDocument) -> Option<Provider> {
        let root = Place::root();
        let id = self.parsed(root.key("provider"), ProviderId::parse(&document.provider));
        self.plain(&root.key("name"), &document.name);
        self.plain(&root.key("category"), &document.category);
        self.link(&root.key("docs"), &document.docs);
        let secrets = self.secrets(&root.key("secrets"), &document.secrets);
        let hosts = self.hosts(&root.key("hosts"), &document.hosts);
        let auth = self.authentication(&root.key("auth"), &document.auth, document);
        let alternatives = self.alternatives(&root.key("alternatives"), document);
        let headers = self.headers(&root.key("headers"), &document.headers);
        let act_as = self.act_as(&root.key("act_as"), &document.act_as);
        let owned = self.owned_parameters(&root.key("owned_parameters"), &document.owned_parameters);
        let (id, (auth, client_certificate), alternatives) = (id?, auth?, alternatives?);
        let hosts =
            Hosts { mirrors: self.mirrors(&root.key("mirrors"), &document.mirrors, &hosts), own: hosts };
        let capabilities = self.capabilities(&root.key("capabilities"), &id, &document.capabilities, &hosts);
        Some(Provider {
            id,
            name: text(&document.name),
            category: text(&document.category),
            docs: text(&document.docs),
            secrets: list(secrets),
            auth,
            client_certificate,
            alternatives: list(alternatives),
            private: document.private,
            headers: list(headers),
            act_as: list(act_as),
            owned_parameters: list(owned),
            sdk: document.sdk.as_ref().map(|sdk| Sdk {
                base_url_env: sdk.base_url_env.as_deref().map(text),
                base_path: text(sdk.base_path.as_deref().unwrap_or_default()),
            }),
            errors: document.errors.as_ref().map(|errors| self.error_shape(&root.key("errors"), errors)),
            capabilities: list(capabilities),
        })
    }

    /// One line of text that is safe to print.
    fn plain(&mut self, place: &Place, value: &str) {
        if value.trim().is_empty() || value.chars().any(char::is_control) || value.chars().count() > 100 {
            self.report(Code::Empty, place.clone(), "this must be one line of 1 to 100 characters");
        }
    }

    pub(super) fn link(&mut self, place: &Place, value: &str) {
        let clean = value.bytes().all(|byte| byte.is_ascii_graphic());
        if !clean || !value.starts_with("https://") {
            self.report(Code::Malformed, place.clone(), "this must be a link that starts with `https://`");
        }
    }

    fn secrets(&mut self, place: &Place, documents: &BTreeMap<String, SecretDocument>) -> Vec<SecretClaim> {
        if documents.is_empty() {
            self.report(Code::Empty, place.clone(), "a provider claims at least one secret");
        }
        let mut claims: Vec<SecretClaim> = Vec::new();
        for (name, document) in documents {
            let here = place.key(name);
            if !is_placeholder(&document.r#as) {
                let message = "a placeholder is lower-case letters, digits and `_`, starting with a letter";
                self.report(Code::Malformed, here.key("as"), message);
            }
            if claims.iter().any(|claim| claim.placeholder == document.r#as) {
                let message = format!("`{}` already stands for another secret", document.r#as);
                self.report(Code::Placeholder, here.key("as"), message);
            }
            if let Some(help) = &document.help {
                self.link(&here.key("help"), help);
            }
            if let Some(pattern) = &document.pattern {
                self.parsed(here.key("pattern"), regex_lite::Regex::new(pattern));
            }
            if let Some(name) = self.parsed(place.name(name), SecretName::parse(name)) {
                claims.push(SecretClaim {
                    name,
                    placeholder: text(&document.r#as),
                    help: document.help.as_deref().map(text),
                    pattern: document.pattern.as_deref().map(text),
                    identifier: document.identifier,
                    optional: document.optional,
                });
            }
        }
        claims
    }

    fn hosts(&mut self, place: &Place, documents: &[String]) -> Vec<HostPattern> {
        if documents.is_empty() {
            self.report(Code::Empty, place.clone(), "a provider has at least one host");
        }
        let parse =
            |(index, host): (usize, &String)| self.parsed(place.index(index), HostPattern::parse(host));
        documents.iter().enumerate().filter_map(parse).collect()
    }

    fn mirrors(
        &mut self,
        place: &Place,
        documents: &BTreeMap<String, Vec<String>>,
        hosts: &[HostPattern],
    ) -> BTreeMap<String, Vec<HostPattern>> {
        let mut all = BTreeMap::new();
        for (host, mirrors) in documents {
            if !hosts.iter().any(|own| own.as_str() == host) {
                let message = format!("`{host}` is not among the provider's `hosts`");
                self.report(Code::HostOfCapability, place.name(host), message);
            }
            all.insert(host.clone(), self.hosts(&place.key(host), mirrors));
        }
        all
    }

    pub(super) fn header_name(&mut self, place: Place, name: &str) -> Option<HeaderName> {
        let parsed = HeaderName::parse(name);
        if parsed.is_none() {
            self.report(Code::Malformed, place, "a header's name is lower-case letters, digits and `-` here");
        }
        parsed
    }

    fn headers(&mut self, place: &Place, documents: &BTreeMap<String, HeaderDocument>) -> Vec<DefaultHeader> {
        let mut headers = Vec::new();
        for (name, document) in documents {
            if let Some(why) = reserved(name) {
                let message = format!("`{name}` cannot be a default header: {why}");
                self.report(Code::ReservedHeader, place.name(name), message);
            }
            self.plain(&place.key(name).key("value"), &document.value);
            if let Some(name) = self.header_name(place.name(name), name) {
                let allow = document.allow.iter().map(|value| text(value)).collect();
                headers.push(DefaultHeader { name, value: text(&document.value), allow });
            }
        }
        headers
    }

    fn act_as(&mut self, place: &Place, names: &[String]) -> Vec<HeaderName> {
        let parse = |(index, name): (usize, &String)| self.header_name(place.index(index), name);
        names.iter().enumerate().filter_map(parse).collect()
    }

    fn owned_parameters(&mut self, place: &Place, names: &[String]) -> Vec<Text> {
        let parse = |(index, name): (usize, &String)| self.query_name(place.index(index), name);
        names.iter().enumerate().filter_map(parse).collect()
    }

    fn capabilities(
        &mut self,
        place: &Place,
        provider: &ProviderId,
        documents: &BTreeMap<String, CapabilityDocument>,
        hosts: &Hosts,
    ) -> Vec<Capability> {
        if documents.is_empty() {
            self.report(Code::Empty, place.clone(), "a provider without a capability grants nothing");
        }
        let mut all = Vec::new();
        for (name, document) in documents {
            let id = CapabilityId::parse(&format!("{provider}/{name}"));
            let id = self.parsed(place.name(name), id.map_err(|error: NameError| error));
            let capability = self.capability(&place.key(name), id, document, hosts);
            all.extend(capability);
        }
        all
    }

    fn capability(
        &mut self,
        place: &Place,
        id: Option<CapabilityId>,
        document: &CapabilityDocument,
        hosts: &Hosts,
    ) -> Option<Capability> {
        self.plain(&place.key("summary"), &document.summary);
        let host = self.capability_host(place, document.host.as_deref(), &hosts.own);
        let grants = self.grants(&place.key("allow"), &document.allow);
        let example = self.example(&place.key("example"), &document.example);
        let reads = grants.iter().all(|grant| grant.methods.only_reads());
        let usual = if reads { Risk::Read } else { Risk::Write };
        let host = host?;
        Some(Capability {
            id: id?,
            summary: text(&document.summary),
            mirrors: list(hosts.mirrors.get(host.as_str()).cloned().unwrap_or_default()),
            host,
            risk: document.risk.unwrap_or(usual),
            grants: list(grants),
            example,
        })
    }

    fn capability_host(
        &mut self,
        place: &Place,
        named: Option<&str>,
        hosts: &[HostPattern],
    ) -> Option<HostPattern> {
        match (named, hosts) {
            (None, [only]) => Some(only.clone()),
            (None, []) => None,
            (None, _) => {
                let names: Vec<&str> = hosts.iter().map(HostPattern::as_str).collect();
                let message = format!("`host` is missing: the provider has {}", names.join(" and "));
                self.report(Code::HostOfCapability, place.clone(), message);
                None
            }
            (Some(_), [_]) => {
                let message = "the provider has one host; leave `host` out";
                self.report(Code::HostOfCapability, place.key("host"), message);
                None
            }
            (Some(named), _) => {
                let found = hosts.iter().find(|host| host.as_str() == named).cloned();
                if found.is_none() {
                    let message = format!("`{named}` is not among the provider's `hosts`");
                    self.report(Code::HostOfCapability, place.key("host"), message);
                }
                found
            }
        }
    }

    fn grants(&mut self, place: &Place, documents: &[GrantDocument]) -> Vec<Grant> {
        if documents.is_empty() {
            self.report(Code::Empty, place.clone(), "an empty list allows nothing");
        }
        documents
            .iter()
            .enumerate()
            .map(|(index, document)| self.grant(&place.index(index), document))
            .collect()
    }

    fn grant(&mut self, place: &Place, document: &GrantDocument) -> Grant {
        for (key, empty) in [("methods", document.methods.is_empty()), ("paths", document.paths.is_empty())] {
            if empty {
                self.report(Code::Empty, place.key(key), "an empty list allows nothing");
            }
        }
        let mut paths = Vec::new();
        for (index, path) in document.paths.iter().enumerate() {
            paths.extend(
                self.parsed(place.key("paths").index(index), PathPattern::parse_all(path))
                    .unwrap_or_default(),
            );
        }
        Grant { methods: MethodSet::of(&document.methods), paths: list(paths) }
    }

    fn example(&mut self, place: &Place, document: &ExampleDocument) -> Example {
        for name in document.headers.keys() {
            if let Some(why) = reserved(name) {
                let message = format!("a caller cannot set `{name}`: {why}");
                self.report(Code::ReservedHeader, place.key("headers").name(name), message);
            }
        }
        Example {
            method: document.method,
            path: text(&document.path),
            headers: pairs(&document.headers),
            payload: self.payload(place, document),
        }
    }

    fn payload(&mut self, place: &Place, document: &ExampleDocument) -> Payload {
        let mut kinds = Vec::new();
        kinds.extend(document.body.as_ref().map(|body| ("body", Payload::Json(text(&body.to_string())))));
        kinds.extend(document.form.as_ref().map(|form| ("form", Payload::Form(pairs(form)))));
        kinds.extend(document.multipart.as_ref().map(|multipart| {
            let fields = pairs(&multipart.fields);
            ("multipart", Payload::Multipart { fields, files: pairs(&multipart.files) })
        }));
        kinds.extend(document.body_file.as_ref().map(|file| ("body_file", Payload::File(text(file)))));
        if let Some((second, _)) = kinds.get(1) {
            let message = "an example has one kind of body";
            self.report(Code::WrongValue, place.name(second), message);
        }
        kinds.into_iter().next().map_or(Payload::None, |(_, payload)| payload)
    }
}
