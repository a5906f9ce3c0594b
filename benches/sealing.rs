//! Sealing: what storing and revealing one secret costs, with few and with many others.
//!
//! `cargo bench --bench sealing`
#![allow(clippy::unwrap_used, reason = "a bench that cannot be set up has nothing to measure")]

use std::hint::black_box;

use aivault::registry;
use aivault::spec::{CredentialName, Host, ProviderId, Scope, SecretName};
use aivault::vault::{
    self, Claim, ClaimedWay, Destination, KeyMaterial, NewSecret, SecretId, SecretInput, Sought, Vault,
    VaultPaths,
};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};

/// A vault in a fresh folder, with one claimed secret and `others`.
fn filled(others: usize) -> (tempfile::TempDir, Vault, SecretId) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("vault");
    let paths = VaultPaths { key_file: root.join("kek.key"), audit_dir: root.join("audit"), folder: root };
    let mut vault = vault::init(&paths, &KeyMaterial::File, false).unwrap();
    for index in 0..others {
        vault.create_secret(new(&format!("OTHER_{index}")), None, 0).unwrap();
    }
    let name = SecretName::parse("OPENAI_API_KEY").unwrap();
    let way = ClaimedWay {
        name: None,
        account: CredentialName::from(&openai()),
        secrets: vec![(name, "secret".to_owned())],
        optional: Vec::new(),
    };
    let claim = Claim { provider: openai(), ways: vec![way] };
    let id = vault.create_secret(new("OPENAI_API_KEY"), Some(&claim), 0).unwrap().meta.id;
    (folder, vault, id)
}

fn openai() -> ProviderId {
    ProviderId::parse("openai").unwrap()
}

fn new(name: &str) -> NewSecret {
    NewSecret {
        name: SecretName::parse(name).unwrap(),
        value: SecretInput::new(b"sk-0123456789abcdefghijklmnopqrstuvwxyz".to_vec()).unwrap(),
        scope: Scope::Global,
        aliases: Vec::new(),
        provider: None,
        hosts: Vec::new(),
    }
}

fn sealing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("sealing");
    for others in [10, 1_000] {
        let (_folder, mut vault, id) = filled(others);
        let provider = openai();
        let (_, capability) = registry::capability("openai/models").unwrap();
        let host = Host::parse("api.openai.com").unwrap();
        let to = Destination {
            provider: &provider,
            capability: Some(capability),
            host: &host,
            own: false,
            identifier: false,
        };
        group.bench_function(format!("reveal one of {others}"), |b| {
            b.iter(|| vault.reveal(black_box(&id), to).unwrap().expose().len());
        });
        group.bench_function(format!("find a credential among {others}"), |b| {
            let from = Scope::Global;
            let capability = "openai/models";
            let sought = Sought {
                provider: &provider,
                capability,
                caller: "uid:1000",
                named: None,
                from: &from,
                alternatives: &[],
            };
            b.iter(|| vault.resolve_credential(black_box(sought)).unwrap());
        });
    }
    let (_folder, mut vault, _) = filled(10);
    let mut count = 0;
    group.sample_size(20).bench_function("create one, durably", |b| {
        let name = || {
            count += 1;
            new(&format!("NEW_{count}"))
        };
        b.iter_batched(name, |new| vault.create_secret(new, None, 0).unwrap(), BatchSize::PerIteration);
    });
    group.finish();
}

/// The whole step, each time upon what the one before left: every record's key is wrapped anew.
fn changing_the_key(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("changing the key");
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("vault");
    let paths = VaultPaths { key_file: root.join("kek.key"), audit_dir: root.join("audit"), folder: root };
    let mut vault = vault::init(&paths, &KeyMaterial::File, false).unwrap();
    let others = (0..10_000).map(|index| (new(&format!("OTHER_{index}")), None));
    vault.create_secrets(others.collect(), 0).unwrap();
    drop(vault);
    group.sample_size(10).bench_function("of 10000 secrets", |b| {
        b.iter(|| vault::rekey(&paths, &KeyMaterial::File, &KeyMaterial::File).unwrap().records);
    });
    group.finish();
}

criterion_group!(benches, sealing, changing_the_key);
criterion_main!(benches);
