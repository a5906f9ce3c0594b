//! `aivault mcp`: an agent finds capabilities, calls them, is told why it may not, and calls off what takes too long.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use std::{env, fs};

use serde_json::{Value, json};
use support::mcp::{self, Session};
use support::{Answer, Done, Door, Home, Upstream, secrets, wait};

fn setting(door: Door) -> (Upstream, Home) {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = Home::with_openai(door, &upstream, secrets::OPENAI);
    (upstream, home)
}

fn text(result: &Value) -> &str {
    result["content"][0]["text"].as_str().unwrap_or_default()
}

fn names(answer: &Value) -> Vec<&str> {
    let tools = answer["result"]["tools"].as_array().unwrap();
    tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect()
}

#[test]
fn an_agent_finds_a_capability_and_calls_it() {
    for door in Door::BOTH {
        let (upstream, home) = setting(door);
        let mut agent = Session::begin(&home, &[]);
        let listed = agent.call("list_capabilities", &json!({ "provider": "openai", "query": "chat" }));
        let first = &listed["structuredContent"]["capabilities"][0];
        assert_eq!(
            (&first["capability"], &first["ready"]),
            (&"openai/chat-completions".into(), &true.into())
        );
        assert_eq!(serde_json::from_str::<Value>(text(&listed)).unwrap(), listed["structuredContent"]);
        let described =
            agent.call("describe_capability", &json!({ "capability": "openai/chat-completions" }));
        let mut call = described["structuredContent"]["example"].clone();
        call["capability"] = "openai/chat-completions".into();
        upstream.answers(|_| Answer::status(200, r#"{"n": 1.50}"#).with("content-type", "application/json"));
        let answer = agent.call("invoke", &call);
        assert_eq!((&answer["isError"], text(&answer)), (&false.into(), r#"{"n": 1.50}"#));
        let received = upstream.take_one();
        assert_eq!(received.header("authorization"), format!("Bearer {}", secrets::OPENAI));
        assert_eq!(received.header("content-type"), "application/json");
        assert_eq!(serde_json::from_slice::<Value>(&received.body).unwrap(), call["body"]);
        assert!(home.events().iter().any(|one| one.event["capability"] == "openai/chat-completions"));
        let done = agent.close().ok();
        assert_eq!(done.errors(), "");
        secrets::assert_absent(secrets::OPENAI, &done.stdout, "the conversation");
    }
}

#[test]
fn what_is_not_ready_says_why_and_what_is_off_is_not_listed() {
    let (_upstream, home) = setting(Door::InProcess);
    home.run(&["capability", "disable", "openai/models"]).ok();
    let mut agent = Session::begin(&home, &[]);
    let listed = agent.call("list_capabilities", &json!({ "limit": 1000 }));
    let rows = listed["structuredContent"]["capabilities"].as_array().unwrap();
    let row = |id: &str| rows.iter().find(|row| row["capability"] == id);
    assert!(row("openai/models").is_none());
    let why = row("stripe/charges").or_else(|| rows.iter().find(|row| row["ready"] == false)).unwrap();
    assert!(why["why"].as_str().unwrap().contains("aivault secrets create --name "), "{why}");
    let refused = agent.call("invoke", &json!({ "capability": "openai/models" }));
    assert_eq!(
        (&refused["isError"], &refused["structuredContent"]["error"]),
        (&true.into(), &"policy_violation".into())
    );
}

#[test]
fn a_denial_is_a_tools_error_with_reason_and_help() {
    for door in Door::BOTH {
        let (upstream, home) = setting(door);
        let mut agent = Session::begin(&home, &[]);
        for (arguments, error, reason) in [
            (
                json!({ "capability": "openai/models", "path": "/v1/files" }),
                "policy_violation",
                "capability.path",
            ),
            (
                json!({ "capability": "openai/models", "headers": { "authorization": "Bearer x" } }),
                "policy_violation",
                "header.not_allowed",
            ),
            (
                json!({ "capability": "openai/models", "path": "/v1/models/../files" }),
                "policy_violation",
                "path.not_canonical",
            ),
            (json!({ "capability": "openai/model" }), "capability_not_found", "capability.unknown"),
            (
                json!({ "capability": "openai/models", "url": "https://evil.example" }),
                "invalid_request",
                "mcp.arguments",
            ),
            (json!({}), "invalid_request", "mcp.arguments"),
        ] {
            let result = agent.call("invoke", &arguments);
            let object = &result["structuredContent"];
            assert_eq!(result["isError"], true, "{arguments}");
            assert_eq!((&object["error"], &object["reason"]), (&error.into(), &reason.into()), "{arguments}");
            let help = object["help"].as_str().unwrap();
            assert!(
                text(&result).starts_with(&format!("{error} ({reason}): ")) && text(&result).contains(help)
            );
        }
        assert!(upstream.take().is_empty());
    }
}

#[test]
fn an_upstreams_error_comes_with_status_and_body() {
    let (upstream, home) = setting(Door::InProcess);
    upstream.answers(|_| Answer::status(404, r#"{"error":{"message":"no such model"}}"#));
    let mut agent = Session::begin(&home, &[]);
    let result = agent.call("invoke", &json!({ "capability": "openai/models", "path": "/v1/models/x" }));
    assert_eq!(result["isError"], true);
    assert_eq!(text(&result), "the upstream answered 404");
    assert_eq!(result["content"][1]["text"], r#"{"error":{"message":"no such model"}}"#);
    let object = &result["structuredContent"];
    assert_eq!(
        (&object["status"], &object["body"]["error"]["message"]),
        (&404.into(), &"no such model".into())
    );
}

#[test]
fn an_answer_has_an_end() {
    let (upstream, home) = setting(Door::Daemon);
    upstream.answers(|_| Answer::long(64 * 1024 * 1024));
    let mut agent = Session::begin(&home, &[]);
    let result = agent.call("invoke", &json!({ "capability": "openai/models" }));
    assert!(text(&result).starts_with("cut: only the first 1048576 bytes"));
    assert_eq!(result["content"][1]["text"].as_str().unwrap().len(), 1024 * 1024);
    upstream.answers(|_| Answer::status(200, &b"\x89\xff\0"[..]).with("content-type", "application/zip"));
    let result = agent.call("invoke", &json!({ "capability": "openai/models" }));
    assert_eq!(result["content"][0]["resource"]["blob"], "if8A");
}

#[test]
fn a_query_stands_behind_the_default_path() {
    let (upstream, home) = setting(Door::InProcess);
    let mut agent = Session::begin(&home, &[]);
    let query = json!({ "limit": 2, "after": "a&b=c/../é", "tag": ["x", "y"] });
    let result = agent.call("invoke", &json!({ "capability": "openai/models", "query": query }));
    assert_eq!(result["isError"], false, "{result}");
    let target = upstream.take_one().target;
    assert_eq!(target, "/v1/models?limit=2&after=a%26b%3Dc%2F..%2F%C3%A9&tag=x&tag=y");
}

#[test]
fn a_form_is_sent_with_what_comes_along() {
    let (upstream, home) = setting(Door::InProcess);
    let mut agent = Session::begin(&home, &["--expose", "openai/transcription"]);
    let described = agent.call("describe_capability", &json!({ "capability": "openai/transcription" }));
    let mut call = described["structuredContent"]["example"].clone();
    call["multipartFiles"][0]["data"] = "aGVsbG8=".into();
    let result = agent.call("openai__transcription", &call);
    assert_eq!(result["isError"], false, "{result}");
    let received = upstream.take_one();
    assert!(received.header("content-type").starts_with("multipart/form-data; boundary="));
    assert!(String::from_utf8_lossy(&received.body).contains("\r\n\r\nhello\r\n"));
}

#[test]
fn capabilities_become_tools_where_that_is_wanted() {
    let (upstream, home) = setting(Door::InProcess);
    let mut agent = Session::begin(&home, &["--expose", "openai/{models,chat-*}", "--expose", "github/*"]);
    let answer = agent.ask("tools/list", &json!({}));
    let always = ["list_capabilities", "describe_capability", "invoke"];
    let mut all = names(&answer);
    assert_eq!(all.drain(..3).collect::<Vec<_>>(), always);
    all.sort_unstable();
    assert_eq!(all, ["openai__chat-completions", "openai__models"], "github has no key yet");
    let tool = |name: &str| {
        answer["result"]["tools"].as_array().unwrap().iter().find(|tool| tool["name"] == name).unwrap()
    };
    let models = tool("openai__models");
    assert_eq!(models["inputSchema"]["properties"]["method"]["enum"], json!(["GET"]));
    assert_eq!(models["inputSchema"]["properties"]["path"]["default"], "/v1/models");
    assert_eq!(models["annotations"]["readOnlyHint"], true);
    assert_eq!(tool("openai__chat-completions")["annotations"]["destructiveHint"], true);
    assert!(
        tool("openai__chat-completions")["description"]
            .as_str()
            .unwrap()
            .contains("Example: {\"method\":\"POST\"")
    );
    for tool in answer["result"]["tools"].as_array().unwrap() {
        jsonschema::meta::validate(&tool["inputSchema"]).unwrap();
    }

    assert_eq!(agent.call("openai__models", &json!({}))["isError"], false);
    assert_eq!(upstream.take_one().target, "/v1/models");
    // The tool's name says which capability it is, whatever the arguments say.
    let result = agent.call("openai__models", &json!({ "capability": "openai/files", "path": "/v1/files" }));
    assert_eq!(result["structuredContent"]["reason"], "capability.path");
    for unknown in ["openai__files", "init", "openai/models"] {
        let answer = agent.ask("tools/call", &json!({ "name": unknown }));
        assert_eq!(answer["error"]["code"], -32602, "{answer}");
    }
    let done = Session::begin(&home, &["--expose", "opnai/*"]).close().ok();
    assert_eq!(done.errors(), "warning: no capability that is on matches --expose \"opnai/*\"\n");
}

#[test]
fn what_is_called_off_ends_at_the_upstream() {
    for door in Door::BOTH {
        let (upstream, home) = setting(door);
        upstream.answers(|_| Answer::silence());
        let mut agent = Session::begin(&home, &[]);
        let call = json!({ "name": "invoke", "arguments": { "capability": "openai/models" } });
        let id = agent.request("tools/call", &call);
        wait::until("the request is there", || (!upstream.take().is_empty()).then_some(()));
        let ended = upstream.ended();
        // The server goes on meanwhile.
        assert!(agent.ask("ping", &json!({}))["result"].is_object());
        agent.notify("notifications/cancelled", &json!({ "requestId": id, "reason": "too slow" }));
        wait::until("the connection ends", || (upstream.ended() > ended).then_some(()));
        assert!(agent.ask("ping", &json!({}))["result"].is_object(), "and nothing was answered before");
        agent.close().ok();
    }
}

#[test]
fn a_time_limit_holds() {
    let (upstream, home) = setting(Door::InProcess);
    upstream.answers(|_| Answer::silence());
    let mut agent = Session::begin(&home, &[]);
    let result = agent.call("invoke", &json!({ "capability": "openai/models", "timeout_ms": 50 }));
    assert_eq!(result["structuredContent"]["error"], "upstream_timeout");
}

#[test]
fn what_a_tool_cannot_do_is_on_record_and_does_not_flood_the_log() {
    let (upstream, home) = setting(Door::InProcess);
    let mut agent = Session::begin(&home, &[]);
    for _ in 0..20 {
        let answer =
            agent.call("invoke", &json!({ "capability": "openai/models", "url": "https://evil.example" }));
        assert_eq!(answer["isError"], true, "{answer}");
    }
    agent.close().ok();
    let is_one = |entry: &support::audit::Entry| {
        entry.is("invoke", "denied") && entry.event["reason"] == "request.malformed"
    };
    let told: Vec<_> = home.events().into_iter().filter(|entry| is_one(entry)).collect();
    assert!((1..20).contains(&told.len()), "{told:?}");
    assert!(told.iter().all(|one| one.event["capability"] == "openai/models"), "{told:?}");
    assert!(!told.iter().any(|one| one.event.to_string().contains("evil")), "{told:?}");
    assert!(upstream.take().is_empty());
}

#[test]
fn nonsense_does_not_end_the_conversation() {
    let (_upstream, home) = setting(Door::InProcess);
    let mut agent = Session::begin(&home, &[]);
    agent.send_line("this is no JSON");
    agent.send_line("");
    agent.send_line(&"[".repeat(100_000));
    assert!(agent.ask("ping", &json!({}))["result"].is_object());
    assert_eq!(agent.ask("secrets/list", &json!({}))["error"]["code"], -32601);
    assert!(agent.ask("tools/call", &json!({ "name": 5 })).get("error").is_some());
    agent.send_line(r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#);
    assert!(agent.next().get("error").is_some());
    assert!(agent.ask("ping", &json!({}))["result"].is_object());
    assert_eq!(agent.close().ok().errors(), "");
}

#[test]
fn it_ends_with_its_input() {
    let (upstream, home) = setting(Door::InProcess);
    let done = Session::start(&home, &[]).close().ok();
    assert_eq!((done.text(), done.errors()), (String::new(), String::new()));
    // What cannot come to an end is not waited for.
    upstream.answers(|_| Answer::silence());
    let mut agent = Session::begin(&home, &[]);
    agent.request("tools/call", &json!({ "name": "invoke", "arguments": { "capability": "openai/models" } }));
    wait::until("the request is there", || (!upstream.take().is_empty()).then_some(()));
    let begun = Instant::now();
    assert_eq!(agent.close().ok().errors(), "");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    let mut stranger = Session::start(&home, &[]);
    stranger.notify("hello", &json!({}));
    let done = stranger.close().ends(2);
    assert!(
        done.errors().starts_with("error: the client did not begin with `initialize`\nhelp: "),
        "{}",
        done.errors()
    );
}

/// The first block of code in `language` of the page about this.
fn written(language: &str) -> String {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/mcp.md")).unwrap();
    let (_, behind) = page.split_once(&format!("```{language}\n")).unwrap();
    behind.split_once("```").unwrap().0.to_owned()
}

#[test]
fn the_official_client_does_what_the_page_shows() {
    let Some(python) = mcp::python() else {
        println!(
            "skipped: `pip install mcp` needs Python 3.10 and a package registry, and one is out of reach"
        );
        return;
    };
    let (upstream, home) = setting(Door::Daemon);
    upstream.answers(|_| Answer::json(&json!({ "data": [{ "id": "gpt-5.2" }] })));
    // As on the page, but that `aivault` is not installed and the vault is the test's.
    let mut servers: Value = serde_json::from_str(&written("json")).unwrap();
    let server = &mut servers["mcpServers"]["aivault"];
    assert_eq!(server["command"], "aivault");
    server["command"] = support::home::program().to_str().unwrap().into();
    server["env"] = json!({ "AIVAULT_DIR": home.vault() });
    fs::write(home.path("mcp.json"), servers.to_string()).unwrap();
    fs::write(home.path("script.py"), written("python")).unwrap();
    let mut command = Command::new(python);
    command.arg("script.py").current_dir(home.path("."));
    let done = Done::of(&mut command, b"").ok();
    assert_eq!(
        done.text(),
        "tools: list_capabilities, describe_capability, invoke\nmodels: {\"data\":[{\"id\":\"gpt-5.2\"}]}\ndenied: True capability.path\n"
    );
    assert_eq!(upstream.take_one().header("authorization"), format!("Bearer {}", secrets::OPENAI));
}
