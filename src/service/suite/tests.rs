//! Providers that are read at run time against those in the binary: the same files, the same
//! decisions, the same plans.

use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::{ProptestConfig, Strategy, any, prop_assert_eq, proptest};
use proptest::{option, sample};

use super::find;
use crate::platform::files;
use crate::policy::{Catalog, RuleSet};
use crate::registry;
use crate::service::catalog::FullCatalog;
use crate::spec::{Method, Provider, Scope};
use crate::suite::{Asked, Counters, Lowered, Question, Record, decide, lower};

static LOWERED: LazyLock<Lowered> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("providers");
    let files = files::files_below(&folder).unwrap();
    let sources = files.iter().map(|file| find::source(file).unwrap()).collect();
    lower(sources).unwrap_or_else(|mistakes| panic!("{mistakes:?}"))
});

#[test]
fn the_same_files_are_the_same_providers() {
    let lowered: Vec<&Provider> = LOWERED.providers().iter().collect();
    assert_eq!(lowered, registry::providers().collect::<Vec<_>>());
}

/// A request near an example of some capability.
fn question() -> impl Strategy<Value = Question> {
    let capabilities: Vec<_> = registry::capabilities().collect();
    let change = option::of(("[a-z0-9/.%?=&*-]{0,6}", any::<sample::Index>()));
    let header =
        option::of(sample::select(vec!["authorization", "x-note", "notion-version", "accept", "te"]));
    let parts = (
        sample::select(capabilities),
        sample::select(Method::ALL.to_vec()),
        change,
        header,
        any::<[bool; 3]>(),
    );
    parts.prop_map(
        |((provider, capability), method, change, header, [own_method, by_provider, with_body])| {
            let mut path = capability.example.path.to_string();
            if let Some((text, at)) = change {
                let at = at.index(path.len() + 1);
                let end = (at + text.len() / 2).min(path.len());
                path.replace_range(at..end, &text);
            }
            let asked = if by_provider {
                Asked::Provider(provider.id.to_string())
            } else {
                Asked::Capability(capability.id.to_string())
            };
            Question {
                asked,
                caller: Question::CALLER.to_owned(),
                scope: Scope::Global,
                credential: None,
                enabled: Default::default(),
                hosts: None,
                method: Some(if own_method { capability.example.method } else { method }.to_string()),
                path: Some(path),
                headers: header.map(|name| (name.to_owned(), "1".to_owned())).into_iter().collect(),
                body: if with_body { b"{}".to_vec() } else { Vec::new() },
                now: Question::NOW,
                answer: None,
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn compiled_and_lowered_providers_decide_alike(question in question()) {
        let decided = |catalog: &dyn Catalog| {
            Record::of("", &decide(catalog, &RuleSet::default(), &Counters::default(), &question))
        };
        prop_assert_eq!(decided(&FullCatalog::built_in()), decided(&*LOWERED));
    }
}
