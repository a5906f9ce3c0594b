//! What the decision promises, by rows: a call, and the verdict with its reason.

use std::borrow::Cow;

use proptest::prelude::*;

use super::*;
use crate::spec::{Provider, Scope, Source, compile_provider};

const ACME: &str = r#"
provider: acme
name: Acme
category: test
docs: https://acme.example/docs
secrets: { ACME_KEY: { as: key } }
hosts: [api.acme.example]
auth: { type: query, name: key, value: "{{key}}" }
headers: { acme-version: { value: "1", allow: ["2", "beta-*"] } }
act_as: [acme-as-user]
owned_parameters: [access_token, $user]
capabilities:
  things:
    summary: Read and make things
    allow:
      - { methods: [GET], paths: ["/v1/things/**"] }
      - { methods: [POST], paths: [/v1/things] }
    example: { method: GET, path: /v1/things }
    examples: { deny: [DELETE /v1/things] }
  anything:
    summary: All that rules are tried on
    allow: [{ methods: [GET, POST], paths: ["/v1/rules/**"] }]
    example: { method: GET, path: /v1/rules }
    examples: { deny: [DELETE /v1/rules] }
  only:
    summary: The one thing
    allow: [{ methods: [DELETE], paths: [/v1/only] }]
    example: { method: DELETE, path: /v1/only }
    examples: { deny: [GET /v1/only] }
  two:
    summary: Two ways
    allow: [{ methods: [PUT, PATCH], paths: [/v1/two, /v1/three] }]
    example: { method: PUT, path: /v1/two }
    examples: { deny: [GET /v1/two] }
  rule:
    summary: Administer
    risk: admin
    allow: [{ methods: [GET], paths: [/v1/admin, "/v1/things/admin"] }]
    example: { method: GET, path: /v1/admin }
    examples: { deny: [POST /v1/admin] }
"#;

pub(super) struct One(Provider);

impl Catalog for One {
    fn capability(&self, id: &str) -> Option<Granted<'_>> {
        let capability = self.0.capabilities.iter().find(|capability| capability.id.as_str() == id)?;
        Some(Granted::by_default(&self.0, capability, false))
    }

    fn provider(&self, id: &str) -> Option<&Provider> {
        (self.0.id.as_str() == id).then_some(&self.0)
    }

    fn near_miss(&self, _: &str) -> Option<String> {
        Some("acme/things".to_owned())
    }
}

fn catalog() -> One {
    let checked = compile_provider(Source { name: "acme.yaml".to_owned(), text: ACME.to_owned() });
    let mistakes: Vec<String> = checked.diagnostics.iter().map(|mistake| mistake.render(false)).collect();
    One(checked.provider.unwrap_or_else(|| panic!("{mistakes:?}")))
}

pub(super) fn call(capability: &str, method: Option<&str>, path: Option<&str>) -> Call {
    Call {
        capability: capability.to_owned(),
        credential: None,
        scope: Scope::Global,
        method: method.map(str::to_owned),
        path: path.map(str::to_owned),
        headers: Vec::new(),
        has_body: false,
    }
}

fn reason(call: &Call) -> &'static str {
    authorise(&catalog(), call).map_or_else(|denial| denial.reason.as_str(), |_| "grant.matched")
}

#[test]
fn a_call_is_permitted_by_a_grant_and_by_nothing_else() {
    for (capability, method, path, expected) in [
        ("acme/things", "GET", "/v1/things", "grant.matched"),
        ("acme/things", "GET", "/v1/things/7?a=b", "grant.matched"),
        ("acme/things", "POST", "/v1/things", "grant.matched"),
        ("acme/things", "POST", "/v1/things/7", "capability.method"),
        ("acme/things", "get", "/v1/things", "capability.method"),
        ("acme/things", "CONNECT", "/v1/things", "capability.method"),
        ("acme/things", "GET", "/v1/thingsy", "capability.path"),
        ("acme/things", "GET", "/v1/things/", "capability.path"),
        ("acme/things", "GET", "/V1/things", "capability.path"),
        ("acme/things", "GET", "/v1/things/../only", "path.not_canonical"),
        ("acme/things", "GET", "/v1/things/%2e%2e/only", "path.not_canonical"),
        ("acme/things", "GET", "/v1/things%2f7", "path.not_canonical"),
        ("acme/things", "GET", "https://api.acme.example/v1/things", "path.not_canonical"),
        ("acme/things", "GET", "", "path.not_canonical"),
        ("acme/things", "GET", "/v1/things?key=x", "query.owned_by_auth"),
        ("acme/things", "GET", "/v1/things?a=b&KEY=x", "query.owned_by_auth"),
        ("acme/things", "GET", "/v1/things?%6bey=x", "query.owned_by_auth"),
        ("acme/things", "GET", "/v1/things?key[]=x", "query.owned_by_auth"),
        ("acme/things", "GET", "/v1/things?a=b;key=x", "query.owned_by_auth"),
        ("acme/things", "GET", "/v1/things?+key=x", "query.owned_by_auth"),
        ("acme/things", "GET", "/v1/things?monkey=x", "grant.matched"),
        ("acme/things", "GET", "/v1/things?access_token=x", "query.owned_by_auth"),
        ("acme/things", "GET", "/v1/things?Access.Token[0]=x", "query.owned_by_auth"),
        ("acme/things", "GET", "/v1/things?access%20token=x", "query.owned_by_auth"),
        ("acme/things", "GET", "/v1/things?%24user=x", "query.owned_by_auth"),
        ("acme/things", "GET", "/v1/things?token=x", "grant.matched"),
        ("acme/things", "GET", "/v1/things?_method=DELETE", "query.not_allowed"),
        ("acme/things", "GET", "/v1/things?a=b&_METHOD=DELETE", "query.not_allowed"),
        ("acme/things", "GET", "/v1/things?$httpMethod=DELETE", "query.not_allowed"),
        ("acme/things", "GET", "/v1/things?%24httpheaders=a", "query.not_allowed"),
        ("acme/things", "GET", "/v1/things?X-HTTP-Method-Override=DELETE", "query.not_allowed"),
        ("acme/things", "GET", "/v1/things?method=x", "grant.matched"),
        ("acme/none", "GET", "/v1/things", "capability.unknown"),
        ("ACME/things", "GET", "/v1/things", "capability.unknown"),
        ("acme/rule", "GET", "/v1/admin", "capability.disabled"),
    ] {
        assert_eq!(reason(&call(capability, Some(method), Some(path))), expected, "{method} {path}");
    }
}

#[test]
fn callers_set_no_header_that_is_the_brokers() {
    let with = |name: &str, value: &str| {
        let mut call = call("acme/things", Some("GET"), Some("/v1/things"));
        call.headers = vec![(name.to_owned(), value.to_owned())];
        reason(&call)
    };
    for name in [
        "authorization",
        "Authorization",
        "AUTHORIZATION",
        "x-api-key",
        "X_API_KEY",
        "xi-api-key",
        "cookie",
        "proxy-authorization",
        "x-goog-api-key",
        "api-key",
        "host",
        "content-length",
        "transfer-encoding",
        "te",
        "trailer",
        "connection",
        "upgrade",
        "expect",
        "x-forwarded-for",
        "forwarded",
        "x-http-method-override",
        "x-original-url",
        "x-rewrite-url",
        "acme-as-user",
        "Acme_As_User",
        "stripe-account",
        "accept-encoding",
        "x-authorization",
        "Access_Token",
        "auth-token",
        "x-api-token",
        "x-session-token",
        "x-id-token",
        "x-refresh-token",
        "ocp-apim-subscription-key",
        "x-forwarded",
        "x-forward-for",
        "client-ip",
        "x-originating-ip",
        "x-remote-user",
        "x-original-method",
        "x-http-path-override",
        "x-envoy-original-path",
        "x-ssl-client-cert",
        "sudo",
        "impersonate-user",
        "x.api.key",
        "x!api!key",
        "x-api-key.",
        "x.note",
        ":authority",
        "a b",
        "",
        "x\r\ny",
    ] {
        assert_eq!(with(name, "x"), "header.not_allowed", "{name}");
    }
    for value in ["a\r\nb: c", "a\0b", " a", "a ", "\u{7f}"] {
        assert_eq!(with("x-note", value), "header.not_allowed", "{value:?}");
    }
    for (name, value) in [("content-type", "application/json"), ("X-Note", "ä"), ("acme-version", "2")] {
        assert_eq!(with(name, value), "grant.matched", "{name}: {value}");
    }
    assert_eq!(with("acme-version", "3"), "header.not_allowed");
    assert_eq!(with("acme_version", "3"), "header.not_allowed");
    assert_eq!(with("Acme-Version", "beta-7"), "grant.matched");
}

#[test]
fn too_many_or_repeated_headers_are_refused() {
    let mut many = call("acme/things", Some("GET"), Some("/v1/things"));
    many.headers = (0..101).map(|n| (format!("x-{n}"), "v".to_owned())).collect();
    assert_eq!(reason(&many), "header.not_allowed");
    many.headers = vec![("x-a".to_owned(), "v".repeat(70_000))];
    assert_eq!(reason(&many), "header.not_allowed");
    many.headers = vec![("x-a".to_owned(), "1".to_owned()), ("X-A".to_owned(), "2".to_owned())];
    assert_eq!(reason(&many), "header.not_allowed");
}

#[test]
fn what_is_left_out_is_found_or_asked_for() {
    let catalog = catalog();
    let decided = |call: &Call| {
        let allowed = authorise(&catalog, call).map_err(|denial| denial.reason.as_str())?;
        Ok((allowed.request().method().as_str(), allowed.request().target().as_str().to_owned()))
    };
    let with_body = Call { has_body: true, ..call("acme/things", None, None) };
    assert_eq!(decided(&with_body), Ok(("POST", "/v1/things".to_owned())));
    assert_eq!(decided(&call("acme/things", None, None)), Ok(("GET", "/v1/things".to_owned())));
    assert_eq!(decided(&call("acme/only", None, None)), Ok(("DELETE", "/v1/only".to_owned())));
    assert_eq!(decided(&call("acme/two", None, Some("/v1/two"))), Err("capability.method"));
    assert_eq!(decided(&call("acme/two", Some("PUT"), None)), Err("capability.path"));
}

#[test]
fn the_most_specific_capability_answers_for_a_provider() {
    let catalog = catalog();
    let named = |method, path| {
        most_specific(&catalog, &catalog.0, None, method, path)
            .map_or_else(|denial| denial.reason.as_str(), |c| c.id.name())
    };
    assert_eq!(named("GET", "/v1/things/7"), "things");
    assert_eq!(named("DELETE", "/v1/only"), "only");
    assert_eq!(named("GET", "/v1/admin"), "capability.disabled");
    assert_eq!(named("GET", "/v1/none"), "capability.path");
    assert_eq!(named("PUT", "/v1/only"), "capability.method");
    assert_eq!(named("GET", "/v1//only"), "path.not_canonical");
}

#[test]
fn a_denial_says_what_to_do() {
    let catalog = catalog();
    let denial = authorise(&catalog, &call("acme/thing", None, None)).unwrap_err();
    assert_eq!(denial.help.as_deref(), Some("did you mean acme/things?"));
    let denial = authorise(&catalog, &call("acme/things", Some("PUT"), Some("/v1/things"))).unwrap_err();
    assert_eq!(denial.help.as_deref(), Some("allowed: GET, POST"));
    assert_eq!(denial.trace.wrong_method, [0, 1]);
    let denial = authorise(&catalog, &call("acme/things", Some("GET"), Some("/v1/other"))).unwrap_err();
    assert!(denial.help.as_deref().unwrap().contains("/v1/things/**"), "{denial:?}");
    let help = |headers: Vec<(String, String)>| {
        let call = Call { headers, ..call("acme/things", Some("GET"), Some("/v1/things")) };
        authorise(&catalog, &call).unwrap_err().help.unwrap()
    };
    let header = |name: &str| (name.to_owned(), "v".to_owned());
    assert_eq!(help(vec![header("x-a"), header("X_A")]), "send it once");
    assert!(help(vec![header("x-a"); 101]).contains("fewer"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// A permitted request is spelled as the caller spelled it, and some grant has it.
    #[test]
    fn what_is_permitted_is_what_was_asked(path in "/v1/(things|only|two)?[a-z0-9/%.?=&;_-]{0,12}", m in 0_usize..7) {
        let catalog = catalog_once();
        let method = crate::spec::Method::ALL[m];
        if let Ok(allowed) = authorise(catalog, &call("acme/things", Some(method.as_str()), Some(&path))) {
            prop_assert_eq!(allowed.request().target().as_str(), &path);
            let bare: Cow<'_, str> = path.split('?').next().unwrap_or_default().into();
            let mut grants = allowed.capability().grants.iter();
            prop_assert!(grants.any(|grant| grant.permits(method, &bare)));
        }
    }

    #[test]
    fn no_call_makes_it_panic(capability in "\\PC{0,20}", method in "\\PC{0,8}", path in "\\PC{0,40}",
                              name in "\\PC{0,20}", value in "\\PC{0,20}") {
        let mut call = call(&capability, Some(&method), Some(&path));
        call.headers.push((name, value));
        let _ = authorise(catalog_once(), &call);
        call.capability = "acme/things".to_owned();
        let _ = authorise(catalog_once(), &call);
    }
}

pub(super) fn catalog_once() -> &'static One {
    static CATALOG: std::sync::LazyLock<One> = std::sync::LazyLock::new(catalog);
    &CATALOG
}
