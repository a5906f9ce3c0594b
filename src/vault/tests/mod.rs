//! The vault through its public doors, with an attacker who holds the files.
#![allow(clippy::disallowed_methods, reason = "the tests play an attacker with access to the files")]

mod accounts;
mod attacker;
mod callers;
mod concurrency;
mod flips;
mod lifecycle;
mod rekey;
mod repair;
mod scopes;
mod secrets;
mod settings;
mod tamper;
mod tokens;
mod torn;
mod usage;
mod ways;

use std::path::PathBuf;
use std::sync::LazyLock;

use crate::spec::{
    Capability, CapabilityId, CredentialName, Example, Host, HostPattern, Method, Payload, ProviderId, Risk,
    Scope, ScopeId, SecretName,
};
use crate::vault::{
    Alias, Claim, ClaimedWay, CredentialMeta, Destination, Group, KeyMaterial, NewSecret, SecretInput,
    SecretRef, Sought, Upstream, Vault, VaultError, VaultPaths, init, open,
};

const NOW: u64 = 1_700_000_000_000;

/// A folder for one vault.
struct Place {
    _root: tempfile::TempDir,
    paths: VaultPaths,
}

impl Place {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        let paths = VaultPaths {
            folder: at("data/vault"),
            key_file: at("keys/kek.key"),
            audit_dir: at("data/vault/audit"),
        };
        Self { _root: root, paths }
    }

    /// With a vault made.
    fn with_vault() -> (Self, Vault) {
        let place = Self::new();
        let vault = init(&place.paths, &KeyMaterial::File, false).unwrap();
        (place, vault)
    }

    fn open(&self) -> Result<Vault, VaultError> {
        open(&self.paths, &KeyMaterial::File)
    }

    fn database(&self) -> PathBuf {
        self.paths.folder.join("vault.db")
    }

    /// The database as an attacker sees it.
    fn sql(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.database()).unwrap()
    }
}

fn input(value: &str) -> SecretInput {
    SecretInput::new(value.as_bytes().to_vec()).ok().unwrap()
}

fn new_secret(name: &'static str, value: &str, scope: Scope) -> NewSecret {
    NewSecret {
        name: SecretName::from_static(name),
        value: input(value),
        scope,
        aliases: Vec::new(),
        provider: None,
        hosts: Vec::new(),
    }
}

fn by_name(name: &str) -> SecretRef {
    SecretRef::Name { name_or_alias: name.to_owned(), scope: None }
}

fn alias(text: &str) -> Alias {
    Alias::parse(text, None).ok().unwrap()
}

fn openai() -> ProviderId {
    ProviderId::from_static("openai")
}

fn openai_claim() -> Claim {
    let secrets = vec![(SecretName::from_static("OPENAI_API_KEY"), "secret".to_owned())];
    claim("openai", secrets)
}

fn trello_claim() -> Claim {
    let secret = |name, placeholder: &str| (SecretName::from_static(name), placeholder.to_owned());
    let secrets = vec![secret("TRELLO_API_KEY", "key"), secret("TRELLO_TOKEN", "token")];
    claim("trello", secrets)
}

/// Of a provider with one way to authenticate.
fn claim(provider: &'static str, secrets: Vec<(SecretName, String)>) -> Claim {
    let account = CredentialName::from_static(provider);
    let way = ClaimedWay { name: None, account, secrets, optional: Vec::new() };
    Claim { provider: ProviderId::from_static(provider), ways: vec![way] }
}

fn workspace(name: &'static str) -> Scope {
    Scope::Workspace { workspace: ScopeId::from_static(name) }
}

fn group(workspace: &'static str, group: &'static str) -> Group {
    Group { workspace: ScopeId::from_static(workspace), group: ScopeId::from_static(group) }
}

fn upstream() -> Upstream {
    Upstream {
        host: "api.openai.com".to_owned(),
        addr: "127.0.0.1:8443".parse().unwrap(),
        ca_pem: "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n".to_owned(),
    }
}

/// A vault with one claimed secret and its credential.
fn with_openai() -> (Place, Vault, crate::vault::SecretId) {
    let (place, mut vault) = Place::with_vault();
    let new = new_secret("OPENAI_API_KEY", "sk-one", Scope::Global);
    let id = vault.create_secret(new, Some(&openai_claim()), NOW).unwrap().meta.id;
    (place, vault, id)
}

fn value_of(vault: &mut Vault, id: &crate::vault::SecretId) -> Result<Vec<u8>, VaultError> {
    vault.reveal(id, to(&openai())).map(|secret| secret.expose().to_vec())
}

/// To a provider of the registry, whose only host is in the binary.
fn to(provider: &ProviderId) -> Destination<'_> {
    static PLACE: LazyLock<(Capability, Host)> =
        LazyLock::new(|| (capability("api.example"), host("api.example")));
    Destination { provider, capability: Some(&PLACE.0), host: &PLACE.1, own: false, identifier: false }
}

fn host(text: &str) -> Host {
    Host::parse(text).unwrap()
}

fn capability(host: &'static str) -> Capability {
    Capability {
        id: CapabilityId::from_static("acme/things"),
        summary: "Things".into(),
        host: HostPattern::parse(host).unwrap(),
        mirrors: Vec::new().into(),
        risk: Risk::Read,
        grants: Vec::new().into(),
        example: Example {
            method: Method::Get,
            path: "/".into(),
            headers: Vec::new().into(),
            payload: Payload::None,
        },
    }
}

/// The credential of a call by somebody to whatever capability.
trait Resolve {
    fn resolve(
        &mut self,
        provider: &ProviderId,
        named: Option<&CredentialName>,
        from: &Scope,
    ) -> Result<CredentialMeta, VaultError>;
}

impl Resolve for Vault {
    fn resolve(
        &mut self,
        provider: &ProviderId,
        named: Option<&CredentialName>,
        from: &Scope,
    ) -> Result<CredentialMeta, VaultError> {
        self.resolve_credential(Sought {
            provider,
            capability: "any/thing",
            caller: "uid:1",
            named,
            from,
            alternatives: &[],
        })
    }
}
