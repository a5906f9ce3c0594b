//! Callers over TCP: the envelope, passthrough, what a caller may use, and each refusal.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use support::gateway::Gateway;
use support::{Answer, Door, Home, Upstream, secrets};

struct Setting {
    upstream: Upstream,
    home: Home,
    gateway: Gateway,
}

/// A vault with an OpenAI key, and a token for all of OpenAI.
fn setting() -> Setting {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = Home::with_openai(Door::Daemon, &upstream, secrets::OPENAI);
    let gateway = home.gateway("openai/*");
    Setting { upstream, home, gateway }
}

#[test]
fn an_envelope_is_a_call() {
    let Setting { upstream, home, gateway } = setting();
    let body = json!({ "model": "gpt-5.2", "messages": [] });
    let heard = gateway
        .envelope(&json!({
            "capability": "openai/chat-completions",
            "request": { "method": "POST", "path": "/v1/chat/completions", "headers": { "x-a": "1" }, "body": body },
        }))
        .ok();
    assert_eq!(heard.json(), json!({ "ok": true }));
    let received = upstream.take_one();
    assert_eq!(received.header("authorization"), format!("Bearer {}", secrets::OPENAI));
    assert_eq!((received.header("x-a"), received.header("content-type")), ("1", "application/json"));
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&received.body).unwrap(), body);
    let decided = home.events().into_iter().find(|one| one.is("invoke", "allowed")).unwrap();
    assert!(decided.event["caller"].as_str().unwrap().starts_with("token:"), "{}", decided.event);
}

#[test]
fn an_envelope_sends_forms_with_files() {
    let Setting { upstream, home: _home, gateway } = setting();
    gateway
        .envelope(&json!({
            "capability": "openai/files",
            "request": {
                "method": "POST",
                "path": "/v1/files",
                "multipart": { "purpose": "assistants" },
                "multipartFiles": [{ "name": "file", "filename": "a.txt", "data": STANDARD.encode(b"\0hello\n") }],
            },
        }))
        .ok();
    let received = upstream.take_one();
    assert!(received.header("content-type").starts_with("multipart/form-data; boundary="));
    let text = String::from_utf8_lossy(&received.body).into_owned();
    assert!(text.contains("name=\"purpose\"\r\n\r\nassistants\r\n"), "{text}");
    assert!(text.contains("filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\n\0hello\n\r\n"), "{text}");
}

#[test]
fn an_envelope_that_is_none_is_refused_and_on_record() {
    let Setting { upstream, home, gateway } = setting();
    for request in [
        json!({ "method": "GET", "path": "/v1/models", "url": "https://evil.example/" }),
        json!({ "method": "GET", "path": "/v1/models", "body": {}, "multipart": {} }),
        json!({ "method": 1 }),
    ] {
        let heard = gateway.envelope(&json!({ "capability": "openai/models", "request": request }));
        assert_eq!(
            (heard.status, &heard.json()["error"]),
            (400, &json!("invalid_request")),
            "{}",
            heard.text()
        );
        let last = home.events().remove(0);
        assert!(last.is("invoke", "denied") && last.event["reason"] == "request.malformed", "{}", last.event);
    }
    for extra in ["scope", "workspaceId", "consumer", "caller", "host"] {
        let request = json!({ "method": "GET", "path": "/v1/models" });
        let heard =
            gateway.envelope(&json!({ "capability": "openai/models", "request": request, extra: "x" }));
        assert_eq!(heard.status, 400, "{extra}: {}", heard.text());
    }
    assert!(upstream.take().is_empty());
}

#[test]
fn the_callers_socket_takes_envelopes_and_passes_through_by_its_peer() {
    let Setting { upstream, home, .. } = setting();
    let envelope =
        json!({ "capability": "openai/models", "request": { "method": "GET", "path": "/v1/models" } });
    for (line, body) in [
        ("POST /aivault/proxy", envelope.to_string()),
        ("GET /v/openai/v1/models", String::new()),
        ("GET /aivault/capabilities", String::new()),
    ] {
        let request = format!(
            "{line} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let (head, _) = support::socket::exchange(&home.socket(), request.as_bytes());
        assert_eq!(head.first_line, "HTTP/1.1 200 OK", "{line}");
    }
    assert_eq!(upstream.take().len(), 2);
}

#[test]
fn a_request_passes_through_as_it_came_but_for_the_credential() {
    let Setting { upstream, home: _home, gateway } = setting();
    upstream.answers(|_| {
        Answer::status(418, "short").with("x-request-id", "r1").with("aivault-reason", "forged")
    });
    let bearer = format!("Bearer {}", gateway.token);
    let fields = [
        ("authorization", bearer.as_str()),
        ("user-agent", "OpenAI/Python 3.54.0"),
        ("x-stainless-os", "Linux"),
        ("accept", "application/json"),
        ("accept-encoding", "gzip, deflate, br"),
        ("content-type", "application/json"),
        ("te", "trailers"),
        ("connection", "close, x-hop"),
        ("x-hop", "1"),
    ];
    let body = b" {\"model\" : \"gpt-5.2\"}\n";
    let heard = gateway.send("POST", "/v/openai/v1/chat/completions?a=%2F&b", &fields, body);
    assert_eq!((heard.status, heard.text().as_str()), (418, "short"), "{heard:?}");
    assert_eq!(heard.head.all("x-request-id"), ["r1"]);
    assert_eq!(heard.reason(), None, "the upstream does not speak for us");
    let received = upstream.take_one();
    assert_eq!(received.head.first_line, "POST /v1/chat/completions?a=%2F&b HTTP/1.1");
    assert_eq!(received.body, body);
    assert_eq!(received.header("authorization"), format!("Bearer {}", secrets::OPENAI));
    assert_eq!(received.header("user-agent"), "OpenAI/Python 3.54.0");
    assert_eq!(received.header("x-stainless-os"), "Linux");
    for gone in ["te", "x-hop", "connection"] {
        assert!(!received.head.has(gone), "{gone}: {:?}", received.head);
    }
    assert!(!received.headers_as_text().contains(&gateway.token));
}

#[test]
fn an_empty_query_is_none() {
    let Setting { upstream, home: _home, gateway } = setting();
    gateway.ask("GET", "/v/openai/v1/models?", b"").ok();
    assert_eq!(upstream.take_one().target, "/v1/models");
}

/// Where official clients put a key, by provider; the upstream must see the real one and nothing of the token.
#[test]
fn a_token_stands_wherever_a_client_puts_its_key() {
    let hosts = [
        "api.openai.com",
        "api.anthropic.com",
        "generativelanguage.googleapis.com",
        "api.github.com",
        "api.telegram.org",
    ];
    let upstream = Upstream::serving(&hosts);
    let home = Home::with_openai(Door::Daemon, &upstream, secrets::OPENAI);
    home.store("ANTHROPIC_API_KEY", "sk-ant-api03-made-up-for-tests-0123456789");
    home.store("GEMINI_API_KEY", "AIzaSyD-made-up-for-tests-0123456789abc");
    home.store("GITHUB_TOKEN", "ghp_madeupfortests0123456789abcdefghij");
    home.store("TELEGRAM_BOT_TOKEN", "123456789:AAmade_up_for_tests_0123456789abcdef");
    let gateway = home.gateway("*");
    let token = gateway.token.clone();
    let tail = &token[token.len() - 64..];
    let (bearer, word, shaped) =
        (format!("Bearer {token}"), format!("token {token}"), format!("token ghp_{tail}"));
    let basic = format!("Basic {}", STANDARD.encode(format!("x:{token}")));
    let in_path = format!("/v/telegram/bot123456:{tail}/getMe");
    let in_query = format!("/v/gemini/v1beta/models?pageSize=1&key={token}");
    for (target, field, sent) in [
        ("/v/openai/v1/models", Some(("authorization", bearer.as_str())), "/v1/models"),
        ("/v/anthropic/v1/models", Some(("x-api-key", &token)), "/v1/models"),
        ("/v/anthropic/v1/models", Some(("authorization", &bearer)), "/v1/models"),
        ("/v/gemini/v1beta/models", Some(("x-goog-api-key", &token)), "/v1beta/models?key="),
        (&in_query, None, "/v1beta/models?pageSize=1&key="),
        ("/v/github/user", Some(("authorization", &word)), "/user"),
        ("/v/github/user", Some(("authorization", &shaped)), "/user"),
        ("/v/github/user", Some(("authorization", &basic)), "/user"),
        (&in_path, None, "/bot123456789:AAmade_up_for_tests_0123456789abcdef/getMe"),
    ] {
        let fields: Vec<(&str, &str)> = field.into_iter().collect();
        let heard = gateway.send("GET", target, &fields, b"");
        assert_eq!(heard.status, 200, "{target} {fields:?}: {}", heard.text());
        let received = upstream.take_one();
        assert!(received.target.starts_with(sent), "{target}: {}", received.target);
        let all = format!("{}\n{}", received.target, received.headers_as_text());
        assert!(!all.contains(tail), "{all}");
    }
}

#[test]
fn what_is_no_token_but_looks_like_a_credential_is_refused() {
    let Setting { upstream, home: _home, gateway } = setting();
    let bearer = format!("Bearer {}", gateway.token);
    for (name, value) in [
        ("x-api-key", "sk-another"),
        ("cookie", "session=1"),
        ("proxy-authorization", "Basic eDp5"),
        ("x-forwarded-for", "10.0.0.1"),
        ("forwarded", "for=10.0.0.1"),
        ("openai-organization", "org-other"),
        ("x-http-method-override", "DELETE"),
    ] {
        let fields = [("authorization", bearer.as_str()), (name, value)];
        let heard = gateway.send("GET", "/v/openai/v1/models", &fields, b"");
        assert_eq!(
            (heard.status, heard.reason()),
            (403, Some("header.not_allowed")),
            "{name}: {}",
            heard.text()
        );
    }
    let heard = gateway.ask("GET", "/v/openai/v1/models?_method=DELETE", b"");
    assert_eq!((heard.status, heard.reason()), (403, Some("query.not_allowed")), "{}", heard.text());
    assert!(upstream.take().is_empty());
}

#[test]
fn without_a_token_that_holds_nothing_is_served() {
    let Setting { upstream, home, gateway } = setting();
    let guessed = format!("Bearer aiv_{}", "A".repeat(64));
    let short = "Bearer sk-proj-short";
    let elsewhere = [("x-something", gateway.token.as_str())];
    let targets = ["/v/openai/v1/models", "/v/nobody/v1/models", "/aivault/capabilities"];
    for target in targets {
        for (fields, reason) in [
            (&[][..], "token.missing"),
            (&[("authorization", short)][..], "token.missing"),
            (&elsewhere[..], "token.missing"),
            (&[("authorization", guessed.as_str())][..], "token.unknown"),
        ] {
            let heard = gateway.send("GET", target, fields, b"");
            assert_eq!((heard.status, heard.reason()), (401, Some(reason)), "{target}: {}", heard.text());
        }
    }
    home.run(&["token", "revoke", "--all"]).ok();
    for target in targets {
        let heard = gateway.ask("GET", target, b"");
        assert_eq!(heard.status, 401, "{target}: {}", heard.text());
    }
    assert!(upstream.take().is_empty());
}

#[test]
fn a_token_reaches_what_it_covers_and_no_operators_command() {
    let Setting { upstream, home, gateway } = setting();
    let narrow = Gateway { token: home.mint(&["--capability", "openai/models"]), ..gateway };
    narrow.ask("GET", "/v/openai/v1/models", b"").ok();
    upstream.take_one();
    let heard = narrow.ask("POST", "/v/openai/v1/embeddings", b"{}");
    assert_eq!((heard.status, heard.reason()), (403, Some("token.scope")), "{}", heard.text());
    let request = json!({ "method": "POST", "path": "/v1/embeddings", "body": {} });
    let heard = narrow.envelope(&json!({ "capability": "openai/embeddings", "request": request }));
    assert_eq!((heard.status, heard.reason()), (403, Some("token.scope")), "{}", heard.text());
    for target in ["/command", "/retire", "/invoke", "/websocket", "/aivault", "/v", "/"] {
        let heard = narrow.ask("POST", target, br#"{"command":"secret-list","scope":null}"#);
        assert_eq!((heard.status, heard.reason()), (404, Some("path.unknown")), "{target}: {}", heard.text());
    }
    assert!(upstream.take().is_empty());
}

#[test]
fn what_a_caller_may_use_is_told_with_examples_that_work() {
    let Setting { upstream, home, gateway } = setting();
    let narrow = Gateway { token: home.mint(&["--capability", "openai/chat-*"]), ..gateway };
    let offers = narrow.ask("GET", "/aivault/capabilities", b"").ok().json();
    let offers = offers["capabilities"].as_array().unwrap();
    let [offer] = &offers[..] else { panic!("{offers:?}") };
    assert_eq!(offer["capability"], "openai/chat-completions");
    assert_eq!((&offer["passthrough"], &offer["credentials"]), (&json!("/v/openai"), &json!(["openai"])));
    narrow.envelope(&offer["example"]).ok();
    assert_eq!(upstream.take_one().target, "/v1/chat/completions");
    let health = narrow.send("GET", "/healthz", &[], b"").ok().json();
    assert_eq!((&health["status"], &health["unlocked"]), (&json!("ok"), &json!(true)));
}

#[test]
fn accounts_are_reached_by_name_and_providers_where_there_is_one() {
    let Setting { upstream, home, gateway } = setting();
    let work = "sk-work-0123456789abcdefghij";
    home.run(&["secrets", "create", "--name", "WORK", "--value", work, "--provider", "openai"]).ok();
    home.run(&["credential", "create", "work", "--provider", "openai", "--secret", "WORK"]).ok();
    gateway.ask("GET", "/v/work/v1/models", b"").ok();
    assert_eq!(upstream.take_one().header("authorization"), format!("Bearer {work}"));
    gateway.ask("GET", "/v/openai/v1/models", b"").ok();
    assert_eq!(upstream.take_one().header("authorization"), format!("Bearer {}", secrets::OPENAI));
    for name in ["nobody", "..", "open%61i", "OPENAI", ""] {
        let heard = gateway.ask("GET", &format!("/v/{name}/v1/models"), b"");
        assert_eq!(
            (heard.status, heard.reason()),
            (404, Some("credential.missing")),
            "{name}: {}",
            heard.text()
        );
        let last = home.events().remove(0);
        assert!(last.is("invoke", "denied"), "{}", last.event);
    }
    assert!(upstream.take().is_empty());
}

#[test]
fn a_listener_of_one_credential_needs_no_prefix() {
    let Setting { upstream, home, gateway } = setting();
    let address = home.listener(&["--credential", "openai"]);
    assert_ne!(address, gateway.address);
    assert_eq!(home.listener(&["--credential", "openai"]), address, "the one that is open is found again");
    let own = Gateway { address, ..gateway };
    own.ask("GET", "/v1/models", b"").ok();
    assert_eq!(upstream.take_one().target, "/v1/models");
    // Everything is that provider's there, our own paths too.
    for target in ["/aivault/capabilities", "/healthz", "/v/openai/v1/models"] {
        let heard = own.ask("GET", target, b"");
        assert_eq!(
            (heard.status, heard.reason()),
            (403, Some("capability.path")),
            "{target}: {}",
            heard.text()
        );
    }
    let status = home.run(&["gateway", "status", "--json"]).ok().json();
    assert_eq!(status.as_array().unwrap().len(), 2, "{status}");
    let urls: Vec<_> = status.as_array().unwrap().iter().map(|one| one["url"].as_str().unwrap()).collect();
    home.run(&["status"]).ok().says(urls[0]).says(urls[1]);
    let opened = home.events().into_iter().filter(|one| one.event["action"] == "gateway.open").count();
    assert_eq!(opened, 2, "each listener is on record, and once");
    home.run(&["gateway", "open", "--credential", "nobody"]).ends(5);
}

/// Each provider's own shape, and for the others ours; with the status that its clients go by.
#[test]
fn refusals_have_the_shape_that_the_providers_clients_read() {
    let Setting { home, gateway, .. } = setting();
    let narrow = Gateway { token: home.mint(&["--capability", "openai/models"]), ..gateway };
    for (provider, target, pointer, expected) in [
        ("openai", "/v1/embeddings", "/error/code", json!("token.scope")),
        ("anthropic", "/v1/messages", "/error/type", json!("permission_error")),
        ("stripe", "/v1/customers", "/error/type", json!("invalid_request_error")),
        ("github", "/user/repos", "/reason", json!("token.scope")),
        ("slack", "/api/chat.postMessage", "/ok", json!(false)),
        ("notion", "/v1/pages", "/status", json!(403)),
        (
            "gemini",
            "/v1beta/models/gemini-2.5-flash:generateContent",
            "/error/status",
            json!("PERMISSION_DENIED"),
        ),
        ("mistral", "/v1/chat/completions", "/error", json!("policy_violation")),
    ] {
        let heard = narrow.ask("POST", &format!("/v/{provider}{target}"), b"{}");
        assert_eq!(
            (heard.status, heard.reason()),
            (403, Some("token.scope")),
            "{provider}: {}",
            heard.text()
        );
        assert_eq!(heard.json().pointer(pointer), Some(&expected), "{provider}: {}", heard.text());
        assert_eq!(heard.head.all("content-type"), ["application/json"]);
        assert_eq!(heard.head.all("x-should-retry"), ["false"]);
        assert!(heard.text().contains("does not cover"), "{}", heard.text());
    }
}

#[test]
fn a_limit_tells_when_to_come_again() {
    let Setting { upstream, home, gateway } = setting();
    let file = home.path("limit.policy.yaml");
    let rule = "{ id: one, effect: limit, why: Tests., capabilities: ['openai/*'], limit: { max: 1, per: 1h, by: caller, cost: requests } }";
    std::fs::write(&file, format!("policy: limit\nversion: 1\nrules:\n  - {rule}\n")).unwrap();
    home.run(&["policy", "apply", file.to_str().unwrap()]).ok();
    gateway.ask("GET", "/v/openai/v1/models", b"").ok();
    let heard = gateway.ask("GET", "/v/openai/v1/models", b"");
    assert_eq!((heard.status, heard.reason()), (429, Some("limit.exceeded")), "{}", heard.text());
    let seconds: u64 = heard.head.all("retry-after")[0].parse().unwrap();
    assert!((1..=3600).contains(&seconds), "{seconds}");
    assert_eq!(upstream.take().len(), 1);
}
