//! Official clients, unmodified: what the upstream sees of them through `aivault run` is what it sees when
//! they are pointed at it directly, but for the credential; and they see the same answers and errors.
//!
//! The clients come from their registries, which may be out of reach: then the reason is printed, and nothing
//! is tested.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

#[path = "sdk/answers.rs"]
mod answers;
#[path = "sdk/install.rs"]
mod install;
mod support;
#[path = "sdk/wire.rs"]
mod wire;

use std::ffi::OsString;
use std::fs;
use std::process::Command;

use install::{Installed, OutOfReach};
use serde_json::{Value, json};
use support::{Done, Door, Home, Upstream, secrets};

/// A client's script, and what it needs.
struct Client {
    script: &'static str,
    host: &'static str,
    /// The variable of its key, and a key.
    key: (&'static str, &'static str),
    /// The variable of its address with what it ends in, where it reads one.
    url: Option<(&'static str, &'static str)>,
    /// What the broker says where the client says nothing, and the upstream would take to be so.
    added: &'static [&'static str],
}

const ANTHROPIC: &str = "sk-ant-api03-t3St0123456789abcdefghijklmnopqrstuvwxyz";

const OPENAI_CLIENT: Client = Client {
    script: "with_openai",
    host: "api.openai.com",
    key: ("OPENAI_API_KEY", secrets::OPENAI),
    url: Some(("OPENAI_BASE_URL", "/v1")),
    added: &[],
};
const ANTHROPIC_CLIENT: Client = Client {
    script: "with_anthropic",
    host: "api.anthropic.com",
    key: ("ANTHROPIC_API_KEY", ANTHROPIC),
    url: Some(("ANTHROPIC_BASE_URL", "")),
    added: &[],
};

impl Client {
    const fn by_option(script: &'static str, host: &'static str, key: (&'static str, &'static str)) -> Self {
        Self { script, host, key, url: None, added: &[] }
    }
}

impl Installed {
    fn line(&self, script: &str) -> [OsString; 2] {
        let script = self.scripts.join(format!("{script}.{}", self.ending));
        [self.interpreter.clone().into(), script.into()]
    }
}

/// Runs the script both ways, and gives what it told.
#[track_caller]
fn is_the_same_both_ways(installed: Result<Installed, OutOfReach>, client: &Client) -> Option<Vec<Value>> {
    let installed = match installed {
        Ok(installed) => installed,
        Err(OutOfReach(reason)) => {
            eprintln!("skipped: the clients cannot be installed: {reason}");
            return None;
        }
    };
    let upstream = Upstream::serving(&[client.host, "localhost"]);
    let home = Home::test(Door::Daemon);
    home.send_host_to(client.host, &upstream);
    home.store(client.key.0, client.key.1);

    upstream.answers(answers::script());
    let told_directly = directly(&home, &upstream, &installed, client).ok();
    let seen_directly = upstream.take();
    upstream.answers(answers::script());
    let line = installed.line(client.script);
    let arguments = ["run", "--all", "--"].map(OsString::from).into_iter().chain(line);
    let told = home.run(&arguments.collect::<Vec<_>>()).ok();
    let seen = upstream.take();

    assert!(!seen_directly.is_empty(), "{}", told_directly.text());
    let lines = |done: &Done| done.text().lines().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(lines(&told), lines(&told_directly), "{}", told.errors());
    for (through, directly) in seen.iter().zip(&seen_directly) {
        let directly = wire::of(directly);
        assert_eq!(wire::of(through).but_for(client.added, &directly), directly);
        let text = format!("{}\n{}", through.target, through.headers_as_text());
        assert!(text.contains(client.key.1), "the real key is on the wire: {text}");
        assert!(!text.contains("aiv_"), "no token leaves the machine: {text}");
    }
    assert_eq!(seen.len(), seen_directly.len());
    Some(told.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

/// With the real key, at the upstream itself.
fn directly(home: &Home, upstream: &Upstream, installed: &Installed, client: &Client) -> Done {
    let ca = home.path("upstream.pem");
    fs::write(&ca, &upstream.ca_pem).unwrap();
    let [program, script] = installed.line(client.script);
    let mut command = Command::new(program);
    command.arg(script).env_clear().env(client.key.0, client.key.1);
    for name in ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"] {
        command.env(name, &ca);
    }
    let url = format!("https://localhost:{}", upstream.address.port());
    command.env("UPSTREAM_URL", &url);
    if let Some((name, path)) = client.url {
        command.env(name, format!("{url}{path}"));
    }
    Done::of(&mut command, b"")
}

/// What the step of that name told.
#[track_caller]
fn told<'a>(steps: &'a [Value], name: &str) -> &'a Value {
    steps.iter().find_map(|step| step.get(name)).unwrap_or_else(|| panic!("no `{name}` in {steps:?}"))
}

#[test]
fn openai_python() {
    let Some(steps) = is_the_same_both_ways(install::python(), &OPENAI_CLIENT) else { return };
    assert_eq!(*told(&steps, "chat"), json!("hello"));
    assert_eq!(*told(&steps, "stream"), json!(["he", "llo ", "世界"]));
    assert_eq!(*told(&steps, "embeddings"), json!([1.0, 2.0]));
    assert_eq!(*told(&steps, "upload"), json!("file-1"));
    assert_eq!(*told(&steps, "speech"), json!(70_000));
    assert_eq!(*told(&steps, "transcription"), json!("hello"));
    assert_eq!(*told(&steps, "retried"), json!("hello"));
    assert_eq!(*told(&steps, "limited"), json!({ "error": "RateLimitError", "status": 429 }));
    assert_eq!(*told(&steps, "wrong"), json!({ "error": "BadRequestError", "status": 400 }));
    assert_eq!(*told(&steps, "broken"), json!({ "error": "InternalServerError", "status": 503 }));
}

#[test]
fn anthropic_python() {
    let Some(steps) = is_the_same_both_ways(install::python(), &ANTHROPIC_CLIENT) else { return };
    assert_eq!(*told(&steps, "message"), json!("hello"));
    assert_eq!(*told(&steps, "stream"), json!([["he", "llo"], 5]));
    assert_eq!(*told(&steps, "count"), json!(4));
    assert_eq!(*told(&steps, "retried"), json!("hello"));
    assert_eq!(*told(&steps, "limited"), json!({ "error": "RateLimitError", "status": 429 }));
    assert_eq!(*told(&steps, "wrong"), json!({ "error": "BadRequestError", "status": 400 }));
}

#[test]
fn openai_node() {
    let Some(steps) = is_the_same_both_ways(install::node(), &OPENAI_CLIENT) else { return };
    assert_eq!(*told(&steps, "stream"), json!(["he", "llo ", "世界"]));
    assert_eq!(*told(&steps, "upload"), json!("file-1"));
    assert_eq!(*told(&steps, "speech"), json!(70_000));
    assert_eq!(*told(&steps, "retried"), json!("hello"));
    assert_eq!(*told(&steps, "limited"), json!({ "error": "RateLimitError", "status": 429 }));
}

#[test]
fn anthropic_node() {
    let Some(steps) = is_the_same_both_ways(install::node(), &ANTHROPIC_CLIENT) else { return };
    assert_eq!(*told(&steps, "message"), json!("hello"));
    assert_eq!(*told(&steps, "stream"), json!([5, ["he", "llo"]]));
    assert_eq!(*told(&steps, "wrong"), json!({ "error": "BadRequestError", "status": 400 }));
}

#[test]
fn stripe_python() {
    let key = ("STRIPE_API_KEY", "sk_test_0123456789abcdefghijklmn");
    let client = Client::by_option("with_stripe", "api.stripe.com", key);
    let Some(steps) = is_the_same_both_ways(install::python(), &client) else { return };
    assert_eq!(*told(&steps, "list"), json!(["cus_2"]));
    assert_eq!(*told(&steps, "create"), json!("cus_1"));
    assert_eq!(told(&steps, "wrong")["error"], "InvalidRequestError");
}

#[test]
fn slack_python() {
    let key = ("SLACK_BOT_TOKEN", "xoxb-0123456789-0123456789-abcdefghijklmnop");
    // A request without the field takes anything all the same (RFC 9110, section 12.5.1).
    let client = Client::by_option("with_slack", "slack.com", key);
    let Some(steps) = is_the_same_both_ways(install::python(), &client) else { return };
    assert_eq!(*told(&steps, "test"), json!("bot"));
    assert_eq!(*told(&steps, "post"), json!("1.2"));
    assert_eq!(told(&steps, "wrong")["error"], "SlackApiError");
}

#[test]
fn github_python() {
    let key = ("GITHUB_TOKEN", "ghp_0123456789abcdefghijklmnopqrstuvwxyz");
    // Its provider's file says which version is meant where a caller says none; it is GitHub's default.
    let added = &["x-github-api-version: 2022-11-28"];
    let client = Client { added, ..Client::by_option("with_github", "api.github.com", key) };
    let Some(steps) = is_the_same_both_ways(install::python(), &client) else { return };
    assert_eq!(*told(&steps, "user"), json!("octocat"));
    assert_eq!(*told(&steps, "issue"), json!(7));
    assert_eq!(*told(&steps, "wrong"), json!({ "error": "GithubException", "status": 400 }));
}

#[test]
fn notion_python() {
    let key = ("NOTION_TOKEN", "ntn_0123456789abcdefghijklmnopqrstuvwxyz0123456789");
    let client = Client::by_option("with_notion", "api.notion.com", key);
    let Some(steps) = is_the_same_both_ways(install::python(), &client) else { return };
    assert_eq!(*told(&steps, "me"), json!("u1"));
    assert_eq!(told(&steps, "wrong")["error"], "APIResponseError");
}

#[test]
fn gemini_python() {
    let key = ("GEMINI_API_KEY", "AIzaSy0123456789abcdefghijklmnopqrstuvw");
    let client = Client::by_option("with_gemini", "generativelanguage.googleapis.com", key);
    let Some(steps) = is_the_same_both_ways(install::python(), &client) else { return };
    assert_eq!(*told(&steps, "generate"), json!("hello"));
    assert_eq!(*told(&steps, "stream"), json!(["he", "llo"]));
    assert_eq!(*told(&steps, "wrong"), json!({ "error": "ClientError", "status": 400 }));
}

#[test]
fn what_the_broker_refuses_is_an_error_of_the_clients_own_and_is_asked_once() {
    let installed = match install::python() {
        Ok(installed) => installed,
        Err(OutOfReach(reason)) => return eprintln!("skipped: the clients cannot be installed: {reason}"),
    };
    let upstream = Upstream::serving(&["api.openai.com", "api.anthropic.com"]);
    let home = Home::with_openai(Door::Daemon, &upstream, secrets::OPENAI);
    home.store("ANTHROPIC_API_KEY", ANTHROPIC);
    let bounds = ["run", "--capability", "openai/models", "--capability", "anthropic/models", "--"];
    let line: Vec<OsString> =
        bounds.map(OsString::from).into_iter().chain(installed.line("denied")).collect();
    let steps: Vec<Value> =
        home.run(&line).ok().text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for name in ["openai", "anthropic"] {
        let told = told(&steps, name);
        assert_eq!(told[0], "PermissionDeniedError", "{told}");
        assert_eq!((&told[1], &told[2]), (&json!(403), &json!("token.scope")), "{told}");
        assert!(told[3].to_string().contains("aivault: "), "{told}");
    }
    assert_eq!(told(&steps, "forged")[0], "AuthenticationError");
    assert!(upstream.take().is_empty());
    let denied = home.events().into_iter().filter(|one| one.is("invoke", "denied")).count();
    assert_eq!(denied, 2, "a refusal is not tried again");
}
