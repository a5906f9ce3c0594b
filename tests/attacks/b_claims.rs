//! B6: who is calling is told by the socket, not by the request; and a call has no words for a host, a
//! file or a secret.

use crate::case::{Case, Findings, Name, names as names_of};
use crate::stage::{Stage, Way};
use crate::support::{Done, Home};

/// Whoever calls as himself is refused; only a caller of another name would not be.
const POLICY: &str = r#"
policy: attacked
version: 1
rules:
  - id: nobody-here
    effect: forbid
    why: This caller has no business with models.
    callers: ["uid:*"]
    capabilities: [openai/models]
"#;

/// Members beside the honest ones of a call.
const MEMBERS: &[&str] = &[
    r#""caller":"agent:trusted""#,
    r#""caller":{"uid":4294967294}"#,
    r#""uid":0"#,
    r#""pid":1"#,
    r#""consumer":"trusted""#,
    r#""client":"trusted""#,
    r#""client_address":"127.0.0.1""#,
    r#""token":"trusted""#,
    r#""operator":true"#,
    r#""host":"evil.example""#,
    r#""url":"https://evil.example/""#,
    r#""upstream":"127.0.0.1:1""#,
    r#""port":8443"#,
    r#""scheme":"http""#,
    r#""provider":"evil""#,
    r#""secret":"SLACK_BOT_TOKEN""#,
    r#""auth":{"type":"header","name":"x","value":"{{secret}}"}"#,
    r#""policy":null"#,
    r#""dry_run":true"#,
    r#""approved":true"#,
    r#""capability":"openai/files""#,
    r#""Capability":"openai/files""#,
    r#""path":"/v1/models""#,
    r#""headers":{"authorization":"mine"}"#,
    r#""headers":[["a"]]"#,
    r#""headers":[["a","b","c"]]"#,
    r#""scope":"global""#,
    r#""scope":{"scope":"Global"}"#,
    r#""scope":{"scope":"workspace"}"#,
    r#""scope":{"scope":"workspace","workspace":""}"#,
    r#""scope":{"scope":"workspace","workspace":"../w"}"#,
    r#""scope":{"scope":"group","workspace":"w","group":"*"}"#,
    r#""scope":{"scope":"group","group":"g"}"#,
    r#""credential":"*""#,
    r#""credential":"../slack""#,
    r#""credential":"OpenAI""#,
    r#""credential":{"name":"slack"}"#,
    r#""body_file":"/etc/passwd""#,
    r#""has_body":"no""#,
    r#""method":["GET"]"#,
    r#""__proto__":{"caller":"agent:trusted"}"#,
];

/// Fields of the message around it.
const FIELDS: &[&str] = &[
    "x-forwarded-for: 127.0.0.1",
    "x-forwarded-user: trusted",
    "x-real-ip: 127.0.0.1",
    "forwarded: for=127.0.0.1",
    "remote-user: trusted",
    "from: agent:trusted",
    "authorization: Bearer trusted",
    "aivault-caller: agent:trusted",
    "aivault-uid: 4294967294",
    "aivault-consumer: trusted",
    "aivault-client: trusted",
    "aivault-scope: workspace:w",
    "aivault-operator: 1",
    "aivault-origin: service",
    "origin: https://evil.example",
    "cookie: caller=agent:trusted",
];

const VARIABLES: &[(&str, &str)] = &[
    ("USER", "trusted"),
    ("LOGNAME", "trusted"),
    ("SUDO_UID", "4294967294"),
    ("AIVAULT_CALLER", "agent:trusted"),
    ("AIVAULT_CLIENT", "trusted"),
    ("AIVAULT_CONSUMER", "trusted"),
    ("AIVAULT_TOKEN", "trusted"),
    ("AIVAULT_UID", "4294967294"),
    ("AIVAULT_WORKSPACE", "w"),
    ("AIVAULT_POLICY", "off"),
];

/// How a claim is made.
#[derive(Clone)]
enum Claim {
    Member(&'static str),
    Field(&'static str),
    Variable(&'static str, &'static str),
}

fn cases() -> Vec<Case<Claim>> {
    let members = MEMBERS.iter().map(|text| Case::new("B6", *text, Claim::Member(text)));
    let fields = FIELDS.iter().map(|text| Case::new("B6", *text, Claim::Field(text)));
    let variables = VARIABLES
        .iter()
        .map(|(name, value)| Case::new("B6", format!("{name}={value}"), Claim::Variable(name, value)));
    members.chain(fields).chain(variables).collect()
}

pub fn names() -> Vec<Name> {
    names_of(&cases())
}

const CALL: &str = r#""capability":"openai/models","method":"GET","path":"/v1/models""#;

fn framed(json: &str) -> Vec<u8> {
    [&u32::try_from(json.len()).unwrap().to_be_bytes()[..], json.as_bytes()].concat()
}

/// Whether it was refused, and what was shown of that.
fn make(stage: &Stage, claim: &Claim) -> (bool, String) {
    match claim {
        Claim::Member(text) => {
            let ended = stage.through_socket(&framed(&format!("{{{CALL},{text}}}")), b"");
            (ended.refused, ended.shown)
        }
        Claim::Field(text) => {
            let ended = stage.through_socket_with(text, &framed(&format!("{{{CALL}}}")), b"");
            (ended.refused, ended.shown)
        }
        Claim::Variable(name, value) => {
            let words = ["invoke", "openai/models", "--method", "GET", "--path", "/v1/models"];
            let done = Done::of(stage.home.command(stage.home.door, &words).env(name, value), b"");
            (done.code == Some(3), done.errors())
        }
    }
}

#[test]
fn nobody_is_who_he_says() {
    let stage = Stage::new();
    apply(&stage.home, POLICY);
    let me = format!("uid:{} ", rustix::process::geteuid().as_raw());
    let mut findings = Findings::default();
    for case in cases() {
        let last = stage.last_event();
        let (refused, shown) = make(&stage, &case.attack);
        findings.hold(refused, &case.name(), || shown);
        let reason =
            if matches!(case.attack, Claim::Member(_)) { "request.malformed" } else { "forbid.matched" };
        let calls = stage.calls_since(last);
        let recorded = calls.len() == 1
            && calls[0].event["reason"] == reason
            && calls[0].event["caller"].as_str().is_some_and(|caller| caller.starts_with(&me));
        findings.hold(recorded, &case.name(), || format!("{calls:?}"));
    }
    findings.end();
    assert!(stage.upstream.take().is_empty());
    // The same caller is refused whichever way he takes, and reached what was asked before the rule.
    let call = crate::case::call("openai/models", "GET", "/v1/models");
    assert!(Way::ALL.iter().all(|way| stage.send(*way, &call, b"").refused));
}

fn apply(home: &Home, policy: &str) {
    let file = home.path("claims.policy.yaml");
    std::fs::write(&file, policy).unwrap();
    home.run(&["policy", "apply", file.to_str().unwrap()]).ok();
}
