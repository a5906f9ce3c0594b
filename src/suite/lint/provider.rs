//! What is unwise in a provider file and still may be meant: two capabilities that grant the same
//! request (P006), and reading and writing in one grant where that is dangerous (P008).

use crate::spec::document::{CapabilityDocument, ProviderDocument};
use crate::spec::{
    Capability, Checked, Code, Finding, Method, MethodSet, PathPattern, Place, Provider, Risk,
};

/// The findings of one file; none where it does not compile.
#[must_use]
pub fn providers(checked: &Checked) -> Vec<Finding> {
    let (Some(provider), Some(document)) = (&checked.provider, &checked.document) else { return Vec::new() };
    let mut findings = overlaps(provider, document);
    let dangerous = |capability: &&Capability| matches!(capability.risk, Risk::Spend | Risk::Admin);
    for capability in provider.capabilities.iter().filter(dangerous) {
        findings.extend(read_and_write(capability));
    }
    findings
}

/// One path of a grant as it is written, with what it stands for.
struct Granting {
    place: Place,
    methods: MethodSet,
    pattern: PathPattern,
}

fn overlaps(provider: &Provider, document: &ProviderDocument) -> Vec<Finding> {
    let mut findings = Vec::new();
    let all: Vec<(&Capability, Vec<Granting>)> = provider
        .capabilities
        .iter()
        .filter_map(|one| Some((one, boxes(one, document.capabilities.get(one.id.name())?))))
        .collect();
    for (index, (one, boxes)) in all.iter().enumerate() {
        let before = all[..index].iter().filter(|(other, _)| other.host == one.host);
        findings.extend(before.filter_map(|(other, theirs)| overlap(boxes, other, theirs)));
    }
    findings
}

fn boxes(capability: &Capability, document: &CapabilityDocument) -> Vec<Granting> {
    let allow = Place::root().key("capabilities").key(capability.id.name()).key("allow");
    let grants = document.allow.iter().enumerate();
    let paths = grants.flat_map(|(g, grant)| {
        let place = allow.index(g).key("paths");
        let methods = MethodSet::of(&grant.methods);
        grant.paths.iter().enumerate().map(move |(p, text)| (place.index(p), methods, text))
    });
    let expanded = paths.flat_map(|(place, methods, text)| {
        let patterns = PathPattern::parse_all(text).unwrap_or_default().into_iter();
        patterns.map(move |pattern| Granting { place: place.clone(), methods, pattern })
    });
    expanded.collect()
}

/// The first request that both grant.
fn overlap(mine: &[Granting], other: &Capability, theirs: &[Granting]) -> Option<Finding> {
    mine.iter().find_map(|one| {
        let witness = theirs.iter().find_map(|other| {
            let method: Method = one.methods.iter().find(|method| other.methods.contains(*method))?;
            Some((method, one.pattern.overlap(&other.pattern)?))
        });
        let (method, path) = witness?;
        let message = format!("`{}` grants {method} {path} too", other.id);
        let help = "a rule about one of the two does not hold for the other: let one capability have it";
        Some(Finding::new(Code::Overlap, one.place.clone(), message).help(help))
    })
}

fn read_and_write(capability: &Capability) -> Vec<Finding> {
    let place = Place::root().key("capabilities").key(capability.id.name()).key("allow");
    let reads = |methods: MethodSet| methods.contains(Method::Get) || methods.contains(Method::Head);
    let mixed = capability
        .grants
        .iter()
        .enumerate()
        .filter(|(_, grant)| reads(grant.methods) && !grant.methods.only_reads());
    let finding = |(index, _): (usize, &crate::spec::Grant)| {
        let message =
            format!("one grant of `{}` (risk: {}) reads and writes", capability.id, capability.risk.as_str());
        let help = "who may look is seldom who may act: make two capabilities of it, or two grants";
        Finding::new(Code::ReadAndWrite, place.index(index).key("methods"), message).help(help)
    };
    mixed.map(finding).collect()
}
