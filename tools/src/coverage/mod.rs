//! `coverage`: a provider file held against the API's own description.
//!
//! An operation is covered when one grant allows each value that its path's templates
//! stand for, and partly covered when grants allow some of them.

mod report;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::administrative;
use crate::api::{self, Choice, Operation, Reach};
use crate::error::ToolError;
use crate::files;
use crate::output::say;
use crate::spec::{Capability, Grant, Method, PathPattern, Provider, Risk};

#[derive(Args)]
pub struct Arguments {
    /// The provider's id, or its file.
    provider: String,
    /// Its description: OpenAPI 3.0 or 3.1, Swagger 2 (`.json`, `.yaml`), or lines of `METHOD /path` (`.txt`).
    #[arg(required = true)]
    descriptions: Vec<PathBuf>,
    /// The path that operations stand below, instead of the description's own.
    #[arg(long, value_name = "PATH")]
    base: Option<String>,
    /// Which of the description's servers, from 1; else the first at a host of the provider.
    #[arg(long, value_name = "N")]
    server: Option<usize>,
    /// Count an operation as covered at whatever host the capability is.
    #[arg(long)]
    any_host: bool,
    /// Name what is in order too: each operation with the capabilities that allow it, and their risk.
    #[arg(long)]
    all: bool,
    /// Fail when less than this percentage of what is not administrative is covered.
    #[arg(long, value_name = "PERCENT")]
    min: Option<f64>,
    #[arg(long, default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// What was found.
#[derive(Serialize)]
struct Coverage {
    provider: String,
    descriptions: Vec<Described>,
    operations: usize,
    administrative: usize,
    covered: usize,
    /// Of the operations that are not administrative.
    percent: f64,
    covered_by_risk: Vec<(Risk, usize)>,
    uncovered: Vec<Row>,
    partly: Vec<Row>,
    administrative_allowed: Vec<Row>,
    idle: Vec<Idle>,
    notes: Vec<String>,
    /// Whether everything is named, what is in order too.
    #[serde(skip)]
    whole: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    all: Vec<Row>,
}

#[derive(Serialize)]
struct Described {
    file: String,
    title: String,
    base: String,
    operations: usize,
}

/// An operation, and what allows it.
#[derive(Serialize)]
struct Row {
    method: Method,
    path: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    about: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    administrative: Option<&'static str>,
    allowed_by: Vec<Allowed>,
}

#[derive(Serialize)]
struct Allowed {
    capability: String,
    risk: Risk,
    partly: bool,
}

/// A pattern, with the methods for which it matches no operation.
#[derive(Serialize)]
struct Idle {
    capability: String,
    methods: Vec<Method>,
    path: String,
    /// Whether it does match for other methods.
    partly: bool,
}

/// All that is compared with the provider.
struct Asked {
    operations: Vec<Operation>,
    described: Vec<Described>,
    notes: Vec<String>,
}

/// An operation, judged.
struct Judged {
    operation: Operation,
    administrative: Option<&'static str>,
    reach: Reach,
    allowed: Vec<(usize, Reach)>,
}

pub fn coverage(arguments: &Arguments) -> Result<ExitCode, ToolError> {
    let (provider, hosts) = files::provider(&arguments.provider)?;
    let Asked { operations, described, notes } = operations(hosts, arguments)?;
    let judged = judge_all(&provider, operations);
    let coverage = summed(&provider, &judged, described, notes, arguments.all);
    match arguments.format {
        Format::Json => say!("{}", report::json(&coverage)),
        Format::Text => say!("{}", report::text(&coverage).trim_end()),
    }
    let enough = arguments.min.is_none_or(|min| coverage.percent >= min);
    Ok(if enough { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The operations of all descriptions, each once.
fn operations(hosts: Vec<String>, arguments: &Arguments) -> Result<Asked, ToolError> {
    let choice = Choice { base: arguments.base.clone(), server: arguments.server, hosts };
    let (mut operations, mut described, mut notes): (Vec<Operation>, _, _) =
        (Vec::new(), Vec::new(), Vec::new());
    for file in &arguments.descriptions {
        let description = api::read(file, &choice)?;
        described.push(Described {
            file: file.display().to_string(),
            title: description.title,
            base: description.base,
            operations: description.operations.len(),
        });
        for mut operation in description.operations {
            if let Some(note) = place(&mut operation, &choice.hosts, arguments.any_host)
                && !notes.contains(&note)
            {
                notes.push(note);
            }
            let same = |one: &Operation| {
                one.method == operation.method && one.host == operation.host && one.route == operation.route
            };
            if !operations.iter().any(same) {
                operations.push(operation);
            }
        }
    }
    Ok(Asked { operations, described, notes })
}

/// Decides whether an operation's host is compared. Where the provider has one host, another in the
/// description is a sandbox or a tenant of the same API.
fn place(operation: &mut Operation, hosts: &[String], any_host: bool) -> Option<String> {
    if any_host {
        operation.host = None;
    }
    let host = operation.host.as_ref().filter(|host| !hosts.contains(host))?;
    if hosts.len() > 1 {
        return Some(format!("`{host}` is none of the provider's hosts: its operations count as uncovered"));
    }
    let note = format!("`{host}` is not the provider's host: hosts were not compared");
    operation.host = None;
    Some(note)
}

fn judge_all(provider: &Provider, operations: Vec<Operation>) -> Vec<Judged> {
    let mut judged: Vec<Judged> = operations.into_iter().map(|one| judge(provider, one)).collect();
    for at in 0..judged.len() {
        let meant = |(index, reach): &(usize, Reach)| {
            *reach == Reach::All || reach_meant(provider, &judged, at, *index) != Reach::None
        };
        let allowed: Vec<(usize, Reach)> = judged[at].allowed.iter().copied().filter(meant).collect();
        if allowed.is_empty() {
            judged[at].reach = Reach::None;
        }
        judged[at].allowed = allowed;
    }
    judged
}

/// What a capability reaches of one operation, without the patterns that are there for another and
/// only touch this one: `/things` is no value of `/{anything}`.
fn reach_meant(provider: &Provider, judged: &[Judged], at: usize, capability: usize) -> Reach {
    let one = &judged[at].operation;
    let for_another = |pattern: &&PathPattern| {
        let whole = |route: &api::Route| route.reach(pattern) == Reach::All;
        let others = judged
            .iter()
            .enumerate()
            .filter(|(index, other)| *index != at && other.operation.method == one.method);
        others.into_iter().any(|(_, other)| other.operation.spelled.iter().any(whole))
    };
    let all = patterns(&provider.capabilities[capability..=capability], one.method);
    let own: Vec<&PathPattern> = all.into_iter().filter(|pattern| !for_another(pattern)).collect();
    reach(one, &own)
}

fn judge(provider: &Provider, operation: Operation) -> Judged {
    let here =
        |capability: &Capability| operation.host.as_ref().is_none_or(|host| capability.host.as_str() == host);
    let mut allowed = Vec::new();
    for (index, capability) in provider.capabilities.iter().enumerate().filter(|(_, one)| here(one)) {
        match reach(&operation, &patterns(std::slice::from_ref(capability), operation.method)) {
            Reach::None => {}
            reach => allowed.push((index, reach)),
        }
    }
    let together: Vec<Capability> = provider.capabilities.iter().filter(|one| here(one)).cloned().collect();
    let reach = reach(&operation, &patterns(&together, operation.method));
    Judged { administrative: administrative::why(&operation), operation, reach, allowed }
}

fn patterns(capabilities: &[Capability], method: Method) -> Vec<&PathPattern> {
    let grants = capabilities.iter().flat_map(|capability| capability.grants.iter());
    grants.filter(|grant| grant.methods.contains(method)).flat_map(|grant| grant.paths.iter()).collect()
}

/// How much of an operation these patterns reach together: each spelling of its path has one that
/// reaches all of it, or not.
fn reach(operation: &Operation, patterns: &[&PathPattern]) -> Reach {
    let best =
        |route: &api::Route| patterns.iter().map(|pattern| route.reach(pattern)).max().unwrap_or(Reach::None);
    let all: Vec<Reach> = operation.spelled.iter().map(best).collect();
    match (all.iter().min(), all.iter().max()) {
        (Some(Reach::All), _) => Reach::All,
        (_, None | Some(Reach::None)) => Reach::None,
        _ => Reach::Some,
    }
}

fn summed(
    provider: &Provider,
    judged: &[Judged],
    descriptions: Vec<Described>,
    notes: Vec<String>,
    all: bool,
) -> Coverage {
    let row = |one: &Judged| row(provider, one);
    let (administrative, rest): (Vec<&Judged>, Vec<&Judged>) =
        judged.iter().partition(|one| one.administrative.is_some());
    let of = |wanted: Reach| rest.iter().filter(move |one| one.reach == wanted).map(|one| row(one)).collect();
    let covered: Vec<&&Judged> = rest.iter().filter(|one| one.reach == Reach::All).collect();
    let percent = if rest.is_empty() { 100.0 } else { covered.len() as f64 * 100.0 / rest.len() as f64 };
    let on = |(index, _): &(usize, Reach)| !provider.capabilities[*index].is_administrative();
    let enabled = |one: &&&Judged| one.allowed.iter().any(on);
    Coverage {
        provider: provider.id.to_string(),
        descriptions,
        operations: judged.len(),
        administrative: administrative.len(),
        covered: covered.len(),
        percent: (percent * 10.0).floor() / 10.0,
        covered_by_risk: by_risk(provider, &covered),
        uncovered: of(Reach::None),
        partly: of(Reach::Some),
        administrative_allowed: administrative.iter().filter(enabled).map(|one| row(one)).collect(),
        idle: idle(provider, judged),
        notes,
        whole: all,
        all: if all { judged.iter().map(row).collect() } else { Vec::new() },
    }
}

fn row(provider: &Provider, one: &Judged) -> Row {
    let Operation { method, route, tags, id, summary, .. } = &one.operation;
    let about = [summary, id].into_iter().chain(tags).find(|text| !text.is_empty()).cloned();
    let allowed = |(index, reach): &(usize, Reach)| {
        let capability = &provider.capabilities[*index];
        Allowed {
            capability: capability.id.to_string(),
            risk: capability.risk,
            partly: *reach == Reach::Some,
        }
    };
    Row {
        method: *method,
        path: route.to_string(),
        about: about.unwrap_or_default(),
        administrative: one.administrative,
        allowed_by: one.allowed.iter().map(allowed).collect(),
    }
}

/// Covered operations by the mildest risk of a capability that allows them.
fn by_risk(provider: &Provider, covered: &[&&Judged]) -> Vec<(Risk, usize)> {
    let mildest =
        |one: &Judged| one.allowed.iter().map(|(index, _)| provider.capabilities[*index].risk).min();
    let count = |risk| covered.iter().filter(|one| mildest(one) == Some(risk)).count();
    [Risk::Read, Risk::Write, Risk::Spend, Risk::Admin].map(|risk| (risk, count(risk))).to_vec()
}

fn idle(provider: &Provider, judged: &[Judged]) -> Vec<Idle> {
    let mut all = Vec::new();
    for capability in provider.capabilities.iter() {
        let beside: Vec<&Operation> = judged
            .iter()
            .map(|one| &one.operation)
            .filter(|operation| operation.host.as_ref().is_none_or(|host| capability.host.as_str() == host))
            .collect();
        for grant in capability.grants.iter() {
            all.extend(grant.paths.iter().filter_map(|path| idle_pattern(capability, grant, path, &beside)));
        }
    }
    all
}

fn idle_pattern(
    capability: &Capability,
    grant: &Grant,
    path: &PathPattern,
    operations: &[&Operation],
) -> Option<Idle> {
    let used = |method: Method| {
        let hit = |one: &&&Operation| {
            one.method == method && one.spelled.iter().any(|route| route.reach(path) > Reach::None)
        };
        operations.iter().find(hit).is_some()
    };
    // No description lists HEAD beside GET.
    let asked: Vec<Method> =
        grant.methods.iter().filter(|it| !matches!(it, Method::Head | Method::Options)).collect();
    let methods: Vec<Method> = asked.iter().copied().filter(|method| !used(*method)).collect();
    let partly = methods.len() < asked.len();
    (!methods.is_empty()).then(|| Idle {
        capability: capability.id.to_string(),
        methods,
        path: path.to_string(),
        partly,
    })
}
