//! What policy denies never reaches the upstream, through whichever door it is asked:
//! exit code 3 or 5, and one line in the audit log with the reason.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use support::{Door, Home, Upstream, secrets};

const CHAT: &str = "openai/chat-completions";
const CHAT_PATH: &str = "/v1/chat/completions";
const GEMINI: &str = "gemini/models";

/// A call that must be refused.
struct Case {
    arguments: Vec<String>,
    exit: i32,
    reason: &'static str,
}

fn case(reason: &'static str, arguments: &[&str]) -> Case {
    let exit = match reason {
        "capability.unknown" | "credential.missing" => 5,
        _ => 3,
    };
    Case { arguments: arguments.iter().map(|text| (*text).to_owned()).collect(), exit, reason }
}

fn wrong_methods() -> Vec<Case> {
    let methods = ["DELETE", "PUT", "PATCH", "post", "POTS", "CONNECT", "TRACE", "GET ", "GET\r\nX: y", ""];
    let call = |method: &&str| case("capability.method", &[CHAT, "--method", method, "--path", CHAT_PATH]);
    methods.iter().map(call).collect()
}

fn other_paths() -> Vec<Case> {
    let paths = [
        "/v1/organization/users",
        "/v1/chat/completions-evil",
        "/v1/chat",
        "/v1/chat/completions/a/b",
        "/V1/chat/completions",
        "/v1/chat/completions/",
        "/",
    ];
    paths.iter().map(|path| case("capability.path", &[CHAT, "--method", "GET", "--path", path])).collect()
}

/// Each could be read in two ways on its way to the upstream.
fn twisted_paths() -> Vec<Case> {
    let paths = [
        "/v1/chat/completions/..",
        "/v1/chat/completions/../../organization/users",
        "/v1/chat/completions/%2e%2e/files",
        "/v1/chat/completions/.%2E/files",
        "/v1/chat/completions/%252e%252e/files",
        "/v1/chat/completions/..;a=b/files",
        "/v1/./chat/completions",
        "/v1/chat/completions/a%2fb",
        "/v1/chat/completions/a%2Fb",
        "/v1/chat/completions/a%5cb",
        "/v1/chat/completions/a\\b",
        "/v1//chat/completions",
        "//evil.example/v1/chat/completions",
        "/v1/chat/completions#x",
        "/v1/chat/completions/a\tb",
        "/v1/chat/completions/a\r\nb",
        "/v1/chat/completions/%00",
        "/v1/chat/completions/%zz",
        "/v1/chat/completions/%c0%ae",
        "/v1/chat/completions/\u{ff0e}\u{ff0e}",
        "/v1/chat/completions;jsessionid=1",
        "https://evil.example/v1/chat/completions",
        "@evil.example/v1/chat/completions",
        "v1/chat/completions",
        "",
    ];
    paths.iter().map(|path| case("path.not_canonical", &[CHAT, "--method", "GET", "--path", path])).collect()
}

fn callers_headers() -> Vec<Case> {
    let headers = [
        "authorization: Bearer mine",
        "Authorization=Bearer mine",
        "AUTHORIZATION: ",
        "authorization : Bearer mine",
        "proxy-authorization: Basic bWluZQ==",
        "x-api-key: mine",
        "X-Api-Key=mine",
        "x_api_key: mine",
        "X_API_KEY: mine",
        "xi-api-key: mine",
        "x-goog-api-key: mine",
        "api-key: mine",
        "cookie: a=b",
        "Cookie=a=b",
        "host: evil.example",
        "Host=evil.example",
        "transfer-encoding: chunked",
        "Transfer_Encoding: chunked",
        "content-length: 1",
        "connection: authorization",
        "te: trailers",
        "trailer: x",
        "upgrade: websocket",
        "expect: 100-continue",
        "x-forwarded-for: 127.0.0.1",
        "X-Forwarded-Host: evil.example",
        "x_forwarded_proto: http",
        "forwarded: for=127.0.0.1",
        "x-http-method-override: DELETE",
        "x-original-url: /v1/organization/users",
        "x-rewrite-url: /v1/organization/users",
        "x-a: b\r\nauthorization: Bearer mine",
        "x a: b",
        "x-authorization: mine",
        "x.api.key: mine",
        "ocp-apim-subscription-key: mine",
        "x-envoy-original-path: /v1/organization/users",
        "impersonate-user: root",
        "openai-organization: org-mine",
        "OpenAI_Project: proj-mine",
    ];
    let call = |header: &&str| {
        case("header.not_allowed", &[CHAT, "--method", "POST", "--body", "{}", "--header", header])
    };
    let mut cases: Vec<Case> = headers.iter().map(call).collect();
    let twice = ["--header", "x-a: 1", "--header", "X-A: 2"];
    cases.push(case(
        "header.not_allowed",
        &[&[CHAT, "--method", "POST", "--body", "{}"], &twice[..]].concat(),
    ));
    let request = r#"{"method":"POST","path":"/v1/chat/completions","headers":{"authorization":"Bearer mine"},"body":{}}"#;
    cases.push(case("header.not_allowed", &[CHAT, "--request", request]));
    cases
}

/// Over a limit, and over what a message to the daemon may have, so that only files hold them.
fn oversized() -> Vec<(&'static str, String)> {
    let request = |path: &str, headers: &[(String, String)]| {
        let headers: serde_json::Map<_, _> =
            headers.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
        serde_json::json!({ "method": "GET", "path": path, "headers": headers }).to_string()
    };
    let many: Vec<_> = (0..30_000).map(|number| (format!("x-{number}"), "a".to_owned())).collect();
    vec![
        ("path.not_canonical", request(&format!("/v1/chat/{}", "a".repeat(300_000)), &[])),
        ("path.not_canonical", request(&"a".repeat(300_000), &[])),
        ("header.not_allowed", request(CHAT_PATH, &[("x-a".to_owned(), "a".repeat(1 << 20))])),
        ("header.not_allowed", request(CHAT_PATH, &[("x".repeat(1 << 20), "a".to_owned())])),
        ("header.not_allowed", request(CHAT_PATH, &many)),
    ]
}

fn owned_parameters() -> Vec<Case> {
    let queries = [
        "key=mine",
        "KEY=mine",
        "Key=",
        "key",
        "alt=sse&key=mine",
        "alt=sse&&key=mine",
        "%6bey=mine",
        "k%65y=mine",
        "%6B%45%59=mine",
        "key[]=mine",
        "key%5B%5D=mine",
        "+key=mine",
        "%20key=mine",
        "alt=sse;key=mine",
    ];
    let call = |query: &&str| {
        let path = format!("/v1beta/models?{query}");
        case("query.owned_by_auth", &[GEMINI, "--method", "GET", "--path", &path])
    };
    queries.iter().map(call).collect()
}

/// Names by which a provider takes credentials besides those of its scheme, and ways to have
/// another method read.
fn other_parameters() -> Vec<Case> {
    let call =
        |reason, capability, path: &str| case(reason, &[capability, "--method", "GET", "--path", path]);
    let owned = |query| call("query.owned_by_auth", GEMINI, &format!("/v1beta/models?{query}"));
    let mut cases: Vec<Case> =
        ["access_token=mine", "oauth_token=mine", "Access.Token=mine", "a=b&access_token[]=mine"]
            .map(owned)
            .into();
    for query in
        ["_method=DELETE", "$httpMethod=DELETE", "%24HTTPMETHOD=DELETE", "x-http-method-override=DELETE"]
    {
        cases.push(call("query.not_allowed", GEMINI, &format!("/v1beta/models?{query}")));
        cases.push(call("query.not_allowed", CHAT, &format!("{CHAT_PATH}?{query}")));
    }
    cases.push(call("query.owned_by_auth", "slack/conversations", "/api/conversations.list?token=xoxb-mine"));
    cases
}

/// The same names in a body, and in ways to write a body.
fn fields_of_forms() -> Vec<Case> {
    const SLACK: &str = "slack/chat";
    const PAIRS: &str = "content-type: application/x-www-form-urlencoded";
    let call = |more: &[&str]| {
        let call = [SLACK, "--method", "POST", "--path", "/api/chat.postMessage"];
        case("body.owned_by_auth", &[&call[..], more].concat())
    };
    let pairs = |body| call(&["--header", PAIRS, "--body", body]);
    vec![
        pairs("token=xoxb-mine&channel=C1"),
        pairs("channel=C1&TOKEN%5B%5D=xoxb-mine"),
        pairs("channel=C1;+t%6fken=xoxb-mine"),
        pairs("_method=DELETE"),
        call(&[
            "--header",
            "Content_Type: Application/X-WWW-Form-Urlencoded ;charset=x",
            "--body",
            "token=mine",
        ]),
        call(&["--body", "token=xoxb-mine"]),
        call(&["--multipart-field", "channel=C1", "--multipart-field", "token=xoxb-mine"]),
        call(&["--multipart-field", "Access.Token=xoxb-mine"]),
        call(&[
            "--header",
            "content-type: multipart/form-data; boundary=b",
            "--body",
            "--b\nCONTENT-DISPOSITION:form-data;\r\n name=token\n\nxoxb-mine\n--b--",
        ]),
    ]
}

fn out_of_reach() -> Vec<Case> {
    vec![
        case("capability.unknown", &["openai/none"]),
        case("capability.unknown", &["openai/chat-completion", "--body", "{}"]),
        case("capability.unknown", &["OpenAI/chat-completions", "--body", "{}"]),
        case("capability.unknown", &["nobody/nothing"]),
        case("capability.unknown", &["../openai/models"]),
        case("capability.unknown", &["openai/chat-completions\u{1b}[2J"]),
        case("capability.unknown", &[""]),
        case("capability.disabled", &["slack/admin", "--method", "POST", "--path", "/api/admin.users.list"]),
        case(
            "capability.disabled",
            &["telegram/chat-admins", "--method", "POST", "--path", "/promoteChatMember"],
        ),
        case("credential.missing", &["anthropic/messages", "--method", "POST", "--path", "/v1/messages"]),
        case("credential.missing", &[CHAT, "--body", "{}", "--credential", "someone-elses"]),
    ]
}

/// Asks for each case through `door`, and looks at what is left of it.
fn check(door: Door, cases: &[Case]) {
    let upstream = Upstream::serving(&["api.openai.com", "generativelanguage.googleapis.com", "slack.com"]);
    let home = Home::with_openai(door, &upstream, secrets::OPENAI);
    home.store("GEMINI_API_KEY", "AIzaSyD-made-up-for-tests-0123456789abc");
    home.store("SLACK_BOT_TOKEN", "xoxb-made-up-for-tests-0123456789");
    let mut last = home.events()[0].seq;
    for Case { arguments, exit, reason } in cases {
        let words: Vec<&str> =
            std::iter::once("invoke").chain(arguments.iter().map(String::as_str)).collect();
        let done = home.run(&words);
        let said = format!("{door:?} {words:?}\nstdout: {}\nstderr: {}", done.text(), done.errors());
        assert_eq!(done.code, Some(*exit), "{said}");
        assert!(done.stdout.is_empty() && done.errors().starts_with("error: "), "{said}");
        assert!(!done.errors().contains('\u{1b}'), "{said}");

        let events = home.events();
        let new: Vec<_> =
            events.iter().filter(|entry| entry.seq > last && entry.event["action"] == "invoke").collect();
        assert_eq!(new.len(), 1, "one line in the log for {said}\n{new:?}");
        assert!(new[0].is("invoke", "denied"), "{said}\n{new:?}");
        assert_eq!(new[0].event["reason"], *reason, "{said}");
        assert!(!new[0].event.to_string().contains("mine"), "no value is logged: {new:?}");
        last = events[0].seq;
    }
    assert_eq!((upstream.accepted(), upstream.take()), (0, Vec::new()), "nothing reaches the upstream");
    home.run(&["audit", "verify"]).ok();
    // The same upstream is reached by what is allowed, so the silence above means something.
    home.run(&["invoke", CHAT, "--body", "{}"]).ok();
    assert_eq!(upstream.take().len(), 1);
}

#[test]
fn a_method_that_is_not_granted() {
    Door::BOTH.into_iter().for_each(|door| check(door, &wrong_methods()));
}

#[test]
fn a_path_that_is_not_granted() {
    Door::BOTH.into_iter().for_each(|door| check(door, &other_paths()));
}

#[test]
fn a_path_that_could_be_read_in_two_ways() {
    Door::BOTH.into_iter().for_each(|door| check(door, &twisted_paths()));
}

#[test]
fn a_header_that_is_not_the_callers() {
    Door::BOTH.into_iter().for_each(|door| check(door, &callers_headers()));
}

#[test]
fn what_is_too_large() {
    let folder = tempfile::tempdir().unwrap();
    let cases: Vec<Case> = oversized()
        .into_iter()
        .enumerate()
        .map(|(number, (reason, request))| {
            let file = folder.path().join(number.to_string());
            std::fs::write(&file, request).unwrap();
            case(reason, &[CHAT, "--request-file", file.to_str().unwrap()])
        })
        .collect();
    Door::BOTH.into_iter().for_each(|door| check(door, &cases));
}

#[test]
fn a_parameter_that_carries_the_secret() {
    Door::BOTH.into_iter().for_each(|door| check(door, &owned_parameters()));
}

#[test]
fn a_parameter_that_could_carry_another_or_replace_the_method() {
    Door::BOTH.into_iter().for_each(|door| check(door, &other_parameters()));
}

#[test]
fn a_field_of_a_form_that_could_carry_a_credential() {
    Door::BOTH.into_iter().for_each(|door| check(door, &fields_of_forms()));
}

/// What a form is for still works, of any size and from a stream.
#[test]
fn a_form_without_such_a_field_goes_out_as_it_is() {
    for door in Door::BOTH {
        let upstream = Upstream::serving(&["slack.com"]);
        let home = Home::with(door, &upstream);
        home.store("SLACK_BOT_TOKEN", "xoxb-made-up-for-tests-0123456789");
        let call = ["invoke", "slack/chat", "--method", "POST", "--path", "/api/chat.postMessage"];
        let file = home.path("token");
        std::fs::write(&file, "name=\"token\"\r\n".repeat(200_000)).unwrap();
        let multipart = format!("file={}", file.to_str().unwrap());
        home.run(
            &[&call[..], &["--multipart-field", "text=token=1", "--multipart-file", &multipart]].concat(),
        )
        .ok();
        let received = upstream.take_one();
        assert!(received.body.len() > 2_000_000, "{}", received.body.len());
        let pairs = "text=token%3D1&channel=C1";
        let header = "content-type: application/x-www-form-urlencoded";
        home.run(&[&call[..], &["--header", header, "--body", pairs]].concat()).ok();
        assert_eq!(upstream.take_one().body, pairs.as_bytes());
    }
}

#[test]
fn what_is_unknown_off_or_without_a_key() {
    Door::BOTH.into_iter().for_each(|door| check(door, &out_of_reach()));
}

/// A denial is the same one whichever way it is asked for.
#[test]
fn the_policys_answer_is_the_brokers() {
    let home = Home::test(Door::InProcess);
    let questions = [
        (
            r#"{"capability":"openai/chat-completions","method":"DELETE","path":"/v1/chat/completions"}"#,
            "capability.method",
        ),
        (r#"{"capability":"openai/chat-completions","method":"GET","path":"/v1/files"}"#, "capability.path"),
        (
            r#"{"capability":"openai/chat-completions","method":"GET","path":"/v1/chat/completions/.."}"#,
            "path.not_canonical",
        ),
        (
            r#"{"capability":"gemini/models","method":"GET","path":"/v1beta/models?KEY=a"}"#,
            "query.owned_by_auth",
        ),
        (r#"{"capability":"openai/none","method":"GET","path":"/"}"#, "capability.unknown"),
        (r#"{"provider":"openai","method":"GET","path":"/v1/models"}"#, "grant.matched"),
        ("nonsense", "invalid_request"),
    ];
    let input: String = questions.iter().map(|(question, _)| format!("{question}\n")).collect();
    let done = home.run_with_input(&["policy", "check", "--json"], input.as_bytes()).ok();
    let answers: Vec<serde_json::Value> =
        done.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), questions.len(), "{}", done.text());
    for (answer, (question, reason)) in answers.iter().zip(questions) {
        assert_eq!(answer["reason"], reason, "{question}");
        assert_eq!(answer["allowed"], reason == "grant.matched", "{question}");
    }
}
