//! Access tokens of the other kinds: signed assertions, installations of an app, and clients that
//! show who they are in each of the ways that there are. The servers verify as the real ones do.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::SignatureScheme;
use serde_json::{Value, json};
use support::{Answer, Door, Home, Received, Upstream, signer};

const TOKEN: &str = "token-0123456789abcdefghijklmnopqrstuv";

/// Serves the token at `endpoint`, and the API to those who bear it.
fn serve(upstream: &Upstream, endpoint: &'static str, answer: Value) {
    upstream.answers(move |request| {
        if request.target == endpoint {
            return Answer::json(&answer);
        }
        let bears = request.header("authorization") == format!("Bearer {TOKEN}");
        Answer::status(if bears { 200 } else { 401 }, "answered")
    });
}

/// One call through each door; the one request for a token.
#[track_caller]
fn asked(home: &Home, upstream: &Upstream, call: &[&str]) -> Received {
    for door in Door::BOTH {
        assert_eq!(home.run_through(door, call).ok().text(), "answered");
    }
    let mut all = upstream.take();
    assert_eq!(all.len(), 3, "{all:?}");
    all.remove(0)
}

fn form(request: &Received) -> Vec<(String, String)> {
    form_urlencoded::parse(&request.body).into_owned().collect()
}

#[track_caller]
fn field(request: &Received, name: &str) -> String {
    let form = form(request);
    form.iter().find(|(key, _)| key == name).unwrap_or_else(|| panic!("no {name} in {form:?}")).1.clone()
}

fn seconds(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

#[test]
fn a_service_account_signs_for_its_token() {
    let upstream = Upstream::serving(&["pubsub.googleapis.com", "oauth2.googleapis.com"]);
    serve(&upstream, "/token", json!({ "access_token": TOKEN, "expires_in": 3599, "token_type": "Bearer" }));
    let home = Home::with(Door::Daemon, &upstream);
    let key = json!({
        "type": "service_account",
        "client_email": "me@project.iam.example",
        "private_key": signer::PRIVATE_KEY,
        "private_key_id": "key-1",
        // Not where the token comes from, whatever a key says.
        "token_uri": "https://evil.example/token",
    });
    home.store("GOOGLE_CLOUD_SERVICE_ACCOUNT_KEY", &key.to_string());
    let call = ["invoke", "google-cloud/pubsub", "--method", "POST", "--path", "/v1/projects/p/schemas"];
    let request = asked(&home, &upstream, &call);
    assert_eq!(field(&request, "grant_type"), "urn:ietf:params:oauth:grant-type:jwt-bearer");
    let (header, claims) = signer::verified(&field(&request, "assertion"));
    assert_eq!(header, json!({ "alg": "RS256", "typ": "JWT", "kid": "key-1" }));
    assert_eq!(
        (&claims["iss"], &claims["aud"]),
        (&json!("me@project.iam.example"), &json!("https://oauth2.googleapis.com/token"))
    );
    assert_eq!(claims["scope"], "https://www.googleapis.com/auth/cloud-platform");
    assert!(seconds(&claims["exp"]) - seconds(&claims["iat"]) <= 3600);
}

#[test]
fn an_installation_signs_for_its_token() {
    let upstream = Upstream::serving(&["api.github.com"]);
    let endpoint = "/app/installations/4321/access_tokens";
    upstream.answers(move |request| {
        if request.target == endpoint {
            let answer = json!({ "token": TOKEN, "expires_at": "2100-01-01T00:00:00Z" });
            return Answer::status(201, answer.to_string());
        }
        let bears = request.header("authorization") == format!("Bearer {TOKEN}");
        Answer::status(if bears { 200 } else { 401 }, "answered")
    });
    let home = Home::with(Door::Daemon, &upstream);
    home.store("GITHUB_APP_ID", "98765");
    home.store("GITHUB_APP_INSTALLATION_ID", "4321");
    home.store("GITHUB_APP_PRIVATE_KEY", signer::PRIVATE_KEY);
    let call = ["invoke", "github-app/issues", "--method", "GET", "--path", "/repos/o/r/issues"];
    let request = asked(&home, &upstream, &call);
    assert_eq!((request.method.as_str(), request.body.len()), ("POST", 0));
    let assertion = request.header("authorization").strip_prefix("Bearer ").unwrap();
    let (_, claims) = signer::verified(assertion);
    assert_eq!(claims["iss"], "98765");
    // GitHub takes ten minutes at most.
    assert!(seconds(&claims["exp"]) - seconds(&claims["iat"]) <= 600);
    assert_eq!(claims.as_object().unwrap().len(), 3);
}

#[test]
fn a_key_that_cannot_sign_stops_the_call_before_anything_is_sent() {
    let upstream = Upstream::serving(&["api.github.com"]);
    let home = Home::with(Door::InProcess, &upstream);
    home.store("GITHUB_APP_ID", "98765");
    home.store("GITHUB_APP_INSTALLATION_ID", "4321");
    home.store("GITHUB_APP_PRIVATE_KEY", "-----BEGIN NOTHING-----");
    let done =
        home.run(&["invoke", "github-app/issues", "--method", "GET", "--path", "/repos/o/r/issues"]).ends(1);
    assert!(done.errors().contains("the key stored for `private_key` cannot sign"), "{}", done.errors());
    assert!(!done.errors().contains("BEGIN NOTHING"), "{}", done.errors());
    assert!(upstream.take().is_empty());
}

const CLIENT: &str = r#"provider: acme
name: Acme
category: test
docs: https://docs.acme.example/api
secrets: { ACME_CLIENT_ID: { as: client_id, identifier: true }, ACME_CLIENT_SECRET: { as: client_secret } }
hosts: [api.acme.example]
auth:
  type: oauth2
  grant: client_credentials
  token_endpoint: https://auth.acme.example/token
  client_id: "{{client_id}}"
  client_secret: "{{client_secret}}"
  client_auth: body
  scopes: [read, write]
  parameters: { audience: "https://api.acme.example/" }
capabilities:
  widgets:
    summary: Read widgets
    allow: [{ methods: [GET], paths: [/v1/widgets] }]
    example: { method: GET, path: /v1/widgets }
    examples: { deny: [DELETE /v1/widgets] }
"#;
const SECRET: &str = "s3cr&t=:%/0123456789";

/// The request for a token of a client of this provider, with this secret.
fn client(provider: &str, secret: &str) -> Received {
    let upstream = Upstream::serving(&["api.acme.example", "auth.acme.example"]);
    serve(&upstream, "/token", json!({ "access_token": TOKEN, "expires_in": "3600" }));
    let home = Home::test(Door::Daemon);
    home.add_provider(provider).ok();
    home.send_to(&upstream);
    home.store("ACME_CLIENT_ID", "acme:client");
    home.store("ACME_CLIENT_SECRET", secret);
    asked(&home, &upstream, &["invoke", "acme/widgets"])
}

#[test]
fn a_client_shows_its_secret_in_the_body() {
    let request = client(CLIENT, SECRET);
    let wanted = [
        ("grant_type", "client_credentials"),
        ("scope", "read write"),
        ("client_secret", SECRET),
        ("client_id", "acme:client"),
        ("audience", "https://api.acme.example/"),
    ];
    assert_eq!(form(&request), wanted.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!(request.header("content-type"), "application/x-www-form-urlencoded");
    assert!(!request.header_names().contains("authorization"));
}

#[test]
fn a_client_shows_its_secret_as_basic() {
    let request = client(&CLIENT.replace("client_auth: body", "client_auth: basic"), SECRET);
    let pair = request.header("authorization").strip_prefix("Basic ").unwrap();
    let pair = String::from_utf8(STANDARD.decode(pair).unwrap()).unwrap();
    // Each side is form-encoded first (RFC 6749, section 2.3.1).
    assert_eq!(pair, "acme%3Aclient:s3cr%26t%3D%3A%25%2F0123456789");
    assert!(form(&request).iter().all(|(name, _)| !name.starts_with("client")), "{:?}", form(&request));
}

#[test]
fn a_client_signs_with_its_key() {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let provider = CLIENT.replace(
        "client_auth: body",
        "client_auth: private_key_jwt\n  client_key_algorithm: EdDSA\n  client_key_id: k1",
    );
    let provider = provider.replace("  client_secret: \"{{", "  client_key: \"{{");
    let request = client(&provider, &key.serialize_pem());
    assert_eq!(
        field(&request, "client_assertion_type"),
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    );
    assert_eq!(field(&request, "client_id"), "acme:client");
    let assertion = field(&request, "client_assertion");
    let (header, claims) = signer::checked(&assertion, SignatureScheme::ED25519, key.public_key_raw());
    assert_eq!((&header["alg"], &header["kid"]), (&json!("EdDSA"), &json!("k1")));
    assert_eq!((&claims["iss"], &claims["sub"]), (&json!("acme:client"), &json!("acme:client")));
    assert_eq!(claims["aud"], "https://auth.acme.example/token");
    assert_eq!(claims["jti"].as_str().unwrap().len(), 32);
}

/// What was given for one token endpoint goes to no other, whoever changes the provider's file.
#[test]
fn a_stored_secret_does_not_follow_its_provider_to_another_token_endpoint() {
    for door in Door::BOTH {
        let upstream = Upstream::serving(&["api.acme.example", "auth.acme.example", "auth.evil.example"]);
        serve(&upstream, "/token", json!({ "access_token": TOKEN }));
        let home = Home::test(door);
        home.add_provider(CLIENT).ok();
        home.store("ACME_CLIENT_ID", "acme:client");
        home.store("ACME_CLIENT_SECRET", SECRET);
        home.add_provider(&CLIENT.replace("auth.acme.example", "auth.evil.example")).ok();
        home.send_host_to("auth.evil.example", &upstream);
        home.send_host_to("api.acme.example", &upstream);
        let done = home.run(&["invoke", "acme/widgets"]).ends(3);
        assert!(done.errors().contains("was stored for other hosts"), "{}", done.errors());
        assert!(upstream.take().is_empty());
    }
}
