//! `docs`: the page on all providers that people search, written from `providers/`.
//!
//! The same files give the same page, byte for byte.

#[path = "../../src/service/local/example.rs"]
mod example;
#[path = "../../src/cli/render/shell.rs"]
mod shell;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use crate::error::ToolError;
use crate::files;
use crate::output::say;
use crate::spec::{AuthWay, Provider};

/// The page.
const PAGE: &str = "docs/providers.md";

/// Writes the page, or with `check` says whether it is stale.
pub fn docs(check: bool) -> Result<ExitCode, ToolError> {
    let mut providers = Vec::new();
    for file in files::provider_files()? {
        providers.push(files::provider(&file.display().to_string())?);
    }
    let text = page(&providers);
    if !check {
        files::write(Path::new(PAGE), &text)?;
        say!("{PAGE}");
    } else if files::read(Path::new(PAGE)).ok().as_deref() != Some(&*text) {
        say!("{PAGE} is stale: run `cargo tools docs`");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

type Known = (Provider, Vec<String>);

fn page(providers: &[Known]) -> String {
    let capabilities: usize = providers.iter().map(|(one, _)| one.capabilities.len()).sum();
    let mut text = format!(
        "# Providers\n\n\
         Written by `cargo tools docs` from `providers/`; do not edit it.\n\n\
         {} providers, {capabilities} capabilities. A capability of risk `admin` is off until it is enabled by name:\n\
         `aivault capability enable ID`.\n",
        providers.len()
    );
    let mut shelves: BTreeMap<&str, Vec<&Known>> = BTreeMap::new();
    for known in providers {
        shelves.entry(&known.0.category).or_default().push(known);
    }
    table(&mut text, &shelves);
    for (shelf, known) in &shelves {
        let _ = write!(text, "\n## {}\n", plain(shelf));
        for (provider, hosts) in known {
            section(&mut text, provider, hosts);
        }
    }
    text
}

// Writing into a String cannot fail.
fn table(text: &mut String, shelves: &BTreeMap<&str, Vec<&Known>>) {
    text.push_str("\n| category | provider | secrets | capabilities |\n| --- | --- | --- | ---: |\n");
    for (shelf, known) in shelves {
        for (provider, _) in known {
            let secrets: Vec<String> = provider.ways().map(|way| needed(provider, &way)).collect();
            let (name, id, count) = (plain(&provider.name), &provider.id, provider.capabilities.len());
            let _ = writeln!(
                text,
                "| {} | [{name}](#{id}) | {} | {count} |",
                plain(shelf),
                secrets.join("; or ")
            );
        }
    }
}

fn section(text: &mut String, provider: &Provider, hosts: &[String]) {
    let _ = write!(text, "\n<a id=\"{}\"></a>\n### {}\n\n", provider.id, plain(&provider.name));
    for secret in provider.secrets.iter() {
        let from = secret.help.as_ref().map(|help| format!(", from <{help}>")).unwrap_or_default();
        let only = if secret.optional { " (only where an account has one)" } else { "" };
        let _ = writeln!(text, "- Secret: `{}`{only}{from}", secret.name);
    }
    if !provider.alternatives.is_empty() {
        for way in provider.ways() {
            let (label, scheme, secrets) = (way.label(), way.scheme(), needed(provider, &way));
            let _ = writeln!(text, "- Way `{label}` ({scheme}): {secrets}");
        }
    }
    let hosts: Vec<String> = hosts.iter().map(|host| format!("`{host}`")).collect();
    let _ = writeln!(text, "- Hosts: {}", hosts.join(", "));
    let _ = writeln!(text, "- Documentation: <{}>", provider.docs);
    if let Some(variable) = provider.sdk.as_ref().and_then(|sdk| sdk.base_url_env.as_ref()) {
        let _ = writeln!(text, "- Official clients read their address from `{variable}`");
    }
    text.push_str("\n| capability | risk | methods | what for |\n| --- | --- | --- | --- |\n");
    for one in provider.capabilities.iter() {
        let (id, risk) = (&one.id, one.risk.as_str());
        let _ = writeln!(text, "| `{id}` | {risk} | {} | {} |", one.methods(), plain(&one.summary));
    }
    text.push_str("\n```sh\n");
    for one in provider.capabilities.iter() {
        let _ = writeln!(text, "{}", shell::command(&example::command(one)).join("\n"));
    }
    text.push_str("```\n");
}

/// The secrets that a way to authenticate cannot do without.
fn needed(provider: &Provider, way: &AuthWay<'_>) -> String {
    let names = way.needed(provider).into_iter().map(|one| format!("`{}`", one.name));
    names.collect::<Vec<_>>().join(", ")
}

/// A text that stands in a table.
fn plain(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}
