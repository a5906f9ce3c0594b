//! What a contributor reads after a mistake in a provider file: file, line, column, the
//! line itself, and what to write instead; all of them in one run.
//!
//! `cargo build` prints just these texts: the build script compiles the same folder.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

#[allow(dead_code, unused_imports, reason = "the tests need the compiling half of the language only")]
#[path = "../src/spec/mod.rs"]
mod spec;

use std::path::Path;
use std::{env, fs};

use spec::compile::Checked;
use spec::{Source, compile_provider, lint};

const ACME: &str = "\
provider: acme
name: Acme
category: developer
docs: https://acme.example/docs
secrets:
  ACME_API_KEY:
    as: secret
hosts: [api.acme.example]
auth:
  type: header
  name: authorization
  value: \"Bearer {{secret}}\"
capabilities:
  things:
    summary: Create and read things
    allow:
      - methods: [GET, POST]
        paths: [/v1/things]
    example:
      method: POST
      path: /v1/things
      body: { name: one }
    examples:
      deny:
        - DELETE /v1/things
";

fn compiled(id: &str, text: &str) -> Checked {
    compile_provider(Source { name: format!("providers/{id}.yaml"), text: text.to_owned() })
}

/// All that the build says about these files, as it prints it.
fn reports(all: &[Checked]) -> String {
    let across = lint::across(all);
    let own = all.iter().flat_map(|one| &one.diagnostics);
    own.chain(&across).map(|diagnostic| format!("\n{}\n", diagnostic.render(false))).collect()
}

/// The same with `from` written as `to`.
#[track_caller]
fn acme_with(from: &str, to: &str) -> Checked {
    assert_eq!(ACME.matches(from).count(), 1, "{from}");
    compiled("acme", &ACME.replace(from, to))
}

/// Holds the text against the one that was looked at and kept; `UPDATE_GOLDEN=1` keeps it anew.
#[track_caller]
fn golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, text).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(text == kept, "not what {} has:\n{text}", path.display());
}

#[test]
fn without_a_mistake_nothing_is_said() {
    let checked = compiled("acme", ACME);
    assert!(checked.provider.is_some());
    assert_eq!(reports(&[checked]), "");
}

#[test]
fn a_method_with_a_typo() {
    golden("method-typo.txt", &reports(&[acme_with("[GET, POST]", "[POTS]")]));
}

#[test]
fn an_unknown_key() {
    golden("unknown-key.txt", &reports(&[acme_with("summary:", "sumary:")]));
}

#[test]
fn a_secret_that_two_providers_claim() {
    let other = ACME
        .replace("provider: acme\nname: Acme", "provider: apex\nname: Apex")
        .replace("api.acme", "api.apex");
    golden("claimed-twice.txt", &reports(&[compiled("acme", ACME), compiled("apex", &other)]));
}

#[test]
fn an_example_that_its_capability_denies() {
    golden(
        "example-denied.txt",
        &reports(&[acme_with("      path: /v1/things\n", "      path: /v1/thing\n")]),
    );
}

/// The scheme of a good file.
const SCHEME: &str = "header\n  name: authorization\n  value: \"Bearer {{secret}}\"";

/// What contributors get wrong, each with the text that they then read: name, what stands in a good
/// file, what they wrote instead.
const MISTAKES: &[(&str, &str, &str)] = &[
    ("duplicate-key", "name: Acme\n", "name: Acme\nname: Apex\n"),
    ("wrong-type", "hosts: [api.acme.example]", "hosts: api.acme.example"),
    ("text-without-quotes", "name: Acme\n", "name: 42\n"),
    ("empty-value", "category: developer", "category:"),
    ("tab-in-yaml", "  ACME_API_KEY:\n", "\tACME_API_KEY:\n"),
    ("lower-case-secret", "ACME_API_KEY", "acme_api_key"),
    ("placeholder-undefined", "Bearer {{secret}}", "Bearer {{token}}"),
    ("placeholder-unused", "    as: secret\n", "    as: secret\n  ACME_ACCOUNT:\n    as: account\n"),
    ("auth-without-placeholder", "Bearer {{secret}}", "Bearer"),
    ("auth-type-typo", "type: header", "type: heder"),
    ("auth-key-of-another-type", "  name: authorization", "  parameter: authorization"),
    ("host-with-scheme", "[api.acme.example]", "[https://api.acme.example]"),
    ("host-with-port", "[api.acme.example]", "[\"api.acme.example:8443\"]"),
    ("host-of-no-provider", "    summary:", "    host: files.acme.example\n    summary:"),
    ("docs-without-https", "https://acme.example/docs", "http://acme.example/docs"),
    ("path-without-slash", "[/v1/things]", "[v1/things]"),
    ("rest-in-the-middle", "[/v1/things]", "[/v1/things, \"/v1/**/parts\"]"),
    ("star-within-a-segment", "[/v1/things]", "[/v1/things, \"/v1/th*gs/x\"]"),
    ("template-instead-of-star", "[/v1/things]", "[/v1/things, \"/v1/things/{id}\"]"),
    ("path-with-query", "[/v1/things]", "[/v1/things, \"/v1/things?page=1\"]"),
    ("pattern-covered-twice", "[/v1/things]", "[/v1/things, \"/v1/things/**\"]"),
    ("over-broad", "[/v1/things]", "[\"/v1/**\"]"),
    ("denied-example-allowed", "- DELETE /v1/things", "- GET /v1/things"),
    ("denied-example-without-method", "- DELETE /v1/things", "- /v1/things"),
    ("no-denied-example", "      deny:\n        - DELETE /v1/things\n", "      deny: []\n"),
    ("risk-unknown", "    summary:", "    risk: dangerous\n    summary:"),
    ("reserved-header", "capabilities:", "headers:\n  cookie:\n    value: a=b\ncapabilities:"),
    ("capability-in-capitals", "  things:\n", "  Things:\n"),
    ("no-methods", "[GET, POST]", "[]"),
    ("two-bodies", "      body: { name: one }\n", "      body: { name: one }\n      form: { name: one }\n"),
    ("mtls-with-a-typo-beside-it", SCHEME, "mtls\n  certificate: \"{{secret}}\"\n  with: { type: heder }"),
    (
        "mtls-beside-mtls",
        SCHEME,
        "mtls\n  certificate: \"{{secret}}\"\n  with: { type: mtls, certificate: \"{{secret}}\" }",
    ),
    ("mtls-text-around-a-file", SCHEME, "mtls\n  certificate: \"PEM {{secret}}\""),
    ("mtls-file-without-placeholder", SCHEME, "mtls\n  certificate: client.pem"),
    (
        "mtls-key-beside-pkcs12",
        SCHEME,
        "mtls\n  format: pkcs12\n  certificate: \"{{secret}}\"\n  private_key: \"{{secret}}\"",
    ),
    ("mtls-format-unknown", SCHEME, "mtls\n  format: pfx\n  certificate: \"{{secret}}\""),
];

#[test]
fn mistakes_that_contributors_make() {
    for (name, from, to) in MISTAKES {
        let text = reports(&[acme_with(from, to)]);
        assert!(text.contains("error[P1") || text.contains("error[P0"), "{name} goes unnoticed:\n{text}");
        golden(&format!("{name}.txt"), &text);
    }
}

/// The same for schemes that sign: under `auth` of a good file, what they wrote instead.
const SIGNING_MISTAKES: &[(&str, &str, &str)] = &[
    ("hmac-computed-typo", "{{request.target}}", "{{request.taget}}"),
    ("hmac-computed-unknown", "{{request.target}}", "{{zebra!}}"),
    ("hmac-signs-itself", "{{request.target}}", "{{signature}}"),
    ("hmac-signature-not-sent", "v1={{signature}}", "v1"),
    ("hmac-message-of-nothing", "{{time.seconds}}{{request.target}}", "acme"),
    ("hmac-body-in-a-header", "x-acme-time: \"{{time.seconds}}\"", "x-acme-body: \"{{request.body}}\""),
    ("hmac-key-without-a-secret", "key: \"{{secret}}\"", "key: acme"),
    ("hmac-key-sent", "v1={{signature}}", "{{secret}}:{{signature}}"),
    ("hmac-algorithm-unknown", "sha256", "md5"),
    ("hmac-reserved-header", "x-acme-time", "content-length"),
    ("aws-region-nowhere", SIGNED, AWS),
    ("optional-and-needed", "    as: secret\n", "    as: secret\n    optional: true\n"),
];
const SIGNED: &str = "  type: hmac
  key: \"{{secret}}\"
  algorithm: sha256
  encoding: hex
  message: \"{{time.seconds}}{{request.target}}\"
  headers:
    x-acme-sign: \"v1={{signature}}\"
    x-acme-time: \"{{time.seconds}}\"
";
const AWS: &str = "  type: aws-sigv4
  service: Acme
  access_key_id: \"{{secret}}\"
  secret_access_key: \"{{secret}}\"
";

#[test]
fn mistakes_in_what_is_signed() {
    let header = "  type: header\n  name: authorization\n  value: \"Bearer {{secret}}\"\n";
    let acme = ACME.replace(header, SIGNED);
    assert_eq!(reports(&[compiled("acme", &acme)]), "");
    for (name, from, to) in SIGNING_MISTAKES {
        assert_eq!(acme.matches(from).count(), 1, "{from}");
        let text = reports(&[compiled("acme", &acme.replace(from, to))]);
        assert!(text.contains("error[P1"), "{name} goes unnoticed:\n{text}");
        golden(&format!("{name}.txt"), &text);
    }
    let named = acme.replace("as: secret", "as: nonce").replace("{{secret}}", "{{nonce}}");
    golden("hmac-secret-named-nonce.txt", &reports(&[compiled("acme", &named)]));
}

/// The same for further ways to authenticate: beside `auth` of a good file, what they wrote instead.
const MISTAKES_IN_WAYS: &[(&str, &str, &str)] = &[
    ("way-placeholder-undefined", "{{password}}", "{{pasword}}"),
    ("way-secret-unused", "    as: password\n", "    as: password\n  ACME_SPARE:\n    as: spare\n"),
    ("way-called-default", "  login:\n", "  default:\n"),
    ("way-in-capitals", "  login:\n", "  Login:\n"),
    (
        "way-name-too-long",
        "  login:\n",
        "  a-way-with-a-name-that-leaves-no-room-for-that-of-its-provider:\n",
    ),
    ("way-key-typo", "    auth:\n", "    auht:\n"),
    ("way-type-typo", "type: basic", "type: basc"),
    ("way-without-a-secret", LOGIN, "      type: header\n      name: x-acme-key\n      value: acme\n"),
    (
        "way-twice",
        LOGIN,
        "      type: header\n      name: authorization\n      value: \"Bearer {{secret}}\"\n",
    ),
    ("way-reserved-header", LOGIN, "      type: header\n      name: host\n      value: \"{{password}}\"\n"),
    ("way-endpoint-with-a-port", LOGIN, TOKEN),
    ("ways-none", WAYS, "alternatives: {}\n"),
    ("ways-as-a-list", WAYS, "alternatives: [oauth2]\n"),
];
const LOGIN: &str = "      type: basic\n      username: acme\n      password: \"{{password}}\"\n";
const TOKEN: &str = "      type: oauth2
      grant: client_credentials
      token_endpoint: https://acme.example:8443/token
      client_id: acme
      client_secret: \"{{password}}\"
";
const WAYS: &str = "\
alternatives:
  login:
    auth:
      type: basic
      username: acme
      password: \"{{password}}\"
";

#[test]
fn mistakes_in_further_ways_to_authenticate() {
    let acme = ACME
        .replace("    as: secret\n", "    as: secret\n  ACME_PASSWORD:\n    as: password\n")
        .replace("capabilities:\n", &format!("{WAYS}capabilities:\n"));
    assert_eq!(reports(&[compiled("acme", &acme)]), "");
    for (name, from, to) in MISTAKES_IN_WAYS {
        assert_eq!(acme.matches(from).count(), 1, "{from}");
        let text = reports(&[compiled("acme", &acme.replace(from, to))]);
        assert!(text.contains("error[P1"), "{name} goes unnoticed:\n{text}");
        golden(&format!("{name}.txt"), &text);
    }
}

#[test]
fn a_file_that_is_not_named_as_its_provider() {
    golden("file-name.txt", &reports(&[compiled("akme", ACME)]));
}

#[test]
fn a_host_that_another_provider_has() {
    let other = ACME
        .replace("provider: acme\nname: Acme", "provider: apex\nname: Apex")
        .replace("ACME_API", "APEX_API");
    golden("shared-host.txt", &reports(&[compiled("acme", ACME), compiled("apex", &other)]));
}

#[test]
fn a_capability_without_an_example() {
    let without = "    example:\n      method: POST\n      path: /v1/things\n      body: { name: one }\n";
    golden("no-example.txt", &reports(&[acme_with(without, "")]));
}

/// One run names everything, so that nobody builds five times for five mistakes.
#[test]
fn all_mistakes_of_all_files_at_once() {
    let acme = ACME.replace("[GET, POST]", "[POTS]").replace("summary:", "sumary:");
    let apex = ACME.replace("provider: acme", "provider: apex").replace("/v1/things]", "/**]");
    let text = reports(&[compiled("acme", &acme), compiled("apex", &apex)]);
    for place in ["providers/acme.yaml:15:5", "providers/acme.yaml:17:19", "providers/apex.yaml:18:17"] {
        assert!(text.contains(place), "{place} in {text}");
    }
}

#[test]
fn a_place_is_told_by_line_and_column() {
    let text = reports(&[acme_with("[GET, POST]", "[GET, POTS]")]);
    assert!(text.contains("providers/acme.yaml:17:24"), "{text}");
    assert!(text.contains("did you mean `POST`?"), "{text}");
}
