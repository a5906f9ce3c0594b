//! All about one capability, down to a command that can be pasted.

use std::io;

use super::capabilities::mark;
use super::table::aligned;
use super::{shell, ways};
use crate::cli::escape;
use crate::cli::screen::Screen;
use crate::service::{CapabilityDetail, CredentialView, Readiness, SecretNeed};
use crate::spec::Host;

/// The width of the labels.
const LABELS: usize = 10;

pub(super) fn print(detail: &CapabilityDetail, screen: &mut Screen<'_>) -> io::Result<()> {
    let row = &detail.row;
    writeln!(screen.out, "{}", screen.paint.bold(&row.id))?;
    writeln!(screen.out, "{}", escape::line(&row.summary))?;
    section("", facts(detail), screen)?;
    if detail.ways.is_empty() {
        section("Secrets", detail.secrets.iter().map(need).collect(), screen)?;
    }
    for way in &detail.ways {
        let of_way = |one: &&SecretNeed| way.secrets.contains(&one.name) || way.optional.contains(&one.name);
        let secrets = detail.secrets.iter().filter(of_way).map(need);
        section(&ways::title(way), secrets.collect(), screen)?;
    }
    section("Allowed", grants(detail), screen)?;
    section("Left out, these are", defaults(detail), screen)?;
    section("Example:", shell::command(&detail.example), screen)
}

fn section(title: &str, lines: Vec<String>, screen: &mut Screen<'_>) -> io::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(screen.out)?;
    if !title.is_empty() {
        writeln!(screen.out, "{}", screen.paint.bold(title))?;
    }
    let indent = if title.is_empty() { "" } else { "  " };
    lines.iter().try_for_each(|line| writeln!(screen.out, "{indent}{}", escape::block(line)))
}

fn facts(detail: &CapabilityDetail) -> Vec<String> {
    let row = &detail.row;
    let credentials = detail.credentials.iter().map(credential);
    let credentials = credentials.collect::<Vec<_>>().join(", ");
    let facts = [
        ("provider", format!("{} ({})", detail.provider_name, row.provider)),
        ("docs", detail.docs.clone()),
        ("host", detail.host.clone()),
        ("or", detail.mirrors.join(", ")),
        ("auth", detail.auth.clone()),
        ("risk", row.risk.as_str().to_owned()),
        ("readiness", readiness(detail)),
        ("credential", credentials),
    ];
    let told = facts.iter().filter(|(_, value)| !value.is_empty());
    told.map(|(label, value)| aligned([(*label, LABELS), (value.as_str(), 0)].into_iter())).collect()
}

fn credential(one: &CredentialView) -> String {
    let hosts: Vec<&str> = one.hosts.iter().map(Host::as_str).collect();
    let place = if hosts.is_empty() { String::new() } else { format!(" at {}", hosts.join(", ")) };
    let by = one.way.as_ref().map(|way| format!(" by {way}")).unwrap_or_default();
    format!("{}{by}{place} ({})", one.name, one.scope)
}

fn readiness(detail: &CapabilityDetail) -> String {
    match detail.row.readiness {
        Readiness::Disabled => format!("off: aivault capability enable {}", detail.row.id),
        Readiness::Locked => "unknown while the vault is locked".to_owned(),
        _ => mark(&detail.row),
    }
}

fn need(need: &SecretNeed) -> String {
    match need.stored {
        Some(true) => return format!("{}: stored", need.name),
        None => return format!("{}: unknown while the vault is locked", need.name),
        Some(false) => {}
    }
    let state =
        if need.optional { "not stored, and only needed where an account has one" } else { "missing" };
    let place = need.help.as_ref().map(|help| format!("; get it at {help}")).unwrap_or_default();
    format!("{}: {state}{place}\n    aivault secrets create --name {}", need.name, need.name)
}

fn grants(detail: &CapabilityDetail) -> Vec<String> {
    let widest = detail.allow.iter().map(|grant| grant.methods.join(", ").len()).max().unwrap_or(0);
    let mut lines = Vec::new();
    for grant in &detail.allow {
        let methods = grant.methods.join(", ");
        for (i, path) in grant.paths.iter().enumerate() {
            let methods = if i == 0 { methods.as_str() } else { "" };
            lines.push(aligned([(methods, widest), (path.as_str(), 0)].into_iter()));
        }
    }
    lines
}

fn defaults(detail: &CapabilityDetail) -> Vec<String> {
    let flag = |flag: &str, value: &Option<String>| {
        value.as_ref().map(|value| format!("{flag} {}", shell::quote(value)))
    };
    [flag("--method", &detail.default_method), flag("--path", &detail.default_path)]
        .into_iter()
        .flatten()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::render::testing::printed;
    use crate::service::{CapabilityView, GrantView, WayView};
    use crate::spec::{CapabilityId, CredentialName, ProviderId, Risk, Scope, SecretName};

    fn detail() -> CapabilityDetail {
        let words = ["aivault", "invoke", "openai/chat-completions", "--body", r#"{"model":"it's"}"#];
        CapabilityDetail {
            row: CapabilityView {
                id: CapabilityId::from_static("openai/chat-completions"),
                provider: ProviderId::from_static("openai"),
                category: "ai".into(),
                summary: "Create and read chat completions".into(),
                risk: Risk::Write,
                readiness: Readiness::Ready,
                missing: Vec::new(),
                needs_auth: None,
            },
            provider_name: "OpenAI".into(),
            docs: "https://platform.openai.com/docs".into(),
            host: "api.openai.com".into(),
            mirrors: Vec::new(),
            auth: "header authorization".into(),
            ways: Vec::new(),
            secrets: vec![SecretNeed {
                name: SecretName::from_static("OPENAI_API_KEY"),
                optional: false,
                stored: Some(true),
                help: None,
            }],
            allow: vec![
                GrantView {
                    methods: vec!["GET".into(), "POST".into()],
                    paths: vec!["/v1/chat/completions".into(), "/v1/chat/completions/**".into()],
                },
                GrantView { methods: vec!["DELETE".into()], paths: vec!["/v1/chat/completions/*".into()] },
            ],
            default_method: Some("POST".into()),
            default_path: Some("/v1/chat/completions".into()),
            example: words.iter().map(|word| (*word).to_owned()).collect(),
            credentials: vec![CredentialView {
                name: CredentialName::from_static("openai"),
                provider: ProviderId::from_static("openai"),
                scope: Scope::Global,
                way: None,
                capabilities: 17,
                secrets: Default::default(),
                hosts: Vec::new(),
            }],
        }
    }

    #[test]
    fn a_ready_one() {
        let expected = "\
openai/chat-completions
Create and read chat completions

provider    OpenAI (openai)
docs        https://platform.openai.com/docs
host        api.openai.com
auth        header authorization
risk        write
readiness   ready
credential  openai (global)

Secrets
  OPENAI_API_KEY: stored

Allowed
  GET, POST  /v1/chat/completions
             /v1/chat/completions/**
  DELETE     /v1/chat/completions/*

Left out, these are
  --method POST
  --path /v1/chat/completions

Example:
  aivault invoke openai/chat-completions --body '{\"model\":\"it'\\''s\"}'
";
        assert_eq!(printed(|screen| print(&detail(), screen)).0, expected);
    }

    #[test]
    fn what_is_missing_comes_with_the_next_step() {
        let name = SecretName::from_static("OPENAI_API_KEY");
        let help = Some("https://platform.openai.com/api-keys".to_owned());
        let mut detail = detail();
        detail.row.readiness = Readiness::NoSecret;
        detail.row.missing = vec![name.clone()];
        detail.secrets = vec![SecretNeed { name, optional: false, stored: Some(false), help }];
        detail.credentials.clear();
        let (out, _) = printed(|screen| print(&detail, screen));
        for line in [
            "\nreadiness   needs OPENAI_API_KEY\n",
            "\n  OPENAI_API_KEY: missing; get it at https://platform.openai.com/api-keys\n",
            "\n    aivault secrets create --name OPENAI_API_KEY\n",
        ] {
            assert!(out.contains(line), "{out}");
        }
        assert!(!out.contains("credential  "), "{out}");
    }

    #[test]
    fn of_several_ways_each_has_its_secrets() {
        let name = SecretName::from_static;
        let way = |label: &str, auth: &str, secrets: &[&'static str], missing: &[&'static str]| WayView {
            name: label.to_owned(),
            auth: auth.to_owned(),
            secrets: secrets.iter().map(|one| name(one)).collect(),
            optional: Vec::new(),
            missing: Some(missing.iter().map(|one| name(one)).collect()),
        };
        let mut detail = detail();
        detail.ways = vec![
            way("default", "header", &["OPENAI_API_KEY"], &[]),
            way("oauth", "oauth2", &["OPENAI_CLIENT_ID", "OPENAI_CLIENT_SECRET"], &["OPENAI_CLIENT_SECRET"]),
        ];
        for (secret, stored) in [("OPENAI_CLIENT_ID", true), ("OPENAI_CLIENT_SECRET", false)] {
            let need = SecretNeed { name: name(secret), optional: false, stored: Some(stored), help: None };
            detail.secrets.push(need);
        }
        let expected = "
Secrets of the way default (header), complete
  OPENAI_API_KEY: stored

Secrets of the way oauth (oauth2), which lacks 1 of 2
  OPENAI_CLIENT_ID: stored
  OPENAI_CLIENT_SECRET: missing
    aivault secrets create --name OPENAI_CLIENT_SECRET

Allowed
";
        let (out, _) = printed(|screen| print(&detail, screen));
        assert!(out.contains(expected), "{out}");
    }
}
