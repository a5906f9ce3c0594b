//! `import`: a provider file proposed from an API's description, for a person to edit.
//!
//! Reads, writes, deletes and administration stand apart. What the description leaves
//! open is a TODO in the file, and the file passes the checks as it is.

mod capability;
mod group;
mod pattern;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use crate::answer::{self, Said};
use crate::api::{self, Choice, Description, Operation};
use crate::draft::{AuthDraft, Draft, Text};
use crate::error::ToolError;
use crate::output::say;
use crate::spec::HostPattern;
use crate::{files, output};

#[derive(Args)]
pub struct Arguments {
    /// The provider's id, which is also the file's name.
    provider: String,
    /// Its description: OpenAPI 3.0 or 3.1, Swagger 2 (`.json`, `.yaml`), or lines of `METHOD /path` (`.txt`).
    #[arg(required = true)]
    descriptions: Vec<PathBuf>,
    /// The path that operations stand below, instead of the description's own.
    #[arg(long, value_name = "PATH")]
    base: Option<String>,
    /// Which of the description's servers, from 1.
    #[arg(long, value_name = "N")]
    server: Option<usize>,
    /// The host, instead of the description's own.
    #[arg(long)]
    host: Option<String>,
    /// The name that people know it by.
    #[arg(long)]
    name: Option<String>,
    /// The shelf it is found on, such as `ai`, `messaging` or `payments`.
    #[arg(long)]
    category: Option<String>,
    /// Where its API is documented.
    #[arg(long, value_name = "URL")]
    docs: Option<String>,
    /// The secret's name, such as `ACME_API_KEY`.
    #[arg(long, value_name = "NAME")]
    secret: Option<String>,
    /// Overwrite a file that is there.
    #[arg(long)]
    force: bool,
}

pub fn import(arguments: &Arguments) -> Result<ExitCode, ToolError> {
    let id = answer::id(&arguments.provider)?;
    let (path, others) = files::place(&id, arguments.force)?;
    let Arguments { host, name, category, docs, secret, .. } = arguments;
    let (host, name, secret) = (host.as_ref(), name.as_ref(), secret.as_ref());
    Said { host, name, category: category.as_ref(), docs: docs.as_ref(), secret }.check(&others)?;
    let choice = Choice {
        base: arguments.base.clone(),
        server: arguments.server,
        hosts: arguments.host.iter().cloned().collect(),
    };
    let read = |file: &PathBuf| api::read(file, &choice);
    let descriptions = arguments.descriptions.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let draft = draft(arguments, id.as_str(), descriptions);
    if draft.capabilities.is_empty() {
        let path = arguments.descriptions.first().cloned().unwrap_or_default();
        let why = "no operation stands in it that a pattern could grant".to_owned();
        return Err(ToolError::Description { path, why });
    }
    let text = draft.text();
    files::write(&path, &text)?;
    told(&path, &draft)?;
    let mistakes = output::mistakes(files::checked_text(&path, text), others);
    output::report(&mistakes)?;
    let correct = if mistakes.is_empty() { "" } else { "correct these mistakes, " };
    say!("\nnext: {correct}decide each TODO in {}, then", path.display());
    output::next(id.as_str())?;
    Ok(if mistakes.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn draft(arguments: &Arguments, id: &str, descriptions: Vec<Description>) -> Draft {
    let first = descriptions.first();
    let title = first.map(|one| one.title.trim().to_owned()).filter(|title| answer::is_line(title));
    let docs = first.and_then(|one| one.docs.clone()).filter(|link| answer::is_link(link));
    let schemes: Vec<_> = descriptions.iter().flat_map(|one| one.schemes.clone()).collect();
    let auth = AuthDraft::described(id, &schemes, arguments.secret.as_deref());
    let mut operations: Vec<Operation> = Vec::new();
    for operation in descriptions.into_iter().flat_map(|one| one.operations) {
        let same = |one: &Operation| {
            one.method == operation.method && one.host == operation.host && one.route == operation.route
        };
        if !operations.iter().any(same) {
            operations.push(operation);
        }
    }
    let (hosts, hosts_todo) = hosts(arguments, id, &mut operations);
    let mut left_out = Vec::new();
    let capabilities = capability::all(&operations, hosts.len() > 1, &mut left_out);
    Draft {
        id: id.to_owned(),
        name: Text::said_or(
            arguments.name.as_ref(),
            title.unwrap_or_else(|| id.to_owned()),
            "as people know it",
        ),
        category: Text::said_or(
            arguments.category.as_ref(),
            "developer",
            "the shelf that people look for it on",
        ),
        docs: Text::said_or(
            arguments.docs.as_ref().or(docs.as_ref()),
            format!("https://{}/", hosts.first().map(String::as_str).unwrap_or_default()),
            "where the API is documented",
        ),
        hosts,
        hosts_todo,
        auth,
        capabilities,
        left_out,
    }
}

/// The hosts that operations go to, the commonest first; each operation is then at one of them.
fn hosts(arguments: &Arguments, id: &str, operations: &mut [Operation]) -> (Vec<String>, Option<String>) {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for operation in operations.iter_mut() {
        let host = operation.host.take().filter(|host| HostPattern::parse(host).is_ok());
        operation.host = arguments.host.clone().or(host);
        if let Some(host) = &operation.host {
            *counts.entry(host.clone()).or_default() += 1;
        }
    }
    let mut hosts: Vec<String> = counts.keys().cloned().collect();
    hosts.sort_by_key(|host| std::cmp::Reverse(counts[host]));
    let todo = hosts.is_empty().then(|| "the description names no host.".to_owned());
    if hosts.is_empty() {
        hosts.push(arguments.host.clone().unwrap_or_else(|| format!("api.{id}.example")));
    }
    for operation in operations {
        operation.host.get_or_insert_with(|| hosts[0].clone());
    }
    (hosts, todo)
}

fn told(path: &Path, draft: &Draft) -> Result<(), ToolError> {
    let paths: usize =
        draft.capabilities.iter().flat_map(|one| &one.grants).map(|grant| grant.paths.len()).sum();
    let administrative = draft.capabilities.iter().filter(|one| one.administrative).count();
    let shown = path.display();
    say!(
        "wrote {shown}: {} capabilities ({administrative} administrative), {paths} patterns",
        draft.capabilities.len()
    );
    let reaching = |one: &&crate::draft::PathDraft| one.todo.is_some();
    for capability in &draft.capabilities {
        for path in capability.grants.iter().flat_map(|grant| &grant.paths).filter(reaching) {
            say!("look at {}: {}: {}", capability.name, path.path, path.todo.as_deref().unwrap_or_default());
        }
    }
    Ok(())
}
