//! `new`: a provider file to start from, asked for on a terminal or told by flags, and its
//! golden tests. Both pass as they are written.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::Args;

use crate::draft::{AuthDraft, AuthKind, CapabilityDraft, Draft, ExampleDraft, GrantDraft, PathDraft, Text};
use crate::error::ToolError;
use crate::output::say;
use crate::spec::{
    CapabilityId, HeaderName, HostPattern, Method, PathPattern, ProviderId, SecretName, suggest,
};
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
    let id = ProviderId::parse(&arguments.provider)?;
    CapabilityId::parse(&format!("{id}/{}", arguments.capability))?;
    let path = files::provider_path(id.as_str());
    files::free(&path, arguments.force)?;
    let draft = draft(arguments, id.as_str(), &Asker { on_terminal: io::stdin().is_terminal() })?;
    files::write(&path, &draft.text())?;
    say!("wrote {}", path.display());
    if output::mistakes_of(&path)? {
        return Ok(ExitCode::FAILURE);
    }
    for path in first_tests::write(id.as_str(), arguments.force)? {
        say!("wrote {}", path.display());
    }
    say!("\nnext: decide each TODO in {}, name what the API can do, then", path.display());
    output::next(id.as_str())?;
    Ok(ExitCode::SUCCESS)
}

fn draft(arguments: &Arguments, id: &str, ask: &Asker) -> Result<Draft, ToolError> {
    let host = ask.must("host", "Host that requests go to", arguments.host.as_ref())?;
    HostPattern::parse(&host).map_err(refused("host", &host))?;
    let auth = auth(arguments, id, ask)?;
    let name = ask.may("Name that people know it by", arguments.name.as_ref(), id)?;
    let category = ask.may("Category", arguments.category.as_ref(), "developer")?;
    let docs = ask.may("Documentation", arguments.docs.as_ref(), &format!("https://{host}/"))?;
    Ok(Draft {
        id: id.to_owned(),
        name: Text::said_or(name.as_ref(), id, "as people know it"),
        category: Text::said_or(category.as_ref(), "developer", "the shelf that people look for it on"),
        docs: Text::said_or(docs.as_ref(), format!("https://{host}/"), "where the API is documented"),
        hosts: vec![host],
        hosts_todo: None,
        auth,
        capabilities: vec![capability(arguments)?],
        left_out: Vec::new(),
    })
}

fn auth(arguments: &Arguments, id: &str, ask: &Asker) -> Result<AuthDraft, ToolError> {
    let told = arguments.header.as_ref().map(|_| AuthKind::Header);
    let told = told.or(arguments.parameter.as_ref().map(|_| AuthKind::Query));
    let kind = match arguments.auth.or(told) {
        Some(kind) => kind,
        None => {
            asked_kind(&ask.may("Auth: header, query, basic or path", None, "header")?.unwrap_or_default())?
        }
    };
    let carrier = match kind {
        AuthKind::Header => {
            ask.may("Header that carries the key", arguments.header.as_ref(), "authorization")?
        }
        AuthKind::Query => {
            ask.may("Parameter that carries the key", arguments.parameter.as_ref(), "api_key")?
        }
        AuthKind::Basic | AuthKind::Path => None,
    };
    let carrier = carrier.map(|name| if kind == AuthKind::Header { name.to_lowercase() } else { name });
    if let Some(header) =
        carrier.as_ref().filter(|name| kind == AuthKind::Header && HeaderName::parse(name).is_none())
    {
        return Err(refused("header", header)("a header's name is letters, digits and `-`"));
    }
    let usual = format!("{}_API_KEY", crate::draft::shouted(id));
    let secret = ask.may("Secret's name", arguments.secret.as_ref(), &usual)?.unwrap_or(usual);
    SecretName::parse(&secret)?;
    Ok(AuthDraft::asked(id, kind, carrier.as_deref(), Some(&secret)))
}

fn asked_kind(answer: &str) -> Result<AuthKind, ToolError> {
    const KINDS: [(&str, AuthKind); 4] = [
        ("header", AuthKind::Header),
        ("query", AuthKind::Query),
        ("basic", AuthKind::Basic),
        ("path", AuthKind::Path),
    ];
    let answer = if answer.is_empty() { "header" } else { answer };
    let near = suggest::nearest(answer, KINDS.iter().map(|(name, _)| *name)).unwrap_or("header");
    let found = KINDS.iter().find(|(name, _)| *name == answer);
    found.map(|(_, kind)| *kind).ok_or_else(|| refused("auth", answer)(format!("did you mean `{near}`?")))
}

/// One capability that reads and makes things, to be put in the words of the API.
fn capability(arguments: &Arguments) -> Result<CapabilityDraft, ToolError> {
    let Arguments { capability, path, .. } = arguments;
    let pattern = PathPattern::parse(path).map_err(refused("path", path))?;
    if !pattern.is_exact() {
        return Err(refused("path", path)("name one path here, and widen the grant in the file"));
    }
    Ok(CapabilityDraft {
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
    })
}

fn refused<E: ToString>(what: &'static str, value: &str) -> impl FnOnce(E) -> ToolError {
    let value = value.escape_debug().to_string();
    move |why| ToolError::Answer { what, value, why: why.to_string() }
}

/// Asks for what no flag says, where somebody is there to answer.
struct Asker {
    on_terminal: bool,
}

impl Asker {
    fn must(&self, flag: &'static str, question: &str, said: Option<&String>) -> Result<String, ToolError> {
        match said {
            Some(said) => Ok(said.clone()),
            None if self.on_terminal => self.ask(question, None)?.ok_or(ToolError::Missing { flag }),
            None => Err(ToolError::Missing { flag }),
        }
    }

    /// What was said or is answered; nothing when nobody is there, or the answer is empty.
    fn may(&self, question: &str, said: Option<&String>, usual: &str) -> Result<Option<String>, ToolError> {
        match said {
            Some(said) => Ok(Some(said.clone())),
            None if self.on_terminal => self.ask(question, Some(usual)),
            None => Ok(None),
        }
    }

    fn ask(&self, question: &str, usual: Option<&str>) -> Result<Option<String>, ToolError> {
        let usual = usual.map(|usual| format!(" [{usual}]")).unwrap_or_default();
        print!("{question}{usual}: ");
        io::stdout().flush()?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer)?;
        let answer = answer.trim();
        Ok((!answer.is_empty()).then(|| answer.to_owned()))
    }
}
