//! Capabilities proposed for groups of operations.

use std::collections::{BTreeMap, BTreeSet};

use super::group::{self, Does};
use super::pattern;
use crate::administrative;
use crate::api::{Operation, Reach};
use crate::draft::{CapabilityDraft, ExampleDraft, GrantDraft, PathDraft};
use crate::spec::{Method, PathPattern};

/// The methods that are most telling when they are denied come first.
const DENIED: [Method; 6] =
    [Method::Delete, Method::Put, Method::Patch, Method::Post, Method::Get, Method::Options];

/// Words of a group that probably moves money.
const MONEY: [&str; 9] =
    ["payment", "payout", "charge", "refund", "transfer", "order", "purchase", "invoice", "checkout"];

type Key = (String, String, Does);

/// A pattern of one capability with its methods, and what a person should look at.
struct Entry {
    pattern: PathPattern,
    methods: BTreeSet<Method>,
    todo: Option<String>,
}

/// One capability for each host, group and kind of doing. `several` hosts are named in each.
pub fn all(operations: &[Operation], several: bool, left_out: &mut Vec<String>) -> Vec<CapabilityDraft> {
    let by_tag = group::tags_tell_apart(operations);
    let mut groups: BTreeMap<Key, Vec<&Operation>> = BTreeMap::new();
    for operation in operations {
        match pattern::of(&operation.route) {
            Ok(_) => {
                let host = operation.host.clone().unwrap_or_default();
                groups
                    .entry((group::name(operation, by_tag), host, Does::of(operation)))
                    .or_default()
                    .push(operation);
            }
            Err(why) => {
                left_out.push(format!("TODO: left out: {} {}: {why}.", operation.method, operation.route))
            }
        }
    }
    let mut taken = BTreeSet::new();
    let names: Vec<String> = groups.keys().map(|key| free_name(key, &groups, &mut taken)).collect();
    let draft = |(name, (key, group)): (String, (&Key, &Vec<&Operation>))| {
        capability(name, key, group, operations, several)
    };
    names.into_iter().zip(&groups).map(draft).collect()
}

/// `things-read`; `things` where nothing else is done with things.
fn free_name(key: &Key, groups: &BTreeMap<Key, Vec<&Operation>>, taken: &mut BTreeSet<String>) -> String {
    let (group, host, does) = key;
    let alone = !groups.keys().any(|(other, _, more)| other == group && more != does);
    let mut name = match does {
        Does::Read | Does::Write if alone => group.clone(),
        _ => format!("{group}-{}", does.ending()),
    };
    if taken.contains(&name) {
        let label = crate::draft::kebab(host.split('.').next().unwrap_or_default());
        name = format!("{label}-{name}");
    }
    let wanted = name.clone();
    let mut number = 2;
    while !taken.insert(name.clone()) {
        name = format!("{wanted}-{number}");
        number += 1;
    }
    name
}

fn capability(
    name: String,
    key: &Key,
    group: &[&Operation],
    all: &[Operation],
    several: bool,
) -> CapabilityDraft {
    let (group_name, host, does) = key;
    let mut entries = entries(group);
    if *does != Does::Administer {
        point_out(&mut entries, host, all);
    }
    let shown = shown(group);
    let example = pattern::example(&shown.route);
    let body = shown.takes_json && !matches!(shown.method, Method::Get | Method::Head | Method::Delete);
    CapabilityDraft {
        name,
        summary: summary(*does, group_name),
        todo: todo(*does, group_name, group),
        host: several.then(|| host.clone()),
        administrative: *does == Does::Administer,
        deny: denied(&entries, shown, host, all),
        grants: grants(entries),
        example: ExampleDraft { method: shown.method, path: example, body },
    }
}

fn summary(does: Does, group: &str) -> String {
    format!("{} {}", does.verb(), group.replace('-', " ")).chars().take(100).collect()
}

fn todo(does: Does, name: &str, group: &[&Operation]) -> Vec<String> {
    let mut todo = Vec::new();
    let money = MONEY.iter().any(|word| name.contains(word));
    if money && matches!(does, Does::Write | Does::Delete) {
        todo.push("if this moves money, say `risk: spend`.".to_owned());
    }
    if does == Does::Administer {
        let reasons: BTreeSet<&str> = group.iter().filter_map(|one| administrative::why(one)).collect();
        let reasons: Vec<&str> = reasons.into_iter().collect();
        todo.push(format!(
            "leave it out, or keep it as it is, off by default; it {}.",
            reasons.join("; it ")
        ));
    }
    todo
}

/// The patterns of a group, without what a wider one of them grants.
fn entries(group: &[&Operation]) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for operation in group {
        let Ok(proposed) = pattern::of(&operation.route) else { continue };
        match entries.iter_mut().find(|entry| entry.pattern == proposed.pattern) {
            Some(entry) => _ = entry.methods.insert(operation.method),
            None => entries.push(Entry {
                pattern: proposed.pattern,
                methods: BTreeSet::from([operation.method]),
                todo: proposed.todo,
            }),
        }
    }
    let all: Vec<(PathPattern, BTreeSet<Method>)> =
        entries.iter().map(|entry| (entry.pattern.clone(), entry.methods.clone())).collect();
    for entry in &mut entries {
        let wider = all.iter().filter(|(other, _)| *other != entry.pattern && other.includes(&entry.pattern));
        for (_, methods) in wider {
            entry.methods.retain(|method| !methods.contains(method));
        }
    }
    entries.retain(|entry| !entry.methods.is_empty());
    entries.sort_by(|a, b| a.pattern.as_str().cmp(b.pattern.as_str()));
    entries
}

/// Says of each pattern which administrative operation it reaches too.
fn point_out(entries: &mut [Entry], host: &str, all: &[Operation]) {
    let administrative: Vec<(&Operation, &str)> = all
        .iter()
        .filter(|one| one.host.as_deref() == Some(host))
        .filter_map(|one| administrative::why(one).map(|why| (one, why)))
        .collect();
    for entry in entries {
        let reached = administrative.iter().find(|(operation, _)| {
            entry.methods.contains(&operation.method) && operation.route.reach(&entry.pattern) == Reach::All
        });
        if let Some((operation, why)) = reached {
            let Operation { method, route, .. } = operation;
            entry.todo = Some(format!("this reaches {method} {route} too, which {why}: name what is meant."));
        }
    }
}

/// Patterns with the same methods stand in one grant.
fn grants(entries: Vec<Entry>) -> Vec<GrantDraft> {
    let mut grants: BTreeMap<Vec<Method>, Vec<PathDraft>> = BTreeMap::new();
    for Entry { pattern, methods, todo } in entries {
        let path = PathDraft { path: pattern.to_string(), todo };
        grants.entry(methods.into_iter().collect()).or_default().push(path);
    }
    grants.into_iter().map(|(methods, paths)| GrantDraft { methods, paths }).collect()
}

/// The operation that shows best what a group does: the shortest path, made before changed.
fn shown<'a>(group: &[&'a Operation]) -> &'a Operation {
    let first = |one: &&&'a Operation| (one.method != Method::Post, one.route.pieces().len());
    // A group is made of the operations that are in it.
    group.iter().min_by_key(first).copied().unwrap_or_else(|| group[0])
}

/// A neighbour that stays out: an administrative one of the same area, or another method.
fn denied(entries: &[Entry], shown: &Operation, host: &str, all: &[Operation]) -> Vec<(Method, String)> {
    let example = &pattern::example(&shown.route);
    let permits = |method: Method, path: &str| {
        let path = path.split('?').next().unwrap_or_default();
        entries.iter().any(|entry| entry.methods.contains(&method) && entry.pattern.matches(path))
    };
    let mut denied = Vec::new();
    let near = |one: &&Operation| {
        one.host.as_deref() == Some(host)
            && administrative::why(one).is_some()
            && group::area(one) == group::area(shown)
    };
    let near = all.iter().filter(near).map(|one| (one.method, pattern::example(&one.route)));
    let near = near.filter(|(method, path)| !permits(*method, path));
    // The one that the methods alone do not keep out tells most.
    denied.extend(near.min_by_key(|(method, _)| !entries.iter().any(|entry| entry.methods.contains(method))));
    let other = DENIED.into_iter().find(|method| !permits(*method, example));
    denied.extend(other.map(|method| (method, example.clone())));
    if denied.is_empty() {
        denied.push((Method::Get, format!("{}-neighbour", example.trim_end_matches('/'))));
    }
    denied
}
