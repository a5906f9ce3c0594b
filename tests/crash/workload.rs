//! What is done to a vault, and a model of what must then be in it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use aivault::registry;
use aivault::spec::{CredentialName, ProviderId, Scope, ScopeId, SecretName};
use aivault::vault::{
    self, Claim, ClaimedWay, Destination, KeyMaterial, NewSecret, SecretInput, SecretRef, Setting,
    SettingName, Vault, VaultError, VaultPaths,
};

use crate::disk::Files;

/// One operation. The number says which secret, of which there is one in each workspace.
#[derive(Debug, Clone, Copy)]
pub enum Step {
    Create(u32, usize),
    Rotate(u32, usize),
    Delete(u32),
    /// The process ends, and another begins.
    Reopen,
    /// The vault is locked with another key.
    Rekey,
    /// Whatever leaves every secret as it is.
    Whole(fn(&mut Vault) -> Result<(), VaultError>),
}

use Step::{Create, Delete, Rekey, Reopen, Rotate, Whole};

/// The workload. Values of some thousand bytes spill over into pages of their own.
pub const STEPS: &[Step] = &[
    Create(1, 20),
    Create(2, 20),
    Rotate(1, 30),
    Create(3, 9000),
    Whole(configure),
    Rekey,
    Reopen,
    Rotate(3, 40),
    Delete(2),
    Create(4, 20),
    Rotate(1, 5000),
    Create(2, 20),
    Rotate(4, 20),
    Rotate(4, 21),
    Whole(unconfigure),
    Delete(3),
    Create(5, 12_000),
    Reopen,
    Delete(1),
    Rotate(5, 12_001),
    Create(1, 10),
    Create(3, 10),
    Rotate(2, 700),
    Delete(4),
    Delete(5),
    Create(6, 6000),
    Rotate(6, 100),
    Rotate(1, 3000),
    Reopen,
    Create(4, 10),
    Delete(6),
    Rotate(4, 8000),
    Create(5, 33),
    Rotate(3, 333),
    Delete(2),
    Create(2, 15),
    Rotate(1, 9000),
    Create(6, 2500),
    Reopen,
    Rotate(2, 15_000),
    Delete(3),
    Rotate(5, 10),
    Rotate(6, 11),
    Create(7, 4000),
    Delete(1),
    Whole(configure),
    Rotate(7, 64),
    Create(3, 64),
    Rotate(3, 7000),
    Delete(7),
    Reopen,
    Create(8, 10_000),
    Rotate(8, 20),
    Rotate(4, 4096),
    Rekey,
    Delete(2),
    Create(1, 500),
    Rotate(1, 501),
    Delete(5),
    Whole(unconfigure),
    Rotate(6, 9000),
    Delete(8),
];

/// What belongs to the key, beside the database.
const KEY_FILES: [&str; 3] = ["kek.key", "kek.epoch", "kek.key.next"];

const NOW: u64 = 1_700_000_000_000;

fn configure(vault: &mut Vault) -> Result<(), VaultError> {
    let value = "http://proxy.example:3128".to_owned();
    vault.set_setting(&Setting { name: SettingName::EgressProxy, value, set_ms: NOW })
}

fn unconfigure(vault: &mut Vault) -> Result<(), VaultError> {
    vault.unset_setting(SettingName::EgressProxy).map(drop)
}

/// The version and value of each secret.
pub type Model = BTreeMap<u32, (u32, Vec<u8>)>;

/// What the step makes of it; none where it must be refused.
pub fn expected(model: &Model, step: Step) -> Option<Model> {
    let mut next = model.clone();
    match step {
        Create(number, _) if model.contains_key(&number) => return None,
        Create(number, size) => drop(next.insert(number, (1, value(number, size)))),
        Rotate(number, size) => {
            let (version, _) = model.get(&number)?;
            next.insert(number, (version + 1, value(number, size)));
        }
        Delete(number) => drop(next.remove(&number)?),
        Reopen | Rekey | Whole(_) => {}
    }
    Some(next)
}

fn value(number: u32, size: usize) -> Vec<u8> {
    format!("sk-{number}-{size}-").into_bytes().into_iter().cycle().take(size).collect()
}

/// A folder for one vault.
pub struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    /// In memory where the system has such a folder: nothing here needs a real disk.
    pub fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        Self { folder: folder.unwrap() }
    }

    /// With what a disk held.
    pub fn holding(files: &Files) -> Self {
        use std::os::unix::fs::PermissionsExt as _;
        let place = Self::new();
        for (name, bytes) in files {
            let path = place.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        place
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn paths(&self) -> VaultPaths {
        VaultPaths {
            folder: self.path().to_owned(),
            key_file: self.path().join("kek.key"),
            audit_dir: self.path().join("audit"),
        }
    }

    pub fn init(&self) {
        drop(vault::init(&self.paths(), &KeyMaterial::File, false).unwrap());
    }

    pub fn open(&self) -> Result<Vault, VaultError> {
        vault::open(&self.paths(), &KeyMaterial::File)
    }

    /// What the vault writes without SQLite.
    pub fn beside(&self) -> Vec<PathBuf> {
        KEY_FILES.map(|name| self.path().join(name)).into()
    }

    /// All files that a power cut leaves: not what processes share in memory.
    pub fn files(&self) -> Files {
        let names = ["vault.db", "vault.db-wal"].into_iter().chain(KEY_FILES);
        let read = names.map(|name| (name.to_owned(), std::fs::read(self.path().join(name))));
        read.filter_map(|(name, bytes)| bytes.ok().map(|bytes| (name, bytes))).collect()
    }
}

/// Does one step; `vault` is open again afterwards even if it failed, as soon as it can be.
pub fn perform(place: &Place, vault: &mut Option<Vault>, step: Step) -> Result<(), VaultError> {
    if matches!(step, Rekey) {
        drop(vault.take());
        *vault = Some(vault::rekey(&place.paths(), &KeyMaterial::File, &KeyMaterial::File)?.vault);
        return Ok(());
    }
    if vault.is_none() || matches!(step, Reopen) {
        drop(vault.take());
        *vault = Some(place.open()?);
    }
    let Some(vault) = vault else { return Ok(()) };
    match step {
        Create(number, size) => vault.create_secret(new(number, size), Some(&claim()), NOW).map(drop),
        Rotate(number, size) => {
            let input = SecretInput::new(value(number, size)).unwrap();
            vault.rotate_secret(&by_number(number), &input, NOW).map(drop)
        }
        Delete(number) => vault.delete_secret(&by_number(number)).map(drop),
        Reopen | Rekey => Ok(()),
        Whole(act) => act(vault),
    }
}

/// What the vault holds.
pub fn contents(vault: &mut Vault) -> Result<Model, VaultError> {
    assert_eq!(vault.check_values()?, [], "every record opens");
    let (metas, accounts) = (vault.secrets()?, vault.credentials()?);
    let served: BTreeSet<Scope> = accounts.iter().map(|account| account.scope.clone()).collect();
    let stored: BTreeSet<Scope> = metas.iter().map(|meta| meta.scope.clone()).collect();
    assert_eq!(served, stored, "each secret has its account, and no account is without one");
    let provider = ProviderId::from_static("openai");
    let capability = registry::provider("openai").unwrap().capabilities.first().unwrap();
    let host = capability.host.exact().unwrap();
    let mut model = Model::new();
    for meta in metas {
        let to = Destination {
            provider: &provider,
            capability: Some(capability),
            host: &host,
            own: false,
            identifier: false,
        };
        let value = vault.reveal(&meta.id, to)?.expose().to_vec();
        model.insert(number_of(&meta.scope), (meta.version, value));
    }
    Ok(model)
}

fn name() -> SecretName {
    SecretName::from_static("OPENAI_API_KEY")
}

fn scope(number: u32) -> Scope {
    Scope::Workspace { workspace: ScopeId::parse(&format!("w{number}")).unwrap() }
}

fn number_of(scope: &Scope) -> u32 {
    let Scope::Workspace { workspace } = scope else { panic!("{scope} is of nobody's making") };
    workspace.as_str()[1..].parse().unwrap()
}

fn by_number(number: u32) -> SecretRef {
    SecretRef::Name { name_or_alias: name().to_string(), scope: Some(scope(number)) }
}

fn new(number: u32, size: usize) -> NewSecret {
    let value = SecretInput::new(value(number, size)).unwrap();
    NewSecret {
        name: name(),
        value,
        scope: scope(number),
        aliases: Vec::new(),
        provider: None,
        hosts: Vec::new(),
    }
}

fn claim() -> Claim {
    let way = ClaimedWay {
        name: None,
        account: CredentialName::from_static("openai"),
        secrets: vec![(name(), "secret".to_owned())],
        optional: Vec::new(),
    };
    Claim { provider: ProviderId::from_static("openai"), ways: vec![way] }
}
