//! `new`: a provider file to start from, asked for on a terminal or told by flags, and its
//! golden tests. Both pass as they are written.

use std::io::{self, BufRead, IsTerminal as _, Write};
use std::process::ExitCode;

use clap::Args;

use crate::answer::{self, Said};
use crate::ask::Asker;
use crate::draft::{AuthDraft, AuthKind, CapabilityDraft, Draft, ExampleDraft, GrantDraft, PathDraft, Text};
use crate::error::ToolError;
use crate::output::say;
use crate::spec::compile::Checked;
use crate::spec::{CapabilityId, Code, Diagnostic, Method};
use crate::{files, first_tests, output};

#[derive(Args)]
pub struct Arguments {
    /// The provider's id, which is also the file's name.
    provider: String,
    /// The name that people know it by.
    #[arg(long)]
    name: Option<String>,
    /// The host that requests go to, such as `api.acme.com`.
    #[arg(long)]
    host: Option<String>,
    /// How requests are authenticated.
    #[arg(long)]
    auth: Option<AuthKind>,
    /// The header that carries the key; `authorization` takes it behind `Bearer`.
    #[arg(long, value_name = "NAME", conflicts_with = "parameter")]
    header: Option<String>,
    /// The query parameter that carries the key.
    #[arg(long, value_name = "NAME")]
    parameter: Option<String>,
    /// The secret's name, as official clients read it from the environment.
    #[arg(long, value_name = "NAME")]
    secret: Option<String>,
    /// Where the API is documented.
    #[arg(long, value_name = "URL")]
    docs: Option<String>,
    /// The shelf it is found on, such as `ai`, `messaging` or `payments`.
    #[arg(long)]
    category: Option<String>,
    /// The first capability.
    #[arg(long, value_name = "NAME", default_value = "things")]
    capability: String,
    /// A path that it allows.
    #[arg(long, default_value = "/v1/things")]
    path: String,
    /// Overwrite files that are there.
    #[arg(long)]
    force: bool,
}

pub fn new(arguments: &Arguments) -> Result<ExitCode, ToolError> {
    let id = answer::id(&arguments.provider)?;
    CapabilityId::parse(&format!("{id}/{}", arguments.capability))?;
    let (path, others) = files::place(&id, arguments.force)?;
    said(arguments, &others)?;
    let tests = first_tests::places(id.as_str(), arguments.force)?;
    let on_terminal = io::stdin().is_terminal();
    let mut ask = Asker { on_terminal, input: io::stdin().lock(), output: io::stderr() };
    let text = draft(arguments, id.as_str(), &mut ask, &others)?.text();
    let mut checked = files::checked_text(&path, text.clone());
    let provider = checked.provider.take();
    let mistakes = output::mistakes(checked, others);
    let Some(provider) = provider.filter(|_| mistakes.iter().all(can_be_meant)) else {
        output::report(&mistakes)?;
        say!("\nnothing was written");
        return Ok(ExitCode::FAILURE);
    };
    let [cases, golden] = first_tests::texts(&provider, text.clone(), &tests[0])?;
    for (path, text) in [(&path, &text), (&tests[0], &cases), (&tests[1], &golden)] {
        files::write(path, text)?;
        say!("wrote {}", path.display());
    }
    output::report(&mistakes)?;
    let correct = if mistakes.is_empty() { "" } else { "correct what is said above, " };
    say!("\nnext: {correct}decide each TODO in {}, name what the API can do, then", path.display());
    output::next(id.as_str())?;
    Ok(if mistakes.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// All that flags say is checked before anything is asked: no answer is in vain.
fn said(arguments: &Arguments, others: &[Checked]) -> Result<(), ToolError> {
    let Arguments { host, name, category, docs, secret, header, parameter, .. } = arguments;
    let (host, name, secret) = (host.as_ref(), name.as_ref(), secret.as_ref());
    Said { host, name, category: category.as_ref(), docs: docs.as_ref(), secret }.check(others)?;
    header.as_deref().map(answer::header).transpose()?;
    parameter.as_deref().map(answer::parameter).transpose()?;
    told_kind(arguments)?;
    answer::path(&arguments.path)?;
    Ok(())
}

/// Two providers may stand at one host: why they do is said in both files.
fn can_be_meant(mistake: &Diagnostic) -> bool {
    mistake.finding.code == Code::SharedHost
}

fn draft<R: BufRead, W: Write>(
    arguments: &Arguments,
    id: &str,
    ask: &mut Asker<R, W>,
    others: &[Checked],
) -> Result<Draft, ToolError> {
    let Arguments { host, name, category, docs, .. } = arguments;
    let host = ask.must(("host", "Host that requests go to"), host.as_ref(), answer::host)?;
    let auth = auth(arguments, id, ask, others)?;
    let name = ask.may("Name that people know it by", id, name.as_ref(), answer::name)?;
    let shelf = "Category, such as ai, email or payments";
    let category = ask.may(shelf, "developer", category.as_ref(), answer::category)?;
    let site = format!("https://{}/", host.trim_start_matches("*."));
    let docs = ask.may("Documentation", &site, docs.as_ref(), answer::docs)?;
    Ok(Draft {
        id: id.to_owned(),
        name: Text::said_or(name.as_ref(), id, "as people know it"),
        category: Text::said_or(category.as_ref(), "developer", "the shelf that people look for it on"),
        docs: Text::said_or(docs.as_ref(), site, "where the API is documented"),
        hosts: vec![host],
        hosts_todo: None,
        auth,
        capabilities: vec![capability(arguments)],
        left_out: Vec::new(),
    })
}

fn auth<R: BufRead, W: Write>(
    arguments: &Arguments,
    id: &str,
    ask: &mut Asker<R, W>,
    others: &[Checked],
) -> Result<AuthDraft, ToolError> {
    let Arguments { header, parameter, .. } = arguments;
    let kind = match told_kind(arguments)? {
        Some(kind) => kind,
        None => {
            let question = "Auth: header, query, basic or path";
            ask.may(question, "header", None, answer::auth)?.unwrap_or(AuthKind::Header)
        }
    };
    let carrier = match kind {
        AuthKind::Header => {
            ask.may("Header that carries the key", "authorization", header.as_ref(), answer::header)?
        }
        AuthKind::Query => {
            ask.may("Parameter that carries the key", "api_key", parameter.as_ref(), answer::parameter)?
        }
        AuthKind::Basic | AuthKind::Path => None,
    };
    let usual = format!("{}_API_KEY", crate::draft::shouted(id));
    let fit = |name: &str| answer::secret(name, others);
    let secret = ask.may("Secret's name", &usual, arguments.secret.as_ref(), fit)?.unwrap_or(usual);
    Ok(AuthDraft::asked(id, kind, carrier.as_deref(), Some(&secret)))
}

/// The kind that flags say: `--header` and `--parameter` name one too, and go with no other.
fn told_kind(arguments: &Arguments) -> Result<Option<AuthKind>, ToolError> {
    let header = arguments.header.is_some().then_some(("--header", AuthKind::Header, "header"));
    let parameter = arguments.parameter.is_some().then_some(("--parameter", AuthKind::Query, "query"));
    match (arguments.auth, header.or(parameter)) {
        (Some(said), Some((flag, kind, auth))) if said != kind => Err(ToolError::Idle { flag, auth }),
        (said, carrier) => Ok(said.or(carrier.map(|(_, kind, _)| kind))),
    }
}

/// One capability that reads and makes things, to be put in the words of the API.
fn capability(arguments: &Arguments) -> CapabilityDraft {
    let Arguments { capability, path, .. } = arguments;
    CapabilityDraft {
        name: capability.clone(),
        summary: format!("Read and create {}", capability.replace('-', " ")),
        todo: vec![
            "name what the API can do, one capability for each of its areas. A path is matched segment by segment: \
             `*` is any one, `**` at the end is any number of them. Reads and writes stand apart where writing is \
             dangerous; what administers is left out, or says `risk: admin`, and then is off by default."
                .to_owned(),
        ],
        host: None,
        administrative: false,
        grants: vec![GrantDraft {
            methods: vec![Method::Get, Method::Post],
            paths: vec![PathDraft { path: path.clone(), todo: None }],
        }],
        example: ExampleDraft { method: Method::Get, path: path.clone(), body: false },
        deny: vec![(Method::Delete, path.clone())],
    }
}
