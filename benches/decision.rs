//! The decision and the registry's look-ups. Goals: 150 ns a decision at the
//! registry's size, 400 ns at ten times that.
//!
//! `cargo bench --bench decision`
#![allow(clippy::unwrap_used, reason = "a bench that cannot be set up has nothing to measure")]

use std::collections::HashMap;
use std::hint::black_box;

use aivault::policy::{Call, Catalog, Granted, authorise};
use aivault::registry;
use aivault::spec::{CapabilityId, Provider, ProviderId, Scope, SecretName};
use criterion::{Criterion, criterion_group, criterion_main};

/// The built-in registry.
struct Compiled;

impl Catalog for Compiled {
    fn capability(&self, id: &str) -> Option<Granted<'_>> {
        registry::capability(id)
            .map(|(provider, capability)| Granted::by_default(provider, capability, false))
    }

    fn provider(&self, id: &str) -> Option<&Provider> {
        registry::provider(id)
    }

    fn near_miss(&self, _: &str) -> Option<String> {
        None
    }
}

/// The registry several times over, under other names.
struct Multiplied {
    providers: Vec<Provider>,
    by_id: HashMap<String, (usize, usize)>,
}

impl Multiplied {
    fn new(times: usize) -> Self {
        let copies = (0..times).flat_map(|copy| registry::providers().map(move |one| renamed(one, copy)));
        let providers: Vec<Provider> = copies.collect();
        let mut by_id = HashMap::new();
        for (p, provider) in providers.iter().enumerate() {
            for (c, capability) in provider.capabilities.iter().enumerate() {
                by_id.insert(capability.id.to_string(), (p, c));
            }
        }
        Self { providers, by_id }
    }
}

fn renamed(provider: &Provider, copy: usize) -> Provider {
    let mut provider = provider.clone();
    let id = format!("{}-{copy}", provider.id);
    provider.id = ProviderId::parse(&id).unwrap();
    for capability in provider.capabilities.to_mut() {
        capability.id = CapabilityId::parse(&format!("{id}/{}", capability.id.name())).unwrap();
    }
    provider
}

impl Catalog for Multiplied {
    fn capability(&self, id: &str) -> Option<Granted<'_>> {
        let (p, c) = *self.by_id.get(id)?;
        let provider = &self.providers[p];
        Some(Granted::by_default(provider, &provider.capabilities[c], false))
    }

    fn provider(&self, id: &str) -> Option<&Provider> {
        self.providers.iter().find(|provider| provider.id.as_str() == id)
    }

    fn near_miss(&self, _: &str) -> Option<String> {
        None
    }
}

fn call(capability: &str, method: &str, path: &str) -> Call {
    Call {
        capability: capability.to_owned(),
        credential: None,
        scope: Scope::Global,
        method: Some(method.to_owned()),
        path: Some(path.to_owned()),
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        has_body: true,
    }
}

/// Every capability's own example, so that no cache line stays warm by luck.
fn examples(suffix: &str) -> Vec<Call> {
    let all = registry::capabilities().filter(|(_, capability)| !capability.is_administrative());
    let calls = all.map(|(provider, capability)| {
        let id = format!("{}{suffix}/{}", provider.id, capability.id.name());
        call(&id, capability.example.method.as_str(), &capability.example.path)
    });
    calls.collect()
}

fn decision(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decision");
    let chat = call("openai/chat-completions", "POST", "/v1/chat/completions");
    group.bench_function("one capability", |b| b.iter(|| authorise(&Compiled, black_box(&chat)).is_ok()));
    let denied = call("openai/chat-completions", "POST", "/v1/chat/completions-evil");
    group.bench_function("a denial", |b| b.iter(|| authorise(&Compiled, black_box(&denied)).is_err()));
    for (name, catalog, calls) in [
        ("the whole registry in turn", Box::new(Compiled) as Box<dyn Catalog>, examples("")),
        ("ten registries in turn", Box::new(Multiplied::new(10)), {
            (0..10).flat_map(|copy| examples(&format!("-{copy}"))).collect()
        }),
    ] {
        let mut next = calls.iter().cycle();
        group.bench_function(name, |b| {
            b.iter(|| authorise(catalog.as_ref(), black_box(next.next().unwrap())).is_ok());
        });
    }
    group.finish();
}

fn lookups(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("registry");
    let secret = SecretName::parse("OPENAI_API_KEY").unwrap();
    group.bench_function("by capability", |b| {
        b.iter(|| registry::capability(black_box("openai/chat-completions")))
    });
    group.bench_function("by provider", |b| b.iter(|| registry::provider(black_box("openai"))));
    group.bench_function("by secret name", |b| b.iter(|| registry::claimant(black_box(&secret))));
    group.finish();
}

criterion_group!(benches, decision, lookups);
criterion_main!(benches);
